// What TCP and Unix listeners share: a socket that connections arrive at, and the operation that
// takes the next one.
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/net/address.hpp>
#include <rouse/reactor/operation.hpp>
#include <rouse/reactor/source.hpp>

namespace rouse::net {

class listener;

/// What `accept` gives.
template <class Stream>
struct accepted {
  Stream stream;
  address peer;  ///< names nothing when the peer was gone before it could be asked
  accepted(Stream s, address p) noexcept : stream(std::move(s)), peer(std::move(p)) {}
};

namespace internal {

struct accepted_source {
  source connected;
  address peer;
};

class accept_base {
 public:
  accept_base(accept_base&&) noexcept = default;
  poll_result<void> poll_cancel(context& cx) noexcept { return operation_.poll_cancel(cx); }
  void disown() noexcept { operation_.disown(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const;

 protected:
  accept_base(listener& from, source_kind kind) noexcept : from_(&from), kind_(kind) {}
  poll_result<rouse::result<accepted_source>> poll_source(context& cx) noexcept;

 private:
  listener* from_;
  source_kind kind_;
  operation operation_;
};

}  // namespace internal

/// `listener.accept()`: the next connection.
template <class Stream>
class [[nodiscard]] accept_operation : public internal::accept_base,
                                       public fallible<accept_operation<Stream>> {
 public:
  accept_operation(listener& from, source_kind kind) noexcept : accept_base(from, kind) {}
  poll_result<rouse::result<accepted<Stream>>> poll(context& cx) noexcept {
    auto next = poll_source(cx);
    if (!next.is_ready()) return pending;
    auto taken = next.take();
    if (!taken) return std::unexpected(taken.error());
    return rouse::result<accepted<Stream>>(
        accepted<Stream>(Stream(std::move(taken->connected), taken->peer), taken->peer));
  }
};

/// One accept at a time, on the thread of its reactor. Stays where it is while an accept is
/// pending.
class listener {
 public:
  explicit operator bool() const noexcept { return static_cast<bool>(source_); }
  /// Where it listens: with the port that the kernel chose when 0 was asked for.
  [[nodiscard]] result<address> local_address() const noexcept;
  [[nodiscard]] int fd() const noexcept { return source_.fd(); }
  /// For messages.
  [[nodiscard]] std::string subject() const;

 protected:
  listener() noexcept = default;
  explicit listener(source from) noexcept : source_(std::move(from)) {}
  listener(listener&&) noexcept = default;
  listener& operator=(listener&&) noexcept = default;
  ~listener() = default;

  source source_;

 private:
  friend internal::accept_base;
};

}  // namespace rouse::net

// A descriptor that belongs to somebody else, to be awaited: what libpq, a device or a library with
// a file descriptor of its own needs from a coroutine. The callback form is
// runtime/foreign_sources.hpp.
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/io/within.hpp>
#include <rouse/reactor/operation.hpp>
#include <rouse/reactor/source.hpp>

namespace rouse::net {

class borrowed_descriptor;

/// `descriptor.readable()`, `descriptor.writable()`.
class [[nodiscard]] readiness_operation : public fallible<readiness_operation> {
 public:
  readiness_operation(readiness_operation&&) noexcept = default;  // before the first poll
  poll_result<rouse::result<void>> poll(context& cx) noexcept;
  poll_result<void> poll_cancel(context& cx) noexcept { return operation_.poll_cancel(cx); }
  void disown() noexcept { operation_.disown(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }

 private:
  friend borrowed_descriptor;
  readiness_operation(borrowed_descriptor& on, opcode what) noexcept : on_(&on), what_(what) {}
  borrowed_descriptor* on_;
  opcode what_;
  operation operation_;
};

/// Waits on the lender's file by a duplicate of its descriptor: the lender keeps its number, and
/// may be using it for calls of its own meanwhile. One wait for reading and one for writing at a
/// time, on the thread of its reactor. Give it back before the lender closes its descriptor, else
/// the file stays open until then. Stays where it is while a wait is pending.
/// @example
///   auto socket = rouse::net::borrowed_descriptor::borrow(PQsocket(db)).value();
///   while (PQisBusy(db)) {
///     co_await socket.readable();
///     PQconsumeInput(db);
///   }
class borrowed_descriptor {
 public:
  /// For this thread's reactor. @errors  EBADF, EMFILE, ENOMEM; no_context.
  [[nodiscard]] static result<borrowed_descriptor> borrow(int fd) noexcept;
  borrowed_descriptor() noexcept = default;

  /// Waits until a read would not wait: bytes, end of stream, hang-up or error. At once while that
  /// is so; asks the kernel each time, so a reader that left bytes is told again.
  /// @errors  ENOMEM, ENOSPC of the reactor; ETIMEDOUT with `within`; runtime_shut_down.
  /// @cancel  Safe, nothing is consumed.
  /// @cost    One look at the descriptor, no allocation.
  [[nodiscard]] readiness_operation readable() noexcept { return {*this, opcode::readable}; }
  [[nodiscard]] io::bounded<readiness_operation> readable(io::io_options options) noexcept {
    return {readable(), options, "wait until readable"};
  }
  /// The same for a write.
  [[nodiscard]] readiness_operation writable() noexcept { return {*this, opcode::writable}; }
  [[nodiscard]] io::bounded<readiness_operation> writable(io::io_options options) noexcept {
    return {writable(), options, "wait until writable"};
  }

  explicit operator bool() const noexcept { return static_cast<bool>(duplicate_); }
  /// Nothing of ours refers to the lender's file any more; pending waits end with ECANCELED.
  void give_back() noexcept { duplicate_.close(); }

 private:
  friend readiness_operation;
  explicit borrowed_descriptor(source duplicate) noexcept : duplicate_(std::move(duplicate)) {}
  source duplicate_;
};

}  // namespace rouse::net

// A stream written in larger pieces than it is given: many small writes become one.
#pragma once

#include <rouse/io/drain.hpp>

#include <algorithm>
#include <string>

namespace rouse::io {

template <async_write S>
class buffered_writer;

/// `writer.flush()`.
template <async_write S>
class [[nodiscard]] flush_operation : public fallible<flush_operation<S>> {
 public:
  flush_operation(S& to, buffer& from) noexcept : to_(&to), draining_(to, from) {}
  poll_result<rouse::result<void>> poll(context& cx) { return draining_.poll(cx); }
  poll_result<void> poll_cancel(context& cx) { return draining_.poll_cancel(cx); }
  void disown() noexcept { draining_.disown(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const {
    if constexpr (requires { to_->subject(); }) return to_->subject();
    return {};
  }

 private:
  S* to_;
  internal::drain<S> draining_;
};

/// `writer.write_all(bytes)`, `writer.write_some(bytes)`.
template <async_write S, bool All>
class [[nodiscard]] buffered_write_operation : public fallible<buffered_write_operation<S, All>> {
  using value_type = std::conditional_t<All, void, std::size_t>;

 public:
  buffered_write_operation(buffered_writer<S>& to, std::span<const std::byte> bytes,
                           std::size_t* cursor) noexcept
      : to_(&to), bytes_(bytes), cursor_(cursor), draining_(*to.to_, to.content_) {}
  buffered_write_operation(buffered_write_operation&&) noexcept = default;  // before the first poll

  poll_result<rouse::result<value_type>> poll(context& cx) {
    std::size_t& at = cursor_ ? *cursor_ : own_;
    for (;;) {
      if (draining_.is_pending() || to_->is_full()) {
        auto drained = draining_.poll(cx);
        if (!drained.is_ready()) return pending;
        if (auto wrote = drained.take(); !wrote) return std::unexpected(wrote.error());
        continue;
      }
      if (cancelled_ || !cx.spend()) return pending;
      const std::size_t count = std::min(bytes_.size() - at, to_->room());
      to_->content_.append(bytes_.subspan(at, count));
      at += count;
      if constexpr (!All) return rouse::result<std::size_t>(count);
      if (at == bytes_.size()) return rouse::result<value_type>();
    }
  }
  poll_result<void> poll_cancel(context& cx) {
    cancelled_ = true;
    return draining_.poll_cancel(cx);
  }
  void disown() noexcept { draining_.disown(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const { return to_->subject(); }

 private:
  buffered_writer<S>* to_;
  std::span<const std::byte> bytes_;
  std::size_t* cursor_;  // null: own_
  std::size_t own_ = 0;
  internal::drain<S> draining_;
  bool cancelled_ = false;
};

struct buffered_writer_options {
  std::size_t bytes_max = 16 * 1024;  ///< high-water mark: when so much is held it is written
                                      ///< before more is taken; 1 or more
};

/// Takes bytes and writes them when there are many, or at a flush; models async_write itself.
///
/// A write is done when its bytes are taken. What is taken and not written stays here when a flush
/// fails or is cancelled, for the next one, and goes with this: flush before the end.
/// @threads  One writer at a time. Movable while no operation is pending.
template <async_write S>
class buffered_writer {
 public:
  /// @param to  outlives this.
  explicit buffered_writer(S& to, buffered_writer_options options = {}) noexcept
      : to_(&to), bytes_max_(options.bytes_max) {
    ROUSE_ASSERT(bytes_max_ > 0);
  }

  /// Waits only while more than the high-water mark is held.
  /// @errors  those of the stream; std::bad_alloc is thrown.
  /// @cancel  Safe with a cursor, which counts what was taken.
  [[nodiscard]] buffered_write_operation<S, true> write_all(
      std::span<const std::byte> bytes) noexcept {
    return {*this, bytes, nullptr};
  }
  [[nodiscard]] buffered_write_operation<S, true> write_all(std::span<const std::byte> bytes,
                                                            std::size_t& cursor) noexcept {
    return {*this, bytes, &cursor};
  }
  [[nodiscard]] buffered_write_operation<S, true> write_all(std::string_view text) noexcept {
    return write_all(as_bytes(text));
  }
  /// Takes what there is room for, 1 byte or more; gives the count.
  [[nodiscard]] buffered_write_operation<S, false> write_some(
      std::span<const std::byte> bytes) noexcept {
    return {*this, bytes, nullptr};
  }
  /// Until the stream has all that was taken.
  /// @cancel  Safe: what is not written stays.
  [[nodiscard]] flush_operation<S> flush() noexcept { return {*to_, content_}; }

  /// Taken and not written.
  [[nodiscard]] std::size_t held_bytes() const noexcept { return content_.size(); }
  /// For messages.
  [[nodiscard]] std::string subject() const {
    if constexpr (requires { to_->subject(); }) return to_->subject();
    return {};
  }

 private:
  template <async_write, bool>
  friend class buffered_write_operation;
  [[nodiscard]] bool is_full() const noexcept { return content_.size() >= bytes_max_; }
  [[nodiscard]] std::size_t room() const noexcept { return bytes_max_ - content_.size(); }
  S* to_;
  std::size_t bytes_max_;
  buffer content_;
};

}  // namespace rouse::io

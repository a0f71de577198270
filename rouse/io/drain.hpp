// Writes what a buffer holds; what was written leaves the buffer, also when it fails or is
// cancelled. A part of the operations of buffered writers.
#pragma once

#include <rouse/io/buffer.hpp>
#include <rouse/io/stream.hpp>

#include <optional>

namespace rouse::io::internal {

template <async_write S>
class drain {
  using write_operation = decltype(std::declval<S&>().write_all(std::span<const std::byte>(),
                                                                std::declval<std::size_t&>()));

 public:
  drain(S& to, buffer& from) noexcept : to_(&to), from_(&from) {}
  drain(drain&& other) noexcept : to_(other.to_), from_(other.from_) {}  // before the first poll
  ~drain() { end(); }

  /// Until the buffer is empty. It must not be touched while this is pending.
  poll_result<rouse::result<void>> poll(context& cx) {
    if (!writing_) {
      if (from_->is_empty()) return rouse::result<void>();
      if (cancelled_) return pending;
      writing_.emplace(to_->write_all(from_->bytes(), written_));
    }
    auto answer = writing_->poll(cx);
    if (!answer.is_ready()) return pending;
    auto wrote = answer.take();
    end();
    return wrote;
  }
  poll_result<void> poll_cancel(context& cx) {
    cancelled_ = true;
    if (writing_) return rouse::poll_cancel(*writing_, cx);
    return ready;
  }
  void disown() noexcept {
    if (writing_) rouse::disown(*writing_);
  }
  [[nodiscard]] bool is_pending() const noexcept { return writing_.has_value(); }

 private:
  void end() noexcept {
    if (!writing_) return;
    writing_.reset();  // its destructor brings the cursor up to date
    from_->consume(std::exchange(written_, 0));
  }

  S* to_;
  buffer* from_;
  std::size_t written_ = 0;
  std::optional<write_operation> writing_;
  bool cancelled_ = false;
};

}  // namespace rouse::io::internal

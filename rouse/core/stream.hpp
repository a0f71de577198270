// Values that come one after another: `poll_next(context&) -> poll_result<std::optional<T>>`,
// nullopt at the end. What may fail has a `result` for T. The rest of a pollable's surface
// (poll_cancel, disown, borrows) is optional, and means the poll_next that is pending; a stream
// that borrows wakers must have disown(), since it may outlive the task that waits.
#pragma once

#include <rouse/core/pollable.hpp>

#include <optional>

namespace rouse {

namespace internal {
template <class S>
struct next_of;
template <class T>
struct next_of<poll_result<std::optional<T>>> {
  using type = T;
};
}  // namespace internal

template <class S>
concept stream =
    requires(S& s, context& cx) { typename internal::next_of<decltype(s.poll_next(cx))>::type; };
/// What a stream gives, one at a time.
template <class S>
using stream_item = typename internal::next_of<decltype(std::declval<S&>().poll_next(
    std::declval<context&>()))>::type;

/// See `next`.
template <stream S>
class [[nodiscard]] next_operation {
 public:
  explicit next_operation(S& from) noexcept : stream_(&from) {}
  next_operation(next_operation&& other) noexcept : stream_(other.stream_) {
    ROUSE_ASSERT(!other.waits_ && !other.cancelled_);  // before its first poll only
  }
  ~next_operation() {
    if (waits_) rouse::disown(*stream_);
  }

  poll_result<std::optional<stream_item<S>>> poll(context& cx) noexcept(
      noexcept(std::declval<S&>().poll_next(cx))) {
    if (cancelled_ && !waits_) return pending;  // starts nothing any more
    auto answer = stream_->poll_next(cx);
    waits_ = !answer.is_ready();
    if (waits_ && cancelled_) rouse::disown(*stream_);
    return answer;
  }
  poll_result<void> poll_cancel(context& cx) {
    cancelled_ = true;
    if (!waits_) return ready;
    if (!rouse::poll_cancel(*stream_, cx).is_ready()) return pending;
    rouse::disown(*stream_);
    return ready;
  }
  void disown() noexcept
    requires disownable<S>
  {
    stream_->disown();
  }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }

 private:
  S* stream_;
  bool waits_ = false;  // the stream may hold our task's waker
  bool cancelled_ = false;
};

/// The next item of `s`, which must outlive the wait; nullopt at its end. Cancelling loses no item:
/// it stays in the stream.
/// @example  while (auto item = co_await rouse::next(items)) use(*item);
template <stream S>
[[nodiscard]] next_operation<S> next(S& s) noexcept {
  return next_operation<S>(s);
}

}  // namespace rouse

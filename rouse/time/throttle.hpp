// A stream made slower.
#pragma once

#include <rouse/core/stream.hpp>
#include <rouse/time/sleep.hpp>

#include <optional>

namespace rouse {

/// See `throttle`. `S` is a value, or a reference.
template <class S>
class throttled_stream {
  using stream_type = std::remove_reference_t<S>;
  using inner_item = stream_item<stream_type>;

 public:
  /// What it gives: items, and the timer's failures.
  using value_type = typename internal::unwrap_result<inner_item>::type;

  throttled_stream(S&& from, nanoseconds d)
      : stream_(std::forward<S>(from)), timer_(nanoseconds(0)), gap_(d) {}

  poll_result<std::optional<result<value_type>>> poll_next(context& cx) {
    if (!held_) {  // also during the gap, so that the end passes at once
      auto answer = stream_.poll_next(cx);
      if (!answer.is_ready()) return pending;
      auto item = answer.take();
      if (!item) return std::optional<result<value_type>>();
      held_.emplace(std::move(*item));
    }
    if (in_gap_) {
      auto over = timer_.poll(cx);
      if (!over.is_ready()) return pending;
      in_gap_ = false;
      if (auto fired = over.take(); !fired)  // the item stays: nothing is lost
        return std::optional<result<value_type>>(
            std::unexpected(error("throttle", fired.error().code)));
    }
    if (gap_ > nanoseconds(0)) {
      in_gap_ = true;
      timer_.reset(saturating_add(sleep_operation::now(), gap_));
    }
    std::optional<result<value_type>> out(std::move(held_));
    held_.reset();
    return out;
  }
  poll_result<void> poll_cancel(context& cx) {
    timer_.disown();
    return held_ ? poll_result<void>(ready) : rouse::poll_cancel(stream_, cx);
  }
  void disown() noexcept {
    timer_.disown();
    rouse::disown(stream_);
  }
  [[nodiscard]] bool borrows() const noexcept {
    return std::is_reference_v<S> || borrows_from_caller(stream_);
  }

 private:
  S stream_;
  std::optional<result<value_type>> held_;  // taken from the stream during the gap
  sleep_operation timer_;
  nanoseconds gap_;
  bool in_gap_ = false;
};

/// The items of `s`, at least `gap` from one to the next; 0 changes nothing and needs no timer. Its
/// end passes at once.
template <class S>
  requires stream<std::remove_reference_t<S>>
[[nodiscard]] throttled_stream<S> throttle(S&& s, nanoseconds gap) {
  return throttled_stream<S>(std::forward<S>(s), gap);
}

}  // namespace rouse

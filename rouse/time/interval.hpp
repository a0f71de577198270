// Something every so often.
#pragma once

#include <rouse/core/stream.hpp>
#include <rouse/time/sleep.hpp>

namespace rouse {

/// What an interval does when the next instants, too, have passed before a tick was taken.
enum class missed_ticks : unsigned char {
  burst,  ///< hands them out one after the other, without a wait, until it has caught up
  delay,  ///< the next comes one period after the late tick was taken
  skip,   ///< the next is the next multiple of the period that lies ahead
};

/// Gives the instants start, start + period, ... as they pass; a stream without an end. A tick that
/// is late by less than a period moves none of the following. Like a sleep: may move before its
/// first poll only, polled and destroyed on one thread.
/// @errors  as `sleep`.
/// @cancel  Safe: no tick is lost.
class interval {
 public:
  /// The first tick comes at `start`. `period` must be positive.
  interval(instant start, nanoseconds period, missed_ticks policy) noexcept;
  /// The first tick comes one period after the call, or after the first poll where no clock is
  /// current.
  interval(nanoseconds period, missed_ticks policy) noexcept;

  /// Ready with the instant for which the tick was due.
  poll_result<rouse::result<instant>> poll_tick(context& cx) noexcept;
  poll_result<std::optional<rouse::result<instant>>> poll_next(context& cx) noexcept;
  /// Forgets the waker; the next tick keeps its instant.
  poll_result<void> poll_cancel(context&) noexcept { return disown(), ready; }
  void disown() noexcept { timer_.disown(); }

  class tick_operation;
  /// `co_await every.tick()`
  [[nodiscard]] tick_operation tick() noexcept;

  /// Starts again: the next tick comes one period from now; at once; after `d`; at `at`. A task
  /// that waits is moved along.
  void reset() noexcept { reset_after(period_); }
  void reset_immediately() noexcept { reset_after(nanoseconds(0)); }
  void reset_after(nanoseconds d) noexcept;
  void reset_at(instant at) noexcept { timer_.reset(at); }

  [[nodiscard]] nanoseconds period() const noexcept { return period_; }
  [[nodiscard]] missed_ticks policy() const noexcept { return policy_; }
  void set_policy(missed_ticks policy) noexcept { policy_ = policy; }

 private:
  [[nodiscard]] instant after(instant tick, instant now) const noexcept;

  sleep_operation timer_;
  nanoseconds period_;
  missed_ticks policy_;
};

/// See `interval::tick`.
class [[nodiscard]] interval::tick_operation : public fallible<tick_operation> {
 public:
  explicit tick_operation(interval& of) noexcept : interval_(&of) {}
  tick_operation(tick_operation&& other) noexcept : interval_(other.interval_) {
    ROUSE_ASSERT(!other.waits_ && !other.cancelled_);
  }
  ~tick_operation() {
    if (waits_) interval_->disown();
  }

  poll_result<rouse::result<instant>> poll(context& cx) noexcept {
    if (cancelled_ && !waits_) return pending;
    auto answer = interval_->poll_tick(cx);
    waits_ = !answer.is_ready();
    if (waits_ && cancelled_) interval_->disown();
    return answer;
  }
  poll_result<void> poll_cancel(context&) noexcept {
    cancelled_ = true;
    interval_->disown();
    return ready;
  }
  void disown() noexcept { interval_->disown(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }

 private:
  interval* interval_;
  bool waits_ = false;
  bool cancelled_ = false;
};

inline interval::tick_operation interval::tick() noexcept { return tick_operation(*this); }

/// @example  auto second = rouse::every(1s);  for (;;) { co_await second.tick(); ... }
[[nodiscard]] inline interval every(nanoseconds period,
                                    missed_ticks policy = missed_ticks::burst) noexcept {
  return interval(period, policy);
}
[[nodiscard]] inline interval every_from(instant start, nanoseconds period,
                                         missed_ticks policy = missed_ticks::burst) noexcept {
  return interval(start, period, policy);
}

}  // namespace rouse

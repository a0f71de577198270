// A clock that moves from deadline to deadline when it is told that nothing else will happen.
// Unlike manual_clock it counts as ticking, so that a wait for a deadline has a time-out in real
// time: what drives the runtime gets its turn though nobody wakes it.
#pragma once

#include <rouse/base/atomic.hpp>
#include <rouse/time/timer_driver.hpp>

#include <cstdint>

namespace rouse::testing::internal {

class skipping_clock final : public clock {
 public:
  [[nodiscard]] instant now() const noexcept override {
    return instant(nanoseconds(now_.load(order::acquire)));
  }
  /// Moves to the next deadline of `timers`; false when there is none.
  bool skip(timer_driver& timers) noexcept {
    const nanoseconds left = timers.prepare(no_limit);
    if (left == no_limit) return false;
    now_.store(saturating_add(now(), left).time_since_epoch().count(), order::release);
    return true;
  }

 private:
  atomic<std::int64_t> now_{nanoseconds(std::chrono::hours(1)).count()};
};

}  // namespace rouse::testing::internal

#include <rouse/park/thread_park.hpp>

#include <rouse/base/condition.hpp>
#include <rouse/base/mutex.hpp>
#include <rouse/sys/clock.hpp>

namespace rouse {

class thread_park::sleeper final : public unpark_target {
 public:
  /// Blocks between begin_sleep and end_sleep until a token arrives or `limit` has passed.
  void sleep(nanoseconds limit) noexcept {
    const instant until = limit == no_limit ? never : saturating_add(sys::monotonic_now(), limit);
    const lock_guard lock(mutex_);
    while (is_sleeping()) {
      const nanoseconds left = until == never ? no_limit : time_left(sys::monotonic_now(), until);
      if (left <= nanoseconds(0)) return;
      woken_.wait_for(mutex_, left);
    }
  }

 private:
  // The token is set before the lock is taken, and the sleeper looks at it under the lock: either
  // it sees the token, or it already waits and is notified.
  void interrupt() noexcept override {
    const lock_guard lock(mutex_);
    woken_.notify_one();
  }

  mutex mutex_;
  condition woken_;
};

thread_park::thread_park() : thread_park(new sleeper) {}

thread_park::thread_park(sleeper* fresh) noexcept
    : sleeper_(fresh), handle_(rouse::unparker::adopt(fresh)) {}

result<park_outcome> thread_park::park(nanoseconds limit) noexcept {
  if (limit <= nanoseconds(0))
    return sleeper_->consume() ? park_outcome::woken : park_outcome::timed_out;
  if (!sleeper_->begin_sleep()) return park_outcome::woken;
  sleeper_->sleep(limit);
  return sleeper_->end_sleep() ? park_outcome::woken : park_outcome::timed_out;
}

}  // namespace rouse

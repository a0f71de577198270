// The timer as a layer: a park around a park that sleeps no longer than the next deadline, then
// fires.
#pragma once

#include <rouse/park/park.hpp>
#include <rouse/time/timer_driver.hpp>

#include <utility>

namespace rouse {

/// `Inner` is the park below: a value, built in place from the arguments, or a reference to one
/// that outlives this.
///
/// park(limit) takes what other threads have registered, looks below exactly once (with 0 when
/// something is due, so that timers never starve I/O), then fires at most
/// timer_driver::fire_batch_max entries. On a clock that does not tick no wait has a time-out:
/// `limit` is time on that clock too. An error from below is returned before anything fires.
/// @example  rouse::timer_park<rouse::thread_park> stack;
template <class Inner>
  requires park<std::remove_reference_t<Inner>>
class timer_park {
 public:
  timer_park() : timer_park(steady_clock::instance()) {}
  /// `c` must outlive the park; `below` builds the inner one.
  template <class... Below>
  explicit timer_park(rouse::clock& c, Below&&... below)
      : inner_(std::forward<Below>(below)...), driver_(c, inner_.unparker()) {}
  timer_park(const timer_park&) = delete;
  timer_park& operator=(const timer_park&) = delete;

  result<park_outcome> park(nanoseconds limit) {
    auto below = inner_.park(driver_.prepare(limit));
    if (!below) return below;
    return driver_.finish(*below);
  }
  /// park(limit) in two halves, see `outside_park`.
  result<outside_wait> begin_wait(nanoseconds limit)
    requires outside_park<std::remove_reference_t<Inner>>
  {
    return inner_.begin_wait(driver_.prepare(limit));
  }
  result<park_outcome> end_wait()
    requires outside_park<std::remove_reference_t<Inner>>
  {
    auto below = inner_.end_wait();
    if (!below) return below;
    return driver_.finish(*below);
  }
  [[nodiscard]] rouse::unparker unparker() { return inner_.unparker(); }
  [[nodiscard]] bool has_work() noexcept { return driver_.has_work() || rouse::has_work(inner_); }

  [[nodiscard]] timer_driver& driver() noexcept { return driver_; }
  [[nodiscard]] std::remove_reference_t<Inner>& inner() noexcept { return inner_; }

 private:
  Inner inner_;
  timer_driver driver_;
};

}  // namespace rouse

// Whom a waker wakes in models that have no tasks: a thread that waits.
#pragma once

#include <rouse/core/waker.hpp>
#include <rouse/park/thread_park.hpp>

#include <tests/model/checker.hpp>

namespace rouse::model {

/// Wakes the thread that waits for it; outlives all that might wake it.
class bell final : public wakeable {
 public:
  bell() noexcept : wakeable(how) {}
  /// Until it is woken.
  void await() {
    while (rung_.load(order::acquire) == 0)
      (void)sleep_.park(no_limit);
  }

  tally wakes;
  tally held;     // references that were taken
  tally dropped;  // and given back

 private:
  static bell& self(wakeable& w) noexcept { return static_cast<bell&>(w); }
  static const wake_table how;

  thread_park sleep_;
  unparker unparker_ = sleep_.unparker();
  atomic<unsigned> rung_{0};
};

inline constexpr wake_table bell::how{
    [](wakeable& w) noexcept {
      self(w).wakes.add();
      self(w).rung_.store(1, order::release);
      self(w).unparker_.unpark();
    },
    [](wakeable& w) noexcept -> wakeable& { return self(w).held.add(), w; },
    [](wakeable& w) noexcept { self(w).dropped.add(); },
};

}  // namespace rouse::model

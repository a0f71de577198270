// The door through which time comes in: a clock that can be replaced, per stack and per thread.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/base/list.hpp>
#include <rouse/core/current.hpp>
#include <rouse/park/unparker.hpp>

namespace rouse {

/// A stack that waits on a clock whose time does not pass by itself; it is unparked when somebody
/// moves that time.
struct clock_watcher : list_link {
  rouse::unparker unparker;
};

/// Tells the time. Must outlive the stacks, sleeps and queues made with it. Any thread.
class clock {
 public:
  /// About to be monotonic; whoever depends on that clamps (timer_driver does).
  [[nodiscard]] virtual instant now() const noexcept = 0;

  /// False: time stands still until somebody moves it, so no wait for it has a time-out.
  [[nodiscard]] virtual bool ticks() const noexcept { return true; }
  /// For clocks that do not tick: `w` is unparked whenever time has been moved, until unwatch().
  virtual void watch(clock_watcher&) {}
  virtual void unwatch(clock_watcher&) noexcept {}
  /// For clocks that do not tick: a stack that has nothing else to do asks for time to be `to`.
  /// `may_jump` tells beforehand whether that can succeed.
  [[nodiscard]] virtual bool may_jump() const noexcept { return false; }
  virtual bool try_jump(instant) noexcept { return false; }

 protected:
  constexpr clock() noexcept = default;
  clock(const clock&) = default;
  clock& operator=(const clock&) = default;
  ~clock() = default;
};

/// The kernel's monotonic clock: not moved by changes of the wall clock, stands still while the
/// machine sleeps.
class steady_clock final : public clock {
 public:
  [[nodiscard]] instant now() const noexcept override;
  /// The clock of everything that is not given another one.
  [[nodiscard]] static steady_clock& instance() noexcept;
};

/// The time on this thread's clock: `current<clock>`, or the steady one where none is set. 17-25
/// ns.
[[nodiscard]] instant now() noexcept;

}  // namespace rouse

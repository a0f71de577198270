// A clock that stands still until it is told otherwise: for tests and simulations, on any stack,
// real reactors included.
#pragma once

#include <rouse/base/atomic.hpp>
#include <rouse/base/mutex.hpp>
#include <rouse/time/clock.hpp>

#include <cstdint>

namespace rouse {

/// Time that moves by hand. Any thread; moving it unparks every stack that was made with it, so
/// that its timers fire there.
///
/// A stack on this clock never waits in real time for a deadline: it blocks until the clock is
/// moved, or something else wakes it. In `auto_advance` mode a stack that would block with nothing
/// else to do moves the clock to its next deadline instead. That is for one stack per clock; with
/// several on it nobody jumps, since none can know that the others are idle.
class manual_clock final : public clock {
 public:
  explicit manual_clock(instant start = instant(std::chrono::hours(1))) noexcept
      : now_(start.time_since_epoch().count()) {}
  manual_clock(const manual_clock&) = delete;
  manual_clock& operator=(const manual_clock&) = delete;
  /// Nobody may be watching any more.
  ~manual_clock();

  [[nodiscard]] instant now() const noexcept override {
    return instant(nanoseconds(now_.load(order::acquire)));
  }
  /// Moves time on by `d`; a negative `d` counts as 0.
  void advance(nanoseconds d);
  /// Sets the time; may go back, as a broken clock does (stacks then keep to the latest they have
  /// seen).
  void set(instant to);

  void set_auto_advance(bool on) noexcept;
  /// While one exists the clock does not jump by itself: for work that a stack cannot see, such as
  /// a blocking job.
  class hold {
   public:
    explicit hold(manual_clock& c) noexcept : clock_(c) {
      clock_.holds_.fetch_add(1, order::acq_rel);
    }
    hold(const hold&) = delete;
    hold& operator=(const hold&) = delete;
    ~hold() { clock_.end_hold(); }

   private:
    manual_clock& clock_;
  };

  [[nodiscard]] bool ticks() const noexcept override { return false; }
  void watch(clock_watcher& w) override;
  void unwatch(clock_watcher& w) noexcept override;
  [[nodiscard]] bool may_jump() const noexcept override;
  bool try_jump(instant to) noexcept override;

 private:
  void end_hold() noexcept;
  void unpark_watchers() noexcept;

  atomic<std::int64_t> now_;
  atomic<bool> auto_advance_{false};
  atomic<int> holds_{0};
  atomic<int> watcher_count_{0};
  mutex mutex_;
  list<clock_watcher> watchers_ ROUSE_GUARDED_BY(mutex_);
};

}  // namespace rouse

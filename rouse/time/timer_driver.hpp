// The timer layer without its template: a wheel, a clock, and the door for other threads.
// timer_park runs it.
//
// A turn is: prepare() takes what other threads have posted and says how long the layer below may
// wait; then the layer below waits; then finish() fires what is due. Nothing is ever early: time is
// read after the wait and rounded down.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/core/current.hpp>
#include <rouse/park/park.hpp>
#include <rouse/time/clock.hpp>
#include <rouse/time/timer_handle.hpp>
#include <rouse/time/wheel.hpp>

namespace rouse {

/// Something that happens at an instant: a sleep, a time-out of a loop, a registration from another
/// thread. 32 bytes.
class timer_entry : public wheel_entry {
 public:
  enum class reason : unsigned char {
    due,
    shut_down,  ///< the driver is gone; the entry must not touch it any more
  };
  /// Called once, on the driver's thread, when the entry is no longer pending. It may arm, disarm
  /// and destroy anything, the driver included.
  using function = void (*)(timer_entry&, reason) noexcept;

  explicit timer_entry(function f) noexcept : on_fire_(f) {}

 private:
  friend class timer_driver;
  function on_fire_;
};

/// One thread at a time, but for handle(). Destroying it tells every pending entry.
class timer_driver {
 public:
  /// `wake` ends the sleep of the stack that runs this driver. `c` must outlive it. Throws
  /// std::bad_alloc.
  timer_driver(clock& c, unparker wake);
  timer_driver(const timer_driver&) = delete;
  timer_driver& operator=(const timer_driver&) = delete;
  ~timer_driver();

  /// Entries fired between two looks at the layer below.
  static constexpr unsigned fire_batch_max = 1024;
  /// Entries that the wheel may move in one turn to find the nearest deadline; 50-100 us.
  static constexpr unsigned moves_max = 4096;

  /// Fires `e` at the first turn that begins at `at` or later; next turn when that has passed.
  /// O(1), no allocation.
  void arm(timer_entry& e, instant at) noexcept { wheel_.insert(e, at); }
  /// `e` must be pending here; it does not fire after this.
  void disarm(timer_entry& e) noexcept { wheel_.remove(e); }

  /// The time, read now; never less than it was.
  instant now() noexcept {
    const instant read = clock_.now();
    if (read > now_) see(read);
    return now_;
  }
  /// Whether `at` has passed; `never` has not. Spares the clock when `at` is so far away that only
  /// a poll that blocks for a second could have brought it near since the last turn; the next turn
  /// fires it then.
  bool has_passed(instant at) noexcept {
    if (at > soon_) return false;
    return at != never && (at <= now_ || at <= now());
  }
  [[nodiscard]] rouse::clock& time_source() const noexcept { return clock_; }

  /// For other threads; remains valid, and says so, when the driver is gone.
  [[nodiscard]] timer_handle handle() const noexcept { return handle_; }
  /// True when something is pending here or has been posted.
  [[nodiscard]] bool has_work() const noexcept;
  [[nodiscard]] std::size_t pending_count() const noexcept { return wheel_.size(); }

  /// How long the layer below may wait: `limit`, the time to the nearest deadline, or 0.
  [[nodiscard]] nanoseconds prepare(nanoseconds limit) noexcept;
  /// Fires what is due, at most fire_batch_max, and turns the outcome of the wait below into that
  /// of the whole. The driver may be gone when it returns.
  [[nodiscard]] park_outcome finish(park_outcome below) noexcept;

  /// Makes this the timer of the calling thread, and its clock the thread's clock, for a block.
  class scope {
   public:
    explicit scope(timer_driver& d) noexcept : driver_(&d), clock_(&d.clock_) {}

   private:
    current<timer_driver>::scope driver_;
    current<rouse::clock>::scope clock_;
  };

 private:
  unsigned fire() noexcept;
  void see(instant at) noexcept {
    now_ = at;
    if (ticks_) soon_ = saturating_add(at, std::chrono::seconds(1));
  }

  rouse::clock& clock_;
  const bool ticks_;
  bool jumps_ = false;    // the wait below is a look; if nothing happens, time moves to jump_to_
  bool cut_ = false;      // the wait below was shorter than asked
  instant now_;           // the latest time seen
  instant soon_ = never;  // not worth a look at the clock beyond; never: look always
  instant jump_to_;
  instant limit_at_;           // on a clock that does not tick: when the caller's limit ends
  bool* destroyed_ = nullptr;  // while firing: set by the destructor
  wheel wheel_;
  clock_watcher watcher_;
  timer_handle handle_;
};

}  // namespace rouse

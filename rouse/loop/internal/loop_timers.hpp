// Time-outs and intervals: the loop's own wheel, because they fire in the timers phase, while what
// sleeps in the stack's wheel is woken in the poll phase.
#pragma once

#include <rouse/loop/internal/callback_runner.hpp>
#include <rouse/loop/internal/loop_trace.hpp>
#include <rouse/loop/internal/slot_table.hpp>
#include <rouse/loop/loop_ids.hpp>
#include <rouse/time/timer_driver.hpp>
#include <rouse/time/wheel.hpp>

#include <source_location>

namespace rouse::internal {

//   armed --due--> running --one-shot: erased; interval, or refreshed meanwhile: armed
//     \ clear: erased     \ cleared meanwhile: erased when its callback has returned
class loop_timer final : public wheel_entry {
 public:
  loop_timer(callback<void()>&& f, nanoseconds delay, bool repeats,
             std::source_location site) noexcept
      : f_(std::move(f)), delay_(delay), site_(site), repeats_(repeats) {}

 private:
  friend class loop_timers;
  enum class fate : unsigned char { none, cleared, refreshed };
  callback<void()> f_;
  nanoseconds delay_;
  std::source_location site_;
  bool repeats_;
  bool is_refd_ = true;
  bool is_running_ = false;
  fate fate_ = fate::none;  // decided while it runs
};

class loop_timers {
 public:
  loop_timers(timer_driver& time, alive_count& alive, callback_runner& runner, loop_trace& trace)
      : time_(time), wheel_(time.now()), alive_(alive), runner_(runner), trace_(trace) {}
  ~loop_timers() { clear_all(); }

  timer_id set(instant now, nanoseconds delay, bool repeats, callback<void()>&& f,
               std::source_location site);
  bool clear(timer_id id) noexcept;
  bool refresh(instant now, timer_id id) noexcept;
  bool set_ref(timer_id id, bool refd) noexcept;
  [[nodiscard]] bool is_active(timer_id id) noexcept { return find(id) != nullptr; }

  /// Calls what was due at `now`, ascending and first in first out within an instant; at most
  /// `most`.
  void run_due(instant now, unsigned most) noexcept;
  /// The wait until the nearest one; 0 when that is due, or not known yet.
  [[nodiscard]] nanoseconds wait_from(instant now) noexcept;
  [[nodiscard]] instant next_deadline() noexcept { return wheel_.next_deadline(); }
  [[nodiscard]] bool is_empty() const noexcept { return wheel_.is_empty(); }
  void clear_all() noexcept;

 private:
  [[nodiscard]] loop_timer* find(timer_id id) noexcept {
    loop_timer* t = table_.find(id.index, id.serial);
    return t && t->fate_ != loop_timer::fate::cleared ? t : nullptr;
  }
  void run(loop_timer& t) noexcept;
  void erase(loop_timer& t) noexcept;

  timer_driver& time_;
  slot_table<loop_timer> table_;
  wheel wheel_;
  alive_count& alive_;
  callback_runner& runner_;
  loop_trace& trace_;
};

}  // namespace rouse::internal

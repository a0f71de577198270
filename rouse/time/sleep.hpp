// Waiting for an instant. Registered at the first poll, in the timer of the thread that polls; an
// entry in the frame, nothing is allocated and nothing is counted there.
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/time/timer_driver.hpp>

namespace rouse {

/// Ready at its deadline or later, never before. Made by `sleep` and `sleep_until`.
///
/// A sleep that is polled on a thread whose default is a `timer_handle` (another thread's timer, a
/// timer_thread) is registered there instead, with a counted waker: one allocation and a lock. May
/// move before its first poll only. 64 bytes.
/// @errors   no_context: this thread has neither a timer nor a handle to one. runtime_shut_down:
/// the timer is gone.
/// @cancel   Safe; destroying it cancels it.
/// @threads  Polled and destroyed on one thread.
class [[nodiscard]] sleep_operation : public fallible<sleep_operation>, private timer_entry {
 public:
  /// The deadline is fixed: now or at the first poll, where no clock was current at the call.
  explicit sleep_operation(instant at) noexcept : timer_entry(on_fire) { set_deadline(at); }
  explicit sleep_operation(nanoseconds duration) noexcept
      : timer_entry(on_fire), state_(state::relative) {
    set_deadline(instant(duration));
  }
  sleep_operation(sleep_operation&& other) noexcept : timer_entry(on_fire), state_(other.state_) {
    ROUSE_ASSERT(state_ == state::fresh || state_ == state::relative);
    set_deadline(other.timer_entry::deadline());
  }
  ~sleep_operation() {
    if (state_ == state::armed) driver_->disarm(*this);
  }

  poll_result<rouse::result<void>> poll(context& cx) noexcept {
    if (state_ == state::armed) {
      target_ = cx.borrow_waker();
      return pending;
    }
    return state_ <= state::relative ? start(cx) : poll_others(cx);
  }
  poll_result<void> poll_cancel(context&) noexcept {
    retract(state::cancelled);
    return ready;
  }
  void disown() noexcept {
    target_ = nullptr;
    if (state_ == state::remote) remote_.set_waker(waker());
  }

  /// Moves the deadline, before or after it fired, also while a task waits: it is then woken at the
  /// new one.
  void reset(instant at) noexcept;
  /// Valid when the deadline is fixed.
  [[nodiscard]] instant deadline() const noexcept {
    ROUSE_DEBUG_ASSERT(state_ != state::relative);
    return timer_entry::deadline();
  }
  /// The time on the clock that a sleep polled on this thread goes by.
  [[nodiscard]] static instant now() noexcept;
  /// True when the deadline was reached; it may be so before the task has been polled.
  [[nodiscard]] bool is_elapsed() const noexcept {
    return state_ == state::fired ||
           (state_ == state::remote && remote_.status() == timer_registration::state::fired);
  }

 private:
  enum class state : unsigned char {
    fresh,     // not registered
    relative,  // nor is the deadline fixed: it holds the duration
    armed,     // in the wheel of driver_
    remote,    // registered with another thread's timer
    fired,
    shut_down,
    cancelled,  // starts nothing any more
  };

  static void on_fire(timer_entry& e, reason why) noexcept {
    auto& s = static_cast<sleep_operation&>(e);
    s.state_ = why == reason::due ? state::fired : state::shut_down;
    if (wakeable* t = s.target_) t->wake();
  }
  poll_result<rouse::result<void>> poll_others(context& cx) noexcept;
  poll_result<rouse::result<void>> start(context& cx) noexcept;
  poll_result<rouse::result<void>> start_remote(context& cx) noexcept;
  poll_result<rouse::result<void>> already_over(context& cx) noexcept;
  void fix_deadline(instant from) noexcept;
  void retract(state after) noexcept;

  wakeable* target_ = nullptr;  // armed: borrowed from the task
  timer_driver* driver_ = nullptr;
  timer_registration remote_;
  state state_ = state::fresh;
};

/// Waits for `d`, from this call; 0 or less is over at once, `no_limit` never.
/// @example  co_await rouse::sleep(10ms);
[[nodiscard]] inline sleep_operation sleep(nanoseconds d) noexcept {
  const clock* c = current<clock>::get();
  if (!c || d == no_limit) return sleep_operation(d);
  return sleep_operation(saturating_add(c->now(), d));
}
/// Waits until `deadline`; `never` never ends, and needs a timer all the same.
[[nodiscard]] inline sleep_operation sleep_until(instant deadline) noexcept {
  return sleep_operation(deadline);
}

}  // namespace rouse

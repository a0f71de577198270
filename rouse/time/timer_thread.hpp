// A timer of its own: one thread that wakes registered tasks at their instants, whoever runs them
// (texts 000 and 001).
#pragma once

#include <rouse/base/thread.hpp>
#include <rouse/core/shared_waker.hpp>
#include <rouse/time/clock.hpp>
#include <rouse/time/timer_handle.hpp>

namespace rouse {

/// A handle to the thread; clonable, any thread. It is a `timer_park<thread_park>` on a thread: it
/// sleeps until the nearest deadline, and without CPU while nothing is registered.
///
/// When the last handle goes, the thread ends and is joined (on the timer's own thread, from inside
/// a waker: it ends after that waker). What is still registered is woken then, so that nobody waits
/// for ever; its registration tells `shut_down`.
/// @example  auto timer = rouse::timer_thread::start();
///           timer->register_at(rouse::now() + 1s, cx.get_waker())->detach();
class timer_thread {
 public:
  /// Starts the thread. `c` must outlive it.
  /// @errors  EAGAIN: no more threads. ENOMEM.
  [[nodiscard]] static result<timer_thread> start(clock& c = steady_clock::instance(),
                                                  thread_starter how = &pthread_create) noexcept;

  timer_thread(const timer_thread& other) noexcept;
  timer_thread(timer_thread&& other) noexcept : thread_(std::exchange(other.thread_, nullptr)) {}
  timer_thread& operator=(timer_thread other) noexcept {
    std::swap(thread_, other.thread_);
    return *this;
  }
  ~timer_thread();

  /// Wakes `w` at `at` on the timer's thread, at once when that has passed. See
  /// timer_handle::register_at.
  [[nodiscard]] result<timer_registration> register_at(instant at, waker w) const noexcept;
  [[nodiscard]] result<timer_registration> register_after(nanoseconds d, waker w) const noexcept;
  /// The same for a shared wake object, without an executor of ours.
  template <wake_object W>
  [[nodiscard]] result<timer_registration> register_at(instant at,
                                                       std::shared_ptr<W> target) const {
    return register_at(at, make_waker(std::move(target)));
  }
  template <wake_object W>
  [[nodiscard]] result<timer_registration> register_after(nanoseconds d,
                                                          std::shared_ptr<W> target) const {
    return register_after(d, make_waker(std::move(target)));
  }

  /// The way in without keeping the thread: for `current<timer_handle>`, so that sleeps on a thread
  /// of yours go by this timer.
  [[nodiscard]] timer_handle handle() const noexcept;

 private:
  class worker;
  explicit timer_thread(worker* counted) noexcept : thread_(counted) {}
  worker* thread_;
};

}  // namespace rouse

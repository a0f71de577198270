// Timers from other threads: post a registration, get a way to cancel it.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/base/error.hpp>
#include <rouse/core/waker.hpp>
#include <rouse/park/unparker.hpp>

#include <utility>

namespace rouse {

class clock;
class timer_driver;

namespace internal {
class timer_mailbox;
class remote_timer;
}  // namespace internal

/// A waker that waits for its instant. Destroying it cancels; detach() lets it fire unattended.
/// Movable, any thread, one at a time; outlives the timer.
class [[nodiscard]] timer_registration {
 public:
  timer_registration() noexcept = default;
  timer_registration(timer_registration&& other) noexcept
      : timer_(std::exchange(other.timer_, nullptr)) {}
  timer_registration& operator=(timer_registration&& other) noexcept {
    if (this != &other) {
      cancel();
      timer_ = std::exchange(other.timer_, nullptr);
    }
    return *this;
  }
  ~timer_registration() { cancel(); }

  /// Takes it back; nothing happens when it has fired. On the timer's own thread the waker is not
  /// called after this; from another thread a call that has begun may still be under way.
  void cancel() noexcept;
  /// Leaves it to fire.
  void detach() noexcept;

  enum class state : unsigned char {
    none,  ///< cancelled, detached, moved from
    waiting,
    fired,      ///< woken at its instant or later
    shut_down,  ///< woken because the timer is gone
  };
  [[nodiscard]] state status() const noexcept;
  /// Moves it to another instant while it is waiting; false when it is not, or when the timer is
  /// gone or memory lacks: the waker has then been called. An allocation, as for a new one.
  bool reset(instant at) noexcept;
  /// Replaces the waker while it is waiting; false when it is not, and will not call `w`.
  bool set_waker(waker w) noexcept;

 private:
  friend class timer_handle;
  explicit timer_registration(internal::remote_timer* t) noexcept : timer_(t) {}
  internal::remote_timer* timer_ = nullptr;
};

/// A timer as other threads see it: of a stack, or of a timer_thread. Clonable, any thread.
class timer_handle {
 public:
  timer_handle() noexcept = default;
  timer_handle(const timer_handle& other) noexcept;
  timer_handle(timer_handle&& other) noexcept : mailbox_(std::exchange(other.mailbox_, nullptr)) {}
  timer_handle& operator=(timer_handle other) noexcept {
    std::swap(mailbox_, other.mailbox_);
    return *this;
  }
  ~timer_handle();

  /// Wakes `w` at `at`, at once when that has passed: ascending, and in order of registration
  /// within an instant. Never blocks. If the timer ends first, `w` is woken then (wakers may always
  /// be woken early; `status()` tells why).
  /// @errors  runtime_shut_down: the timer is gone. ENOMEM.
  /// @cost    one allocation, one lock, one unpark of the timer's thread.
  [[nodiscard]] result<timer_registration> register_at(instant at, waker w) const noexcept;
  /// The same, `d` from now on the timer's clock.
  [[nodiscard]] result<timer_registration> register_after(nanoseconds d, waker w) const noexcept;

  /// The time on the timer's clock; false when the timer is gone.
  [[nodiscard]] result<instant> now() const noexcept;
  /// False when the timer is gone, or the handle is empty.
  [[nodiscard]] bool is_open() const noexcept;

 private:
  friend class timer_driver;
  explicit timer_handle(internal::timer_mailbox* counted) noexcept : mailbox_(counted) {}
  internal::timer_mailbox* mailbox_ = nullptr;
};

}  // namespace rouse

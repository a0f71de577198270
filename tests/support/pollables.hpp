// Pollables that a test works by hand.
#pragma once

#include <rouse/core/pollable.hpp>

#include <functional>
#include <utility>

namespace support {

/// A pollable from a function `poll_result<T>(context&)`.
template <class F>
class polled {
 public:
  explicit polled(F f) : f_(std::move(f)) {}
  auto poll(rouse::context& cx) { return f_(cx); }

 private:
  F f_;
};

/// Ready with `value` at once.
template <class T>
class ready_value {
 public:
  explicit ready_value(T value) : value_(std::move(value)) {}
  rouse::poll_result<T> poll(rouse::context&) noexcept { return std::move(value_); }
  void disown() noexcept {}

 private:
  T value_;
};

/// Never ready. It borrows its waker, so that its task is not abandoned.
class never {
 public:
  rouse::poll_result<void> poll(rouse::context& cx) noexcept {
    (void)cx.borrow_waker();
    return rouse::pending;
  }
  void disown() noexcept {}
};

/// Opened by hand; one wait at a time, which borrows its waker. Knows whether it is still
/// registered.
class gate {
 public:
  void open() noexcept {
    open_ = true;
    if (rouse::wakeable* w = std::exchange(waiter_, nullptr)) w->wake();
  }
  void close() noexcept { open_ = false; }
  [[nodiscard]] bool has_waiter() const noexcept { return waiter_ != nullptr; }
  [[nodiscard]] unsigned polls() const noexcept { return polls_; }
  /// Spurious: wakes without opening.
  void nudge() noexcept {
    if (waiter_) waiter_->wake();
  }

  class [[nodiscard]] wait_operation {
   public:
    explicit wait_operation(gate& g) noexcept : gate_(&g) {}
    wait_operation(wait_operation&& other) noexcept : gate_(other.gate_) {}
    wait_operation& operator=(wait_operation&&) = delete;
    ~wait_operation() { disown(); }
    rouse::poll_result<void> poll(rouse::context& cx) noexcept {
      ++gate_->polls_;
      if (gate_->open_) return rouse::ready;
      gate_->waiter_ = cx.borrow_waker();
      registered_ = true;
      return rouse::pending;
    }
    rouse::poll_result<void> poll_cancel(rouse::context&) noexcept {
      return disown(), rouse::ready;
    }
    void disown() noexcept {
      if (std::exchange(registered_, false)) gate_->waiter_ = nullptr;
    }

   private:
    gate* gate_;
    bool registered_ = false;
  };
  wait_operation wait() noexcept { return wait_operation(*this); }

 private:
  bool open_ = false;
  unsigned polls_ = 0;
  rouse::wakeable* waiter_ = nullptr;
};

/// What a driver knows of an operation that takes its time to be cancelled: the test says when.
struct slow_driver {
  unsigned cancels_asked = 0;
  unsigned polls = 0;
  unsigned polls_after_cancel = 0;
  bool cancelled = false;   // set by the test: the driver has let go
  bool has_result = false;  // set by the test
  rouse::wakeable* waiter = nullptr;
  void let_go() {
    cancelled = true;
    if (waiter) std::exchange(waiter, nullptr)->wake();
  }
  void finish() {
    has_result = true;
    if (waiter) std::exchange(waiter, nullptr)->wake();
  }
};

/// Pending until `has_result`; its cancel is pending until `cancelled`. Gives 7.
class [[nodiscard]] slow_operation {
 public:
  explicit slow_operation(slow_driver& d) noexcept : driver_(&d) {}
  slow_operation(slow_operation&& other) noexcept
      : driver_(std::exchange(other.driver_, nullptr)) {}
  slow_operation& operator=(slow_operation&&) = delete;
  ~slow_operation() {
    if (driver_) driver_->waiter = nullptr;
  }
  rouse::poll_result<int> poll(rouse::context& cx) noexcept {
    ++driver_->polls;
    if (driver_->cancels_asked != 0) ++driver_->polls_after_cancel;
    if (driver_->has_result) return 7;
    if (driver_->cancelled) return rouse::pending;  // starts nothing any more
    driver_->waiter = cx.borrow_waker();
    return rouse::pending;
  }
  rouse::poll_result<void> poll_cancel(rouse::context& cx) noexcept {
    if (driver_->polls == 0) return rouse::ready;  // was never begun
    ++driver_->cancels_asked;
    if (driver_->cancelled || driver_->has_result) return rouse::ready;
    driver_->waiter = cx.borrow_waker();
    return rouse::pending;
  }
  void disown() noexcept { driver_->waiter = nullptr; }

 private:
  slow_driver* driver_;
};

}  // namespace support

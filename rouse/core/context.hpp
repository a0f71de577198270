// What a poll is given: whom to wake, and how much it may do.
#pragma once

#include <rouse/core/waker.hpp>

#include <cstddef>

namespace rouse {

/// Polls that a task may use up in leaves before it must give way, so that no ready stream starves
/// its neighbours.
inline constexpr unsigned poll_budget = 128;
/// Awaits that a coroutine may pass in one poll without giving way: what it awaits need not know of
/// budgets.
inline constexpr unsigned awaits_inline_max = 128;

/// Passed down by reference to every poll; never stored.
class context {
 public:
  /// For executors and combinators. `budget` counts down; null: unlimited.
  explicit context(wakeable& target, unsigned* budget = nullptr) noexcept
      : target_(&target), budget_(budget) {}
  /// For hand-written executors: `w` must be non-empty and outlive the context.
  explicit context(const waker& w) noexcept
      : target_(w ? w.target() : &no_wakeable()), budget_(nullptr) {}
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  /// A counted waker: for whatever may notify from another thread or outlive the pollable.
  [[nodiscard]] waker get_waker() const noexcept { return waker::of(*target_); }
  /// An uncounted one: for a leaf that is notified on this thread only and forgets the pointer when
  /// it is destroyed, polled again or disowned. Call it in every poll that ends pending, so that
  /// the task is known to be reachable.
  [[nodiscard]] wakeable* borrow_waker() noexcept {
    borrowed_ = true;
    return target_;
  }
  /// For combinators: the target, without saying that it is borrowed; they pass the mark on from
  /// their arms.
  [[nodiscard]] wakeable* borrowed_target() noexcept { return target_; }
  /// Says that a pollable inside, not polled this time, still holds a borrowed waker.
  void mark_borrowed() noexcept { borrowed_ = true; }
  [[nodiscard]] bool is_borrowed() const noexcept { return borrowed_; }
  /// Has the task polled once more after this poll.
  void wake() noexcept {
    if (is_workers_)
      again_ = true;  // it queues its task itself, when the poll is over
    else
      target_->wake();
  }

  /// Charges one unit. False when the budget is used up: the task has then been woken, and the leaf
  /// returns `pending`.
  [[nodiscard]] bool spend() noexcept {
    if (!budget_) return true;
    if (*budget_ != 0) return --*budget_, true;
    wake();
    return false;
  }
  /// Gives a unit back: the leaf was not ready after all.
  void refund() noexcept {
    if (budget_) ++*budget_;
  }
  /// For a result that moved many bytes, beside its unit: so that a connection that always has
  /// bytes gives way after 128 KiB, some 50 us of copying.
  void charge_bytes(std::size_t bytes) noexcept {
    constexpr std::size_t bytes_per_unit = 1024;
    if (budget_ && bytes >= bytes_per_unit) {
      const std::size_t units = bytes / bytes_per_unit;
      *budget_ -= units < *budget_ ? static_cast<unsigned>(units) : *budget_;
    }
  }
  [[nodiscard]] unsigned* budget() const noexcept { return budget_; }
  /// For coroutines: charges an await. False after `awaits_inline_max`: the task has then been
  /// woken, and gives way.
  [[nodiscard]] bool go_on() noexcept {
    if (may_hop()) [[likely]]
      return true;
    wake();
    return false;
  }
  /// The same for a frame that goes on in another; false: nobody has been woken yet.
  [[nodiscard]] bool may_hop() noexcept {
    if (awaits_left_ != 0) [[likely]]
      return --awaits_left_, true;
    return false;
  }

 private:
  // A worker has one context for all its polls, told anew for each.
  friend class worker;
  context() noexcept : target_(&no_wakeable()), budget_(&left_), is_workers_(true) {}
  void begin(wakeable& task) noexcept {
    target_ = &task;
    left_ = poll_budget;
    awaits_left_ = awaits_inline_max;
    borrowed_ = false;
    again_ = false;
  }

  wakeable* target_;
  unsigned* budget_;
  unsigned left_ = 0;  // a worker's own budget
  unsigned awaits_left_ = awaits_inline_max;
  bool borrowed_ = false;
  bool again_ = false;  // a worker's task woke itself
  const bool is_workers_ = false;
};

}  // namespace rouse

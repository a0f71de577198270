// The right to have a task polled again.
//
// A `wakeable` is whatever can be woken: a task, an arm of a select, a hand-written wake object. It
// is *borrowed* by a leaf that the same thread will notify and that is destroyed before it (no
// counting at all), and *counted* through a `waker` by everything else. Refused: a shared pointer
// per waker, which would make the borrowed wake five times dearer.
#pragma once

#include <utility>

namespace rouse {

class wakeable;

/// How one kind of wakeable does it. Each may be called from any thread unless the kind says
/// otherwise, and none throws.
struct wake_table {
  void (*wake)(wakeable&) noexcept;
  wakeable& (*clone)(wakeable&) noexcept;  ///< one more counted reference, to this wakeable or one
                                           ///< that stands for it
  void (*drop)(wakeable&) noexcept;        ///< gives one counted reference back
  /// Both at once, where that is cheaper; null: wake, then drop.
  void (*wake_and_drop)(wakeable&) noexcept = nullptr;
};

/// Base of what can be woken. Address-stable; knows its table and nothing else.
class wakeable {
 public:
  explicit constexpr wakeable(const wake_table& table) noexcept : table_(&table) {}
  wakeable(const wakeable&) = delete;
  wakeable& operator=(const wakeable&) = delete;

  /// Has the task polled again; wakes before that poll coalesce.
  void wake() noexcept { table_->wake(*this); }
  [[nodiscard]] const wake_table& table() const noexcept { return *table_; }

 protected:
  ~wakeable() = default;

 private:
  const wake_table* table_;
};

/// A counted reference to a wakeable: clone, wake and drop it from any thread, at any time, also
/// after the task or its runtime is gone (then a wake does nothing). An empty waker wakes nobody.
class waker {
 public:
  constexpr waker() noexcept = default;
  /// Takes over a reference that `clone` of the table has counted.
  static waker adopt(wakeable& counted) noexcept { return waker(&counted); }
  /// Counts a new reference to `target`.
  static waker of(wakeable& target) noexcept { return waker(&target.table().clone(target)); }

  waker(const waker& other) noexcept : target_(other.target_) {
    if (target_) target_ = &target_->table().clone(*target_);
  }
  waker(waker&& other) noexcept : target_(std::exchange(other.target_, nullptr)) {}
  waker& operator=(waker other) noexcept {
    std::swap(target_, other.target_);
    return *this;
  }
  ~waker() { reset(); }

  explicit operator bool() const noexcept { return target_ != nullptr; }
  void wake() const noexcept {
    if (target_) target_->wake();
  }
  /// Wakes and gives the reference back.
  void wake_and_reset() noexcept {
    wakeable* t = std::exchange(target_, nullptr);
    if (!t) return;
    if (const auto both = t->table().wake_and_drop) return both(*t);
    t->wake();
    t->table().drop(*t);
  }
  void reset() noexcept {
    if (wakeable* t = std::exchange(target_, nullptr)) t->table().drop(*t);
  }
  /// Gives up the reference, which stays counted until an `adopt`; null when empty.
  [[nodiscard]] wakeable* release() noexcept { return std::exchange(target_, nullptr); }
  /// What it refers to; null when empty.
  [[nodiscard]] wakeable* target() const noexcept { return target_; }
  /// True when both wake the same task: then a stored waker need not be replaced.
  [[nodiscard]] bool wakes_same(const waker& other) const noexcept {
    return target_ == other.target_;
  }

 private:
  explicit waker(wakeable* counted) noexcept : target_(counted) {}
  wakeable* target_ = nullptr;
};

/// Wakes nobody; for polls whose answer is known to be ready, and for tests.
[[nodiscard]] wakeable& no_wakeable() noexcept;

}  // namespace rouse

// One of several pollables that a combinator polls, with a small waker of its own, so that one wake
// polls one arm.
//
// A leaf below that borrows stores the arm's own address. One that needs a counted waker gets one
// of the task above, since the arm dies with its combinator; from then on the arm cannot know who
// was woken, and is polled every time (spurious polls are allowed).
#pragma once

#include <rouse/core/outcome.hpp>

#include <optional>

namespace rouse {

/// How an arm's end is stored: as awaiting it would give it, or as its poll gave it (a `result`
/// stays a `result`).
enum class arm_mode : bool { delivered, raw };

/// `P` is a value for an arm that is owned, and a reference for one that the caller keeps: polled
/// and disowned, never cancelled. Movable before the first step only.
template <class P, arm_mode Mode = arm_mode::delivered>
class arm final : public wakeable {
 public:
  using pollable_type = std::remove_reference_t<P>;
  using end_type =
      std::conditional_t<Mode == arm_mode::raw, raw_output<pollable_type>, output<pollable_type>>;
  // Units of budget that each arm has in a poll, whatever the others used.
  static constexpr unsigned allowance_min = 16;
  static constexpr bool owned = !std::is_reference_v<P>;
  static_assert(owned || disownable<pollable_type>,
                "an arm given as an lvalue outlives the combinator, so it must be able to forget "
                "the arm's waker: give it "
                "disown(), or move it in");

  explicit arm(P&& p) : wakeable(wakes), pollable_(hold(p)) {}
  arm(arm&& other) : wakeable(wakes), pollable_(std::move(other.pollable_)) {
    ROUSE_ASSERT(!other.up_ && !other.end.is_set());
    if constexpr (!owned) other.pollable_ = nullptr;
  }
  ~arm() {
    if constexpr (!owned) release();
  }

  /// Polls it when it was woken; true when it has ended, and `end` says how. Not to be called after
  /// that.
  bool step(context& cx) noexcept {
    up_ = cx.borrowed_target();
    if (woken_ || shared_) {
      woken_ = false;
      // A hot arm may use the poll's budget up, but not its neighbours' share.
      unsigned allowance =
          cx.budget() && *cx.budget() > allowance_min ? *cx.budget() : allowance_min;
      context mine(*this, cx.budget() ? &allowance : nullptr);
      const bool ended = run(mine);
      if (cx.budget() && allowance < *cx.budget()) *cx.budget() = allowance;
      if (ended) return true;
      borrowed_ = mine.is_borrowed();
    }
    if (borrowed_) cx.mark_borrowed();
    return false;
  }
  /// Owned: cancels it; true when nothing outside refers to it. Then one more step may be made,
  /// after `rearm()`.
  bool drain(context& cx) noexcept {
    if constexpr (owned) {
      if (!pollable_ || end.is_set()) return true;
      up_ = cx.borrowed_target();
      woken_ = false;
      context mine(*this, cx.budget());
      if (rouse::poll_cancel(*pollable_, mine).is_ready()) return true;
      borrowed_ = mine.is_borrowed();
      if (borrowed_) cx.mark_borrowed();
      return false;
    }
    return true;
  }
  void rearm() noexcept { woken_ = true; }
  /// Owned: destroys it, frames innermost first. Else: lets the caller have it back, which knows of
  /// this arm no more.
  void drop() noexcept {
    if constexpr (owned)
      pollable_.reset();
    else
      release();
  }
  void disown() noexcept { up_ = nullptr; }
  [[nodiscard]] bool borrows() const noexcept {
    if (!owned) return true;
    return pollable_ && borrows_from_caller(*pollable_);
  }

  outcome<end_type> end;

 private:
  void release() noexcept {
    if (auto* kept = std::exchange(pollable_, nullptr)) kept->disown();
  }
  static arm& self(wakeable& w) noexcept { return static_cast<arm&>(w); }
  static auto hold(P& p) {
    if constexpr (owned)
      return std::optional<pollable_type>(std::move(p));
    else
      return &p;
  }
  bool run(context& mine) noexcept {
    if constexpr (Mode == arm_mode::delivered) {
      return poll_into(*pollable_, mine, end);
    } else {
      try {
        auto answer = pollable_->poll(mine);
        if (!answer.is_ready()) return false;
        if constexpr (std::is_void_v<end_type>) {
          answer.take();
          end.set_value();
        } else {
          end.set_value(answer.take());
        }
      } catch (...) {
        end.set_exception(std::current_exception());
      }
      return true;
    }
  }

  std::conditional_t<owned, std::optional<pollable_type>, pollable_type*> pollable_;
  // Borrowed from the task above; null before the first step and when disowned.
  wakeable* up_ = nullptr;
  bool woken_ = true;
  bool shared_ = false;    // somebody holds a counted waker of the task above
  bool borrowed_ = false;  // somebody holds our address

  static constexpr wake_table wakes{
      [](wakeable& w) noexcept {
        arm& a = self(w);
        if (std::exchange(a.woken_, true)) return;
        if (a.up_) a.up_->wake();
      },
      [](wakeable& w) noexcept -> wakeable& {
        arm& a = self(w);
        a.shared_ = true;
        wakeable& up = a.up_ ? *a.up_ : no_wakeable();
        return up.table().clone(up);
      },
      [](wakeable&) noexcept {},  // never reached: clone() hands out the task above
  };
};

}  // namespace rouse

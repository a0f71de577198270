#include <rouse/time/timer_driver.hpp>

#include <rouse/time/internal/timer_mailbox.hpp>

#include <utility>

namespace rouse {

timer_driver::timer_driver(rouse::clock& c, rouse::unparker wake)
    : clock_(c),
      ticks_(c.ticks()),
      now_(c.now()),
      wheel_(now_),
      handle_(new internal::timer_mailbox(c, wake)) {
  see(now_);
  watcher_.unparker = std::move(wake);
  clock_.watch(watcher_);
}

timer_driver::~timer_driver() {
  if (destroyed_) *destroyed_ = true;
  clock_.unwatch(watcher_);
  handle_.mailbox_->close();
  while (auto* e = static_cast<timer_entry*>(wheel_.pop_any()))
    e->on_fire_(*e, timer_entry::reason::shut_down);
  handle_.mailbox_->take_mail(*this);  // timers cancelled since
}

bool timer_driver::has_work() const noexcept {
  return !wheel_.is_empty() || handle_.mailbox_->has_mail();
}

nanoseconds timer_driver::prepare(nanoseconds limit) noexcept {
  handle_.mailbox_->take_mail(*this);
  jumps_ = cut_ = false;
  if (limit < nanoseconds(0)) limit = nanoseconds(0);
  if (limit == nanoseconds(0)) return limit;
  if (!wheel_.settle(moves_max)) {  // a very long slot: look below in between
    cut_ = true;
    limit_at_ = never;
    return nanoseconds(0);
  }
  const instant next = wheel_.next_deadline();
  if (ticks_) {
    if (next == never) return limit;
    const nanoseconds left = time_left(now(), next);
    cut_ = left < limit;
    return cut_ ? left : limit;
  }
  // Time stands still: it passes only by a jump, or when somebody moves it, and then we are
  // unparked.
  const instant at = now();
  limit_at_ = limit == no_limit ? never : saturating_add(at, limit);
  cut_ = true;
  if (next <= at) return nanoseconds(0);
  jump_to_ = next < limit_at_ ? next : limit_at_;
  jumps_ = jump_to_ != never && clock_.may_jump();
  return jumps_ ? nanoseconds(0) : no_limit;
}

park_outcome timer_driver::finish(park_outcome below) noexcept {
  if (jumps_ && below == park_outcome::timed_out) clock_.try_jump(jump_to_);
  // Copied, since the driver may be gone after fire().
  const bool cut = cut_;
  const bool limit_passed = !ticks_ && cut && now() >= limit_at_;
  if (fire() != 0) return park_outcome::events;
  if (below == park_outcome::timed_out && cut && !limit_passed)
    return park_outcome::woken;  // spurious: callers loop
  return below;
}

unsigned timer_driver::fire() noexcept {
  if (wheel_.is_empty()) return 0;
  const instant at = now();
  bool gone = false;
  bool* const outer = std::exchange(destroyed_, &gone);
  unsigned count = 0;
  while (count < fire_batch_max) {
    auto* e = static_cast<timer_entry*>(wheel_.pop_due(at, moves_max));
    if (!e) break;
    ++count;
    e->on_fire_(*e, timer_entry::reason::due);
    if (gone) {
      if (outer) *outer = true;
      return count;
    }
  }
  destroyed_ = outer;
  return count;
}

}  // namespace rouse

#include <rouse/loop/internal/loop_timers.hpp>

namespace rouse::internal {
namespace {

/// Entries that the wheel may move to find the nearest deadline before a wait, some 50 us, and to
/// find what is due in one phase, some 1 ms.
constexpr unsigned moves_before_wait = 4096;
constexpr unsigned moves_in_phase = 65'536;

}  // namespace

timer_id loop_timers::set(instant now, nanoseconds delay, bool repeats, callback<void()>&& f,
                          std::source_location site) {
  loop_timer& t = table_.emplace(std::move(f), delay, repeats, site);
  wheel_.insert(t, saturating_add(now, delay));
  ++alive_.refs;
  return {{table_.index_of(t), table_.serial_of(t)}};
}

bool loop_timers::clear(timer_id id) noexcept {
  loop_timer* t = find(id);
  if (!t) return false;
  if (t->is_running_)
    t->fate_ = loop_timer::fate::cleared;
  else
    erase(*t);
  return true;
}

bool loop_timers::refresh(instant now, timer_id id) noexcept {
  loop_timer* t = find(id);
  if (!t) return false;
  if (t->is_running_) {
    t->fate_ = loop_timer::fate::refreshed;
    if (t->is_pending()) wheel_.remove(*t);
  } else {
    wheel_.remove(*t);
  }
  wheel_.insert(*t, saturating_add(now, t->delay_));
  return true;
}

bool loop_timers::set_ref(timer_id id, bool refd) noexcept {
  loop_timer* t = find(id);
  if (!t) return false;
  if (t->is_refd_ != refd) alive_.refs += refd ? 1 : -1UL;
  t->is_refd_ = refd;
  return true;
}

void loop_timers::run_due(instant now, unsigned most) noexcept {
  for (unsigned n = 0; n < most && !runner_.is_interrupted(); ++n) {
    auto* t = static_cast<loop_timer*>(wheel_.pop_due(now, moves_in_phase));
    if (!t) return;
    run(*t);
  }
}

void loop_timers::run(loop_timer& t) noexcept {
  if (trace_.is_on()) [[unlikely]]
    trace_.callback(loop_phase::timers, t.repeats_ ? "interval" : "timeout", &t.site_);
  t.is_running_ = true;
  t.fate_ = loop_timer::fate::none;
  const instant begun = t.repeats_ ? time_.now() : instant();
  runner_.call(loop_phase::timers, t.f_);
  t.is_running_ = false;
  if (t.fate_ == loop_timer::fate::refreshed) return;
  if (t.fate_ == loop_timer::fate::cleared || !t.repeats_) return erase(t);
  wheel_.insert(t, saturating_add(begun, t.delay_));
}

nanoseconds loop_timers::wait_from(instant now) noexcept {
  if (!wheel_.settle(moves_before_wait)) return nanoseconds(0);
  return time_left(now, wheel_.next_deadline());
}

void loop_timers::erase(loop_timer& t) noexcept {
  if (t.is_pending()) wheel_.remove(t);
  if (t.is_refd_) --alive_.refs;
  table_.erase(t);
}

void loop_timers::clear_all() noexcept {
  while (auto* t = static_cast<loop_timer*>(wheel_.pop_any()))
    erase(*t);
}

}  // namespace rouse::internal

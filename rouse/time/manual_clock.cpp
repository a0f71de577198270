#include <rouse/time/manual_clock.hpp>

namespace rouse {

manual_clock::~manual_clock() { ROUSE_ASSERT(watcher_count_.load(order::acquire) == 0); }

void manual_clock::advance(nanoseconds d) {
  std::int64_t seen = now_.load(order::relaxed);
  // acq_rel: what was done before advance() is seen by whoever reads the new time
  while (!now_.compare_exchange_weak(
      seen, saturating_add(instant(nanoseconds(seen)), d).time_since_epoch().count(),
      order::acq_rel)) {
  }
  unpark_watchers();
}

void manual_clock::set(instant to) {
  now_.store(to.time_since_epoch().count(), order::release);
  unpark_watchers();
}

void manual_clock::set_auto_advance(bool on) noexcept {
  auto_advance_.store(on, order::release);
  if (on) unpark_watchers();  // one may be blocked already
}

void manual_clock::watch(clock_watcher& w) {
  const lock_guard lock(mutex_);
  watchers_.push_back(w);
  watcher_count_.fetch_add(1, order::acq_rel);
}

void manual_clock::unwatch(clock_watcher& w) noexcept {
  const lock_guard lock(mutex_);
  w.unlink();
  watcher_count_.fetch_sub(1, order::acq_rel);
}

bool manual_clock::may_jump() const noexcept {
  return auto_advance_.load(order::acquire) && holds_.load(order::acquire) == 0 &&
         watcher_count_.load(order::acquire) == 1;
}

bool manual_clock::try_jump(instant to) noexcept {
  if (!may_jump()) return false;
  const std::int64_t target = to.time_since_epoch().count();
  std::int64_t seen = now_.load(order::relaxed);
  while (seen < target && !now_.compare_exchange_weak(seen, target, order::acq_rel)) {
  }
  return true;
}

void manual_clock::end_hold() noexcept {
  // acq_rel: the stack that jumps next sees what was done during the hold
  if (holds_.fetch_sub(1, order::acq_rel) == 1 && auto_advance_.load(order::acquire))
    unpark_watchers();
}

/// Under the lock, so that no watcher goes away meanwhile; unparking runs no user code but a park's
/// `interrupt`.
void manual_clock::unpark_watchers() noexcept {
  const lock_guard lock(mutex_);
  for (clock_watcher* w = watchers_.front(); w; w = watchers_.next(*w))
    w->unparker.unpark();
}

}  // namespace rouse

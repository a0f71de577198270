#include <rouse/reactor/io_uring/io_uring_reactor.hpp>

#include <rouse/reactor/internal/heap_lease_pool.hpp>
#include <rouse/reactor/internal/spare_descriptor.hpp>
#include <rouse/reactor/io_uring/internal/parts.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/sys/epoll.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>

namespace rouse {

using namespace internal::uring;

io_uring_reactor::io_uring_reactor(const reactor_options& options)
    : reactor(options),
      pause_(pause_min),
      quiet_limit_(std::chrono::seconds(1)),
      teardown_limit_(std::chrono::seconds(5)) {
  ROUSE_ASSERT(options.ring_entries > 0 && options.lease_bytes > 0);
  auto target = std::make_unique<wake_target>();
  auto thread = std::make_unique<thread_link>(*this);
  auto spare = std::make_unique<internal::spare_descriptor>();
  buffers_ = new internal::heap_lease_pool(
      {options.lease_bytes, options.lease_count, options.lease_heap_bytes_max});
  allow_calls(*buffers_);
  target_ = target.release();  // nothing throws any more
  thread_ = thread.release();
  spare_ = spare.release();
}

rouse::unparker io_uring_reactor::unparker() { return rouse::unparker(*target_); }

result<void> io_uring_reactor::probe(const reactor_options& options) {
  internal::ring trial;
  return trial.open(options.ring_entries);
}

result<void> io_uring_reactor::check_thread() const noexcept {
  if (thread_->is_this_thread()) [[likely]]
    return {};
  return std::unexpected(
      error("io_uring", thread_->is_forked() ? errc::forked : errc::wrong_thread));
}

result<void> io_uring_reactor::open() try {
  if (ring_) return check_thread();
  if (!target_->event) {
    auto event = sys::event_fd::open();
    if (!event) return std::unexpected(event.error());
    target_->event = std::move(*event);
  }
  spare_->restore(target_->event.get());  // without one accepting only pauses
  auto fresh = std::make_unique<internal::ring>();
  const auto waits =
      waits_outside_ ? internal::ring::waits::in_poll : internal::ring::waits::in_enter;
  if (auto opened = fresh->open(options().ring_entries, waits); !opened) return opened;
  ring_ = fresh.release();
  thread_->tie();
  phase_ = phase::working;
  push_deferred();
  (void)ring_->submit();  // or the first sleep would not know how it ended, see park()
  return {};
} catch (const std::bad_alloc&) {
  return std::unexpected(error("io_uring", ENOMEM));
}

std::size_t io_uring_reactor::leases_out() const noexcept { return buffers_->out_count(); }

bool io_uring_reactor::has_work() const noexcept {
  return waiting_ != 0 || has_undelivered() || has_posted();
}

// ---- park

result<park_outcome> io_uring_reactor::park(nanoseconds limit) {
  if (auto mine = open(); !mine) [[unlikely]]
    return std::unexpected(mine.error());
  const half_park b = begin(limit);
  return finish(b, b.asleep ? enter(1, b.limit) : look());
}

result<int> io_uring_reactor::wait_descriptor() {
  waits_outside_ = true;
  if (ring_ && !ring_->is_pollable()) {
    if (auto released = release_thread(); !released) return std::unexpected(released.error());
  }
  if (auto mine = open(); !mine) return std::unexpected(mine.error());
  return ring_->fd();
}

result<outside_wait> io_uring_reactor::begin_wait(nanoseconds limit) {
  const auto descriptor = wait_descriptor();
  if (!descriptor) return std::unexpected(descriptor.error());
  outside_ = begin(limit);
  if (!outside_.asleep) return outside_wait{*descriptor, nanoseconds(0)};
  if (const int n = enter(0, nanoseconds(0)); n < 0 && n != -EINTR) [[unlikely]] {
    if (target_->end_sleep()) target_->unpark();  // not ours to lose
    outside_ = {};
    return std::unexpected(error("io_uring_enter", -n));
  }
  if (ring_->has_completions() || ring_->has_overflowed() || ring_->unsubmitted() != 0)
    outside_.limit = nanoseconds(0);
  return outside_wait{*descriptor, outside_.limit};
}

result<park_outcome> io_uring_reactor::end_wait() {
  if (auto mine = open(); !mine) [[unlikely]]
    return std::unexpected(mine.error());
  return finish(std::exchange(outside_, {}), look());
}

io_uring_reactor::half_park io_uring_reactor::begin(nanoseconds limit) noexcept {
  half_park b;
  b.happened = drain_inbox();
  if (!starving_.is_empty()) feed_starving();
  push_deferred();
  const nanoseconds longest = shortened(limit);
  b.is_cut = longest != limit;
  if (longest.count() <= 0) return b;
  b.asleep = target_->begin_sleep();
  b.token = !b.asleep;
  if (b.asleep) b.limit = longest;
  return b;
}

/// What comes after the wait: `answer` is that of the call that waited or looked.
result<park_outcome> io_uring_reactor::finish(const half_park& b, int answer) noexcept {
  const bool token = (b.asleep ? target_->end_sleep() : target_->consume()) || b.token;
  if (answer < 0 && answer != -ETIME && answer != -EINTR) [[unlikely]] {
    if (token) target_->unpark();  // not ours to lose
    return std::unexpected(error("io_uring_enter", -answer));
  }
  metrics_.turns++;
  bool came = reap();
  came |= reap_more();
  push_deferred();
  if (resume_at_ != never && sys::monotonic_now() >= resume_at_) {
    resume_accepting();
    came = true;
  }
  const bool happened = drain_inbox() || b.happened;
  if (deliver() != 0 || happened) return park_outcome::events;
  if (!token && !came && !b.is_cut && (!b.asleep || answer == -ETIME))
    return park_outcome::timed_out;
  // Also an event that concerned nobody, a signal, a matter of our own, or a call that submitted
  // and therefore does not say why its wait ended: callers look at their clocks and come back.
  return park_outcome::woken;
}

/// The kernel runs some 20 pieces of deferred work a call: the rest of what is ready now, so that
/// one turn serves a crowd, up to the turn's bound.
bool io_uring_reactor::reap_more() noexcept {
  const std::uint64_t until = metrics_.events + options().events_max;
  bool came = false;
  while (ring_->has_deferred_work() && metrics_.events < until && enter(0, nanoseconds(0)) >= 0) {
    if (!reap()) break;
    came = true;
  }
  return came;
}

/// How long a sleep may be when others ask for `limit`.
nanoseconds io_uring_reactor::shortened(nanoseconds limit) noexcept {
  if (doubted_ != 0) limit = std::min(limit, time_to_quiet_check());
  if (resume_at_ != never) limit = std::min(limit, time_left(sys::monotonic_now(), resume_at_));
  if (limit.count() > 0 && (has_undelivered() || ring_->has_completions() || !is_all_entered()))
    limit = nanoseconds(0);
  return limit;
}

/// Looks without waiting: 130-190 ns in the kernel, so only when it would bring something.
int io_uring_reactor::look() noexcept {
  const bool is_worth_it = ring_->unsubmitted() != 0 || (in_flight_ != 0 && ring_->wants_enter());
  return is_worth_it ? enter(0, nanoseconds(0)) : 0;
}

nanoseconds io_uring_reactor::time_to_quiet_check() noexcept {
  const instant now = sys::monotonic_now();
  if (now >= check_quiet_at_) {
    check_quiet_at_ = saturating_add(now, quiet_limit_);
    check_quiet_sources();
  }
  return time_left(now, check_quiet_at_);
}

/// Enters; what only says "not now" is no error.
int io_uring_reactor::enter(unsigned completions, nanoseconds limit) noexcept {
  const int n = ring_->enter(completions, limit);
  switch (-n) {
    case EBUSY:   // completions have overflowed: they are taken next, and the entries stay
    case EAGAIN:  // no memory for the entries just now: they stay
      return 0;
    default: return n;
  }
}

void* io_uring_reactor::next_entry() noexcept {
  if (!ring_) return nullptr;
  io_uring_sqe* entry = ring_->next_entry();
  if (!entry) {
    (void)ring_->submit();  // if refused, whoever asked is served after the next reaping
    entry = ring_->next_entry();
  }
  return entry;
}

/// Takes all completions; true when there were any.
bool io_uring_reactor::reap() noexcept {
  const auto take_one = [this](const io_uring_cqe& c) {
    take({c.user_data, c.res, (c.flags & IORING_CQE_F_MORE) == 0});
  };
  unsigned count = ring_->reap(take_one);
  // Completions that found the queue full wait in the kernel until somebody enters; nothing but a
  // flag tells.
  while (ring_->has_overflowed() && enter(0, nanoseconds(0)) == 0)
    count += ring_->reap(take_one);
  return count != 0;
}

/// Takes one completion. Never enters anything into the ring: reap() is reading it.
void io_uring_reactor::take(const completion& c) noexcept {
  const std::uint64_t address = c.user_data & ~tag_mask;
  if (address == 0) return;  // a cancel, or what was retracted
  if (c.is_last) in_flight_--;
  metrics_.events++;
  switch (static_cast<tag>(c.user_data & tag_mask)) {
    case to_operation: return take_operation(*reinterpret_cast<operation*>(address), c.answer);
    case to_read_side:
      return take_readiness(*reinterpret_cast<source_block*>(address), side_of::read, c.answer,
                            c.is_last);
    case to_write_side:
      return take_readiness(*reinterpret_cast<source_block*>(address), side_of::write, c.answer,
                            c.is_last);
    case to_listener:
      return take_connection(*reinterpret_cast<listener*>(address), c.answer, c.is_last);
    case to_wake_target:
      metrics_.events--;
      if (c.is_last) wake_armed_ = false;
      return;
  }
}

void io_uring_reactor::arm_wake_target() noexcept {
  if (phase_ != phase::working) return;
  auto* entry = static_cast<io_uring_sqe*>(next_entry());
  if (!entry) return;
  target_->event.drain();  // an unread count would complete the new poll at once
  multishot_poll_ ? io_uring_prep_poll_multishot(entry, target_->event.get(), sys::event_in)
                  : io_uring_prep_poll_add(entry, target_->event.get(), sys::event_in);
  entry->user_data = user_data_of(target_, to_wake_target);
  wake_armed_ = true;
  in_flight_++;
}

bool io_uring_reactor::send_cancel(std::uint64_t user_data) noexcept {
  auto* entry = static_cast<io_uring_sqe*>(next_entry());
  if (!entry) return false;
  io_uring_prep_cancel64(entry, user_data, 0);
  entry->user_data = 0;
  return true;
}

void io_uring_reactor::insist_on_cancel(std::uint64_t user_data) noexcept {
  (void)drive_until([&] { return send_cancel(user_data); }, never);
}

/// Nothing waits for room in the ring; else a sleep could miss what it was to wake for.
bool io_uring_reactor::is_all_entered() const noexcept {
  return wake_armed_ && !arms_deferred_ && !cancels_deferred_ && deferred_.is_empty() &&
         untended_.is_empty();
}

/// Enters what had to wait: for a ring, for room, or for the end of reap().
void io_uring_reactor::push_deferred() noexcept {
  if (phase_ != phase::working) return;
  if (!wake_armed_) arm_wake_target();
  while (operation* op = deferred_.pop_front()) {
    if (push(*op)) continue;
    deferred_.push_front(*op);
    break;
  }
  if (std::exchange(arms_deferred_, false)) {
    for_each_source([this](source_block& b) {
      if (b.driver_flags & read_arm_wanted) arm(b, side_of::read);
      if (b.driver_flags & write_arm_wanted) arm(b, side_of::write);
    });
  }
  if (std::exchange(cancels_deferred_, false)) {
    for (operation* op = in_kernel_.front(); op; op = in_kernel_.next(*op))
      if (op->driver_flags & cancel_wanted) request_cancel(*op);
  }
  list<listener> batch;
  batch.splice_back(untended_);
  while (listener* l = batch.pop_front())
    tend(*l);
}

}  // namespace rouse

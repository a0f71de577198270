#include <rouse/base/fork.hpp>
#include <rouse/base/log.hpp>
#include <rouse/core/describe.hpp>
#include <rouse/core/worker.hpp>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace rouse {

using trace::event;
using trace::probe_point;

// ---- wakes

// A probe that is in the way of nothing: no register is saved for it.
void worker::wake(task_header& t) noexcept {
  if (trace::is_on()) [[unlikely]]
    return wake_traced(t);
  wake_untraced(t);
}

[[gnu::cold, gnu::noinline]] void worker::wake_traced(task_header& t) noexcept {
  probe_point(event::wake, &t);
  wake_untraced(t);
}

[[gnu::always_inline]] inline void worker::wake_untraced(task_header& t) noexcept {
  worker* here = running_here;
  if (t.owner.load(order::relaxed) != here) [[unlikely]]
    return wake_foreign(t, 0);
  if (t.scheduled || t.completed) return;  // coalesced, or too late
  t.scheduled = true;
  if (!t.running) here->push(t);  // else the end of this poll queues it
}

void worker::wake_foreign(task_header& t, std::uint64_t more) noexcept {
  // acq_rel, also when it coalesces: what was written before the wake is seen by the poll that
  // follows
  const auto seen =
      t.foreign.fetch_or(task_header::notified | task_header::linked | more, order::acq_rel);
  if (!(seen & (task_header::linked | task_header::closed))) push_inbox(t);
}

// In one step, or the owner might have polled the task and gone to sleep before the drop, which
// would then look like that of the last reference and wake it once more.
void worker::wake_and_drop(task_header& t) noexcept {
  if (is_mine(t)) {
    wake(t);
    return drop(t);
  }
  probe_point(event::wake, &t);
  std::uint64_t seen = t.foreign.load(order::relaxed);
  std::uint64_t next = 0;
  do {
    next = seen - task_header::one;
    if (!(seen & task_header::closed)) next |= task_header::notified | task_header::linked;
  } while (!t.foreign.compare_exchange_weak(seen, next, order::acq_rel));
  if (seen & task_header::closed) {
    if (count(next) == 0) release(t);
  } else if (!(seen & task_header::linked)) {
    push_inbox(t);
  }
}

void worker::push_inbox(task_header& t) noexcept {
  worker& w = *t.owner.load(
      order::relaxed);  // cannot change or go: we have set `linked`, which close() respects
  task_header* head = w.inbox_.load(order::relaxed);
  do {
    t.inbox_next = head == asleep() ? nullptr : head;
  } while (!w.inbox_.compare_exchange_weak(head, &t, order::release));
  if (head != asleep()) return;
  w.unpark();
  w.unparked_.fetch_add(1,
                        order::release);  // our last access; pairs with the acquire in close_all()
}

void internal::wake_task(wakeable& task) noexcept { worker::wake(static_cast<task_header&>(task)); }
wakeable& internal::clone_task(wakeable& task) noexcept {
  worker::clone(static_cast<task_header&>(task));
  return task;
}
void internal::drop_task(wakeable& task) noexcept { worker::drop(static_cast<task_header&>(task)); }

void internal::wake_and_drop_task(wakeable& task) noexcept {
  worker::wake_and_drop(static_cast<task_header&>(task));
}

void worker::clone(task_header& t) noexcept {
  if (is_mine(t)) [[likely]]
    ++t.references;
  else
    t.foreign.fetch_add(task_header::one, order::relaxed);
}

void worker::drop(task_header& t) noexcept {
  if (!is_mine(t)) [[unlikely]]
    return drop_foreign(t);
  if (--t.references <= 0) running_here->settle(t);
}

void worker::drop_foreign(task_header& t) noexcept {
  std::uint64_t seen = t.foreign.load(order::relaxed);
  std::uint64_t next = 0;
  bool tell = false;
  do {
    next = seen - task_header::one;
    // It may have been the last, which only the owner can know: tell it in the same step.
    tell = !(seen & (task_header::linked | task_header::closed)) && count(next) <= 0;
    if (tell) next |= task_header::linked;
  } while (!t.foreign.compare_exchange_weak(seen, next, order::acq_rel));
  if (tell)
    push_inbox(t);
  else if ((seen & task_header::closed) && count(next) == 0)
    release(t);
}

// ---- the owner's side

void worker::adopt_first(task_header& fresh) noexcept {
  enrol(fresh, tasks_);
  if (!head_) tail_ = &fresh.next;
  fresh.next = head_;
  head_ = &fresh;
}

unsigned worker::run_ready(unsigned polls, const task_header* stop) noexcept {
  if (stop && stop->completed) return 0;
  for (unsigned n = 0; n < polls;) {
    if (has_mail()) [[unlikely]]
      drain_inbox();
    task_header* t = pop();
    if (!t) return n;
    ++n;
    if (step(*t) && stop && stop->completed) return n;
    if (cx_.left_ == 0) [[unlikely]]
      return n;  // it may have moved megabytes: time to look at the clock
  }
  return polls;
}

[[gnu::always_inline]] inline bool worker::step(task_header& t) noexcept {
  t.scheduled = false;
  t.running = true;
  // Foreign wakes up to here are absorbed by this poll; the inbox still holds the link.
  if (t.foreign.load(order::relaxed) & task_header::notified) [[unlikely]]
    fold(t, t.foreign.exchange(task_header::linked, order::acquire));
  ++t.polls;
  cx_.begin(t);
  if (t.ending) [[unlikely]]
    return step_ending(t);
  const bool traced = trace::is_on();
  if (traced) [[unlikely]]
    probe_point(event::poll_begin, &t, this);
  if (t.table().poll(t, cx_)) return finish(t, false), true;
  end_step(t, traced);
  return false;
}

[[gnu::always_inline]] inline void worker::end_step(task_header& t, bool traced) noexcept {
  if (traced) [[unlikely]]
    trace_end_of_poll(t);
  t.running = false;
  t.borrowed = cx_.borrowed_;
  if (t.scheduled | cx_.again_) {
    t.scheduled = true;
    push(t);
  } else if (t.references <= 0 && !t.borrowed) [[unlikely]] {
    settle(t);
  }
}

[[gnu::cold]] void worker::trace_end_of_poll(task_header& t) const noexcept {
  if (cx_.again_) probe_point(event::wake, &t);
  probe_point(event::poll_end, &t, this);
}

bool worker::step_ending(task_header& t) noexcept {
  if (t.ending & task_header::abandoned) return end_abandoned(t), true;
  probe_point(event::poll_begin, &t, this);
  if (!t.table().cancel(t, cx_)) return end_step(t, trace::is_on()), false;
  destroy_work(t, error("task", ECANCELED), false);
  return true;
}

void worker::end_abandoned(task_header& t) noexcept {
  t.running = false;
  if (t.completed) {  // was destroyed while it stood in the run queue
    if (t.references <= 0) settle(t);
    return;
  }
  destroy_work(t, error("task", errc::abandoned), false);
}

void worker::destroy_work(task_header& t, const error& why, bool queued) noexcept {
  t.running = true;  // to the end, as in a poll: destructors, observers and handlers may wake, drop
                     // and spawn, but not free this task
  t.table().fail(t, why);
  t.table().destroy(t);
  finish(t, queued);
}

void worker::finish(task_header& t, bool queued) noexcept {
  probe_point(event::complete, &t, this);
  t.scheduled = queued;
  t.completed = true;
  if (!t.background && --live_ == 0) wake_idle_waiter();
  if (t.observed) {
    t.unlink();
    tasks_.push_back(t);
    t.observed = false;
    std::exchange(t.observer, nullptr)->on_complete(t);
  } else if (wakeable* j = std::exchange(t.joiner, nullptr)) {
    j->wake();
  }
  if (t.joined) {  // a handle keeps it
    t.running = false;
    return;
  }
  report_unjoined(t);
  t.running = false;
  if (t.references <= 0) settle(t);
}

void internal::end_by_destructor(task_header& t) noexcept {
  ROUSE_LOG(error, "a destructor of %s threw: %s", brief(t).c_str(),
            brief(std::current_exception()).c_str());
  std::terminate();
}

[[gnu::noinline]] void worker::report_unjoined(task_header& t) noexcept {
  std::exception_ptr failure = t.table().failure(t);
  if (!failure) return;
  const bool was_running =
      std::exchange(t.running, true);  // the handler may drop a waker, but not free this task
  on_unjoined_failure(t, std::move(failure));
  t.running = was_running;
}

void worker::destroy_now(task_header& t) noexcept {
  ROUSE_ASSERT(!t.running);
  if (t.completed) return;
  // One that is ready stays in the run queue, where its turn only lets go of the memory.
  if (t.scheduled) t.ending |= task_header::abandoned;
  destroy_work(t, error("task", ECANCELED), t.scheduled);
}

void worker::discard(task_header& fresh) noexcept {
  fresh.table().destroy(fresh);
  release(fresh);
}

void worker::abort(task_header& t) noexcept {
  if (!is_mine(t)) return wake_foreign(t, task_header::cancel);
  if (t.completed) return;
  t.ending |= task_header::cancelled;
  wake(t);
}

void worker::unjoin(task_header& t, bool and_cancel) noexcept {
  if (is_mine(t)) {
    t.joined = false;
    if (!t.observed) t.joiner = nullptr;
    if (t.completed) {
      running_here->report_unjoined(t);
    } else if (and_cancel) {
      abort(t);
    }
    if (t.references <= 0) running_here->settle(t);
    return;
  }
  std::uint64_t mail = task_header::notified | task_header::linked | task_header::unjoin;
  if (and_cancel) mail |= task_header::cancel;
  std::uint64_t seen = t.foreign.load(order::relaxed);
  std::uint64_t next = 0;
  do {
    next = (seen & task_header::closed) ? seen - task_header::one : seen | mail;
  } while (!t.foreign.compare_exchange_weak(seen, next, order::acq_rel));
  if (seen & task_header::closed) {
    if (count(next) == 0) release(t);
  } else if (!(seen & task_header::linked)) {
    push_inbox(t);
  }
}

void worker::fold(task_header& t, std::uint64_t f) noexcept {
  t.references += count(f);
  if (f & task_header::cancel) t.ending |= task_header::cancelled;
  if (f & task_header::unjoin) {
    t.joined = false;
    if (!t.observed) t.joiner = nullptr;
    if (t.completed) report_unjoined(t);
  }
}

void worker::settle(task_header& t) noexcept {
  std::uint64_t f = t.foreign.load(
      order::acquire);  // pairs with the release of drop_foreign(), as each fold does
  if (t.references < 0) {
    f = t.foreign.fetch_and(task_header::flag_mask, order::acquire);
    t.references += count(f);
    f &= task_header::flag_mask;
  }
  if (t.references + count(f) != 0 || (f & task_header::linked) || t.scheduled || t.running) return;
  if (t.completed) [[likely]] {
    if (!t.joined) release(t);
  } else if (!t.borrowed) {
    t.ending |= task_header::abandoned;  // nothing can wake it; ended from the run queue, not from
                                         // inside somebody's drop
    t.scheduled = true;
    push(t);
  }
}

void worker::drain_inbox() noexcept {
  task_header* t = inbox_.exchange(nullptr, order::acquire);
  if (t == asleep()) return;
  task_header* in_order = nullptr;
  while (t)
    in_order = std::exchange(t, std::exchange(t->inbox_next, in_order));
  while ((t = in_order) != nullptr) {
    in_order = t->inbox_next;
    const auto f = t->foreign.exchange(0, order::acq_rel);  // release: inbox_next is free again
    fold(*t, f);
    if (f & task_header::notified) wake(*t);
    if (t->references <= 0) settle(*t);
  }
}

bool worker::begin_sleep() noexcept {
  task_header* empty = nullptr;
  return inbox_.compare_exchange_strong(empty, asleep(), order::relaxed);
}

void worker::end_sleep() noexcept {
  task_header* mark = asleep();
  if (inbox_.compare_exchange_strong(mark, nullptr, order::acquire)) return;
  ++owed_;  // a pusher replaced the mark and owes an unpark, perhaps still to come
}

// ---- the end

worker::worker() noexcept : forks_(fork_count()) {}

void worker::close_all(const error& why) noexcept {
  running_scope here(*this);
  // In a child made by fork the threads that owe a push or an unpark are not here to make it.
  const bool is_copy = forks_ != fork_count();
  list<task_header> ended;  // what wakers or handles still refer to
  do {
    // Destroying a task may wake, abort or even spawn others; whatever is added is destroyed too.
    for (;;) {
      drain_inbox();
      while (task_header* ready = pop())
        ready->scheduled = false;
      task_header* t = tasks_.front();
      if (!t) break;
      t->unlink();
      ended.push_back(*t);
      if (!t->completed)
        destroy_work(*t, why, false);
      else if (t->references <= 0)
        settle(*t);
    }
    while (task_header* t = ended.front()) {
      if (close(*t)) continue;
      drain_inbox();  // linked: a foreign thread is about to push it, and draining may free it
      if (is_copy && ended.front() == t) t->foreign.fetch_and(~task_header::linked, order::relaxed);
    }
  } while (!tasks_.is_empty());  // results died with their tasks, and may have spawned
  while (!is_copy && unparked_.load(order::acquire) != owed_) {
  }
}

bool worker::close(task_header& t) noexcept {
  std::uint64_t seen = t.foreign.load(order::relaxed);
  std::uint64_t next = 0;
  do {
    if (seen & task_header::linked) return false;
    // One more than there are, which keeps the task for the stores below; the join handle counts as
    // one from here on.
    const std::int64_t all = count(seen) + t.references + (t.joined ? 1 : 0) + 1;
    next = task_header::closed + static_cast<std::uint64_t>(all) * task_header::one;
  } while (!t.foreign.compare_exchange_weak(seen, next, order::acq_rel));
  t.unlink();
  t.owner.store(nobody(), order::relaxed);
  drop_foreign(t);
  return true;
}

void worker::release(task_header& t) noexcept {
  if (t.name) [[unlikely]]
    return release_named(t);
  t.unlink();
  t.table().release(t);
}

[[gnu::cold, gnu::noinline]] void worker::release_named(task_header& t) noexcept {
  std::free(const_cast<char*>(std::exchange(t.name, nullptr)));
  release(t);
}

}  // namespace rouse

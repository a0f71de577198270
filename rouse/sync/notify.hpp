// "Something changed, look again": wakes tasks that wait for a condition kept elsewhere. The base
// of home-made primitives.
//
//   a waiter:  fresh --poll()/enable()--> waiting --notify_one()--> granted --poll()--> finished
//                |                          |  +-----notify_all()--> released --poll()--> finished
//                +------poll_cancel()-------+--> cancelled
//
// A permit or grant is never lost: notify_one() without a waiter stores one permit (never more),
// and a waiter that goes away with its grant unused passes it on.
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/sync/policy.hpp>
#include <rouse/trace/probe.hpp>

#include <cstdint>

namespace rouse::sync {

template <class Threads>
class basic_notified;

/// Wakes waiters one by one, in the order in which they came, or all at once. Must outlive its
/// waiters.
/// @threads  `notify`: any. `local_notify`: one.
/// @cost     `notify`: one uncontended lock. Waiters live in their operation; nothing is allocated.
/// @example
///   auto changed = n.wait();
///   changed.enable();                      // from here on no notify_one is missed
///   if (!is_there()) co_await changed;
template <class Threads>
class basic_notify {
 public:
  basic_notify() noexcept = default;
  basic_notify(const basic_notify&) = delete;
  basic_notify& operator=(const basic_notify&) = delete;
  ~basic_notify() { ROUSE_ASSERT(waiters_.is_empty()); }

  /// Wakes the waiter that came first. Without one, stores a permit: the next wait is ready at
  /// once.
  void notify_one() noexcept;
  /// Wakes everybody who waits, and every `wait()` made before this call, polled or not. Stores
  /// nothing.
  void notify_all() noexcept;
  /// Waits for a notification. It joins the queue at its first poll, or at `enable()`.
  /// @cancel  Safe: a notification that it had got already goes to the next waiter.
  [[nodiscard]] basic_notified<Threads> wait() noexcept { return basic_notified<Threads>(*this); }

 private:
  friend class basic_notified<Threads>;
  using stored_waker = typename Threads::stored_waker;
  using guard = internal::guard<typename Threads::lock_type>;

  enum : unsigned char { fresh, waiting, granted, released, finished, cancelled };
  struct waiter : list_link {
    atomic<unsigned char> state{
        fresh};  // written under the lock, or by its owner once nobody else refers to it
    std::uint64_t round = 0;  // notify_all() calls seen when it was made
    stored_waker waker;  // under the lock; empty: nobody to wake, it was disowned or only enabled
  };

  /// Gets the waiter a grant or a place in the queue; gives its new state.
  unsigned char enter(waiter& w) noexcept ROUSE_REQUIRES(lock_);

  typename Threads::lock_type lock_;
  list<waiter> waiters_ ROUSE_GUARDED_BY(lock_);
  atomic<std::uint64_t> round_{0};  // written under the lock
  bool permit_ ROUSE_GUARDED_BY(lock_) = false;
};

/// What `wait()` gives. Movable until it is polled or enabled; destroying it leaves the queue.
template <class Threads>
class [[nodiscard]] basic_notified {
 public:
  explicit basic_notified(basic_notify<Threads>& n) noexcept : notify_(&n) {
    node_.round = n.round_.load(order::acquire);
  }
  basic_notified(basic_notified&& other) noexcept : notify_(other.notify_) {
    ROUSE_ASSERT(other.state() == home::fresh);
    node_.round = other.node_.round;
  }
  basic_notified& operator=(basic_notified&&) = delete;
  ~basic_notified() {
    if (has_place()) leave(true);
  }

  /// Joins the queue now, so that no notification from here on is missed. True: it has one already.
  bool enable() noexcept;
  poll_result<void> poll(context& cx) noexcept;
  poll_result<void> poll_cancel(context&) noexcept {
    if (state() == home::fresh)
      set_state(home::cancelled);
    else if (has_place())
      leave(false);
    return ready;
  }
  void disown() noexcept;
  [[nodiscard]] bool borrows() const noexcept { return true; }

 private:
  using home = basic_notify<Threads>;
  using stored_waker = typename Threads::stored_waker;
  using guard = typename home::guard;

  // Relaxed: only its owner decides on it, and what others write is looked at again under the lock.
  [[nodiscard]] unsigned char state() const noexcept { return node_.state.load(order::relaxed); }
  void set_state(unsigned char s) noexcept { node_.state.store(s, order::relaxed); }
  /// Somebody else may write to the node, or it holds a grant.
  [[nodiscard]] bool has_place() const noexcept {
    const unsigned char s = state();
    return s == home::waiting || s == home::granted || s == home::released;
  }
  /// Unlinks it; with `and_pass_on` a grant goes to the next waiter, else it stays for one more
  /// poll.
  [[gnu::noinline]] void leave(bool and_pass_on) noexcept;

  basic_notify<Threads>* notify_;
  typename home::waiter node_;
};

template <class Threads>
unsigned char basic_notify<Threads>::enter(waiter& w) noexcept {
  unsigned char next = waiting;
  if (w.round != round_.load(order::relaxed)) {
    next = released;
  } else if (permit_) {
    permit_ = false;
    next = granted;
  } else {
    waiters_.push_back(w);
  }
  w.state.store(next, order::relaxed);
  return next;
}

template <class Threads>
void basic_notify<Threads>::notify_one() noexcept {
  stored_waker woken;  // outlives the guard: wakers run and die outside the lock
  {
    const guard lock(lock_);
    if (waiter* first = waiters_.pop_front()) {
      first->state.store(granted, order::relaxed);
      woken = std::move(first->waker);
    } else {
      permit_ = true;
    }
  }
  woken.wake_and_reset();
}

template <class Threads>
void basic_notify<Threads>::notify_all() noexcept {
  // Those who leave stand in a list of their own, so that whoever comes meanwhile is not woken.
  // They may go away from it too: it belongs to the same lock.
  list<waiter> leaving;
  internal::wake_batch<Threads> batch;
  bool is_first = true;
  for (bool is_done = false; !is_done;) {
    {
      const guard lock(lock_);
      if (is_first) {
        round_.store(round_.load(order::relaxed) + 1, order::release);
        leaving.splice_back(waiters_);
        is_first = false;
      }
      while (!batch.is_full() && !leaving.is_empty()) {
        waiter& w = *leaving.pop_front();
        w.state.store(released, order::relaxed);
        batch.add(std::move(w.waker));
      }
      is_done = leaving.is_empty();
    }
    batch.wake();
  }
}

template <class Threads>
bool basic_notified<Threads>::enable() noexcept {
  const guard lock(notify_->lock_);
  if (state() == home::fresh) notify_->enter(node_);
  return state() == home::granted || state() == home::released;
}

template <class Threads>
poll_result<void> basic_notified<Threads>::poll(context& cx) noexcept {
  unsigned char seen = state();
  if (seen == home::fresh || seen == home::waiting) {
    stored_waker mine = Threads::store_waker(cx);
    const guard lock(notify_->lock_);
    seen = state();
    if (seen == home::fresh) seen = notify_->enter(node_);
    if (seen == home::waiting) std::swap(node_.waker, mine);
  } else {
    // Whoever notified may still be on the way out of the lock: not before it is out may the caller
    // destroy the notify.
    const guard lock(notify_->lock_);
  }
  if (seen == home::waiting) {
    trace::probe_point(trace::event::wait, nullptr, this, "notify", {});
    return pending;
  }
  ROUSE_ASSERT(seen != home::finished);
  if (seen == home::cancelled || !cx.spend()) return pending;
  set_state(home::finished);
  return ready;
}

template <class Threads>
void basic_notified<Threads>::disown() noexcept {
  if (!has_place()) return;
  stored_waker forgotten;
  const guard lock(notify_->lock_);
  std::swap(node_.waker, forgotten);
}

template <class Threads>
void basic_notified<Threads>::leave(bool and_pass_on) noexcept {
  stored_waker forgotten;
  bool holds_grant = false;
  {
    const guard lock(notify_->lock_);
    std::swap(node_.waker, forgotten);
    holds_grant = state() == home::granted;
    if (state() == home::waiting) {
      node_.unlink();
      set_state(home::cancelled);
    }
  }
  if (holds_grant && and_pass_on) notify_->notify_one();
}

/// For tasks of several executors and foreign threads.
using notify = basic_notify<any_thread>;
using notified = basic_notified<any_thread>;
/// For tasks of one executor.
using local_notify = basic_notify<one_thread>;
using local_notified = basic_notified<one_thread>;

extern template class basic_notify<any_thread>;
extern template class basic_notified<any_thread>;

}  // namespace rouse::sync

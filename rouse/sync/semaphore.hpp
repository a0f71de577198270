// So many at a time: permits that tasks take, hold as guards, and give back. First come, first
// served: nobody overtakes a waiter, not even one who wants less, so that large requests do not
// starve.
//
// A permit is in one of four places, and never lost between them: free, granted to a waiter that
// has not looked yet, held by a guard, or forgotten on purpose. A waiter that goes away with its
// grant passes it on.
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/sync/policy.hpp>
#include <rouse/trace/probe.hpp>

#include <cstddef>

namespace rouse::sync {

template <class Threads>
class basic_semaphore;

/// Some permits, held; their destructor gives them back. Move only. Must not outlive the semaphore.
template <class Threads>
class [[nodiscard]] basic_permit {
 public:
  basic_permit() noexcept = default;
  basic_permit(basic_permit&& other) noexcept
      : home_(other.home_), count_(std::exchange(other.count_, 0)) {}
  basic_permit& operator=(basic_permit&& other) noexcept {
    if (this != &other) {
      release();
      home_ = other.home_;
      count_ = std::exchange(other.count_, 0);
    }
    return *this;
  }
  ~basic_permit() { release(); }

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// Gives them back now.
  void release() noexcept;
  /// They never come back: the semaphore is smaller from now on.
  void forget() noexcept { count_ = 0; }
  /// Takes `n` of them, at most count(), into a guard of their own.
  basic_permit split(std::size_t n) noexcept {
    ROUSE_ASSERT(n <= count_);
    count_ -= n;
    return basic_permit(home_, n);
  }
  /// Adds those of `other`, from the same semaphore.
  void merge(basic_permit&& other) noexcept {
    ROUSE_ASSERT(other.count_ == 0 || count_ == 0 || home_ == other.home_);
    if (count_ == 0) home_ = other.home_;
    count_ += std::exchange(other.count_, 0);
  }

 private:
  friend class basic_semaphore<Threads>;
  template <class>
  friend class basic_acquire;
  basic_permit(basic_semaphore<Threads>* home, std::size_t count) noexcept
      : home_(home), count_(count) {}

  basic_semaphore<Threads>* home_ = nullptr;
  std::size_t count_ = 0;
};

template <class Threads>
class basic_acquire;

/// Must outlive its permits and waiters.
/// @threads  `semaphore`: any. `local_semaphore`: one.
/// @cost     `semaphore`: one uncontended lock to take and one to give back. Nothing is allocated.
/// @example
///   auto turn = co_await connections.acquire();   // given back at the end of the block
template <class Threads>
class basic_semaphore {
 public:
  using permit = basic_permit<Threads>;
  static constexpr std::size_t permits_max = static_cast<std::size_t>(-1) >> 3;

  /// @param permits  free at first, 0 .. permits_max.
  explicit basic_semaphore(std::size_t permits) noexcept : free_(permits) {
    ROUSE_ASSERT(permits <= permits_max);
  }
  basic_semaphore(const basic_semaphore&) = delete;
  basic_semaphore& operator=(const basic_semaphore&) = delete;
  ~basic_semaphore() { ROUSE_ASSERT(waiters_.is_empty()); }

  /// Takes `n` permits, 1 or more, waiting behind whoever came before.
  /// @errors  closed.
  /// @cancel  Safe: the waiter leaves the queue, a grant it had got already passes on.
  [[nodiscard]] basic_acquire<Threads> acquire(std::size_t n = 1) noexcept { return {*this, n}; }
  /// Never waits and overtakes nobody.
  /// @errors  at_capacity: not now. closed.
  [[nodiscard]] result<permit> try_acquire(std::size_t n = 1) noexcept;

  /// Adds `n` permits, and grants what can be granted.
  void add(std::size_t n) noexcept;
  /// Takes up to `n` free permits away for good; gives their number.
  std::size_t forget(std::size_t n) noexcept;
  /// Those who wait, and those who ask from now on, get `closed`. Grants and guards stay good.
  void close() noexcept;
  [[nodiscard]] bool is_closed() const noexcept;
  /// Free permits, as a hint.
  [[nodiscard]] std::size_t available() const noexcept;

 private:
  friend class basic_acquire<Threads>;
  friend class basic_permit<Threads>;
  using stored_waker = typename Threads::stored_waker;
  using guard = internal::guard<typename Threads::lock_type>;

  enum : unsigned char { fresh, waiting, granted, refused, finished, cancelled };
  struct waiter : list_link {
    std::size_t wanted = 1;
    atomic<unsigned char> state{
        fresh};          // written under the lock, or by its owner once nobody else refers to it
    stored_waker waker;  // under the lock
  };

  [[nodiscard]] bool may_take(std::size_t n) noexcept ROUSE_REQUIRES(lock_) {
    return waiters_.is_empty() && n <= free_;
  }
  /// Gets the waiter its permits, a refusal, or a place in the queue.
  void enter(waiter& w) noexcept ROUSE_REQUIRES(lock_);
  [[gnu::noinline]] void grant_all() noexcept;
  /// Grants from the front while there is enough; true when the batch is full and there is more to
  /// do.
  [[nodiscard]] bool grant(internal::wake_batch<Threads>& batch) noexcept ROUSE_REQUIRES(lock_);

  mutable typename Threads::lock_type lock_;
  list<waiter> waiters_ ROUSE_GUARDED_BY(lock_);
  std::size_t free_ ROUSE_GUARDED_BY(lock_);
  bool is_closed_ ROUSE_GUARDED_BY(lock_) = false;
};

/// What `acquire()` gives. Movable until it is polled; destroying it leaves the queue.
template <class Threads>
class [[nodiscard]] basic_acquire : public fallible<basic_acquire<Threads>> {
 public:
  using permit = basic_permit<Threads>;

  basic_acquire(basic_semaphore<Threads>& from, std::size_t n) noexcept : home_(&from) {
    ROUSE_ASSERT(n > 0 && n <= home::permits_max);
    node_.wanted = n;
  }
  basic_acquire(basic_acquire&& other) noexcept : home_(other.home_) {
    ROUSE_ASSERT(other.state() == home::fresh);
    node_.wanted = other.node_.wanted;
  }
  basic_acquire& operator=(basic_acquire&&) = delete;
  ~basic_acquire() {
    if (has_place()) leave(true);
  }

  poll_result<result<permit>> poll(context& cx) noexcept;
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
  using home = basic_semaphore<Threads>;
  using stored_waker = typename Threads::stored_waker;
  using guard = typename home::guard;

  [[nodiscard]] unsigned char state() const noexcept { return node_.state.load(order::relaxed); }
  void set_state(unsigned char s) noexcept { node_.state.store(s, order::relaxed); }
  /// Somebody else may write to the node, or it holds a grant.
  [[nodiscard]] bool has_place() const noexcept {
    const unsigned char s = state();
    return s == home::waiting || s == home::granted || s == home::refused;
  }
  [[gnu::noinline]] void leave(bool and_pass_on) noexcept;

  basic_semaphore<Threads>* home_;
  typename home::waiter node_;
};

template <class Threads>
void basic_permit<Threads>::release() noexcept {
  if (const std::size_t n = std::exchange(count_, 0)) home_->add(n);
}

template <class Threads>
result<basic_permit<Threads>> basic_semaphore<Threads>::try_acquire(std::size_t n) noexcept {
  ROUSE_ASSERT(n > 0 && n <= permits_max);
  const guard lock(lock_);
  if (is_closed_) return std::unexpected(error("acquire", errc::closed));
  if (!may_take(n)) return std::unexpected(error("acquire", errc::at_capacity));
  free_ -= n;
  return permit(this, n);
}

template <class Threads>
void basic_semaphore<Threads>::add(std::size_t n) noexcept {
  {
    const guard lock(lock_);
    ROUSE_ASSERT(n <= permits_max - free_);
    free_ += n;
    const waiter* first = waiters_.front();
    if (!first || first->wanted > free_) return;
  }
  grant_all();
}

template <class Threads>
void basic_semaphore<Threads>::grant_all() noexcept {
  internal::wake_batch<Threads> batch;
  for (bool has_more = true; has_more;) {
    {
      const guard lock(lock_);
      has_more = grant(batch);
    }
    batch.wake();
  }
}

template <class Threads>
std::size_t basic_semaphore<Threads>::forget(std::size_t n) noexcept {
  const guard lock(lock_);
  const std::size_t taken = n < free_ ? n : free_;
  free_ -= taken;
  return taken;
}

template <class Threads>
void basic_semaphore<Threads>::close() noexcept {
  list<waiter> leaving;  // in a list of their own: see notify_all()
  internal::wake_batch<Threads> batch;
  for (bool is_done = false; !is_done;) {
    {
      const guard lock(lock_);
      is_closed_ = true;
      leaving.splice_back(waiters_);
      while (!batch.is_full() && !leaving.is_empty()) {
        waiter& w = *leaving.pop_front();
        w.state.store(refused, order::relaxed);
        batch.add(std::move(w.waker));
      }
      is_done = leaving.is_empty();
    }
    batch.wake();
  }
}

template <class Threads>
bool basic_semaphore<Threads>::is_closed() const noexcept {
  const guard lock(lock_);
  return is_closed_;
}

template <class Threads>
std::size_t basic_semaphore<Threads>::available() const noexcept {
  const guard lock(lock_);
  return free_;
}

template <class Threads>
void basic_semaphore<Threads>::enter(waiter& w) noexcept {
  if (is_closed_) {
    w.state.store(refused, order::relaxed);
  } else if (may_take(w.wanted)) {
    free_ -= w.wanted;
    w.state.store(granted, order::relaxed);
  } else {
    w.state.store(waiting, order::relaxed);
    waiters_.push_back(w);
  }
}

template <class Threads>
bool basic_semaphore<Threads>::grant(internal::wake_batch<Threads>& batch) noexcept {
  while (waiter* first = waiters_.front()) {
    if (first->wanted > free_) return false;
    if (batch.is_full()) return true;
    free_ -= first->wanted;
    first->state.store(granted, order::relaxed);
    first->unlink();
    batch.add(std::move(first->waker));
  }
  return false;
}

template <class Threads>
poll_result<result<basic_permit<Threads>>> basic_acquire<Threads>::poll(context& cx) noexcept {
  ROUSE_ASSERT(state() != home::finished);
  if (state() == home::cancelled || !cx.spend()) return pending;
  // Most often there is a permit and no waker is needed: so the first look is made without one.
  stored_waker mine;
  for (bool has_waker = false;; has_waker = true) {
    {
      const guard lock(home_->lock_);
      const bool may_enter = has_waker || home_->is_closed_ || home_->may_take(node_.wanted);
      if (state() == home::fresh && may_enter) home_->enter(node_);
      if (state() == home::granted) {
        set_state(home::finished);
        return result<permit>(permit(home_, node_.wanted));
      }
      if (state() == home::refused) {
        set_state(home::finished);
        return result<permit>(std::unexpected(error("acquire", errc::closed)));
      }
      if (has_waker) {
        std::swap(node_.waker, mine);
        break;
      }
    }
    mine = Threads::store_waker(cx);
  }
  cx.refund();
  trace::probe_point(trace::event::wait, nullptr, this, "semaphore", {});
  return pending;
}

template <class Threads>
void basic_acquire<Threads>::disown() noexcept {
  if (!has_place()) return;
  stored_waker forgotten;
  const guard lock(home_->lock_);
  std::swap(node_.waker, forgotten);
}

template <class Threads>
void basic_acquire<Threads>::leave(bool and_pass_on) noexcept {
  stored_waker forgotten;
  bool holds_grant = false;
  bool was_waiting = false;
  {
    const guard lock(home_->lock_);
    std::swap(node_.waker, forgotten);
    holds_grant = state() == home::granted;
    was_waiting = state() == home::waiting;
    if (was_waiting) {
      node_.unlink();
      set_state(home::cancelled);
    }
  }
  if (holds_grant && and_pass_on) home_->add(node_.wanted);
  if (was_waiting) home_->add(0);  // it may have stood in the way of smaller ones
}

/// For tasks of several executors and foreign threads.
using semaphore = basic_semaphore<any_thread>;
using semaphore_permit = basic_permit<any_thread>;
/// For tasks of one executor.
using local_semaphore = basic_semaphore<one_thread>;
using local_semaphore_permit = basic_permit<one_thread>;

extern template class basic_permit<any_thread>;
extern template class basic_semaphore<any_thread>;
extern template class basic_acquire<any_thread>;

}  // namespace rouse::sync

// Who may touch a primitive: any thread, or one. Each primitive is written once over this choice.
// `any_thread` has a lock and counted wakers; `one_thread` has neither, so that two tasks of one
// executor hand over at the price of a self-wake.
#pragma once

#include <rouse/base/atomic.hpp>
#include <rouse/base/list.hpp>
#include <rouse/base/mutex.hpp>
#include <rouse/core/context.hpp>

#include <cstddef>

namespace rouse::sync {

/// Tasks of several executors, and threads without one.
struct any_thread {
  using lock_type = mutex;
  using stored_waker = waker;
  /// May run a stranger's clone: never called under a lock.
  static stored_waker store_waker(context& cx) noexcept { return cx.get_waker(); }

  class counter {
   public:
    explicit counter(long value) noexcept : value_(value) {}
    /// True when it was the last. acq_rel: the last one sees what the others did.
    [[nodiscard]] bool drop() noexcept { return value_.fetch_sub(1, order::acq_rel) == 1; }

   private:
    atomic<long> value_;
  };
};

/// Tasks of one executor only; using it from two threads is a data race. Its leaves borrow the task
/// they wake.
struct one_thread {
  class ROUSE_CAPABILITY("mutex") lock_type {
   public:
    void lock() noexcept ROUSE_ACQUIRE() {}
    void unlock() noexcept ROUSE_RELEASE() {}
  };
  class stored_waker {
   public:
    stored_waker() noexcept = default;
    explicit stored_waker(wakeable* target) noexcept : target_(target) {}
    stored_waker(stored_waker&& other) noexcept : target_(std::exchange(other.target_, nullptr)) {}
    stored_waker& operator=(stored_waker&& other) noexcept {
      target_ = std::exchange(other.target_, nullptr);
      return *this;
    }
    void wake_and_reset() noexcept {
      if (wakeable* target = std::exchange(target_, nullptr)) target->wake();
    }

   private:
    wakeable* target_ = nullptr;
  };
  static stored_waker store_waker(context& cx) noexcept { return stored_waker(cx.borrow_waker()); }

  class counter {
   public:
    explicit counter(long value) noexcept : value_(value) {}
    [[nodiscard]] bool drop() noexcept { return --value_ == 0; }

   private:
    long value_;
  };
};

namespace internal {

/// Holds the lock of a primitive for a block.
template <class Lock>
class ROUSE_SCOPED_CAPABILITY guard {
 public:
  explicit guard(Lock& l) noexcept ROUSE_ACQUIRE(l) : lock_(l) { lock_.lock(); }
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;
  ~guard() ROUSE_RELEASE() { lock_.unlock(); }

 private:
  Lock& lock_;
};

/// Wakers taken under a lock, to be woken outside it; a bounded number, so that waking many
/// allocates nothing.
template <class Threads>
class wake_batch {
 public:
  [[nodiscard]] bool is_full() const noexcept { return count_ == capacity; }
  void add(typename Threads::stored_waker&& w) noexcept { wakers_[count_++] = std::move(w); }
  void wake() noexcept {
    for (std::size_t i = 0; i < count_; ++i)
      wakers_[i].wake_and_reset();
    count_ = 0;
  }

 private:
  static constexpr std::size_t capacity = 8;
  typename Threads::stored_waker wakers_[capacity];
  std::size_t count_ = 0;
};

}  // namespace internal
}  // namespace rouse::sync

// The one door to locks, so that a model checker can replace them and `<mutex>` (0.3 s) stays out
// of headers. Clang's thread-safety analysis checks the annotations.
#pragma once

#include <pthread.h>

#if defined(__clang__)
#define ROUSE_CAPABILITY(x) __attribute__((capability(x)))
#define ROUSE_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define ROUSE_GUARDED_BY(x) __attribute__((guarded_by(x)))
#define ROUSE_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define ROUSE_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define ROUSE_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define ROUSE_NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))
#else
#define ROUSE_CAPABILITY(x)
#define ROUSE_SCOPED_CAPABILITY
#define ROUSE_GUARDED_BY(x)
#define ROUSE_REQUIRES(...)
#define ROUSE_ACQUIRE(...)
#define ROUSE_RELEASE(...)
#define ROUSE_NO_THREAD_SAFETY_ANALYSIS
#endif

namespace rouse {

/// A plain, non-recursive lock. Never held across `co_await`, a wake, or the destruction of a waker
/// or a task.
class ROUSE_CAPABILITY("mutex") mutex {
 public:
  mutex() noexcept = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;
  ~mutex() { pthread_mutex_destroy(&native_); }

  void lock() noexcept ROUSE_ACQUIRE() { pthread_mutex_lock(&native_); }
  void unlock() noexcept ROUSE_RELEASE() { pthread_mutex_unlock(&native_); }

 private:
  friend class condition;
  pthread_mutex_t native_ = PTHREAD_MUTEX_INITIALIZER;
};

/// Locks for a block.
class ROUSE_SCOPED_CAPABILITY lock_guard {
 public:
  explicit lock_guard(mutex& m) noexcept ROUSE_ACQUIRE(m) : mutex_(m) { mutex_.lock(); }
  lock_guard(const lock_guard&) = delete;
  lock_guard& operator=(const lock_guard&) = delete;
  ~lock_guard() ROUSE_RELEASE() { mutex_.unlock(); }

 private:
  mutex& mutex_;
};

}  // namespace rouse

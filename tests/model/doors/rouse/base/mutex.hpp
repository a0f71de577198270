// Stands in for rouse/base/mutex.hpp in models. Locks with static storage do nothing.
#pragma once

#include <tests/model/checker.hpp>

#include <pthread.h>

#define ROUSE_GUARDED_BY(x)
#define ROUSE_REQUIRES(...)

namespace rouse {

class mutex {
 public:
  constexpr mutex() noexcept {
    if !consteval {
      cell_ = model::make_mutex();
    }
  }
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;
  constexpr ~mutex() {
    if (cell_) model::drop_mutex(cell_);
  }

  void lock(model::place at = model::place::here()) noexcept {
    if (cell_) model::lock(cell_, at);
  }
  void unlock(model::place at = model::place::here()) noexcept {
    if (cell_) model::unlock(cell_, at);
  }

 private:
  friend class condition;
  void* cell_ = nullptr;
};

class lock_guard {
 public:
  explicit lock_guard(mutex& m, model::place at = model::place::here()) noexcept
      : mutex_(m), at_(at) {
    mutex_.lock(at_);
  }
  lock_guard(const lock_guard&) = delete;
  lock_guard& operator=(const lock_guard&) = delete;
  ~lock_guard() { mutex_.unlock(at_); }

 private:
  mutex& mutex_;
  const model::place at_;
};

}  // namespace rouse

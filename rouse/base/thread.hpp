// The door to operating system threads, beside mutex.hpp and condition.hpp: creation returns its
// error instead of throwing, and the function that creates can be replaced, so that a machine
// without room for one more thread can be tested.
#pragma once

#include <rouse/base/assert.hpp>
#include <rouse/base/error.hpp>

#include <pthread.h>

#include <cstddef>
#include <utility>

namespace rouse {

/// What pthread_create is: 0, or an errno.
using thread_starter = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

/// Must be joined or detached before it dies. Move only.
class thread {
 public:
  thread() noexcept = default;
  thread(thread&& other) noexcept
      : id_(other.id_), is_joinable_(std::exchange(other.is_joinable_, false)) {}
  thread& operator=(thread&& other) noexcept {
    ROUSE_ASSERT(!is_joinable_);
    id_ = other.id_;
    is_joinable_ = std::exchange(other.is_joinable_, false);
    return *this;
  }
  ~thread() { ROUSE_ASSERT(!is_joinable_); }

  /// Runs `entry(argument)` on a new thread, which inherits the caller's signal mask.
  ///
  /// @param stack_bytes  0: the system's default.
  /// @errors  EAGAIN: no more threads here. EINVAL: no such stack size.
  [[nodiscard]] static result<thread> start(void* (*entry)(void*), void* argument,
                                            std::size_t stack_bytes = 0,
                                            thread_starter how = &pthread_create) noexcept;

  [[nodiscard]] bool is_joinable() const noexcept { return is_joinable_; }
  void join() noexcept;
  void detach() noexcept;

 private:
  pthread_t id_{};
  bool is_joinable_ = false;
};

}  // namespace rouse

// Stands in for rouse/base/thread.hpp in models: a scenario has few threads, and asking for one
// more is what EAGAIN is for the kernel.
#pragma once

#include <rouse/base/assert.hpp>
#include <rouse/base/error.hpp>

#include <tests/model/checker.hpp>

#include <pthread.h>

#include <cstddef>
#include <utility>

namespace rouse {

using thread_starter = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

class thread {
 public:
  thread() noexcept = default;
  thread(thread&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  thread& operator=(thread&& other) noexcept {
    ROUSE_ASSERT(!handle_);
    handle_ = std::exchange(other.handle_, nullptr);
    return *this;
  }
  ~thread() { ROUSE_ASSERT(!handle_); }

  [[nodiscard]] static result<thread> start(void* (*entry)(void*), void* argument, std::size_t = 0,
                                            thread_starter = &pthread_create) noexcept {
    thread started;
    started.handle_ = model::start_thread(entry, argument);
    if (!started.handle_) return std::unexpected(error("thread", EAGAIN));
    return started;
  }

  [[nodiscard]] bool is_joinable() const noexcept { return handle_ != nullptr; }
  void join(model::place at = model::place::here()) noexcept {
    ROUSE_ASSERT(handle_);
    model::join_thread(std::exchange(handle_, nullptr), at);
  }
  void detach() noexcept {
    ROUSE_ASSERT(handle_);
    handle_ = nullptr;
  }

 private:
  void* handle_ = nullptr;
};

}  // namespace rouse

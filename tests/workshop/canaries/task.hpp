// The least coroutine type that shows the compilers' faults: lazy, counts nothing, resumes who
// awaits it.
#pragma once

#include <coroutine>
#include <cstdio>
#include <utility>

struct promise_base {
  std::coroutine_handle<> waiter = nullptr;
  std::suspend_always initial_suspend() noexcept { return {}; }
  auto final_suspend() noexcept {
    struct resume_waiter {
      std::coroutine_handle<> waiter;
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<>) noexcept {
        return waiter ? waiter : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    return resume_waiter{waiter};
  }
  void unhandled_exception() { std::puts("exception"); }
};

template <class T>
struct value_promise : promise_base {
  T value{};
  void return_value(T v) { value = std::move(v); }
  T take() { return std::move(value); }
};
template <>
struct value_promise<void> : promise_base {
  void return_void() {}
  void take() {}
};

template <class T = void>
struct task {
  struct promise_type : value_promise<T> {
    task get_return_object() {
      return task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
  };
  explicit task(std::coroutine_handle<promise_type> h) : handle(h) {}
  task(task&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
  ~task() {
    if (handle) handle.destroy();
  }

  bool await_ready() noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiter) noexcept {
    handle.promise().waiter = waiter;
    return handle;
  }
  T await_resume() { return handle.promise().take(); }

  std::coroutine_handle<promise_type> handle;
};

/// Runs a task that never suspends for good. The program's exit code: 0 when it completed.
template <class T>
bool completes(task<T> t) {
  t.handle.resume();
  return t.handle.done();
}

/// Notices when it is destroyed more often than it was made.
struct owner {
  inline static int alive = 0;
  owner() { ++alive; }
  owner(const owner&) { ++alive; }
  ~owner() { --alive; }
};

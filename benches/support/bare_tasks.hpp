// The floor of everything about tasks: an intrusive queue of coroutine handles and frames from a
// free list. No state, no owner, no results, no errors; nothing here is a usable runtime.
#pragma once

#include <malloc.h>

#include <coroutine>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace bench {

struct node {
  node* next = nullptr;
  std::coroutine_handle<> handle;
};

struct bare_queue {
  node* head = nullptr;
  node* tail = nullptr;
  void push(node& n) {
    n.next = nullptr;
    (tail ? tail->next : head) = &n;
    tail = &n;
  }
  void run() {
    while (node* n = head) {
      if (!(head = n->next)) tail = nullptr;
      n->handle.resume();
    }
  }
};

/// Gives way once: queues the coroutine and suspends it.
struct bare_yield : node {
  bare_queue& queue;
  explicit bare_yield(bare_queue& q) : queue(q) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    handle = h;
    queue.push(*this);
  }
  void await_resume() const {}
};

inline thread_local void* free_frames[64] = {};
inline void* take_frame(std::size_t bytes) {
  void*& head = free_frames[(bytes + 31) / 32];
  if (void* p = head) {
    head = *static_cast<void**>(p);
    return p;
  }
  return std::malloc((bytes + 31) / 32 * 32);
}
inline void give_frame(void* p, std::size_t bytes) {
  void*& head = free_frames[(bytes + 31) / 32];
  *static_cast<void**>(p) = head;
  head = p;
}
/// Gives every free page back, so that what comes next is as cold as in a fresh process.
inline void cool_heap() {
  for (void*& head : free_frames) {
    while (void* p = head) {
      head = *static_cast<void**>(p);
      std::free(p);
    }
  }
  malloc_trim(0);
}

/// Started by hand, frees its frame at its end.
struct bare_job {
  struct promise_type {
    static void* operator new(std::size_t bytes) { return take_frame(bytes); }
    static void operator delete(void* p, std::size_t bytes) { give_frame(p, bytes); }
    bare_job get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };
  std::coroutine_handle<> handle;
};

/// A lazy child with a result, entered and left by symmetric transfer.
struct bare_child {
  struct promise_type {
    std::coroutine_handle<> parent;
    std::uint64_t value = 0;
    static void* operator new(std::size_t bytes) { return take_frame(bytes); }
    static void operator delete(void* p, std::size_t bytes) { give_frame(p, bytes); }
    bare_child get_return_object() {
      return bare_child(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct back_to_parent {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept {
        return h.promise().parent;
      }
      void await_resume() noexcept {}
    };
    back_to_parent final_suspend() noexcept { return {}; }
    void return_value(std::uint64_t v) { value = v; }
    void unhandled_exception() { std::abort(); }
  };
  explicit bare_child(std::coroutine_handle<promise_type> h) : handle(h) {}
  bare_child(bare_child&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  bare_child& operator=(bare_child&&) = delete;
  ~bare_child() {
    if (handle) handle.destroy();
  }
  bool await_ready() const { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) {
    handle.promise().parent = h;
    return handle;
  }
  std::uint64_t await_resume() const { return handle.promise().value; }
  std::coroutine_handle<promise_type> handle;
};

/// The self-wake: `tasks` coroutines, which together give way `wakes` times.
inline bare_job bare_yielder(bare_queue& q, std::int64_t n, std::uint64_t& sum) {
  for (std::int64_t i = 0; i < n; ++i)
    co_await bare_yield(q);
  ++sum;
}

}  // namespace bench

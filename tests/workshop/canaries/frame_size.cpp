// g++ 12 never reuses the room of dead awaiters and locals: two buffers that never live together
// both stay in the frame.
// rule: no buffers in coroutines of ours; docs give frame sizes per compiler
// expect: clang -O2 right
// expect: g++ -O2 wrong
#include <cstdlib>

#include "task.hpp"

std::size_t frame_bytes = 0;
struct sized {
  struct promise_type : promise_base {
    static void* operator new(std::size_t bytes) {
      frame_bytes = bytes;
      return std::malloc(bytes);
    }
    static void operator delete(void* p) { std::free(p); }
    sized get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    void return_void() {}
  };
  std::coroutine_handle<promise_type> handle;
};

[[gnu::noinline]] void fill(char* bytes) { asm volatile("" : : "r"(bytes) : "memory"); }
sized two_buffers() {
  {
    char first[1024];
    fill(first);
    co_await std::suspend_always();
    fill(first);
  }
  {
    char second[1024];
    fill(second);
    co_await std::suspend_always();
    fill(second);
  }
}

int main() {
  two_buffers().handle.destroy();
  return frame_bytes < 2048 ? 0 : 1;
}

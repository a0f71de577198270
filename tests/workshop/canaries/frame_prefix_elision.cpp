// clang from -O1 on puts a frame that is made and destroyed in one function on the stack: the
// promise's operator new is not called, there is no prefix, and a store in front of the frame hits
// what else is on the stack. Laundering that store alone hides the damage and does not mend it; the
// handle inside the return object must come from a laundered pointer.
// rule: get_return_object() and every store reach the frame through the one accessor that launders
// expect: clang -O0 right
// expect: clang -O1 wrong
// expect: clang -O2 wrong
// expect: clang -O2,-DLAUNDER_STORE wrong
// expect: clang -O1,-DLAUNDER_STORE,-DLAUNDER_HANDLE right
// expect: clang -O2,-DLAUNDER_STORE,-DLAUNDER_HANDLE right
// expect: g++ -O2 right
#include <coroutine>
#include <cstdlib>

int allocations = 0;

template <class T>
T* launder(T* p) {
  asm("" : "+r"(p));
  return p;
}

struct work {
  struct promise_type {
    static void* operator new(std::size_t bytes) {
      ++allocations;
      return static_cast<long*>(std::malloc(16 + bytes)) + 2;
    }
    static void operator delete(void*, std::size_t) {}
    work get_return_object() {
      void* frame = std::coroutine_handle<promise_type>::from_promise(*this).address();
#ifdef LAUNDER_HANDLE
      frame = launder(frame);
#endif
      return {std::coroutine_handle<promise_type>::from_address(frame)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_value(long value) {
      auto* frame =
          static_cast<long*>(std::coroutine_handle<promise_type>::from_promise(*this).address());
#ifdef LAUNDER_STORE
      frame = launder(frame);
#endif
      frame[-2] = value;
    }
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

work says_eight() { co_return 8; }

int main() {
  work w = says_eight();
  w.handle.resume();
  const long word = static_cast<long*>(w.handle.address())[-2];
  w.handle.destroy();
  return allocations == 1 && word == 8 ? 0 : 1;
}

// clang from -O2 on drops a store to memory in front of the coroutine frame: until the frame is
// split the promise looks like a local variable, and the store like one out of its bounds. With the
// pointer laundered the store stays.
// rule: one accessor reaches the frame's prefix, and it launders the pointer
// expect: clang -O2 wrong
// expect: clang -O2,-DLAUNDER right
// expect: g++ -O2 right
// expect: g++ -O2,-DLAUNDER right
#include <coroutine>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>

constexpr std::size_t prefix = 48;
using slot_type = std::optional<std::string>;
static_assert(sizeof(slot_type) <= prefix);

struct work {
  struct promise_type {
    static void* operator new(std::size_t bytes) {
      char* begin = static_cast<char*>(std::malloc(prefix + bytes));
      new (begin) slot_type;
      return begin + prefix;
    }
    static void operator delete(void*, std::size_t) {}
    slot_type* slot() {
      char* frame =
          static_cast<char*>(std::coroutine_handle<promise_type>::from_promise(*this).address());
      auto* p = reinterpret_cast<slot_type*>(frame - prefix);
#ifdef LAUNDER
      asm("" : "+r"(p));
#endif
      return p;
    }
    work get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_value(std::string text) { slot()->emplace(std::move(text)); }
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

[[gnu::noinline]] work writes(std::size_t length) {
  std::string text(length, 'q');
  co_await std::suspend_always();
  co_return text;
}

int main() {
  work w = writes(7);
  char* frame = static_cast<char*>(w.handle.address());
  w.handle.resume();
  w.handle.resume();
  const auto* slot = reinterpret_cast<slot_type*>(frame - prefix);
  return slot->has_value() && slot->value().size() == 7 ? 0 : 1;
}

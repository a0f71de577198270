// llvm#57762, #56532: when get_return_object() gives another type than the coroutine's, compilers
// differ in when they convert it: at once (right here), or only when the coroutine first suspends.
// rule: get_return_object() returns the exact type
// expect: clang -O0 right
// expect: g++ -O0 right
#include <coroutine>

bool converted = false;
bool converted_before_body = false;

struct eager {
  struct promise_type {
    eager get_return_object() { return eager(); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  eager() { converted = true; }
};

eager runs_at_once() {
  converted_before_body = converted;
  co_return;
}

int main() {
  runs_at_once();
  return converted_before_body ? 0 : 1;
}

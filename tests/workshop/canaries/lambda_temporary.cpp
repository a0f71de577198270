// g++ PR99576, PR98401: a lambda that captures an owner by value, in one expression with co_await,
// is destroyed twice.
// rule: the `temporary` rule of coroutine_rules.hpp: name the lambda first, or pass arguments
// expect: clang -O2 right
// expect: g++ -O0 wrong
// expect: g++ -O2 wrong
#include "task.hpp"

template <class F>
task<int> runs(F f) {
  co_return f();
}
task<int> calls(owner mine) {
  co_return co_await runs([mine] {
    static_cast<void>(mine);
    return 7;
  });
}

int main() {
  const bool done = completes(calls(owner()));
  return done && owner::alive == 0 ? 0 : 1;
}

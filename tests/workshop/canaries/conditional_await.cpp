// g++ PR98401 family: what a co_await in a branch of `?:` makes is destroyed when the other branch
// was taken, too.
// rule: the `branch` rule of coroutine_rules.hpp
// expect: clang -O2 right
// expect: g++ -O0 wrong
// expect: g++ -O2 wrong
#include "task.hpp"

#include <string>
#include <utility>

int made = 0;
int destroyed = 0;

struct operation {
  operation() { ++made; }
  operation(const operation&) = delete;
  ~operation() { ++destroyed; }
  bool await_ready() noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) noexcept {}
  std::string await_resume() { return "a text that is long enough to live on the heap"; }
};

task<int> calls(std::string kept, bool is_there) {
  const std::string text = is_there ? std::move(kept) : co_await operation();
  co_return static_cast<int>(text.size());
}

int main() {
  const bool done = completes(calls("another text that is long enough for the heap", true)) &&
                    completes(calls("x", false));
  return done && made == destroyed ? 0 : 1;
}

// g++ PR98401 family: a temporary that only one branch of `?:` makes, in one expression with
// co_await, is destroyed though it was never made, or twice.
// rule: the `conditional` rule of coroutine_rules.hpp
// expect: clang -O2 right
// expect: g++ -O0 wrong
// expect: g++ -O2 wrong
#include "task.hpp"

#include <string>

task<int> takes(std::string s) { co_return static_cast<int>(s.size()); }
task<int> calls(std::string mine) {
  const int sum = co_await takes(mine.empty() ? "." : mine);
  co_return sum;
}

int main() {
  const bool done =
      completes(calls("long enough to live on the heap and not inside of the object"));
  return done && completes(calls("")) && completes(calls("short")) ? 0 : 1;
}

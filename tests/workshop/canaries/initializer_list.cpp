// g++ 12 refuses co_await inside a braced list of a container ("array used as initializer").
// rule: the `temporary` rule of coroutine_rules.hpp: name the values first
// expect: clang -O2 right
// expect: g++ -O2 refused
#include <vector>

#include "task.hpp"

task<int> one() { co_return 1; }
task<int> sums() {
  auto v = std::vector<int>{co_await one(), co_await one()};
  co_return v[0] + v[1];
}

int main() { return completes(sums()) ? 0 : 1; }

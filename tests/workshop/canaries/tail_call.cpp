// g++ PR100897, PR94794: symmetric transfer is a tail call only from -O2 on or with the flag
// -foptimize-sibling-calls, and never under its address sanitizer: a loop of awaits eats the stack.
// rule: frames hop through a loop in poll(); g++ builds carry the flag; sanitizer builds use clang
// expect: clang -O0 right
// expect: clang -O1,-fsanitize=address right
// expect: g++ -O0 wrong
// expect: g++ -O0,-foptimize-sibling-calls right
// expect: g++ -O2 right
// expect: g++ -O2,-fsanitize=address wrong
#include "task.hpp"

task<int> one() { co_return 1; }
task<> loops(int rounds) {
  int sum = 0;
  while (sum < rounds)
    sum += co_await one();
}

int main() { return completes(loops(300'000)) ? 0 : 1; }

// g++ PR106188, PR106713: a coroutine that names no local and awaits in a condition never
// completes.
// rule: the `condition` rule of coroutine_rules.hpp, and rule 1 for users of g++ 12
// expect: clang -O0 right
// expect: clang -O2 right
// expect: g++ -O0 wrong
// expect: g++ -O2 wrong
#include "task.hpp"

int seen = 0;
task<bool> yes() { co_return true; }
task<> asks() {
  if (co_await yes()) ++seen;
}

int main() { return completes(asks()) && seen == 1 ? 0 : 1; }

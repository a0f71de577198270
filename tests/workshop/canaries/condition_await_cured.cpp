// The cure of condition_await: one named local anywhere in the outer block, or the value in a
// variable first.
// rule: what the `condition` rule accepts must work
// expect: clang -O2 right
// expect: g++ -O0 right
// expect: g++ -O2 right
#include "task.hpp"

int seen = 0;
task<bool> yes() { co_return true; }
task<> late_local() {
  if (co_await yes()) ++seen;
  int late = 1;
  seen += late;
}
task<> named_first() {
  auto v = co_await yes();
  if (v) ++seen;
}
task<> declared_in_condition() {
  while (auto v = co_await yes()) {
    if (seen++ == 4) co_return;
    static_cast<void>(v);
  }
}

int main() {
  const bool done =
      completes(late_local()) && completes(named_first()) && completes(declared_in_condition());
  return done && seen == 5 ? 0 : 1;
}

// g++ PR99576, PR98401: a braced aggregate that owns something, in one expression with co_await, is
// destroyed twice.
// rule: the `temporary` rule of coroutine_rules.hpp; option structs are trivial or have constructors
// expect: clang -O2 right
// expect: g++ -O0 wrong
// expect: g++ -O2 wrong
#include "task.hpp"

struct options {
  int limit = 0;
  owner held;
};
task<int> takes(options o) { co_return o.limit; }
task<int> calls() { co_return co_await takes({.limit = 7}); }

int main() { return completes(calls()) && owner::alive == 0 ? 0 : 1; }

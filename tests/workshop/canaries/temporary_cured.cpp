// The cures of the two temporaries: a constructor, a name, captures by reference.
// rule: what the `temporary` rule accepts must work
// expect: clang -O2 right
// expect: g++ -O0 right
// expect: g++ -O2 right
#include "task.hpp"

struct options {
  options() = default;
  explicit options(int n) : limit(n) {}
  options(const options&) = default;
  int limit = 0;
  owner held;
};
template <class F>
task<int> runs(F f) {
  co_return f();
}
task<int> takes(options o) { co_return o.limit; }
task<int> calls(owner mine) {
  auto named = [mine] {
    static_cast<void>(mine);
    return 1;
  };
  int sum = co_await runs(std::move(named));
  sum += co_await takes(options(2));
  sum += co_await runs([&mine] {
    static_cast<void>(mine);
    return 4;
  });
  co_return sum;
}

int main() {
  const bool done = completes(calls(owner()));
  return done && owner::alive == 0 ? 0 : 1;
}

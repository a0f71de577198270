// A local that is aligned to more than 16 stands misaligned in a frame, on both compilers.
// rule: the `aligned` rule of coroutine_rules.hpp: nothing over-aligned lives in a frame
// expect: clang -O0 wrong
// expect: clang -O0,-fcoro-aligned-allocation right
// expect: g++ -O0 wrong
#include <cstdint>

#include "task.hpp"

struct alignas(64) line {
  char bytes[64];
};
bool misplaced = false;
task<int> one() { co_return 1; }
task<> holds_a_line() {
  line l{};
  l.bytes[0] = static_cast<char>(co_await one());
  line* volatile where = &l;  // the compiler may not assume the answer
  misplaced |= reinterpret_cast<std::uintptr_t>(where) % 64 != 0;
}

int main() {
  for (int i = 0; i < 4; ++i) {
    auto* spacer = new char[static_cast<unsigned>(16 + 16 * i)];
    if (!completes(holds_a_line())) return 1;
    static_cast<char* volatile&>(spacer) = spacer;  // leaked on purpose: moves the next frame
  }
  return misplaced ? 1 : 0;
}

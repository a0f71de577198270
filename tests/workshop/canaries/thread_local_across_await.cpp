// clang before 17 keeps the address of a thread_local across a suspension: a coroutine that resumes
// on another thread writes to the first one's. Right on clang 19 and g++ 12.
// rule: if this goes wrong, thread-locals may be read in noinline functions only
// expect: clang -O2 right
// expect: g++ -O2 right
#include <thread>

#include "task.hpp"

thread_local int mine = 0;
task<> counts() {
  ++mine;
  co_await std::suspend_always();
  ++mine;
}

int main() {
  task<> t = counts();
  t.handle.resume();
  int there = 0;
  std::thread([&] {
    t.handle.resume();
    there = mine;
  }).join();
  return t.handle.done() && mine == 1 && there == 1 ? 0 : 1;
}

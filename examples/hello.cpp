// Two tasks side by side, a sleep, and the one line of main.
#include <rouse/rouse.hpp>

#include <cstdio>

using namespace std::chrono_literals;

rouse::task<int> answer() {
  co_await rouse::sleep(10ms);
  co_return 42;
}

rouse::task<void> hello() {
  auto later = rouse::spawn(answer());
  std::puts("hello from a task");
  const int value = co_await later;
  std::printf("another one says %d\n", value);
}

int main() { return rouse::run(hello()); }

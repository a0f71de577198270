// What a user's first program needs from an installed Rouse.
#include <rouse/rouse.hpp>

#include <cstdio>

rouse::task<int> hello() {
  co_await rouse::sleep(std::chrono::milliseconds(1));
  co_return std::puts("hello") < 0;
}

int main() { return rouse::run(hello()); }

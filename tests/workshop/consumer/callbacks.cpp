// What the loop's headers bring into a callback program: no warnings either.
#include <rouse/loop.hpp>

#include <chrono>
#include <cstdio>

int main() {
  rouse::loop loop;
  return loop.run([&] {
    loop.fs().read_file("/dev/null", [](auto text) { std::puts(text ? "hello" : "no file"); });
    const auto watch = loop.fs().watch("/dev", [](auto) {});
    loop.processes().run(rouse::process::command("true"), "", [](auto) {});
    loop.set_timeout(std::chrono::milliseconds(1), [&loop, watch] { loop.cancel(watch); });
  });
}

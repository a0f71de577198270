// Other programs: one that is run to its end, one that is spoken with line by line, and one that
// has to be stopped.
#include <rouse/io/buffered_reader.hpp>
#include <rouse/io/read_until.hpp>
#include <rouse/process/command.hpp>
#include <rouse/rouse.hpp>

#include <cstdio>

using namespace std::chrono_literals;
using rouse::task;
using rouse::process::command;
using rouse::process::piped;

task<void> work() {
  auto sorted = co_await command("sort").arg("-n").run("3\n1\n2\n");  // fed, read, waited for
  std::printf("%s%s\n", sorted.output.c_str(), sorted.status.to_string().c_str());

  auto shout = command("tr").args("a-z", "A-Z");
  auto child = co_await shout.input(piped).output(piped).spawn();
  co_await child.input().write_all("hello\nchild\n");
  child.input().close();
  rouse::io::buffered_reader lines(child.output());
  while (auto line = co_await rouse::io::read_line(lines))
    std::printf("%s\n", line->c_str());
  co_await child.wait();

  auto sleeper = co_await command("sleep").arg("1000").spawn();
  auto end = co_await sleeper.stop(5s);  // SIGTERM, and after five seconds SIGKILL
  std::printf("%s\n", end.to_string().c_str());

  auto missing = co_await command("no-such-program").spawn().result();
  std::printf("%s\n", missing.error().message().c_str());
}

int main() { return rouse::run(work()); }

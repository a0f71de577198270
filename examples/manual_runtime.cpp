// The stack by hand: an executor over a timer over a reactor, from public parts only.
//
// block_on runs a task that spawns two more, a connect to a port where nothing listens and a delay;
// it returns as soon as its own task is done. Both lines come from run(), which ends when no task
// is left. `manual_runtime [PORT [SECONDS]]`, 53 and 5.
#include <rouse/coro/task.hpp>
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/net/net.hpp>
#include <rouse/reactor/reactor.hpp>
#include <rouse/time/sleep.hpp>
#include <rouse/time/timer_park.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

rouse::task<void> connect_to(std::string address) {
  auto stream = co_await rouse::net::connect(address).result();
  if (stream)
    std::puts("Connected");
  else
    std::printf("Failed to connect: %s\n", stream.error().message().c_str());
}

rouse::task<void> wait_for(int seconds) {
  co_await rouse::sleep(std::chrono::seconds(seconds));
  std::printf("%d seconds are over\n", seconds);
}

rouse::task<void> start(std::string address, int seconds) {
  rouse::spawn(connect_to(std::move(address))).detach();
  rouse::spawn(wait_for(seconds)).detach();
  co_return;
}

int main(int argc, char** argv) {
  const std::string address = std::string("127.0.0.1:") + (argc > 1 ? argv[1] : "53");
  const int seconds = argc > 2 ? std::atoi(argv[2]) : 5;

  auto reactor = rouse::make_reactor();
  if (!reactor)
    return std::fprintf(stderr, "no reactor: %s\n", reactor.error().message().c_str()), 1;
  rouse::timer_park<rouse::reactor&> stack(rouse::steady_clock::instance(), **reactor);
  rouse::current_thread_executor executor(stack);

  const rouse::current<rouse::reactor>::scope reactor_here(
      reactor->get());                                          // what sockets look for
  const rouse::timer_driver::scope timer_here(stack.driver());  // what sleeps look for
  executor.block_on(start(address, seconds));
  executor.run();
}

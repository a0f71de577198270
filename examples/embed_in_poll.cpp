// Rouse inside a bare poll() loop that belongs to somebody else: the host sleeps, on its own
// descriptors and on the runtime's, and gives the runtime its turn. In the runtime a timer ticks
// and a TCP server echoes what a task says to it; another thread posts work; the host's own pipe
// ends the program.
#include <rouse/rouse.hpp>

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iterator>
#include <string>
#include <thread>

using namespace std::chrono_literals;
using rouse::task;

task<void> tick(int times) {
  for (int i = 1; i <= times; ++i) {
    co_await rouse::sleep(5ms);
    std::printf("tick %d\n", i);
  }
}

task<void> echo_one(rouse::net::tcp_listener listener) {
  auto client = co_await listener.accept();
  while (auto bytes = co_await client.stream.read())
    co_await client.stream.write_all(bytes);
}

task<void> say(std::string text, int end_of_host) {
  auto listener = co_await rouse::net::listen("127.0.0.1:0");
  const auto address = *listener.local_address();
  auto server = rouse::spawn(echo_one(std::move(listener)));
  {
    auto stream = co_await rouse::net::connect(address);
    co_await stream.write_all(text);
    auto answer = co_await stream.read();
    std::printf("echo: %.*s\n", static_cast<int>(answer.size()),
                reinterpret_cast<const char*>(answer.bytes().data()));
  }
  co_await std::move(server);
  (void)!::write(end_of_host, ".", 1);
}

int main() {
  auto made = rouse::runtime::make();
  if (!made) return std::fprintf(stderr, "%s\n", made.error().message().c_str()), 1;
  rouse::runtime guest = std::move(*made);
  int pipe_ends[2];  // the host's own events
  if (::pipe(pipe_ends) != 0) return 1;

  guest.spawn(tick(3)).detach();
  std::thread other([handle = guest.handle(), end = pipe_ends[1]] {
    std::this_thread::sleep_for(30ms);
    (void)handle.spawn(say("posted by another thread", end));
  });

  for (bool goes_on = true; goes_on;) {
    const auto wait = guest.begin_wait();  // right before the sleep
    if (!wait) return std::fprintf(stderr, "%s\n", wait.error().message().c_str()), 1;
    pollfd all[] = {{wait->descriptor, POLLIN, 0}, {pipe_ends[0], POLLIN, 0}};
    (void)::poll(all, std::size(all), wait->milliseconds());
    guest.turn(0ns);  // whatever ended the sleep
    goes_on = all[1].revents == 0;
  }
  other.join();
  std::puts("the host ends");
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

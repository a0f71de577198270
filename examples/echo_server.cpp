// A TCP echo server: `echo_server [ADDRESS]`, 127.0.0.1:7000 if none is given; ctrl-c ends it.
#include <rouse/rouse.hpp>

#include <cstdio>
#include <string>

rouse::task<void> echo(rouse::net::tcp_stream stream) {
  while (auto bytes =
             co_await stream.read())  // leased from the driver; empty when the peer has finished
    co_await stream.write_all(bytes);
}  // stream.read({.within = 30s}) bounds the silence

rouse::task<void> serve(std::string address) {
  auto listener = co_await rouse::net::listen(address);
  std::printf("listening on %s\n", listener.local_address().value().to_string().c_str());
  std::fflush(stdout);
  co_await rouse::supervise(
      [&](rouse::nursery& clients)
          -> rouse::task<void> {  // a scope keeps its body alive, so it may capture
        for (;;) {
          auto client = co_await listener.accept();  // {stream, peer}
          clients.spawn(echo(std::move(client.stream)));
        }
      });
}

int main(int argc, char** argv) {
  return rouse::run(serve(
      argc > 1 ? argv[1] : "127.0.0.1:7000"));  // ctrl-c cancels, everything unwinds, exit code 130
}

// What peers upload to: PUT or POST /echo gives the body back as it comes, /count its size. Says
// where it serves as `rouse serve` does, and ends with SIGTERM.
#include <rouse/coro/scope.hpp>
#include <rouse/http/router.hpp>
#include <rouse/http/server.hpp>
#include <rouse/net/listen.hpp>
#include <rouse/reactor/reactor.hpp>
#include <rouse/runtime/run.hpp>

#include <cstdio>
#include <string>

namespace {

using namespace rouse;

constexpr std::uint64_t body_bytes_max = 1 << 30;

task<void> echo(http::exchange& x) {
  x.allow_body(body_bytes_max);
  http::body_writer& to = x.begin(http::status::ok, "application/octet-stream");
  for (;;) {
    const auto piece = co_await x.body().read();
    if (piece.empty()) break;
    co_await to.write(piece);
  }
}

task<void> count(http::exchange& x) {
  x.allow_body(body_bytes_max);
  const std::uint64_t bytes = co_await x.body().skip();
  x.text(std::to_string(bytes));
}

task<void> stop_when_asked(http::server* server) {
  const int signal = co_await stop_requested();
  (void)signal;
  server->stop();
}

task<int> serve() {
  http::router app;
  app.put("/echo", echo).post("/echo", echo).put("/count", count).post("/count", count);
  auto listener = co_await net::listen("127.0.0.1:0");
  std::printf("Serving uploads at http://%s/ (%s)\n",
              listener.local_address().value().to_string().c_str(),
              current<reactor>::get()->backend());
  std::fflush(stdout);
  http::server server(std::move(listener), app);
  co_await scope([&](nursery& n) -> task<void> {
    n.spawn(stop_when_asked(&server));
    co_await server.run();
    n.cancel();
  });
  co_return 0;
}

}  // namespace

int main() { return run(serve()); }

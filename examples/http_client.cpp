// A client and a server in one program: a question, a body that streams up, a body that streams
// down.
#include <rouse/http/client.hpp>
#include <rouse/http/router.hpp>
#include <rouse/http/server.hpp>
#include <rouse/rouse.hpp>

#include <cstdio>

namespace http = rouse::http;
using rouse::result;
using rouse::task;

task<void> ask(std::string base) {
  http::client client;  // keeps connections; one for many requests

  auto hello = co_await client.get(base + "/hello/world");  // throws io_error, which names the URL
  std::string text = co_await hello.body().read_to_end();
  std::printf("%u %s\n", static_cast<unsigned>(hello.code()), text.c_str());

  auto write = [](http::body_writer& to) -> task<result<void>> {  // in chunks, as it can be sent
    for (const char* line : {"one\n", "two\n", "three\n"}) {
      auto sent = co_await to.write(line).result();
      if (!sent) co_return sent;
    }
    co_return result<void>();
  };
  auto request = http::outgoing("PUT", base + "/notes").header("Content-Type", "text/plain");
  auto counted = co_await client.send(std::move(request), write);
  text = co_await counted.body().read_to_end();
  std::printf("%u %s\n", static_cast<unsigned>(counted.code()), text.c_str());

  auto large = co_await client.get(base + "/large");
  std::size_t bytes = 0;
  for (;;) {
    auto piece = co_await large.body().read();  // lent until the next read; empty at the end
    if (piece.empty()) break;
    bytes += piece.size();
  }
  std::printf("%zu bytes, over %zu connection\n", bytes, client.idle_connections());
}

task<void> serve_and_ask() {
  http::router app;
  app.get("/hello/:name",
          [](http::exchange& x) { x.text("hello, " + std::string(x.parameter("name"))); });
  app.put("/notes", [](http::exchange& x) -> task<void> {
    const std::uint64_t bytes = co_await x.body().skip();
    x.text(std::to_string(bytes) + " bytes came");
  });
  app.get("/large", [](http::exchange& x) { x.text(std::string(1'000'000, 'x')); });

  auto listener = co_await rouse::net::listen("127.0.0.1:0");
  const std::string base = "http://" + listener.local_address()->to_string();
  http::server server(std::move(listener), app);
  co_await rouse::scope([&](rouse::nursery& n) -> task<void> {
    n.spawn(server.run());
    co_await ask(base);
    server.stop();
  });
}

int main() { return rouse::run(serve_and_ask()); }

// Our HTTP client against nginx, and against our own server with nginx between them, which takes
// every message apart and writes it anew. On each reactor.
#include "child.hpp"

#include <rouse/coro/scope.hpp>
#include <rouse/http/client.hpp>
#include <rouse/http/router.hpp>
#include <rouse/http/server.hpp>
#include <rouse/net/listen.hpp>
#include <rouse/runtime/runtime.hpp>

#include <gtest/gtest.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/pattern.hpp>
#include <tests/support/scratch_folder.hpp>

#include <filesystem>
#include <fstream>
#include <string>

namespace {

using namespace rouse;

class client_and_nginx : public support::each_reactor {
 protected:
  void SetUp() override {
    each_reactor::SetUp();
    program = peers::find_program("nginx");
    if (program.empty()) GTEST_SKIP() << "no nginx; tests/peers/packages.txt says what brings it";
    std::ofstream(site / "hello") << "hello";
    std::ofstream(site / "big") << big;
    std::filesystem::create_directory(site / "dir");
  }
  /// Starts nginx and calls `body(client, base URL)`.
  template <class Body>
  void with_nginx(peers::nginx_options options, Body body) {
    options.port = peers::free_port();
    const peers::nginx server(program, scratch.path(), site.path(), options);
    const std::string base = "http://127.0.0.1:" + std::to_string(options.port);
    run([&]() -> task<void> {
      http::client client;
      co_await body(client, base);
      EXPECT_EQ(client.busy_connections(), 0u);
    });
  }
  template <class Main>
  void run(Main main) {
    runtime_options how;
    how.reactor.kind = GetParam();
    runtime rt = std::move(runtime::make(how).value());
    rt.block_on(assume_owned(main()));
  }
  static task<std::string> fetch(http::client& client, http::outgoing request) {
    auto answer = co_await client.send(std::move(request));
    auto text = co_await answer.body().read_to_end(32 << 20);
    co_return std::to_string(static_cast<int>(answer.code())) + " " + text;
  }
  static task<std::string> get(http::client& client, std::string where) {
    auto text = co_await fetch(client, http::outgoing("GET", where));
    co_return text;
  }

  const std::string big = support::pattern(3'000'000);
  std::string program;
  support::scratch_folder site;
  support::scratch_folder scratch;
};
INSTANTIATE_TEST_SUITE_P(on, client_and_nginx, support::reactors(), support::reactor_name);

TEST_P(client_and_nginx, understand_each_other) {
  with_nginx({}, [&](http::client& client, std::string base) -> task<void> {
    for (int i = 0; i < 50; ++i) {
      const std::string hello = co_await get(client, base + "/hello");
      EXPECT_EQ(hello, "200 hello");
    }
    const std::string all = co_await get(client, base + "/big");
    EXPECT_TRUE(all == "200 " + big) << all.size();
    const std::string none = co_await get(client, base + "/nothing");
    EXPECT_EQ(none.substr(0, 4), "404 ");
    // A redirect, then a page in chunks.
    const std::string listed = co_await get(client, base + "/dir");
    EXPECT_TRUE(listed.starts_with("200 ") && listed.find("</html>") != std::string::npos);
    EXPECT_EQ(client.idle_connections(), 1u);  // all over one
  });
}

TEST_P(client_and_nginx, agree_on_parts_and_on_what_has_not_changed) {
  with_nginx({}, [&](http::client& client, std::string base) -> task<void> {
    auto head = co_await client.head(base + "/hello");
    EXPECT_EQ(head.header("Content-Length"), "5");
    const std::string tag(head.header("ETag").value_or(""));
    auto part = http::outgoing("GET", base + "/big").header("Range", "bytes=1000000-1000009");
    const std::string ten = co_await fetch(client, std::move(part));
    EXPECT_EQ(ten, "206 " + big.substr(1'000'000, 10));
    auto same = http::outgoing("GET", base + "/hello").header("If-None-Match", tag);
    const std::string unchanged = co_await fetch(client, std::move(same));
    EXPECT_EQ(unchanged, "304 ");
    EXPECT_EQ(client.idle_connections(), 1u);
  });
}

TEST_P(client_and_nginx, many_at_once_over_connections_that_nginx_ends_now_and_then) {
  constexpr int tasks = 32;
  constexpr int requests = 20;
  peers::nginx_options options;
  options.requests_max = 7;
  with_nginx(options, [&](http::client& client, std::string base) -> task<void> {
    int right = 0;
    const auto work = [](http::client* c, std::string from, const std::string* all,
                         int* count) -> task<void> {
      for (int i = 0; i < requests; ++i) {
        const bool is_large = i % 5 == 0;
        const std::string got = co_await get(*c, from + (is_large ? "/big" : "/hello"));
        *count += is_large ? got == "200 " + *all : got == "200 hello";
      }
    };
    co_await scope([&](nursery& n) -> task<void> {
      for (int i = 0; i < tasks; ++i)
        n.spawn(work(&client, base, &big, &right));
      co_return;
    });
    EXPECT_EQ(right, tasks * requests);
  });
}

TEST_P(client_and_nginx, nothing_is_lost_on_the_way_to_our_server_behind_nginx) {
  http::router app;
  app.put("/app/sum", [](http::exchange& x) -> task<void> {
    x.allow_body(64 << 20);
    std::size_t bytes = 0;
    unsigned sum = 0;
    for (;;) {
      const auto piece = co_await x.body().read();
      if (piece.empty()) break;
      bytes += piece.size();
      for (const std::byte b : piece)
        sum = sum * 31 + static_cast<unsigned char>(b);
    }
    x.text(std::to_string(bytes) + " " + std::to_string(sum));
  });
  app.post("/app/echo", [](http::exchange& x) -> task<void> {
    x.allow_body(64 << 20);
    http::body_writer& to = x.begin(http::status::ok, "text/plain");
    for (;;) {
      const auto piece = co_await x.body().read();
      if (piece.empty()) break;
      co_await to.write(piece);
    }
  });
  unsigned sum = 0;
  for (const char c : big)
    sum = sum * 31 + static_cast<unsigned char>(c);
  const std::string wanted = "200 " + std::to_string(big.size()) + " " + std::to_string(sum);

  run([&]() -> task<void> {
    auto listener = co_await net::listen("127.0.0.1:0");
    peers::nginx_options options;
    options.port = peers::free_port();
    options.behind = listener.local_address().value().port();
    http::server server(std::move(listener), app);
    co_await scope([&](nursery& n) -> task<void> {
      n.spawn(server.run());
      const peers::nginx between(program, scratch.path(), site.path(), options);
      const std::string base = "http://127.0.0.1:" + std::to_string(options.port) + "/app";
      http::client client;
      const std::string by_length =
          co_await fetch(client, http::outgoing("PUT", base + "/sum").body(big));
      EXPECT_EQ(by_length, wanted);
      const auto write = [&](http::body_writer& to) -> task<result<void>> {
        for (std::size_t at = 0; at < big.size(); at += 10'000) {
          auto sent = co_await to.write(std::string_view(big).substr(at, 10'000)).result();
          if (!sent) co_return sent;
        }
        co_return result<void>();
      };
      auto chunked = co_await client.send(http::outgoing("PUT", base + "/sum"), write);
      const std::string text = co_await chunked.body().read_to_end();
      EXPECT_EQ("200 " + text, wanted);
      auto asked = http::outgoing("PUT", base + "/sum").body(big).expect_continue();
      const std::string expected = co_await fetch(client, std::move(asked));
      EXPECT_EQ(expected, wanted);
      const std::string echoed =
          co_await fetch(client, http::outgoing("POST", base + "/echo").body(big));
      EXPECT_TRUE(echoed == "200 " + big) << echoed.size();
      server.stop();
    });
  });
}

}  // namespace

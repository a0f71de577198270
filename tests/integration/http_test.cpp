// Our client and our server, each as the other's peer, on each reactor.
#include <rouse/coro/scope.hpp>
#include <rouse/coro/yield.hpp>
#include <rouse/http/client.hpp>
#include <rouse/http/router.hpp>
#include <rouse/http/server.hpp>
#include <rouse/net/listen.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/time/manual_clock.hpp>

#include <gtest/gtest.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/pattern.hpp>

#include <string>

namespace {

using namespace rouse;
using support::pattern;

class http_both_ends : public support::each_reactor {
 protected:
  /// Serves `app` beside `body(client, base URL)`.
  template <class Body>
  void play(Body body) {
    runtime_options how;
    how.reactor.kind = GetParam();
    how.clock = &clock;
    clock.set_auto_advance(true);
    runtime rt = std::move(runtime::make(how).value());
    rt.block_on(assume_owned(everything(body)));
  }
  static task<std::string> text_of(http::reply& r) {
    auto text = co_await r.body().read_to_end(64 << 20);
    co_return text;
  }

  http::router app;
  manual_clock clock;  // moves only when both ends wait for time

 private:
  template <class Body>
  task<void> everything(Body& body) {
    auto listener = co_await net::listen("127.0.0.1:0");
    const std::string base = "http://" + listener.local_address()->to_string();
    http::server server(std::move(listener), app);
    co_await scope([&](nursery& n) -> task<void> {
      n.spawn(server.run());
      http::client client;
      co_await body(client, base);
      EXPECT_EQ(client.busy_connections(), 0u);
      client.close_idle();
      server.stop();
    });
    EXPECT_EQ(server.connections(), 0u);
  }
};
INSTANTIATE_TEST_SUITE_P(on, http_both_ends, support::reactors(), support::reactor_name);

/// Says what came, with the trailer behind it; asks for the body only when it is read.
void echo_to(http::router& app) {
  app.put("/echo", [](http::exchange& x) -> task<void> {
    x.allow_body(64 << 20);
    auto all = co_await x.body().read_to_end(64 << 20);
    const std::string sum(x.trailer("X-Sum").value_or("none"));
    http::body_writer& out = x.begin(http::status::ok, "text/plain");
    for (std::size_t at = 0; at < all.size(); at += 10'000)
      co_await out.write(std::string_view(all).substr(at, 10'000));
    if (!out.trailer("X-Sum", sum)) throw std::runtime_error("no trailer");
  });
}

TEST_P(http_both_ends, bodies_and_trailers_go_both_ways) {
  echo_to(app);
  play([&](http::client& c, std::string base) -> task<void> {
    const std::string sent = pattern(1'000'000);
    for (const char* sum : {"1", "2"}) {
      auto write = [&sent, sum](http::body_writer& to) -> task<result<void>> {
        for (std::size_t at = 0; at < sent.size(); at += 70'000) {
          auto went = co_await to.write(std::string_view(sent).substr(at, 70'000)).result();
          if (!went) co_return went;
        }
        co_return to.trailer("X-Sum", sum);
      };
      auto answer = co_await c.send(http::outgoing("PUT", base + "/echo"), write);
      auto got = co_await text_of(answer);
      EXPECT_EQ(got, sent);
      EXPECT_EQ(answer.trailer("x-sum"), sum);
    }
    EXPECT_EQ(c.idle_connections(), 1u);  // of both
  });
}

TEST_P(http_both_ends, a_body_is_asked_for_before_it_is_sent) {
  echo_to(app);
  app.put("/no", [](http::exchange& x) { x.error(http::status::forbidden); });
  play([&](http::client& c, std::string base) -> task<void> {
    const instant begin = now();
    auto request = http::outgoing("PUT", base + "/echo").body("text").expect_continue();
    auto answer = co_await c.send(std::move(request));
    auto got = co_await text_of(answer);
    EXPECT_EQ(got, "text");

    int written = 0;
    auto write = [&written](http::body_writer& to) -> task<result<void>> {
      ++written;
      auto sent = co_await to.write("x").result();
      co_return sent;
    };
    auto refused = co_await c.send(http::outgoing("PUT", base + "/no").expect_continue(), write);
    EXPECT_EQ(refused.code(), http::status::forbidden);
    EXPECT_EQ(written, 0);
    EXPECT_EQ(now(), begin);  // nobody had to lose patience
  });
}

TEST_P(http_both_ends, a_body_over_the_servers_limit_is_refused_with_its_answer) {
  echo_to(app);
  app.put("/small", [](http::exchange& x) -> task<void> {
    const std::uint64_t bytes = co_await x.body().skip();
    x.text(std::to_string(bytes));
  });
  play([&](http::client& c, std::string base) -> task<void> {
    auto answer =
        co_await c.send(http::outgoing("PUT", base + "/small").body(std::string(8 << 20, 'x')));
    EXPECT_EQ(answer.code(), http::status::content_too_large);
    auto fits = co_await c.send(http::outgoing("PUT", base + "/small").body("12345"));
    auto got = co_await text_of(fits);
    EXPECT_EQ(got, "5");
  });
}

TEST_P(http_both_ends, many_at_once_share_connections_and_mix_nothing_up) {
  app.get("/n/:n", [](http::exchange& x) -> task<void> {
    const std::string n(x.parameter("n"));
    co_await yield_now();
    x.text(n + pattern(std::stoul(n) * 100));
  });
  play([&](http::client& c, std::string base) -> task<void> {
    unsigned good = 0;
    auto ask = [&](unsigned n) -> task<void> {
      for (unsigned i = 0; i < 5; ++i) {
        const std::string number = std::to_string(n * 10 + i);
        auto answer = co_await c.get(base + "/n/" + number);
        auto got = co_await text_of(answer);
        good += got == number + pattern((n * 10 + i) * 100);
      }
    };
    co_await scope([&](nursery& n) -> task<void> {
      for (unsigned i = 0; i < 100; ++i)
        n.spawn(ask(i));
      co_return;
    });
    EXPECT_EQ(good, 500u);
    EXPECT_LE(c.idle_connections(), http::client_options().connections_per_host_max);
  });
}

TEST_P(http_both_ends, who_drops_an_endless_answer_ends_it) {
  bool ended = false;
  app.get("/endless", [&](http::exchange& x) -> task<result<void>> {
    http::body_writer& out = x.begin(http::status::ok, "text/plain");
    const std::string block(10'000, 'x');
    for (;;) {
      auto sent = co_await out.write(block).result();
      ended = !sent;
      if (!sent) co_return sent;
    }
  });
  play([&](http::client& c, std::string base) -> task<void> {
    {
      auto answer = co_await c.get(base + "/endless");
      std::size_t got = 0;
      while (got < 300'000) {
        auto piece = co_await answer.body().read();
        got += piece.size();
      }
    }
    while (!ended)
      co_await yield_now();
    EXPECT_EQ(c.idle_connections(), 0u);
  });
}

}  // namespace

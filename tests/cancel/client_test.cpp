// The HTTP client, ended at each point of its interplay with a server: a body is whole or it is an
// error, no connection stays in use, and the client can go on.
#include <rouse/http/client.hpp>

#include "cancel_every_await.hpp"

namespace scenarios {
namespace {

using namespace rouse;

class http_client : public on_each_reactor {};
SCENARIOS_ON_EACH_REACTOR(http_client);

constexpr std::string_view small = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view moved =
    "HTTP/1.1 302 Found\r\nLocation: /small\r\nContent-Length: 4\r\n\r\ngone";
constexpr std::string_view chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n";

/// Answers by the path, and takes what bodies there are.
task<void> answer_all(net::tcp_stream stream) {
  std::string in;
  for (;;) {
    auto more = co_await stream.read().result();
    if (!more || !*more) co_return;
    in += io::as_text(more->bytes());
    const bool is_whole =
        in.contains("Transfer-Encoding") ? in.ends_with("0\r\n\r\n") : in.ends_with("\r\n\r\n");
    if (!is_whole) continue;
    std::string answer(in.contains("/moved") ? moved : in.contains("/chunked") ? chunked : small);
    in.clear();
    for (std::size_t half : {std::size_t(20), answer.size() - 20}) {
      auto said = co_await stream.write_all(std::string_view(answer).substr(0, half)).result();
      if (!said) co_return;
      answer.erase(0, half);
      co_await yield_now();
    }
  }
}

task<void> serve(net::tcp_listener& listener) {
  auto body = [&listener](nursery& connections) -> task<void> {
    for (;;) {
      auto next = co_await listener.accept();
      connections.spawn(answer_all(std::move(next.stream)));
    }
  };
  auto all = supervise(std::move(body));
  co_await all;
}

task<void> fetch(http::client& c, std::string where, std::string& got) {
  auto answer = co_await c.get(where);
  auto text = co_await answer.body().read_to_end();
  got += text;
}

template <class Work>
task<void> interrupt_and_go_on(trial& run, std::string base, Work work, std::string expected) {
  http::client c;
  std::string got;
  co_await run.interrupt(work(c, base, got));
  run.expect(c.busy_connections() == 0, "a connection is still in use");
  run.expect(expected.starts_with(got), "another body: " + got);
  run.expect(run.was_interrupted() || got == expected, "a body is missing: " + got);
  std::string again;
  co_await fetch(c, base + "/small", again);
  run.expect(again == "hello", "the client cannot go on");
}

/// The work under test is one client's requests.
template <class Work>
task<void> beside_a_server(trial& run, Work work, std::string expected) {
  auto listener = net::tcp_listener::bind(net::address::loopback_v4()).value();
  const std::string base = "http://" + listener.local_address()->to_string();
  auto ended = co_await select(interrupt_and_go_on(run, base, work, expected), serve(listener));
  run.expect(ended.index() == 0, "the server ended by itself");
}

TEST_P(http_client, fetches) {
  holds(15, [](trial& run) {
    auto work = [](http::client& c, std::string base, std::string& got) -> task<void> {
      co_await fetch(c, base + "/chunked", got);
      co_await fetch(c, base + "/moved", got);
    };
    return beside_a_server(run, work, "hellohello");
  });
}

TEST_P(http_client, uploads) {
  holds(12, [](trial& run) {
    auto work = [](http::client& c, std::string base, std::string& got) -> task<void> {
      auto write = [](http::body_writer& to) -> task<result<void>> {
        const std::string block = pattern(1000);
        for (int i = 0; i < 3; ++i) {
          auto sent = co_await to.write(block).result();
          if (!sent) co_return sent;
          co_await yield_now();
        }
        co_return result<void>();
      };
      auto answer = co_await c.send(http::outgoing("PUT", base + "/small"), write);
      auto text = co_await answer.body().read_to_end();
      got += text;
    };
    return beside_a_server(run, work, "hello");
  });
}

TEST_P(http_client, waits_for_a_connection) {
  holds(10, [](trial& run) {
    auto work = [](http::client&, std::string base, std::string& got) -> task<void> {
      http::client_options one_at_a_time;
      one_at_a_time.connections_max = 1;
      http::client narrow(one_at_a_time);
      auto both =
          when_all(fetch(narrow, base + "/small", got), fetch(narrow, base + "/small", got));
      co_await both;
    };
    return beside_a_server(run, work, "hellohello");
  });
}

}  // namespace
}  // namespace scenarios

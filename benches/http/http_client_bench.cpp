// What does a client cost? Reading a response head, beside a memchr for the ends of its lines; and
// a whole GET on a kept connection, beside the same write and read by hand. Client and server share
// one thread, and the server's part is the same in both.
#include <support/row.hpp>

#include <rouse/coro/select.hpp>
#include <rouse/http/client.hpp>
#include <rouse/http/response_parser.hpp>
#include <rouse/net/net.hpp>
#include <rouse/runtime/runtime.hpp>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

using namespace rouse::http;
using rouse::task;

const std::string answer =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Tue, 25 Nov 2025 00:00:00 GMT\r\n"
    "Content-Type: text/html\r\n"
    "Content-Length: 13\r\n"
    "Last-Modified: Mon, 24 Nov 2025 10:20:30 GMT\r\n"
    "Connection: keep-alive\r\n"
    "ETag: \"6924328e-d\"\r\n"
    "Accept-Ranges: bytes\r\n\r\n"
    "hello, world\n";

void parse(benchmark::State& state) {
  response_parser parser;
  std::size_t checksum = 0;
  for (auto _ : state) {
    std::string_view rest = answer;
    parse_step step;
    do {
      step = parser.parse(rest);
      rest.remove_prefix(step.consumed);
      checksum += step.body.size();
    } while (step.event != parse_event::complete);
    benchmark::DoNotOptimize(checksum);
  }
  bench::items(state, 1);
}

void find_lines(benchmark::State& state) {
  std::size_t lines = 0;
  for (auto _ : state) {
    const char* at = answer.data();
    const char* end = at + answer.size();
    benchmark::DoNotOptimize(at);
    while (const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at))) {
      ++lines;
      at = static_cast<const char*>(found) + 1;
    }
  }
  benchmark::DoNotOptimize(lines);
  bench::items(state, 1);
}

task<void> answer_all(rouse::net::tcp_listener& from) {
  auto next = co_await from.accept();
  for (;;) {
    auto request = co_await next.stream.read().result();
    if (!request || !*request) co_return;
    co_await next.stream.write_all(std::string_view(answer));
  }
}

task<void> ask_with_client(benchmark::State& state, std::string where) {
  client c;
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    auto got = co_await c.get(where);
    for (;;) {
      auto piece = co_await got.body().read();
      if (piece.empty()) break;
      bytes += piece.size();
    }
  }
  if (bytes != 13u * static_cast<std::uint64_t>(state.iterations()))
    state.SkipWithError("not what was sent");
}

task<void> ask_by_hand(benchmark::State& state, std::string where) {
  auto stream = co_await rouse::net::connect(where.substr(std::string_view("http://").size()));
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (auto _ : state) {
    co_await stream.write_all(std::string_view(request));
    auto got = co_await stream.read();
    if (got.size() != answer.size()) state.SkipWithError("not what was sent");
  }
}

using asking = task<void> (*)(benchmark::State&, std::string);

task<void> ask_a_server(benchmark::State& state, asking ask) {
  auto listener = co_await rouse::net::listen("127.0.0.1:0");
  const std::string where = "http://" + listener.local_address()->to_string();
  auto done = co_await rouse::select(ask(state, where), answer_all(listener));
  if (done.index() != 0) std::abort();
}

void over_loopback(benchmark::State& state, asking ask) {
  auto runtime = std::move(rouse::runtime::make().value());
  runtime.block_on(rouse::assume_owned(ask_a_server(state, ask)));
  bench::items(state, 1);
}

const bench::rows here({
    {.name = "http, response head of nginx parsed", .ours = parse, .floor = find_lines},
    {.name = "http, GET on a kept connection",
     .ours = [](benchmark::State& s) { over_loopback(s, ask_with_client); },
     .floor = [](benchmark::State& s) { over_loopback(s, ask_by_hand); }},
});

}  // namespace

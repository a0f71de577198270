// The generator on each reactor, with time that moves on only when nobody has anything to do: what
// it measures is then known to the nanosecond.
#include "load.hpp"
#include "bench_report.hpp"

#include <rouse/coro/scope.hpp>
#include <rouse/coro/select.hpp>
#include <rouse/net/listen.hpp>
#include <rouse/time/sleep.hpp>

#include <gtest/gtest.h>
#include <tests/support/worlds.hpp>

#include <memory>

namespace tool {
namespace {

using namespace std::chrono_literals;
using rouse::task;

constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view closing =
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello";

/// Answers each request after a delay that may depend on how many came before.
struct server {
  rouse::nanoseconds (*delay)(unsigned request) = [](unsigned) { return rouse::nanoseconds(0); };
  std::string_view says = answer;
  unsigned requests = 0;
  unsigned connections = 0;

  task<void> talk(rouse::net::tcp_stream stream) {
    std::string in;
    for (;;) {
      auto more = co_await stream.read().result();
      if (!more || !*more) co_return;
      in += rouse::io::as_text(more->bytes());
      for (std::size_t end = in.find("\r\n\r\n"); end != in.npos; end = in.find("\r\n\r\n")) {
        in.erase(0, end + 4);
        const rouse::nanoseconds wait = delay(requests++);
        if (wait.count() != 0) co_await rouse::sleep(wait);
        auto said = co_await stream.write_all(rouse::io::as_bytes(says)).result();
        if (!said || says != answer) co_return;
      }
    }
  }
  task<void> run(rouse::net::tcp_listener& from) {
    auto all = rouse::supervise([this, &from](rouse::nursery& n) -> task<void> {
      for (;;) {
        auto next = co_await from.accept();
        ++connections;
        n.spawn(talk(std::move(next.stream)));
      }
    });
    co_await all;
  }
};

class load : public support::each_reactor {
 protected:
  load_result& measure(server& s, unsigned connections, double rate, unsigned pipeline = 1) {
    rouse::manual_clock clock;
    clock.set_auto_advance(true);
    rouse::runtime_options how;
    how.reactor.kind = GetParam();
    how.clock = &clock;
    rouse::runtime rt = std::move(rouse::runtime::make(how).value());
    rt.block_on(rouse::assume_owned(run(s, connections, rate, pipeline)));
    return *result_;
  }
  rouse::nanoseconds duration = 1s;

 private:
  task<void> run(server& s, unsigned connections, double rate, unsigned pipeline) {
    auto listener = co_await rouse::net::listen("127.0.0.1:0");
    const std::string where = "http://" + listener.local_address()->to_string();
    load_options options(rouse::http::url::parse(where).value());
    options.connections = connections;
    options.pipeline = pipeline;
    options.rate = rate;
    options.duration = duration;
    auto done = co_await rouse::select(run_load(options, *result_), s.run(listener));
    EXPECT_EQ(done.index(), 0u);
  }
  std::unique_ptr<load_result> result_ = std::make_unique<load_result>();
};
INSTANTIATE_TEST_SUITE_P(on, load, support::reactors(), support::reactor_name);

TEST_P(load, a_closed_loop_asks_again_when_it_has_an_answer) {
  server s;
  s.delay = [](unsigned) { return rouse::nanoseconds(10ms); };
  const load_result& r = measure(s, 4, 0);
  EXPECT_EQ(r.latency.count(), 400u);
  EXPECT_EQ(r.latency.min(), 10'000'000u);
  EXPECT_EQ(r.latency.max(), 10'000'000u);
  EXPECT_EQ(r.answers[200], 400u);
  EXPECT_EQ(r.failed(), 0u);
  EXPECT_EQ(r.bytes, 400 * answer.size());
  EXPECT_EQ(s.connections, 4u);
  EXPECT_EQ(r.seconds(), 1);
}

TEST_P(load, an_open_loop_counts_from_when_a_request_was_due) {
  server s;
  s.delay = [](unsigned n) { return n == 10 ? rouse::nanoseconds(300ms) : rouse::nanoseconds(0); };
  const load_result& r = measure(s, 1, 100);
  // One answer took 300 ms; the 29 requests that were due meanwhile waited 290, 280 ... 10 ms.
  EXPECT_EQ(r.latency.count(), 100u);
  EXPECT_EQ(r.latency.max(), 300'000'000u);
  EXPECT_EQ(r.latency.count_between(9'900'000, 300'000'001), 30u);
  EXPECT_EQ(r.latency.min(), 0u);
  EXPECT_EQ(r.failed(), 0u);
}

TEST_P(load, what_could_not_be_sent_in_time_is_told) {
  server s;
  s.delay = [](unsigned n) { return n == 50 ? rouse::nanoseconds(600s) : rouse::nanoseconds(0); };
  const load_result& r = measure(s, 1, 100);
  EXPECT_EQ(r.latency.count(), 50u);
  EXPECT_EQ(r.failures[static_cast<std::size_t>(failure::timeout)], 1u);
  EXPECT_EQ(r.failures[static_cast<std::size_t>(failure::unsent)], 49u);
}

TEST_P(load, keeps_several_in_flight_on_one_connection) {
  server s;
  s.delay = [](unsigned) { return rouse::nanoseconds(10ms); };
  const load_result& r = measure(s, 1, 0, 4);
  EXPECT_EQ(s.connections, 1u);
  EXPECT_EQ(r.latency.min(), 10'000'000u);
  EXPECT_EQ(r.latency.max(), 40'000'000u);
  EXPECT_EQ(r.latency.count() + r.failed(), 103u);  // three were under way when time was up
}

TEST_P(load, connects_anew_when_the_server_closes) {
  server s;
  s.says = closing;
  s.delay = [](unsigned) { return rouse::nanoseconds(10ms); };
  const load_result& r = measure(s, 1, 0);
  EXPECT_EQ(r.latency.count(), 100u);
  EXPECT_EQ(r.failed(), 0u);
  EXPECT_GE(s.connections, 100u);
}

TEST_P(load, counts_what_is_no_answer) {
  server s;
  s.says = "hello\r\n\r\n";
  const load_result& r = measure(s, 1, 0);
  EXPECT_EQ(r.latency.count(), 0u);
  EXPECT_EQ(r.failures[static_cast<std::size_t>(failure::malformed)], 20u);  // one each 50 ms
}

TEST(bench_report, fits_the_terminal_and_says_the_same_as_its_json) {
  bench_options options;
  options.url = "http://127.0.0.1:1/";
  const auto r = std::make_unique<load_result>();
  r->began = rouse::instant(rouse::nanoseconds(0));
  r->ended = rouse::instant(rouse::nanoseconds(2s));
  for (std::uint64_t i = 1; i <= 1000; ++i)
    r->latency.record(i * 1'000);
  r->answers[200] = 990;
  r->answers[503] = 10;
  r->note(failure::closed, 3);
  for (unsigned columns : {40u, 80u, 160u}) {
    terminal t;
    t.is_terminal = t.unicode = true;
    t.columns = columns;
    const std::string text = report_text(options, *r, t);
    std::size_t widest = 0;
    std::size_t width = 0;
    for (char c : text) {
      width = c == '\n' ? 0 : width + ((static_cast<unsigned char>(c) & 0xc0) != 0x80);
      widest = std::max(widest, width);
    }
    EXPECT_LE(widest, columns) << text;
    for (const char* part : {"1,000", "500/s", "status 503", "closed", "502 µs", "1.00 ms"})
      EXPECT_NE(text.find(part), std::string::npos) << part << text;
  }
  EXPECT_EQ(report_text(options, *r, terminal()).find('\x1b'), std::string::npos);
  const std::string json = report_json(options, *r);
  for (const char* part :
       {"\"requests\": 1000", "\"requests_per_second\": 500.000", "\"rate\": null",
        "\"status\": {\"200\": 990, \"503\": 10}", "\"closed\": 3", "\"max\": 1000000"})
    EXPECT_NE(json.find(part), std::string::npos) << part << json;
}

TEST(bench_report, reads_durations) {
  rouse::nanoseconds d{};
  EXPECT_TRUE(read_duration("10s", d) && d == 10s);
  EXPECT_TRUE(read_duration("500ms", d) && d == 500ms);
  EXPECT_TRUE(read_duration("1.5m", d) && d == 90s);
  EXPECT_TRUE(read_duration("2", d) && d == 2s);
  for (const char* odd : {"", "s", "0", "-1s", "1h", "10 s", "nan", "inf", "1e99", "1ss"})
    EXPECT_FALSE(read_duration(odd, d)) << odd;
}

}  // namespace
}  // namespace tool

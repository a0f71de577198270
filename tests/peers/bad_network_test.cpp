// Bytes over a network that loses, doubles, reorders, cuts or crawls (bad_network.hpp): all arrive,
// once and in order, and nothing but time limits tells the difference (FAULTS N7). On each reactor.
#include "bad_network.hpp"

#include <rouse/coro/scope.hpp>
#include <rouse/http/client.hpp>
#include <rouse/http/router.hpp>
#include <rouse/http/server.hpp>
#include <rouse/net/connect.hpp>
#include <rouse/net/listen.hpp>
#include <rouse/runtime/runtime.hpp>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/pattern.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <span>
#include <string>
#include <utility>

namespace {

using namespace rouse;
using namespace std::chrono_literals;
using peers::bad_network_counts;
using peers::bad_network_options;

constexpr int cannot_run = 77;
constexpr unsigned seconds_max = 60;

/// One that failed is repeated with ROUSE_SEED in the environment; the kernel's timers still have
/// their say in what comes when.
std::uint64_t seed() {
  const char* wanted = std::getenv("ROUSE_SEED");
  return wanted ? std::strtoull(wanted, nullptr, 10) : 7;
}

task<void> echo_one(net::tcp_listener& listener) {
  auto arrived = co_await listener.accept();
  while (auto bytes = co_await arrived.stream.read())
    co_await arrived.stream.write_all(bytes);
  co_await arrived.stream.shutdown();
}

task<void> write_and_end(net::tcp_stream& to, const std::string& text) {
  co_await to.write_all(std::as_bytes(std::span(text)));
  co_await to.shutdown();
}

/// What comes back when `text` is sent to a stream that echoes, both ways at once.
task<std::string> echo_over_stream(const std::string& text) {
  auto listener = co_await net::listen(std::string(peers::bad_network::here) + ":0");
  const auto port = listener.local_address().value().port();
  std::string back;
  co_await scope([&](nursery& n) -> task<void> {
    n.spawn(assume_owned(echo_one(listener)));
    auto stream =
        co_await net::connect(std::string(peers::bad_network::there) + ":" + std::to_string(port));
    n.spawn(assume_owned(write_and_end(stream, text)));
    while (auto bytes = co_await stream.read())
      back += io::as_text(bytes.bytes());
  });
  co_return back;
}

task<void> echo_body(http::exchange& x) {
  x.allow_body(1 << 20);
  http::body_writer& to = x.begin(http::status::ok, "application/octet-stream");
  for (;;) {
    const auto piece = co_await x.body().read();
    if (piece.empty()) break;
    co_await to.write(piece);
  }
}

/// Serves `text` at /text and what is uploaded to /echo, and calls `body(client, base URL)`.
template <class Body>
task<void> with_server(const std::string& text, Body body) {
  http::router app;
  app.post("/echo", echo_body);
  app.get("/text", [&text](http::exchange& x) { x.text(text); });
  auto listener = co_await net::listen(std::string(peers::bad_network::here) + ":0");
  const std::string base = std::string("http://") + peers::bad_network::there + ":" +
                           std::to_string(listener.local_address().value().port());
  http::server server(std::move(listener), app);
  http::client client;
  co_await scope([&](nursery& n) -> task<void> {
    n.spawn(assume_owned(server.run()));
    co_await body(client, base);
    server.stop();
  });
}

task<std::string> fetch(http::client& client, http::outgoing request) {
  auto answer = co_await client.send(std::move(request));
  EXPECT_EQ(answer.code(), http::status::ok);
  auto text = co_await answer.body().read_to_end();
  co_return text;
}

task<void> download_and_upload(const std::string& text) {
  co_await with_server(text, [&](http::client& client, std::string base) -> task<void> {
    const std::string down = co_await fetch(client, http::outgoing("GET", base + "/text"));
    EXPECT_TRUE(down == text) << down.size();
    const std::string up =
        co_await fetch(client, http::outgoing("POST", base + "/echo").body(text));
    EXPECT_TRUE(up == text) << up.size();
    EXPECT_EQ(client.idle_connections(), 1u);  // one did for both
  });
}

class bad_network : public support::each_reactor {
 protected:
  /// Runs `main` on a runtime over such a network, in a process of its own, and then `check` on
  /// what the network did. Expectations that fail there print, and fail the test here.
  template <class Main, class Check>
  void over(bad_network_options options, Main main, Check check) {
    options.seed = seed();
    std::printf("ROUSE_SEED=%llu\n", static_cast<unsigned long long>(options.seed));
    std::fflush(stdout);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::alarm(seconds_max);
      const std::string why_not = run_apart(options, main, check);
      if (!why_not.empty()) std::printf("%s\n", why_not.c_str());
      std::fflush(stdout);
      ::_exit(!why_not.empty() ? cannot_run : HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
    if (WEXITSTATUS(status) == cannot_run)
      GTEST_SKIP() << "no namespace and TUN interface of our own here: see the line above";
    EXPECT_EQ(WEXITSTATUS(status), 0);
  }

 private:
  /// Empty, or why it cannot run on this machine.
  template <class Main, class Check>
  std::string run_apart(const bad_network_options& options, Main& main, Check& check) {
    std::string why_not = peers::leave_network();
    if (!why_not.empty()) return why_not;
    const int tun = peers::bad_network::open_tun(why_not);
    if (tun < 0) return why_not;
    try {
      peers::bad_network network(tun, options);
      runtime_options how;
      how.reactor.kind = GetParam();
      runtime rt = std::move(runtime::make(how).value());
      rt.block_on(assume_owned(main()));
      check(network.end());
    } catch (const std::exception& e) {
      ADD_FAILURE() << e.what();
    }
    return "";
  }
};
INSTANTIATE_TEST_SUITE_P(on, bad_network, support::reactors(), support::reactor_name);

bad_network_options stormy() {
  bad_network_options options;
  options.lost_percent = 10;
  options.doubled_percent = 5;
  options.late_percent = 20;
  return options;
}
void was_stormy(const bad_network_counts& did) {
  EXPECT_GT(did.lost, 0u);
  EXPECT_GT(did.doubled, 0u);
  EXPECT_GT(did.late, 0u);
  EXPECT_EQ(did.overflowed, 0u);
}

TEST_P(bad_network, fault_N7_a_stream_survives_loss_doubles_and_reordering) {
  const std::string text = support::pattern(300'000);
  over(
      stormy(),
      [&]() -> task<void> {
        const std::string back = co_await echo_over_stream(text);
        EXPECT_TRUE(back == text) << back.size();
      },
      was_stormy);
}

TEST_P(bad_network, fault_N7_http_survives_loss_doubles_and_reordering) {
  const std::string text = support::pattern(300'000);
  over(stormy(), [&] { return download_and_upload(text); }, was_stormy);
}

TEST_P(bad_network, fault_N7_segments_of_one_byte_make_no_difference) {
  const std::string text = support::pattern(2'000);
  bad_network_options options;
  options.one_byte_segments = true;
  options.bits_per_second = 40'000'000;  // some are read before the next arrive
  options.doubled_percent = 1;
  options.late_percent = 1;
  over(
      options,
      [&]() -> task<void> {
        const std::string back = co_await echo_over_stream(text);
        EXPECT_TRUE(back == text) << back.size();
        co_await download_and_upload(text);
      },
      [&](const bad_network_counts& did) {
        EXPECT_GT(did.cut, 0u);
        EXPECT_EQ(did.overflowed, 0u);
        EXPECT_GT(did.seen, 5 * text.size());  // five crossings, a byte at a time
      });
}

TEST_P(bad_network, fault_N7_at_a_kilobit_a_second_only_time_limits_notice) {
  const std::string text = support::pattern(200);
  bad_network_options options;
  options.bits_per_second = 1'000;
  options.burst_bytes = 700;  // or connecting alone would take two seconds
  const auto begin = std::chrono::steady_clock::now();
  over(
      options,
      [&]() -> task<void> {
        co_await with_server(text, [&](http::client& client, std::string base) -> task<void> {
          const std::string up =
              co_await fetch(client, http::outgoing("POST", base + "/echo").body(text));
          EXPECT_TRUE(up == text) << up.size();
          auto late = http::outgoing("GET", base + "/text").within(200ms);
          const auto none = co_await client.send(std::move(late)).result();
          EXPECT_TRUE(!none && none.error().is_timed_out());
        });
      },
      [&](const bad_network_counts& did) {
        EXPECT_EQ(did.overflowed, 0u);
        EXPECT_GT(std::chrono::steady_clock::now() - begin, 2s);  // it was that slow
      });
}

}  // namespace

// What the whole stack promises, in every world it can live in: time, sockets, cancelling, wakes
// from other threads, and jobs of the pool, alone and together.
#include <rouse/rouse.hpp>
#include <rouse/sys/socket.hpp>

#include <gtest/gtest.h>
#include <tests/support/pattern.hpp>
#include <tests/support/worlds.hpp>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace rouse;

class whole_stack : public support::each_world {};
INSTANTIATE_TEST_SUITE_P(in, whole_stack, support::worlds(), support::world_name);

struct connection {
  net::tcp_stream client;
  net::tcp_stream server;
};

task<connection> connect_pair() {
  auto listener = co_await net::listen("127.0.0.1:0");
  auto client = co_await net::connect(listener.local_address().value());
  auto server = co_await listener.accept();
  co_return connection{std::move(client), std::move(server.stream)};
}

task<std::string> read_to_end(net::tcp_stream& from) {
  std::string all;
  while (auto bytes = co_await from.read())
    all += io::as_text(bytes.bytes());
  co_return all;
}

using support::pattern;

// ---- time

TEST_P(whole_stack, sleeps_end_in_the_order_of_their_instants_and_never_early) {
  std::string order;
  const auto sleeper = [&](int moments_long, char name) -> task<> {
    const instant start = here().now();
    co_await sleep(moments(moments_long));
    expect_passed(start, moments(moments_long));
    order += name;
  };
  run([&]() -> task<> { co_await when_all(sleeper(3, 'c'), sleeper(1, 'a'), sleeper(2, 'b')); });
  // On a machine that stalls all three may be late when they are asked.
  if (here().is_exact()) EXPECT_EQ(order, "abc");
}

TEST_P(whole_stack, an_interval_keeps_its_beat) {
  run([&]() -> task<> {
    const instant start = here().now();
    interval beat = every(here().moment());
    for (int ticks = 1; ticks <= 5; ++ticks) {
      co_await beat.tick();
      expect_passed(start, moments(ticks));
    }
  });
}

TEST_P(whole_stack, a_timeout_ends_what_is_late_and_leaves_what_is_in_time) {
  run([&]() -> task<> {
    const instant start = here().now();
    const auto late = co_await timeout(moments(1), sleep(moments(1000))).result();
    EXPECT_FALSE(late);
    if (!late) EXPECT_EQ(late.error().code, ETIMEDOUT);
    expect_passed(start, moments(1));
    const auto soon = co_await timeout(moments(1000), sleep(moments(1))).result();
    EXPECT_TRUE(soon);
    expect_passed(start, moments(2));
  });
}

// ---- sockets

TEST_P(whole_stack, bytes_arrive_whole_and_in_order_and_then_the_end) {
  const std::string text = pattern(300'000);
  run([&]() -> task<> {
    auto both = co_await connect_pair();
    const auto send = [&]() -> task<> {
      co_await both.client.write_all(text);
      both.client.close();
    };
    std::string seen;
    const auto receive = [&]() -> task<> { seen = co_await read_to_end(both.server); };
    co_await when_all(send(), receive());
    EXPECT_TRUE(seen == text) << seen.size();
  });
}

TEST_P(whole_stack, a_writer_waits_for_a_reader_that_sleeps) {
  const std::string text = pattern(8'000'000);  // more than any socket keeps
  run([&]() -> task<> {
    auto both = co_await connect_pair();
    const instant start = here().now();
    const auto send = [&]() -> task<> {
      co_await both.client.write_all(text);
      expect_passed(start, moments(3));
      both.client.close();
    };
    std::string seen;
    const auto receive = [&]() -> task<> {
      co_await sleep(moments(3));
      seen = co_await read_to_end(both.server);
    };
    co_await when_all(send(), receive());
    EXPECT_TRUE(seen == text) << seen.size();
  });
}

TEST_P(whole_stack, a_read_that_is_late_leaves_the_stream_usable) {
  run([&]() -> task<> {
    auto both = co_await connect_pair();
    const instant start = here().now();
    const auto late = co_await timeout(moments(1), both.server.read()).result();
    EXPECT_FALSE(late);
    expect_passed(start, moments(1));
    co_await both.client.write_all("after all");
    const auto bytes = co_await both.server.read();
    EXPECT_EQ(io::as_text(bytes.bytes()), "after all");
  });
}

TEST_P(whole_stack, nobody_listening_is_refused) {
  run([&]() -> task<> {
    auto listener = co_await net::listen("127.0.0.1:0");
    const auto where = listener.local_address().value();
    listener.close();
    const auto stream = co_await net::connect(where).result();
    EXPECT_FALSE(stream);
    if (!stream) EXPECT_EQ(stream.error().code, ECONNREFUSED);
  });
}

// ---- cancelling

TEST_P(whole_stack, a_cancelled_accept_loses_no_connection) {
  run([&]() -> task<> {
    auto listener = co_await net::listen("127.0.0.1:0");
    const auto where = listener.local_address().value();
    for (int i = 0; i < 20; ++i) {
      // Whatever comes first, the connection is there for the one or for the other accept.
      auto first = co_await select(listener.accept(), sleep(moments(i % 2)));
      EXPECT_EQ(first.index(), 1u);
      auto client = co_await net::connect(where);
      auto racing = co_await select(yield_now(), listener.accept());
      std::optional<net::tcp_stream> server;
      if (racing.index() == 1) {
        server = std::get<1>(std::move(racing)).stream;
      } else {
        auto accepted = co_await listener.accept();
        server = std::move(accepted.stream);
      }
      co_await client.write_all("hello");
      const auto bytes = co_await server->read();
      EXPECT_EQ(io::as_text(bytes.bytes()), "hello");
    }
  });
}

TEST_P(whole_stack, a_cancelled_read_loses_no_byte) {
  const std::string text = pattern(20'000);
  run([&]() -> task<> {
    auto both = co_await connect_pair();
    const auto send = [&]() -> task<> {
      for (std::size_t at = 0; at < text.size(); at += 100) {
        co_await both.client.write_all(std::string_view(text).substr(at, 100));
        co_await yield_now();
      }
      both.client.close();
    };
    std::string seen;
    const auto receive = [&]() -> task<> {
      for (bool more = true; more;) {
        auto either = co_await select(yield_now(), both.server.read());
        if (either.index() == 0) continue;
        const auto bytes = std::get<1>(std::move(either));
        seen += io::as_text(bytes.bytes());
        more = static_cast<bool>(bytes);
      }
    };
    co_await when_all(send(), receive());
    EXPECT_TRUE(seen == text) << seen.size();
  });
}

TEST_P(whole_stack, a_dropped_handle_ends_whatever_its_task_waits_for) {
  run([&]() -> task<> {
    auto both = co_await connect_pair();
    auto listener = co_await net::listen("127.0.0.1:0");
    const auto reads = [&]() -> task<> { (void)co_await both.server.read(); };
    const auto accepts = [&]() -> task<> { (void)co_await listener.accept(); };
    const auto sleeps = [&]() -> task<> { co_await sleep(moments(1000)); };
    const instant start = here().now();
    {
      auto one = spawn(assume_owned(reads()));
      auto two = spawn(assume_owned(accepts()));
      auto three = spawn(assume_owned(sleeps()));
      co_await sleep(moments(1));
    }
    co_await sleep(moments(1));
    expect_passed(start, moments(2));
  });
}

TEST_P(whole_stack, a_stack_that_ends_takes_everything_with_it) {
  auto alive = std::make_shared<int>(0);
  const auto reads = [](net::tcp_stream from) -> task<> { (void)co_await from.read(); };
  const auto works = [](auto read, std::shared_ptr<int>) -> task<> {
    auto both = co_await connect_pair();
    auto listener = co_await net::listen("127.0.0.1:0");
    auto reader = spawn(read(std::move(both.server)));
    (void)co_await select(listener.accept(), sleep(std::chrono::hours(9000)));
    co_await reader;
  };
  stack().spawn(works(reads, alive)).detach();
  run([&]() -> task<> { co_await sleep(moments(1)); });
  EXPECT_EQ(alive.use_count(), 2);
  end_stack();
  EXPECT_EQ(alive.use_count(), 1);
}

// ---- other threads

TEST_P(whole_stack, another_thread_wakes_it_out_of_its_sleep) {
  auto ends = sync::oneshot<int>();
  const auto somebody_works = here().hold_time();
  std::thread other;
  const int answer = run([&]() -> task<int> {
    auto send = [to = std::move(ends.sender)]() mutable {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the stack sleeps by now
      (void)to.send(42);
    };
    other = std::thread(std::move(send));
    // A sleep that must not be over first, which wants that time is held.
    auto first = co_await select(sleep(moments(10'000)), ends.receiver.receive());
    EXPECT_EQ(first.index(), 1u);
    co_return first.index() == 1 ? std::get<1>(std::move(first)) : 0;
  });
  other.join();
  EXPECT_EQ(answer, 42);
}

TEST_P(whole_stack, another_thread_hands_in_work_that_uses_it_all) {
  std::atomic<int> done{0};
  const executor_handle in = stack().handle();
  const auto work = [](std::atomic<int>* count, nanoseconds delay) -> task<> {
    auto both = co_await connect_pair();
    co_await both.client.write_all("x");
    (void)co_await both.server.read();
    co_await sleep(delay);
    ++*count;
  };
  std::thread other([&] {
    for (int i = 0; i < 5; ++i)
      EXPECT_TRUE(in.spawn(work, &done, here().moment()));
  });
  other.join();
  stack().run();
  EXPECT_EQ(done, 5);
}

// ---- the pool

TEST_P(whole_stack, jobs_give_their_values_and_their_exceptions) {
  const auto somebody_works = here().hold_time();
  run([&]() -> task<> {
    const int sum = co_await spawn_blocking([](int a, int b) { return a + b; }, 20, 3);
    EXPECT_EQ(sum, 23);
    auto bad = spawn_blocking([]() -> int { throw std::runtime_error("no"); });
    EXPECT_THROW(co_await std::move(bad), std::runtime_error);
  });
}

TEST_P(whole_stack, a_job_that_is_late_is_left_alone) {
  std::atomic<bool> may_end{false};
  run([&]() -> task<> {
    auto job = [&may_end] {
      while (!may_end)
        std::this_thread::yield();
    };
    const auto late = co_await timeout(moments(1), spawn_blocking(std::move(job))).result();
    EXPECT_FALSE(late);
    may_end = true;
  });
  end_stack();  // joins the thread, which uses what is ours
}

// ---- all of it

TEST_P(whole_stack, a_server_that_asks_the_pool_serves_clients_that_sleep) {
  constexpr int clients = 10;
  int served = 0;
  run([&]() -> task<> {
    auto listener = co_await net::listen("127.0.0.1:0");
    const auto where = listener.local_address().value();
    const auto serve_one = [](net::tcp_stream stream) -> task<> {
      while (auto bytes = co_await stream.read()) {
        const std::string asked(io::as_text(bytes.bytes()));
        auto job = [asked] { return asked + asked; };
        const std::string answer = co_await spawn_blocking(std::move(job));
        co_await stream.write_all(answer);
      }
    };
    const auto serve = [&]() -> task<> {
      auto body = [&](nursery& all) -> task<> {
        for (int i = 0; i < clients; ++i) {
          auto client = co_await listener.accept();
          all.spawn(serve_one(std::move(client.stream)));
        }
      };
      co_await scope(std::move(body));
    };
    const auto ask = [&](int i) -> task<> {
      auto stream = co_await net::connect(where);
      for (int n = 0; n < 3; ++n) {
        co_await sleep(moments(1 + (i + n) % 3));
        co_await stream.write_all("ab");
        std::string answer(4, '\0');
        co_await io::read_exact(stream, std::as_writable_bytes(std::span(answer)));
        EXPECT_EQ(answer, "abab");
      }
      ++served;
    };
    const auto ask_all = [&]() -> task<> {
      auto body = [&](nursery& all) -> task<> {
        for (int i = 0; i < clients; ++i)
          all.spawn(assume_owned(ask(i)));
        co_return;
      };
      co_await scope(std::move(body));
    };
    co_await when_all(serve(), ask_all());
  });
  EXPECT_EQ(served, clients);
}

}  // namespace

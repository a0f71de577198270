// A runtime inside somebody else's poll(): nothing is lost between its turns, whoever wakes it.
#include <rouse/rouse.hpp>
#include <rouse/sys/table.hpp>
#include <rouse/time/manual_clock.hpp>
#include <rouse/time/timer_driver.hpp>

#include <gtest/gtest.h>
#include <poll.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/mock_park.hpp>
#include <tests/support/open_descriptors.hpp>
#include <tests/support/pollables.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace {

using namespace rouse;
using namespace std::chrono_literals;
using real = std::chrono::steady_clock;

constexpr auto patience = 10s;  // a lost wake shows as this

/// What a host does: it sleeps in poll() as it is told, and lets the runtime have its turn.
class host {
 public:
  explicit host(runtime& guest) : guest_(guest) {}

  /// One round; true when the guest's descriptor was readable.
  bool round() {
    const auto wait = guest_.begin_wait();
    if (!wait) throw_error(wait.error());
    const bool told = sleep(*wait);
    guest_.turn(0ns);
    return told;
  }
  template <class Done>
  bool run_until(Done done) {
    const auto give_up = real::now() + patience;
    while (!done()) {
      if (real::now() >= give_up) return false;
      (void)round();
    }
    return true;
  }
  [[nodiscard]] bool sleep(const outside_wait& wait) const {
    pollfd p{wait.descriptor, POLLIN, 0};
    const int limit = wait.milliseconds();
    const int most = static_cast<int>(std::chrono::milliseconds(patience).count());
    return ::poll(&p, 1, limit < 0 || limit > most ? most : limit) == 1;
  }

 private:
  runtime& guest_;
};

class embedded : public support::each_reactor {
 protected:
  static runtime make(rouse::clock* clock = nullptr) {
    runtime_options options;
    options.reactor.kind = GetParam();
    options.clock = clock;
    return std::move(runtime::make(options).value());
  }
  /// The first waits of a ring have its own matters to enter.
  static void settle_down(runtime& rt) {
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(rt.begin_wait());
      rt.turn(0ns);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(reactors, embedded, support::reactors(), support::reactor_name);

task<void> tick(int times, nanoseconds period, int& ticks) {
  for (int i = 0; i < times; ++i) {
    co_await sleep(period);
    ++ticks;
  }
}

void spawn_ticks(runtime& rt, int times, nanoseconds period, int& ticks) {
  rt.spawn(assume_owned(tick(times, period, ticks))).detach();
}

TEST_P(embedded, tells_the_next_deadline_and_keeps_it) {
  runtime rt = make();
  settle_down(rt);
  EXPECT_EQ(rt.begin_wait().value().limit, no_limit);
  int ticks = 0;
  spawn_ticks(rt, 3, 5ms, ticks);
  host h(rt);
  const auto start = real::now();
  EXPECT_TRUE(h.run_until([&] { return ticks == 3; }));
  EXPECT_GE(real::now() - start, 15ms);
  EXPECT_TRUE(rt.executor().is_idle());
}

TEST_P(embedded, waits_no_longer_than_it_is_asked_to) {
  runtime rt = make();
  settle_down(rt);
  EXPECT_EQ(rt.begin_wait(1h).value().limit, 1h);
  EXPECT_EQ(rt.begin_wait(0ns).value().limit, 0ns);
  int ticks = 0;
  spawn_ticks(rt, 1, 1h, ticks);
  rt.turn(0ns);
  EXPECT_EQ(rt.begin_wait(30min).value().limit, 30min);
  EXPECT_LE(rt.begin_wait(2h).value().limit, 1h);
  EXPECT_GT(rt.begin_wait(2h).value().limit, 30min);
}

TEST_P(embedded, does_not_spin_while_it_waits) {
  runtime rt = make();
  settle_down(rt);
  int ticks = 0;
  spawn_ticks(rt, 1, 20ms, ticks);
  host h(rt);
  int rounds = 0;
  while (ticks == 0 && rounds < 100) {
    (void)h.round();
    ++rounds;
  }
  EXPECT_LE(rounds, 6);
}

TEST_P(embedded, manual_time_reaches_it_like_a_wake) {
  manual_clock clock;
  runtime rt = make(&clock);
  settle_down(rt);
  int ticks = 0;
  spawn_ticks(rt, 1, 1h, ticks);
  rt.turn(0ns);
  const auto wait = rt.begin_wait().value();
  EXPECT_EQ(wait.limit, no_limit);  // time stands still
  std::thread([&] { clock.advance(1h); }).join();
  EXPECT_TRUE(host(rt).sleep(wait));
  rt.turn(0ns);
  EXPECT_EQ(ticks, 1);
}

TEST_P(embedded, time_that_jumps_does_so_in_a_host_too) {
  manual_clock clock;
  clock.set_auto_advance(true);
  runtime rt = make(&clock);
  int ticks = 0;
  spawn_ticks(rt, 3, 1h, ticks);
  EXPECT_TRUE(host(rt).run_until([&] { return ticks == 3; }));
}

task<void> echo_once(net::tcp_listener& listener) {
  auto client = co_await listener.accept();
  while (auto bytes = co_await client.stream.read())
    co_await client.stream.write_all(bytes);
}

task<std::string> ask(net::tcp_listener& listener) {
  const net::address to = listener.local_address().value();
  auto stream = co_await net::connect(to);
  std::string all;
  for (int i = 0; i < 20; ++i) {
    co_await stream.write_all("hello ");
    char some[16];
    const std::size_t n = co_await stream.read(std::as_writable_bytes(std::span(some)));
    all.append(some, n);
    co_await sleep(100us);
  }
  co_return all;
}

TEST_P(embedded, sockets_and_timers_go_on) {
  runtime rt = make();
  auto listen_here = []() -> task<net::tcp_listener> {
    auto made = co_await net::listen("127.0.0.1:0");
    co_return made;
  };
  net::tcp_listener listener = rt.block_on(listen_here());
  rt.spawn(assume_owned(echo_once(listener))).detach();
  auto answer = rt.spawn(assume_owned(ask(listener)));
  EXPECT_TRUE(host(rt).run_until([&] { return answer.is_finished(); }));
  const std::string text = rt.block_on(std::move(answer));
  EXPECT_EQ(text.size(), 20 * 6u);
  rt.run();
}

/// Each round the other thread asks once, and waits for the answer.
template <class Ask>
void race(runtime& rt, std::atomic<int>& seen, int rounds, Ask ask) {
  std::atomic<bool> over{false};
  std::thread other([&] {
    for (int i = 1; i <= rounds && !over; ++i) {
      ask(i);
      while (seen < i && !over)
        std::this_thread::yield();
    }
  });
  EXPECT_TRUE(host(rt).run_until([&] { return seen == rounds; })) << "lost at " << seen;
  over = true;
  other.join();
}

/// A task that shows what it has been asked, each time that it is woken.
class asked_task {
 public:
  explicit asked_task(runtime& on) {
    on.spawn(support::polled([this](context& cx) -> poll_result<void> {
        const std::lock_guard guard(lock_);
        seen = asked_;
        to_wake_ = cx.get_waker();
        return pending;
      }))
        .detach();
    on.turn(0ns);
  }
  /// Any thread.
  waker ask(int number) {
    const std::lock_guard guard(lock_);
    asked_ = number;
    return to_wake_;
  }
  std::atomic<int> seen{0};

 private:
  std::mutex lock_;
  int asked_ = 0;
  waker to_wake_;
};

TEST_P(embedded, loses_no_wake_in_10000_races) {
  std::optional<runtime> rt(make());
  asked_task t(*rt);
  race(*rt, t.seen, 10'000, [&](int i) { t.ask(i).wake(); });
  rt.reset();
}

TEST_P(embedded, loses_no_spawn_in_10000_races) {
  runtime rt = make();
  std::atomic<int> seen{0};
  race(rt, seen, 10'000, [&, handle = rt.handle()](int i) {
    auto shown = support::polled([&seen, i](context&) -> poll_result<void> {
      seen = i;
      return ready;
    });
    EXPECT_TRUE(handle.spawn(std::move(shown)));
  });
}

TEST_P(embedded, a_timer_from_another_thread_shortens_the_wait) {
  std::optional<runtime> rt(make());
  asked_task t(*rt);
  const timer_handle timers = rt->timer().handle();
  race(*rt, t.seen, 1'000, [&](int i) {
    auto registered = timers.register_after(i % 2 == 0 ? 0ns : 50'000ns, t.ask(i));
    ASSERT_TRUE(registered);
    registered->detach();
  });
  rt.reset();
}

TEST_P(embedded, a_pool_job_ends_the_wait) {
  runtime rt = make();
  int done = 0;
  auto body = [](int& into) -> task<void> {
    const int n = co_await spawn_blocking([] { return 7; });
    into = n;
  };
  rt.spawn(assume_owned(body(done))).detach();
  EXPECT_TRUE(host(rt).run_until([&] { return done == 7; }));
}

TEST_P(embedded, what_the_hosts_own_handlers_wake_and_spawn_ends_the_wait) {
  std::optional<runtime> rt(make());
  settle_down(*rt);
  asked_task t(*rt);
  auto wait = rt->begin_wait().value();
  EXPECT_EQ(wait.limit, no_limit);
  t.ask(1).wake();  // this thread, but not inside a turn
  EXPECT_TRUE(host(*rt).sleep(wait));
  rt->turn(0ns);
  EXPECT_EQ(t.seen, 1);

  int ticks = 0;
  wait = rt->begin_wait().value();
  EXPECT_EQ(wait.limit, no_limit);
  spawn_ticks(*rt, 0, 1ns, ticks);
  EXPECT_TRUE(host(*rt).sleep(wait));
  rt.reset();
}

TEST_P(embedded, ready_work_is_not_slept_on) {
  runtime rt = make();
  int ticks = 0;
  spawn_ticks(rt, 0, 1ns, ticks);
  EXPECT_EQ(rt.begin_wait().value().limit, 0ns);
  EXPECT_TRUE(rt.turn(0ns));
}

TEST_P(embedded, another_wait_a_run_and_the_end_each_end_the_wait) {
  std::optional<runtime> rt(make());
  settle_down(*rt);
  const int descriptor = rt->begin_wait().value().descriptor;
  EXPECT_EQ(rt->begin_wait().value().descriptor, descriptor);
  EXPECT_EQ(rt->wait_descriptor().value(), descriptor);
  int ticks = 0;
  rt->block_on(tick(2, 1ms, ticks));
  EXPECT_EQ(ticks, 2);
  ASSERT_TRUE(rt->begin_wait());
  spawn_ticks(*rt, 1, 1ms, ticks);
  rt->run();
  EXPECT_EQ(ticks, 3);
  ASSERT_TRUE(rt->begin_wait());
  const executor_handle late = rt->handle();
  rt.reset();
  EXPECT_EQ(late.spawn(support::ready_value(1)).error(), errc::runtime_shut_down);
}

TEST_P(embedded, cannot_wait_from_inside_a_task) {
  runtime rt = make();
  auto body = [](runtime& own) -> task<void> {
    EXPECT_THROW((void)own.begin_wait(), io_error);
    co_return;
  };
  rt.block_on(assume_owned(body(rt)));
}

TEST(embedding, without_a_descriptor_says_so) {
  support::mock_park below;
  current_thread_executor e(below);
  const auto wait = e.begin_wait();
  EXPECT_TRUE(!wait && wait.error().code == EOPNOTSUPP);
  EXPECT_FALSE(e.turn(0ns));  // and is as it was
}

TEST_P(embedded, fault_R3_a_host_is_told_what_lacks_and_may_ask_again) {
  runtime rt = make();
  if (GetParam() == reactor_kind::io_uring) {  // an epoll queue is opened when it is made
    sys::table t = sys::real_table;
    t.ring_gate = [](sys::ring_step step) { return step == sys::ring_step::setup ? -EMFILE : 0; };
    const sys::scoped_table scope(t);
    const auto wait = rt.begin_wait();
    EXPECT_TRUE(!wait && wait.error().code == EMFILE);
  }
  EXPECT_TRUE(rt.begin_wait());
}

}  // namespace

// The runtime as a whole, on each reactor: the checks of SPEC's table that need all layers at once.
#include <rouse/base/log.hpp>
#include <rouse/rouse.hpp>
#include <rouse/sys/table.hpp>
#include <rouse/time/delay_queue.hpp>
#include <rouse/time/manual_clock.hpp>
#include <rouse/time/throttle.hpp>
#include <rouse/time/timer_driver.hpp>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/pollables.hpp>
#include <tests/support/sanitized.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace rouse;
using namespace std::chrono_literals;
using real = std::chrono::steady_clock;

/// Rung from any thread.
class bell {
 public:
  void ring() {
    waker woken;
    {
      const std::lock_guard lock(mutex_);
      rung_ = true;
      woken = std::move(waker_);
    }
    if (woken) woken.wake();
  }
  auto heard() {
    return support::polled([this](context& cx) -> poll_result<void> {
      const std::lock_guard lock(mutex_);
      if (rung_) return ready;
      waker_ = cx.get_waker();
      return pending;
    });
  }

 private:
  std::mutex mutex_;
  bool rung_ = false;
  waker waker_;
};

class runtimes : public support::each_reactor {
 protected:
  static runtime make(rouse::clock* clock = nullptr) {
    runtime_options options;
    options.reactor.kind = GetParam();
    options.clock = clock;
    return std::move(runtime::make(options).value());
  }
};

INSTANTIATE_TEST_SUITE_P(reactors, runtimes, support::reactors(), support::reactor_name);

task<void> ding(int times, nanoseconds period, int& lines) {
  for (int i = 0; i < times; ++i) {
    co_await sleep(period);
    ++lines;
  }
}

task<void> yield_until(const bool& stop, std::uint64_t& polls) {
  while (!stop) {
    ++polls;
    co_await yield_now();
  }
}

task<void> echo_one(net::tcp_listener& from) {
  auto client = co_await from.accept();
  while (auto bytes = co_await client.stream.read())
    co_await client.stream.write_all(bytes);
}

task<void> twenty_echoes() {
  auto listener = co_await net::listen("127.0.0.1:0");
  auto echo = spawn(assume_owned(echo_one(listener)));
  {
    auto stream = co_await net::connect(listener.local_address().value());
    for (int i = 0; i < 20; ++i) {
      co_await stream.write_all(std::as_bytes(std::span("x", 1)));
      auto back = co_await stream.read();
      EXPECT_EQ(back.size(), 1u);
    }
  }
  co_await echo;
}

TEST_P(runtimes, spec_row_8_two_spinners_take_turns_and_starve_neither_timer_nor_socket) {
  auto rt = make();
  bool stop = false;
  std::uint64_t one = 0, other = 0;
  rt.block_on([](bool& ends, std::uint64_t& a, std::uint64_t& b) -> task<void> {
    auto first = spawn(assume_owned(yield_until(ends, a)));
    auto second = spawn(assume_owned(yield_until(ends, b)));
    co_await twenty_echoes();
    co_await sleep(20ms);
    ends = true;
    co_await first;
    co_await second;
  }(stop, one, other));
  EXPECT_GT(one, 20u);
  EXPECT_LE(std::max(one, other) - std::min(one, other), 1u);
}

TEST_P(runtimes, fault_T5_sleeps_of_months_end_to_the_nanosecond) {
  manual_clock time;
  time.set_auto_advance(true);
  auto rt = make(&time);
  for (const nanoseconds days : {24h * 25, 24h * 50, 24h * 365 * 100}) {
    const instant start = time.now();
    rt.block_on([](nanoseconds d) -> task<void> { co_await sleep(d + 1ns); }(days));
    EXPECT_EQ(time.now() - start, days + 1ns);
  }
}

TEST_P(runtimes, spec_row_10_run_ends_when_nine_tasks_have_dinged_three_times) {
  manual_clock time;
  time.set_auto_advance(true);
  auto rt = make(&time);
  const instant start = time.now();
  int lines = 0;
  for (int i = 1; i <= 9; ++i)
    rt.spawn(assume_owned(ding(3, i * 500ms, lines))).detach();
  rt.run();
  EXPECT_EQ(lines, 27);
  EXPECT_EQ(time.now() - start, 3 * 9 * 500ms);
}

TEST_P(runtimes, spec_row_13_waits_without_cpu) {
  auto rt = make();
  rt.turn(0ns);
  const auto micros = [](const rusage& u) {
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1'000'000 + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
  };
  const long bound = support::is_sanitized ? 20'000 : 5'000;
  // The quietest of ten, since a guest is charged for what its host does.
  long least = bound;
  for (int i = 0; i < 10 && least >= bound; ++i) {
    rusage before{}, after{};
    ::getrusage(RUSAGE_THREAD, &before);
    rt.block_on([]() -> task<void> { co_await sleep(200ms); }());
    ::getrusage(RUSAGE_THREAD, &after);
    EXPECT_LT(after.ru_nvcsw - before.ru_nvcsw, 10);
    least = micros(after) - micros(before);
  }
  EXPECT_LT(least, bound);
}

TEST_P(runtimes, spec_row_18_a_lone_timer_set_from_another_thread_wakes_the_blocked_runtime) {
  auto rt = make();
  bell done;
  std::thread other([handle = rt.handle(), &done] {
    std::this_thread::sleep_for(10ms);  // the runtime waits by now, without a deadline
    auto later = [](bell& b) -> task<void> {
      co_await sleep(5ms);
      b.ring();
    };
    EXPECT_TRUE(handle.spawn(assume_owned(later(done))));
  });
  const auto start = real::now();
  rt.block_on(done.heard());
  EXPECT_GE(real::now() - start, 5ms);
  EXPECT_LT(real::now() - start, 5s);
  other.join();
}

TEST_P(runtimes, spec_row_19_timers_set_after_a_pool_job_and_after_an_event_fire) {
  auto rt = make();
  const auto start = real::now();
  rt.block_on([]() -> task<void> {
    co_await spawn_blocking([] { std::this_thread::sleep_for(1ms); });
    co_await sleep(2ms);
    auto listener = co_await net::listen("127.0.0.1:0");
    const auto where = listener.local_address().value();
    auto connecting = spawn([](net::address at) -> task<void> {
      auto stream = co_await net::connect(at);
      co_await sleep(2ms);
    }(where));
    auto client = co_await listener.accept();
    co_await sleep(2ms);
    co_await connecting;
  }());
  EXPECT_GE(real::now() - start, 5ms);
}

TEST_P(runtimes, spec_row_20_a_timer_alone_takes_few_looks_at_the_kernel) {
  auto rt = make();
  const auto before = rt.reactor().metrics().turns;
  rt.block_on([]() -> task<void> { co_await sleep(50ms); }());
  EXPECT_LE(rt.reactor().metrics().turns - before, 5u);
}

task<void> note(std::vector<std::string>& log, const char* what, nanoseconds after) {
  if (after > 0ns) co_await sleep(after);
  log.push_back(what);
}

TEST_P(runtimes, spec_row_47_ready_tasks_run_before_timers_that_are_due) {
  manual_clock time;
  auto rt = make(&time);
  std::vector<std::string> log;
  rt.block_on([](manual_clock& t, std::vector<std::string>& l) -> task<void> {
    auto timer = spawn(assume_owned(note(l, "timer", 10ms)));
    co_await yield_now();
    t.advance(10ms);
    auto first = spawn(assume_owned(note(l, "first", 0ns)));
    auto second = spawn(assume_owned(note(l, "second", 0ns)));
    co_await timer;
    co_await first;
    co_await second;
  }(time, log));
  EXPECT_EQ(log, (std::vector<std::string>{"first", "second", "timer"}));
}

task<void> spin(const bool& stop, std::uint64_t& rounds) {
  while (!stop) {
    co_await sleep_until(now() - 1s);
    ++rounds;
  }
}

TEST_P(runtimes, spec_row_48_a_timer_set_in_the_past_for_ever_starves_no_socket) {
  auto rt = make();
  bool stop = false;
  std::uint64_t rounds = 0;
  rt.block_on([](bool& ends, std::uint64_t& n) -> task<void> {
    auto spinner = spawn(assume_owned(spin(ends, n)));
    co_await twenty_echoes();
    ends = true;
    co_await spinner;
  }(stop, rounds));
  EXPECT_GT(rounds, 0u);
}

bool is_refused(runtime& rt) {
  try {
    rt.block_on(support::ready_value(1));
    return false;
  } catch (const io_error& e) {
    return e.reason() == errc::would_block_runtime;
  }
}

TEST_P(runtimes, spec_row_53_block_on_inside_a_runtime_is_an_error_but_works_in_a_pool_job) {
  auto rt = make();
  auto other = make();
  rt.block_on([](runtime& outer, runtime& inner) -> task<void> {
    EXPECT_TRUE(is_refused(outer));
    EXPECT_TRUE(is_refused(inner));
    const bool in_task =
        co_await spawn([](runtime* r) -> task<bool> { co_return is_refused(*r); }, &inner);
    EXPECT_TRUE(in_task);
    EXPECT_THROW(inner.run(), io_error);
    EXPECT_THROW(inner.turn(0ns), io_error);
    const int answer = co_await spawn_blocking([] {
      auto mine = make();
      return mine.block_on([]() -> task<int> {
        co_await sleep(1ms);
        co_return 42;
      }());
    });
    EXPECT_EQ(answer, 42);
  }(rt, other));
  EXPECT_EQ(other.block_on(support::ready_value(3)), 3);
}

TEST_P(runtimes, spec_row_54_a_default_executor_made_before_works_inside_and_is_shut_down_outside) {
  const default_executor made_before;
  auto rt = make();
  int ran = 0;
  const auto work = [](int& n) -> task<void> {
    ++n;
    co_return;
  };
  const auto outside = made_before.spawn(assume_owned(work(ran)));
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error(), errc::runtime_shut_down);
  EXPECT_THROW(spawn(assume_owned(work(ran))).detach(), io_error);
  rt.block_on([](const default_executor& e, auto make_work, int& n) -> task<void> {
    EXPECT_TRUE(e.spawn(assume_owned(make_work(n))));
    co_return;
  }(made_before, work, ran));
  rt.run();
  EXPECT_EQ(ran, 1);
}

TEST_P(runtimes, spec_row_55_block_on_leaves_the_rest_to_a_later_run) {
  manual_clock time;
  time.set_auto_advance(true);
  auto rt = make(&time);
  const instant start = time.now();
  std::vector<std::string> log;
  rt.spawn(assume_owned(note(log, "spawned", 5s))).detach();
  EXPECT_EQ(rt.block_on(support::ready_value(7)), 7);
  EXPECT_EQ(time.now(), start);
  rt.executor().for_each_task([](task_header& t) { EXPECT_EQ(t.polls, 0u); });
  EXPECT_THROW(rt.block_on([]() -> task<void> {
    throw std::runtime_error("root");
    co_return;
  }()),
               std::runtime_error);
  EXPECT_TRUE(log.empty());
  rt.run();
  EXPECT_EQ(log.size(), 1u);
  EXPECT_EQ(time.now() - start, 5s);
}

TEST_P(runtimes, spec_row_56_run_timeout_gives_up_and_a_later_run_waits_for_all) {
  manual_clock time;
  time.set_auto_advance(true);
  auto rt = make(&time);
  const instant start = time.now();
  EXPECT_TRUE(rt.run_timeout(50ms));  // nothing to wait for
  EXPECT_EQ(time.now(), start);
  std::vector<std::string> log;
  rt.spawn(assume_owned(note(log, "late", 1s))).detach();
  const auto gave_up = rt.run_timeout(50ms);
  ASSERT_FALSE(gave_up);
  EXPECT_TRUE(gave_up.error().is_timed_out());
  EXPECT_EQ(time.now() - start, 50ms);
  EXPECT_TRUE(log.empty());
  EXPECT_TRUE(rt.run_timeout(2s));
  EXPECT_EQ(log.size(), 1u);
  rt.spawn(assume_owned(note(log, "last", 1s))).detach();
  rt.run();
  EXPECT_EQ(log.size(), 2u);
}

TEST_P(runtimes, spec_row_56_turn_says_whether_a_task_was_polled) {
  manual_clock time;
  auto rt = make(&time);
  EXPECT_FALSE(rt.turn(0ns));
  std::vector<std::string> log;
  rt.spawn(assume_owned(note(log, "done", 10ms))).detach();
  EXPECT_TRUE(rt.turn(0ns));
  EXPECT_FALSE(rt.turn(0ns));
  time.advance(10ms);
  for (int i = 0; i < 3 && log.empty(); ++i)
    rt.turn(0ns);
  EXPECT_EQ(log.size(), 1u);
  EXPECT_TRUE(rt.executor().is_idle());
}

TEST_P(runtimes, spec_row_57_what_another_thread_spawned_before_the_release_is_run) {
  const int rounds = support::is_sanitized ? 100 : 1000;
  auto kept = [] {
    auto rt = make();
    return rt.handle();
  }();
  EXPECT_EQ(kept.spawn(support::ready_value(1)).error(), errc::runtime_shut_down);
  EXPECT_EQ(kept.status().error(), errc::runtime_shut_down);

  auto rt = make();
  std::atomic<int> ran{0};
  std::atomic<bell*> current_bell{nullptr};
  std::thread other([handle = rt.handle(), &ran, &current_bell, rounds = rounds] {
    const auto work = [](std::atomic<int>& n) -> task<void> {
      ++n;
      co_return;
    };
    for (int i = 0; i < rounds; ++i) {
      bell* b = nullptr;
      while (!(b = current_bell.exchange(nullptr)))
        std::this_thread::yield();
      EXPECT_TRUE(handle.spawn(assume_owned(work(ran))));
      b->ring();
    }
  });
  std::vector<bell> bells(static_cast<std::size_t>(rounds));
  int lost = 0;
  for (int i = 0; i < rounds; ++i) {
    auto& b = bells[static_cast<std::size_t>(i)];
    current_bell = &b;
    rt.block_on(b.heard());
    rt.run();
    lost += ran != i + 1;
  }
  other.join();
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(ran, rounds);
}

struct counted_end {
  explicit counted_end(int& n) noexcept : ends(&n) {}
  counted_end(counted_end&& other) noexcept : ends(std::exchange(other.ends, nullptr)) {}
  counted_end& operator=(counted_end&&) = delete;
  ~counted_end() {
    if (ends) ++*ends;
  }
  int* ends;
};

TEST_P(runtimes, spec_row_58_dropping_a_runtime_destroys_its_tasks_unpolled) {
  int ends = 0;
  int polls = 0;
  {
    auto rt = make();
    const auto wait = [](counted_end, int& n) -> task<void> {
      ++n;
      co_await sleep(1h);
      ++n;
    };
    for (int i = 0; i < 10; ++i)
      rt.spawn(assume_owned(wait(counted_end(ends), polls))).detach();
    rt.turn(0ns);
    EXPECT_EQ(polls, 10);
    for (int i = 0; i < 10; ++i)
      rt.spawn(assume_owned(wait(counted_end(ends), polls))).detach();
    EXPECT_EQ(ends, 0);
  }
  EXPECT_EQ(ends, 20);
  EXPECT_EQ(polls, 10);
}

TEST_P(runtimes, spec_row_60_delays_intervals_timeouts_throttles_and_queues_keep_their_times) {
  manual_clock time;
  time.set_auto_advance(true);
  auto rt = make(&time);
  rt.block_on([](manual_clock& t) -> task<void> {
    const instant start = t.now();
    const auto at = [&] { return t.now() - start; };
    co_await sleep(300ms);
    EXPECT_EQ(at(), 300ms);

    auto ticks = every_from(start + 600ms, 300ms);
    const instant first = co_await ticks.tick();
    EXPECT_EQ(first - start, 600ms);
    co_await sleep(700ms);  // late for two
    const instant second = co_await ticks.tick();
    const instant third = co_await ticks.tick();
    EXPECT_EQ(second - start, 900ms);
    EXPECT_EQ(third - start, 1200ms);
    EXPECT_EQ(at(), 1300ms);

    auto slow = co_await timeout(100ms, sleep(1s)).result();
    EXPECT_FALSE(slow);
    EXPECT_TRUE(!slow && slow.error().is_timed_out());
    EXPECT_EQ(at(), 1400ms);
    auto fast = co_await timeout(100ms, sleep(50ms)).result();
    EXPECT_TRUE(fast);
    EXPECT_EQ(at(), 1450ms);

    auto thin = throttle(every(10ms), 100ms);
    co_await next(thin);
    const auto once = at();
    co_await next(thin);
    EXPECT_EQ(at() - once, 100ms);

    delay_queue<int> queue;
    queue.insert(3, 30ms);
    const auto moved = queue.insert(1, 10ms);
    queue.insert(2, 20ms);
    queue.reset(moved, 40ms);
    std::vector<int> order;
    while (auto item = co_await next(queue))
      order.push_back(item->value().value);
    EXPECT_EQ(order, (std::vector<int>{2, 3, 1}));
    queue.insert(4, 10ms);
    auto again = co_await next(queue);
    EXPECT_TRUE(again && again->value().value == 4);
  }(time));
}

void expect_no_defaults() {
  EXPECT_EQ(current<rouse::reactor>::get(), nullptr);
  EXPECT_EQ(current<timer_driver>::get(), nullptr);
  EXPECT_EQ(current<rouse::clock>::get(), nullptr);
  EXPECT_EQ(current<blocking_pool>::get(), nullptr);
}

TEST_P(runtimes, spec_row_52_defaults_nest_and_come_back_also_by_an_exception) {
  expect_no_defaults();
  auto a = make();
  auto b = make();
  expect_no_defaults();
  {
    const runtime::entered outer(a);
    EXPECT_EQ(current<rouse::reactor>::get(), &a.reactor());
    EXPECT_THROW(b.block_on([](runtime& inner) -> task<void> {
      EXPECT_EQ(current<rouse::reactor>::get(), &inner.reactor());
      EXPECT_EQ(current<timer_driver>::get(), &inner.timer());
      EXPECT_EQ(current<blocking_pool>::get(), &inner.blocking());
      throw std::runtime_error("thrown inside");
      co_return;
    }(b)),
                 std::runtime_error);
    EXPECT_EQ(current<rouse::reactor>::get(), &a.reactor());
    EXPECT_EQ(current<timer_driver>::get(), &a.timer());
    EXPECT_EQ(current<rouse::clock>::get(), a.time_source());
    EXPECT_EQ(current<blocking_pool>::get(), &a.blocking());
  }
  expect_no_defaults();
}

task<int> count_to(int n) {
  for (int i = 0; i < n; ++i)
    co_await sleep(100us);
  co_return n;
}

TEST_P(runtimes, spec_row_43_runtimes_one_after_another_and_on_two_threads) {
  for (int i = 1; i <= 3; ++i) {
    auto rt = make();
    EXPECT_EQ(rt.block_on(count_to(i)), i);
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([] {
      auto rt = make();
      EXPECT_EQ(rt.block_on([](runtime& mine) -> task<int> {
        EXPECT_EQ(current<rouse::reactor>::get(), &mine.reactor());
        const int n = co_await spawn(count_to(5));
        co_return n;
      }(rt)),
                5);
      expect_no_defaults();
    });
  }
  for (auto& t : threads)
    t.join();
}

TEST_P(runtimes, a_builder_passes_its_options_on) {
  manual_clock time;
  auto rt = runtime_builder()
                .reactor(GetParam())
                .clock(time)
                .blocking_threads(1)
                .blocking_thread_name("few")
                .build();
  ASSERT_TRUE(rt);
  EXPECT_STREQ(rt->backend(), name_of(GetParam()));
  EXPECT_EQ(rt->time_source(), &time);
  runtime moved(std::move(*rt));
  EXPECT_EQ(moved.block_on(support::ready_value(1)), 1);
}

TEST_P(runtimes, fault_R3_without_a_free_descriptor_it_says_so_when_made_or_first_driven) {
  sys::table t = sys::real_table;
  t.eventfd = [](unsigned, int) { return -EMFILE; };
  const sys::scoped_table scope(t);
  runtime_options options;
  options.reactor.kind = GetParam();
  auto rt = runtime::make(options);
  if (GetParam() == reactor_kind::epoll) {
    ASSERT_FALSE(rt);
    EXPECT_EQ(rt.error().code, EMFILE);
  } else if (rt) {  // a ring that wakes itself by messages needs no eventfd
    EXPECT_EQ(rt->block_on(support::ready_value(1)), 1);
  } else {
    EXPECT_EQ(rt.error().code, EMFILE);
  }
}

TEST_P(runtimes, a_second_thread_that_drives_it_is_an_error_that_names_the_place) {
  auto rt = make();
  std::string refused;
  rt.block_on([](runtime* r, std::string* into) -> task<void> {
    std::thread([&] {
      try {
        r->block_on(support::ready_value(1));
      } catch (const io_error& e) {
        EXPECT_EQ(e.reason(), errc::wrong_thread);
        *into = e.what();
      }
      EXPECT_THROW(r->turn(0ns), io_error);
    }).join();
    co_return;
  }(&rt, &refused));
  EXPECT_NE(refused.find("runtime_test.cpp:"), std::string::npos) << refused;
  EXPECT_EQ(rt.block_on(support::ready_value(2)), 2);
}

TEST_P(runtimes, every_spawn_takes_a_call_with_its_arguments) {
  auto rt = make();
  std::string said;
  const auto say = [](std::string* into, std::string what) -> task<void> {
    co_await yield_now();
    *into += what;
  };
  auto first = rt.spawn(say, &said, std::string("a"));
  rt.block_on(std::move(first));
  rt.executor().spawn(say, &said, std::string("b")).detach();
  EXPECT_TRUE(rt.handle().spawn(say, &said, std::string("c")));
  rt.block_on([](auto work, std::string* into) -> task<void> {
    EXPECT_TRUE(default_executor().spawn(work, into, std::string("d")));
    co_return;
  }(say, &said));
  rt.run();
  std::sort(said.begin(), said.end());
  EXPECT_EQ(said, "abcd");
}

/// Keeps the lines that are logged while it lives.
class caught_lines final : public log_sink {
 public:
  caught_lines() : former_(set_log_sink(this)) {}
  ~caught_lines() { (void)set_log_sink(former_); }
  void write(log_level, std::string_view text) noexcept override { lines.emplace_back(text); }

  std::vector<std::string> lines;

 private:
  log_sink* former_;
};

TEST(runtime_log, fault_R14_lines_that_the_rate_limit_held_back_are_counted_when_it_ends) {
  caught_lines caught;
  {
    auto rt = std::move(runtime_builder().reactor(reactor_kind::epoll).build().value());
    rt.block_on([]() -> task<void> {
      for (int i = 0; i < 12; ++i)
        ROUSE_LOG(warning, "line %d", i);
      co_return;
    }());
    EXPECT_EQ(caught.lines.size(), log_burst);
  }
  ASSERT_EQ(caught.lines.size(), log_burst + 1);
  EXPECT_EQ(caught.lines.back(), "7 similar lines suppressed: \"line %d\"");
}

}  // namespace

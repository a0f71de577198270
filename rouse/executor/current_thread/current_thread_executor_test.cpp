// The executor over a mock park that only counts, and over a thread_park that sleeps. Work is
// written as pollables; coroutines on the executor are in tests/tasks.
#include <rouse/base/io_error.hpp>
#include <rouse/core/current.hpp>
#include <rouse/core/shared_waker.hpp>
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/park/idle_park.hpp>
#include <rouse/park/thread_park.hpp>

#include <gtest/gtest.h>
#include <tests/support/manual_worker.hpp>
#include <tests/support/mock_park.hpp>
#include <tests/support/pollables.hpp>
#include <tests/support/sanitized.hpp>
#include <tests/support/trace_log.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace rouse {
namespace {

using support::counted;
using support::gate;
using support::mock_park;
using support::polled;
using support::ready_value;
using support::trace;
using support::trace_log;

// Wakes itself `n` times.
auto spin(unsigned n, unsigned& polls) {
  return polled([n, &polls](context& cx) mutable -> poll_result<void> {
    ++polls;
    if (n-- == 0) return ready;
    cx.wake();
    return pending;
  });
}

// ---- block_on

TEST(block_on, spec_row_55_gives_the_value) {
  mock_park park;
  current_thread_executor executor(park);
  EXPECT_EQ(executor.block_on(ready_value(std::string("value"))), "value");
  EXPECT_EQ(*executor.block_on(ready_value(std::make_unique<int>(2))), 2);
  EXPECT_TRUE(park.limits.empty()) << "nothing to wait for";
}

TEST(block_on, spec_row_55_throws_what_the_root_throws) {
  mock_park park;
  current_thread_executor executor(park);
  EXPECT_THROW(executor.block_on(
                   polled([](context&) -> poll_result<void> { throw std::runtime_error("root"); })),
               std::runtime_error);
  EXPECT_FALSE(enter::is_entered());
  EXPECT_EQ(executor.block_on(ready_value(1)), 1) << "and can be used again";
}

TEST(block_on, spec_row_55_leaves_the_rest_queued_and_unpolled) {
  mock_park park;
  current_thread_executor executor(park);
  unsigned polls = 0;
  executor.spawn(spin(0, polls)).detach();
  executor.block_on(polled([&](context&) -> poll_result<void> {
    rouse::spawn(spin(0, polls)).detach();
    return ready;
  }));
  EXPECT_EQ(polls, 0u);
  EXPECT_EQ(executor.live_tasks(), 2u);
  executor.run();
  EXPECT_EQ(polls, 2u);
}

TEST(block_on, drives_others_while_its_root_waits) {
  mock_park park;
  current_thread_executor executor(park);
  gate g;
  unsigned polls = 0;
  executor.spawn(spin(3, polls)).detach();
  executor
      .spawn(polled([&](context&) -> poll_result<void> {
        g.open();
        return ready;
      }))
      .detach();
  executor.block_on(g.wait());
  EXPECT_EQ(g.polls(), 2u) << "polled when woken, not in every turn";
}

TEST(block_on, a_root_that_nothing_can_wake_is_an_error) {
  mock_park park;
  current_thread_executor executor(park);
  try {
    executor.block_on(polled([](context&) -> poll_result<void> { return pending; }));
    FAIL();
  } catch (const io_error& e) {
    EXPECT_EQ(e.reason(), errc::abandoned);
  }
}

TEST(block_on, spec_row_53_fault_M13_nested_is_an_error_that_names_both_sites) {
  mock_park park;
  current_thread_executor executor(park);
  mock_park other_park;
  current_thread_executor other(other_park);
  std::string text;
  unsigned inner_line = 0;
  const unsigned outer_line = __LINE__ + 1;
  executor.block_on(polled([&](context&) -> poll_result<void> {
    for (current_thread_executor* e : {&executor, &other}) {
      try {
        inner_line = __LINE__ + 1;
        e->block_on(ready_value(1));
        ADD_FAILURE();
      } catch (const io_error& error) {
        EXPECT_EQ(error.reason(), errc::would_block_runtime);
        text = error.what();
      }
    }
    EXPECT_THROW(executor.run(), io_error);
    EXPECT_THROW(executor.turn(), io_error);
    return ready;
  }));
  for (unsigned line : {outer_line, inner_line})
    EXPECT_NE(text.find("current_thread_executor_test.cpp:" + std::to_string(line)),
              std::string::npos)
        << text;
}

TEST(block_on, spec_row_53_works_on_a_plain_thread_started_from_a_task) {
  mock_park park;
  current_thread_executor executor(park);
  executor.block_on(polled([&](context&) -> poll_result<void> {
    std::thread([] {
      mock_park own;
      current_thread_executor inner(own);
      EXPECT_EQ(inner.block_on(ready_value(3)), 3);
    }).join();
    return ready;
  }));
}

TEST(block_on, spec_row_53_works_in_a_blocking_section_of_a_task) {
  mock_park park;
  current_thread_executor executor(park);
  mock_park other_park;
  current_thread_executor other(other_park);
  const int got = executor.block_on(polled([&](context& cx) -> poll_result<int> {
    const leave section;
    cx.wake();  // a wake of the outer task, before the inner one runs
    return other.block_on(polled([&](context&) -> poll_result<int> {
      EXPECT_EQ(worker::current(), &other);
      return 4;
    }));
  }));
  EXPECT_EQ(got, 4);
  EXPECT_EQ(worker::current(), nullptr);
}

TEST(block_on, an_error_of_the_park_leaves_it_and_destroys_the_root_there) {
  mock_park park;
  current_thread_executor executor(park);
  gate g;
  int alive = 0;
  park.fails_with = error("park", EBADF);
  EXPECT_THROW(executor.block_on(polled([&, c = counted(alive), w = g.wait()](context& cx) mutable {
    return w.poll(cx);
  })),
               io_error);
  EXPECT_EQ(alive, 0) << "what the root borrows from its caller may be gone now";
  EXPECT_FALSE(g.has_waiter());
  EXPECT_FALSE(enter::is_entered());
  park.fails_with = {};
  EXPECT_EQ(executor.block_on(ready_value(1)), 1);
}

TEST(block_on, a_park_that_throws_is_survived) {
  mock_park park;
  current_thread_executor executor(park);
  waker stored;
  bool done = false;
  auto wait = [&] {
    return polled([&](context& cx) -> poll_result<int> {
      if (done) return 5;
      stored = cx.get_waker();
      return pending;
    });
  };
  park.on_park = [&](nanoseconds) {
    std::thread([&] { stored.wake(); }).join();  // takes the sleeper's mark, and owes an unpark
    throw std::runtime_error("park");
  };
  EXPECT_THROW(executor.block_on(wait()), std::runtime_error);
  park.on_park = [&](nanoseconds) {
    done = true;
    std::thread([&] { stored.wake(); }).join();
  };
  EXPECT_EQ(executor.block_on(wait()), 5);
  stored.reset();
}

// ---- run and turn

TEST(run, spec_row_10_ends_when_no_task_is_left_and_at_once_when_there_is_none) {
  mock_park park;
  current_thread_executor executor(park);
  executor.run();
  EXPECT_TRUE(park.limits.empty());
  unsigned polls = 0;
  for (unsigned i = 0; i < 9; ++i)
    executor.spawn(spin(3, polls)).detach();
  executor.run();
  EXPECT_EQ(polls, 36u);
  EXPECT_TRUE(executor.is_idle());
}

TEST(run, does_not_wait_for_background_tasks) {
  mock_park park;
  current_thread_executor executor(park);
  unsigned polls = 0;
  executor.spawn(support::never(), {.background = true}).detach();
  executor.spawn(spin(1, polls)).detach();
  executor.run();
  EXPECT_EQ(polls, 2u);
}

TEST(run, waits_for_tasks_that_tasks_spawn_and_that_destructors_spawn) {  // SPEC row 9
  mock_park park;
  current_thread_executor executor(park);
  unsigned polls = 0;
  struct spawns_when_destroyed {
    unsigned* polls;
    explicit spawns_when_destroyed(unsigned& p) : polls(&p) {}
    spawns_when_destroyed(spawns_when_destroyed&& other) noexcept
        : polls(std::exchange(other.polls, nullptr)) {}
    ~spawns_when_destroyed() {
      if (polls) rouse::spawn(spin(2, *polls)).detach();
    }
  };
  executor
      .spawn(polled([&, s = spawns_when_destroyed(polls)](context&) -> poll_result<void> {
        rouse::spawn(spin(2, polls)).detach();
        return ready;
      }))
      .detach();
  executor.run();
  EXPECT_EQ(polls, 6u);
}

TEST(run, that_a_failing_park_ended_is_forgotten_by_the_executor) {
  mock_park park;
  current_thread_executor executor(park);
  gate g;
  executor.spawn(g.wait()).detach();
  park.fails_with = error("park", EBADF);
  EXPECT_THROW(executor.run(), io_error);
  park.fails_with = {};
  park.on_park = [&](nanoseconds) { g.open(); };
  EXPECT_TRUE(executor.turn());
  EXPECT_TRUE(executor.is_idle());
}

TEST(run, ends_when_a_place_that_was_taken_is_given_back) {
  // Another thread has reserved a place, so run waits; then its work cannot be moved in.
  std::atomic<bool> parked{false};
  struct late_thrower {
    std::atomic<bool>* when;
    explicit late_thrower(std::atomic<bool>& w) : when(&w) {}
    late_thrower(late_thrower&& other) : when(other.when) {
      while (!*when)
        std::this_thread::yield();
      throw std::runtime_error("move");
    }
    poll_result<void> poll(context&) noexcept { return ready; }
  };
  mock_park park;
  current_thread_executor executor(park);
  std::thread other([&parked, handle = executor.handle()] {
    EXPECT_THROW((void)handle.spawn(late_thrower(parked)), std::runtime_error);
  });
  while (executor.handle().in_flight() == 0)
    std::this_thread::yield();
  park.on_park = [&](nanoseconds limit) {
    if (limit != no_limit || parked) return;
    parked = true;
    other.join();
  };
  executor.run();
  EXPECT_TRUE(parked);
}

TEST(turn, spec_row_56_parks_once_then_polls_what_is_ready_and_reports) {
  mock_park park;
  current_thread_executor executor(park);
  EXPECT_FALSE(executor.turn(nanoseconds(5)));
  EXPECT_EQ(park.limits, (std::vector{nanoseconds(5)}));
  unsigned polls = 0;
  executor.spawn(spin(0, polls)).detach();
  EXPECT_TRUE(executor.turn(nanoseconds(5)));
  EXPECT_EQ(park.limits.back(), nanoseconds(0)) << "no wait while something is ready";
  EXPECT_EQ(polls, 1u);
  EXPECT_FALSE(executor.turn(nanoseconds(0)));
}

TEST(turn, runs_what_the_park_made_ready) {
  mock_park park;
  current_thread_executor executor(park);
  gate g;
  executor.spawn(g.wait()).detach();
  EXPECT_TRUE(executor.turn());
  park.on_park = [&](nanoseconds) { g.open(); };
  EXPECT_TRUE(executor.turn());
  EXPECT_EQ(executor.live_tasks(), 0u);
}

// ---- when the layers below are looked at

TEST(looks, spec_row_47_ready_tasks_first_then_the_layer_below) {
  mock_park park;
  current_thread_executor executor(park);
  trace_log log;
  gate g;
  park.on_park = [&](nanoseconds limit) {
    log.add(limit == no_limit ? "park" : "look");
    if (limit == no_limit) g.open();
  };
  executor
      .spawn(polled([&](context&) -> poll_result<void> {
        log.add("poll other");
        return ready;
      }))
      .detach();
  executor.block_on(polled([&, w = g.wait()](context& cx) mutable {
    log.add("poll root");
    return w.poll(cx);
  }));
  EXPECT_EQ(log.events(), (trace{"poll root", "poll other", "park", "poll root"}));
}

TEST(looks, at_most_61_polls_lie_between_two_looks_below) {
  mock_park park;
  current_thread_executor executor(park);
  unsigned polls = 0;
  std::vector<unsigned> at;
  park.on_park = [&](nanoseconds limit) {
    EXPECT_EQ(limit, nanoseconds(0));
    at.push_back(polls);
  };
  executor.spawn(spin(200, polls)).detach();
  executor.run();
  ASSERT_GE(at.size(), 3u);
  EXPECT_LE(at[0], 61u);
  for (std::size_t i = 1; i < at.size(); ++i)
    EXPECT_LE(at[i] - at[i - 1], 61u);
}

TEST(looks, slow_polls_are_looked_behind_after_a_time_slice) {
  mock_park park;
  current_thread_executor executor(park, {.polls_per_look = 1000, .time_per_look = nanoseconds(1)});
  unsigned polls = 0;
  unsigned most = 0;
  unsigned last = 0;
  park.on_park = [&](nanoseconds) {
    most = std::max(most, polls - last);
    last = polls;
  };
  executor.spawn(spin(500, polls)).detach();
  executor.run();
  EXPECT_LE(most, 32u) << "the clock is read every 16th poll";
  EXPECT_GT(park.limits.size(), 10u);
}

TEST(looks, fault_C9_polls_that_use_their_whole_budget_are_looked_behind_sooner) {
  mock_park park;
  current_thread_executor executor(park, {.time_per_look = nanoseconds(1)});
  unsigned polls = 0;
  unsigned most = 0;
  unsigned last = 0;
  park.on_park = [&](nanoseconds) {
    most = std::max(most, polls - last);
    last = polls;
  };
  auto greedy = [&](context& cx) -> poll_result<void> {
    ++polls;
    while (cx.spend()) {
    }
    if (polls < 100) return pending;  // woken by the budget
    return ready;
  };
  executor.spawn(polled(greedy)).detach();
  executor.run();
  EXPECT_EQ(polls, 100u);
  EXPECT_LE(most, 2u) << "one to start the slice, one to see that it is over";
}

TEST(looks, are_spared_while_nothing_is_registered_below) {
  mock_park park;
  park.work = false;
  current_thread_executor executor(park);
  unsigned polls = 0;
  executor.spawn(spin(1000, polls)).detach();
  executor.run();
  EXPECT_TRUE(park.limits.empty());
}

TEST(looks, tasks_handed_in_are_taken_though_others_are_always_ready) {
  mock_park park;
  park.work = false;
  current_thread_executor executor(park);
  const executor_handle handle = executor.handle();
  bool taken = false;
  unsigned polls = 0;
  executor.block_on(polled([&](context& cx) -> poll_result<void> {
    if (polls++ == 0) {
      std::thread([&] {
        (void)handle.spawn(polled([&](context&) -> poll_result<void> {
          taken = true;
          return ready;
        }));
      }).join();
    }
    if (taken) return ready;
    EXPECT_LT(polls, 200u);
    cx.wake();
    return pending;
  }));
  EXPECT_TRUE(taken);
}

TEST(looks, the_frame_cache_is_trimmed_when_the_executor_goes_to_sleep) {
  if (!ROUSE_FRAME_CACHE) GTEST_SKIP() << "recycling is off under AddressSanitizer";
  std::thread([] {
    mock_park park;
    current_thread_executor executor(park);
    unsigned polls = 0;
    for (int i = 0; i < 5000; ++i)
      executor.spawn(spin(0, polls)).detach();
    gate g;
    unsigned looks_between = 0;
    park.on_park = [&](nanoseconds limit) {
      if (limit == no_limit)
        g.open();
      else
        ++looks_between;
    };
    executor.block_on(g.wait());
    EXPECT_GE(looks_between, 5u);
    unsigned most = 0;
    for (const internal::frame_class& c : internal::this_frame_cache.classes)
      most = std::max(most, c.kept());
    EXPECT_LE(most, 70u);
  }).join();
}

// ---- over real parks

TEST(executor, spec_row_45_runs_over_any_park) {
  thread_park sleeping;
  current_thread_executor over_thread(sleeping);
  EXPECT_EQ(over_thread.block_on(ready_value(1)), 1);

  mock_park mock;
  current_thread_executor over_mock(mock);
  EXPECT_EQ(over_mock.block_on(ready_value(2)), 2);

  thread_park below;
  std::atomic<int> bits{0};
  idle_park<thread_park&> layer(below);
  layer.add([&bits] { return ++bits < 5; });
  current_thread_executor over_layer(layer);
  std::atomic<bool> done{false};
  waker stored;
  std::thread waking;
  over_layer.block_on(polled([&](context& cx) -> poll_result<void> {
    if (done) return ready;
    stored = cx.get_waker();
    waking = std::thread([&] {
      while (bits == 0)
        std::this_thread::yield();  // not before the layer was asked to wait
      done = true;
      stored.wake();
    });
    return pending;
  }));
  waking.join();
  stored.reset();
  EXPECT_GE(bits, 1);
}

// Goal: no wake between the last look and the sleep is lost. Two threads, one wakes, one parks, a
// million times; a lost wake hangs, which the watchdog turns into a failure.
TEST(executor, spec_row_4_fault_C1_a_million_wakes_race_with_parks) {
  constexpr int rounds =
      support::is_sanitized ? 100'000 : 1'000'000;  // a sanitizer is ten times slower
  std::atomic<bool> over{false};
  std::thread watchdog([&] {
    for (int i = 0; i < 600 && !over; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (!over) {
      std::fputs("a wake was lost: the executor sleeps\n", stderr);
      std::abort();
    }
  });
  thread_park park;
  current_thread_executor executor(park);
  std::atomic<int> given{0};
  std::atomic<int> seen{0};
  waker target;
  std::atomic<bool> armed{false};
  std::thread waking([&] {
    while (!armed)
      std::this_thread::yield();
    for (int i = 1; i <= rounds; ++i) {
      given.store(i, std::memory_order_relaxed);
      target.wake();
      // Most wakes follow each other at once and meet every point of the park; now and then the
      // sleeper gets there first.
      if (i % 64 == 0)
        while (seen.load(std::memory_order_relaxed) < i) {
        }
    }
  });
  executor.block_on(polled([&](context& cx) -> poll_result<void> {
    if (!armed) {
      target = cx.get_waker();
      armed = true;
    }
    const int now = given.load(std::memory_order_relaxed);
    seen.store(now, std::memory_order_relaxed);
    return now == rounds ? poll_result<void>(ready) : pending;
  }));
  waking.join();
  over = true;
  watchdog.join();
  EXPECT_EQ(seen, rounds);
  target.reset();
}

// ---- its end

TEST(executor, spec_row_6_a_waker_kept_after_it_is_gone_is_harmless) {
  waker kept;
  {
    thread_park park;
    current_thread_executor executor(park);
    executor
        .spawn(polled([&](context& cx) -> poll_result<void> {
          kept = cx.get_waker();
          return pending;
        }))
        .detach();
    executor.turn(nanoseconds(0));
  }
  kept.wake();
  std::thread([k = kept] { k.wake(); }).join();
}

TEST(executor, spec_row_58_dropping_it_destroys_tasks_unpolled) {
  int alive = 0;
  unsigned polls = 0;
  {
    mock_park park;
    current_thread_executor executor(park);
    for (int i = 0; i < 100; ++i)
      executor
          .spawn(polled([&, c = counted(alive)](context&) -> poll_result<void> {
            ++polls;
            return ready;
          }))
          .detach();
    EXPECT_EQ(alive, 100);
  }
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(polls, 0u);
}

TEST(executor_death, fault_M16_destroyed_from_its_own_task_is_refused) {
  EXPECT_DEATH(
      {
        mock_park park;
        auto executor = std::make_unique<current_thread_executor>(park);
        executor->block_on(polled([&](context&) -> poll_result<void> {
          executor.reset();
          return ready;
        }));
      },
      "is_running_here");
}

TEST(executor_death,
     fault_M5_an_exception_that_nobody_joins_ends_the_process_and_says_whose_it_was) {
  EXPECT_DEATH(
      {
        mock_park park;
        current_thread_executor executor(park);
        executor
            .spawn(polled([](context&) -> poll_result<void> {
                     throw std::runtime_error("nobody listens");
                   }),
                   {.name = "worker bee"})
            .detach();
        executor.run();
      },
      "worker bee.*nobody listens");
}

TEST(executor, fault_M5_the_handler_is_told_of_an_exception_that_nobody_joins) {
  struct seen {
    std::string text;
  } told;
  mock_park park;
  current_thread_executor executor(
      park,
      {.on_failure = {[](void* to, const task_header& t, std::exception_ptr failure) noexcept {
                        static_cast<seen*>(to)->text =
                            std::string(t.name) + ": " + describe(failure);
                      },
                      &told}});
  executor
      .spawn(polled([](context&) -> poll_result<void> { throw std::runtime_error("oops"); }),
             {.name = "bee"})
      .detach();
  executor.run();
  EXPECT_EQ(told.text, "bee: oops");
}

}  // namespace
}  // namespace rouse

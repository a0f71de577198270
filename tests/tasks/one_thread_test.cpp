// Coroutines on the current-thread executor over a thread_park: the checks of SPEC's table that
// need no reactor and no timer.
#include <rouse/base/io_error.hpp>
#include <rouse/core/shared_waker.hpp>
#include <rouse/coro/scope.hpp>
#include <rouse/coro/select.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/coro/when_all.hpp>
#include <rouse/coro/yield.hpp>
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/park/thread_park.hpp>

#include <gtest/gtest.h>
#include <tests/support/manual_worker.hpp>
#include <tests/support/mock_park.hpp>
#include <tests/support/pollables.hpp>
#include <tests/support/sanitized.hpp>
#include <tests/support/trace_log.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <variant>
#include <vector>

namespace rouse {
namespace {

using support::counted;
using support::gate;
using support::noisy;
using support::trace;
using support::trace_log;

class one_thread : public testing::Test {
 protected:
  thread_park park;
  current_thread_executor executor{park};
};

TEST_F(one_thread, spec_row_1_ten_thousand_tasks_that_yield_twice) {
  int ended = 0;
  std::thread::id where{};
  bool one = true;
  auto body = [](int& n, std::thread::id& w, bool& same) -> task<void> {
    for (int i = 0; i < 3; ++i) {
      if (w == std::thread::id()) w = std::this_thread::get_id();
      same &= w == std::this_thread::get_id();
      if (i < 2) co_await yield_now();
    }
    ++n;
  };
  std::uint64_t polls = 0;
  for (int i = 0; i < 10'000; ++i)
    executor.spawn(assume_owned(body(ended, where, one))).detach();
  executor.for_each_task([&](task_header& t) { polls += t.polls; });
  EXPECT_EQ(polls, 0u);
  executor.run();
  EXPECT_EQ(ended, 10'000);
  EXPECT_TRUE(one);
}

TEST_F(one_thread, spec_row_10_the_ding_program_without_a_clock) {
  int lines = 0;
  auto ding = [](int& n) -> task<void> {
    for (int i = 0; i < 3; ++i) {
      co_await yield_now();
      ++n;
    }
  };
  for (int i = 1; i <= 9; ++i)
    executor.spawn(assume_owned(ding(lines))).detach();
  executor.run();
  EXPECT_EQ(lines, 27);
}

TEST_F(one_thread,
       spec_row_9_tasks_spawned_in_a_poll_from_threads_and_from_a_destructor_all_complete) {
  std::atomic<int> done{0};
  struct at_exit {
    std::atomic<int>* n;
    explicit at_exit(std::atomic<int>& d) : n(&d) {}
    at_exit(const at_exit&) = delete;
    ~at_exit() {
      rouse::spawn(
          [](std::atomic<int>* d) -> task<void> {
            ++*d;
            co_return;
          },
          n)
          .detach();
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&done, handle = executor.handle()] {
      for (int i = 0; i < 100; ++i) {
        auto work = [](std::atomic<int>* d) -> task<void> {
          co_await yield_now();
          ++*d;
        };
        EXPECT_TRUE(handle.spawn(assume_owned(work(&done))).has_value());
      }
    });
  }
  executor.block_on([](std::atomic<int>& d) -> task<void> {
    const at_exit spawns(d);
    std::vector<join_handle<int>> handles;
    for (int i = 0; i < 100; ++i) {
      handles.push_back(rouse::spawn([](int v) -> task<int> {
        co_await yield_now();
        co_return v;
      }(i)));
    }
    int sum = 0;
    for (auto& h : handles)
      sum += co_await h;
    EXPECT_EQ(sum, 4950);
  }(done));
  for (auto& t : threads)
    t.join();
  executor.run();
  EXPECT_EQ(done, 401);
}

TEST_F(one_thread, spec_row_55_block_on_gives_the_value_or_throws_and_leaves_the_rest) {
  bool ran = false;
  auto other = [](bool& r) -> task<void> {
    r = true;
    co_return;
  };
  const int v = executor.block_on([](auto make, bool& r) -> task<int> {
    rouse::spawn(assume_owned(make(r))).detach();
    co_return 3;
  }(other, ran));
  EXPECT_EQ(v, 3);
  EXPECT_FALSE(ran);
  EXPECT_THROW(executor.block_on([]() -> task<void> {
    throw std::runtime_error("root");
    co_return;
  }()),
               std::runtime_error);
  executor.run();
  EXPECT_TRUE(ran);
}

TEST_F(one_thread, spec_row_53_block_on_inside_a_task_is_an_error) {
  executor.block_on([](current_thread_executor& e) -> task<void> {
    bool refused = false;
    try {
      e.block_on([]() -> task<void> { co_return; }());
    } catch (const io_error& error) {
      refused = error.reason() == errc::would_block_runtime;
    }
    EXPECT_TRUE(refused);
    co_return;
  }(executor));
}

TEST_F(one_thread, spec_row_59_a_task_may_hold_what_is_bound_to_the_thread) {
  struct bound {
    std::thread::id home = std::this_thread::get_id();
    bound() = default;
    bound(const bound&) = delete;
    ~bound() { EXPECT_EQ(home, std::this_thread::get_id()); }
  };
  executor.block_on([]() -> task<void> {
    const bound b;
    const std::unique_ptr<int> not_copyable(new int(1));
    co_await yield_now();
    EXPECT_EQ(b.home, std::this_thread::get_id());
  }());
}

TEST_F(one_thread, a_task_woken_from_another_thread_goes_on_here) {
  struct mailbox {
    std::mutex lock;
    waker waiting;
    bool full = false;
  } box;
  std::thread sender;
  executor.block_on([](mailbox& m, std::thread& t) -> task<void> {
    t = std::thread([&m] {
      waker w;
      {
        const std::lock_guard hold(m.lock);
        m.full = true;
        w = std::move(m.waiting);
      }
      w.wake();
    });
    co_await support::polled([&m](context& cx) -> poll_result<void> {
      waker fresh = cx.get_waker();
      const std::lock_guard hold(m.lock);
      if (m.full) return ready;
      std::swap(m.waiting, fresh);
      return pending;
    });
  }(box, sender));
  sender.join();
  EXPECT_TRUE(box.full);
}

TEST_F(one_thread, fault_C13_threads_wake_tasks_while_the_executor_goes) {
  for (int round = 0; round < 100; ++round) {
    std::vector<std::thread> threads;
    struct slot {
      std::mutex lock;
      waker stored;
    };
    std::vector<std::unique_ptr<slot>> slots;
    {
      thread_park own_park;
      current_thread_executor own(own_park);
      for (int i = 0; i < 3; ++i) {
        slots.push_back(std::make_unique<slot>());
        own.spawn(assume_owned([](slot& s) -> task<void> {
             co_await support::polled([&s](context& cx) -> poll_result<void> {
               waker fresh = cx.get_waker();
               const std::lock_guard hold(s.lock);
               std::swap(s.stored, fresh);
               return pending;
             });
           }(*slots.back())))
            .detach();
      }
      own.turn(nanoseconds(0));
      for (auto& s : slots) {
        threads.emplace_back([&at = *s] {
          for (int i = 0; i < 50; ++i) {
            waker copy;
            {
              const std::lock_guard hold(at.lock);
              copy = at.stored;
            }
            copy.wake();
          }
        });
      }
      own.turn(nanoseconds(1000));
    }
    for (auto& t : threads)
      t.join();
  }
}

TEST_F(one_thread,
       spec_row_58_dropping_the_executor_destroys_chains_innermost_first_and_resumes_none) {
  trace_log log;
  gate g;
  {
    thread_park own_park;
    current_thread_executor own(own_park);
    struct chain {
      static task<void> level(int n, gate& at, trace_log& l) {
        const noisy local(l, std::to_string(n));
        if (n == 0)
          co_await at.wait();
        else
          co_await level(n - 1, at, l);
        l.add("resumed");
      }
    };
    own.spawn(assume_owned(chain::level(2, g, log))).detach();
    own.turn(nanoseconds(0));
  }
  EXPECT_EQ(log.events(), (trace{"destroyed 0", "destroyed 1", "destroyed 2"}));
}

// An executor in an executor's thread, with tasks that hold each other: handles, scopes, selects,
// all at once, then dropped.
TEST_F(one_thread, tasks_that_hold_each_other_are_destroyed_without_a_trace) {
  int alive = 0;
  gate g;
  {
    thread_park own_park;
    current_thread_executor own(own_park);
    auto holder = [](gate& at, int& n) -> task<void> {
      const counted c(n);
      auto inner = rouse::spawn(assume_owned([](gate& x, int& m) -> task<int> {
        const counted d(m);
        co_await x.wait();
        co_return 1;
      }(at, n)));
      auto op = scope([&](nursery& children) -> task<void> {
        children.spawn([](join_handle<int>& h, int& m) -> task<void> {
          const counted d(m);
          (void)co_await select(h, support::never());
        }(inner, n));
        co_await support::never();
      });
      co_await std::move(op);
    };
    for (int i = 0; i < 10; ++i)
      own.spawn(assume_owned(holder(g, alive))).detach();
    for (int i = 0; i < 5; ++i)
      own.turn(nanoseconds(0));
    EXPECT_EQ(alive, 30);
  }
  EXPECT_EQ(alive, 0);
}

// Goal: whatever the moment of the cancel, nothing is left. Two hundred trees of scopes, selects
// and joins, each aborted after another number of polls.
TEST_F(one_thread, a_tree_of_tasks_can_be_aborted_after_any_number_of_polls) {
  struct tree {
    static task<int> grow(int depth, int& alive) {
      const counted c(alive);
      if (depth == 0) {
        for (int i = 0; i < 3; ++i)
          co_await yield_now();
        co_return 1;
      }
      int sum = 0;
      auto joined = rouse::spawn(assume_owned(grow(depth - 1, alive)));
      auto op = scope([&](nursery& n) -> task<void> {
        n.spawn(grow(depth - 1, alive));
        auto both = co_await when_all(grow(depth - 1, alive), grow(depth - 1, alive));
        sum += std::get<0>(both) + std::get<1>(both);
      });
      co_await std::move(op);
      auto first = co_await select(grow(depth - 1, alive), joined);
      sum += static_cast<int>(first.index());
      co_return sum;
    }
  };
  int finished = 0;
  const int stop_after = support::is_sanitized ? 60 : 400;
  for (int polls = 0; polls < stop_after; ++polls) {
    int alive = 0;
    support::manual_worker w;
    auto handle = w.spawn(assume_owned(tree::grow(3, alive)));
    w.run(static_cast<unsigned>(polls));
    finished += handle.is_finished();
    w.inside([&] { handle.abort(); });
    w.run();
    ASSERT_TRUE(handle.is_finished());
    w.inside([&] { handle = {}; });
    w.run();
    ASSERT_EQ(alive, 0) << "aborted after " << polls << " polls";
    ASSERT_EQ(w.live_tasks(), 0u);
    ASSERT_TRUE(w.failures.empty());
  }
  for (int polls = 0; polls < stop_after; ++polls) {  // and the same by plain destruction
    int alive = 0;
    {
      support::manual_worker w;
      w.spawn(assume_owned(tree::grow(3, alive))).detach();
      w.run(static_cast<unsigned>(polls));
    }
    ASSERT_EQ(alive, 0) << "destroyed after " << polls << " polls";
  }
  if (!support::is_sanitized) {
    EXPECT_GT(finished, 0) << "the longest runs reach the end";
  }
}

// A body that gives a `result` means it as a value: whoever takes it gets it, and nothing is
// thrown, whether it is awaited, joined, selected or waited for from outside.
TEST_F(one_thread, a_result_that_a_body_gives_is_its_value_everywhere) {
  const auto halve = [](int n) -> task<result<int>> {
    if (n % 2 != 0) co_return std::unexpected(error("halve", EINVAL));
    co_return n / 2;
  };
  const auto body = [](auto half) -> task<int> {
    result<int> child = co_await half(1);
    auto handle = spawn(half(3));
    result<int> joined = co_await handle;
    auto kept_call = spawn(half, 5);
    result<int> called = co_await kept_call;
    std::variant<result<int>, result<int>> chosen = co_await select(half(7), half(2));
    std::tuple<result<int>, result<int>> both = co_await when_all(half(4), half(9));
    result<int> scoped = co_await scope([&half](nursery&) -> task<result<int>> {
      result<int> inner = co_await half(11);
      co_return inner;
    });
    EXPECT_EQ(child, std::unexpected(error("halve", EINVAL)));
    EXPECT_EQ(joined, child);
    EXPECT_EQ(called, child);
    EXPECT_EQ(std::get<0>(chosen), child);
    EXPECT_EQ(std::get<0>(both), 2);
    EXPECT_EQ(std::get<1>(both), child);
    EXPECT_EQ(scoped, child);
    co_return 7;
  };
  EXPECT_EQ(executor.block_on(assume_owned(body(halve))), 7);
  const result<int> outside = executor.block_on(halve(13));
  EXPECT_EQ(outside, std::unexpected(error("halve", EINVAL)));
  EXPECT_EQ(executor.block_on(assume_owned(halve(8))), 4);
}

}  // namespace
}  // namespace rouse

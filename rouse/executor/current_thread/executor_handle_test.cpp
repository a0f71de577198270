#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/park/thread_park.hpp>

#include <gtest/gtest.h>
#include <tests/support/manual_worker.hpp>
#include <tests/support/mock_park.hpp>
#include <tests/support/pollables.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace rouse {
namespace {

using support::counted;
using support::mock_park;
using support::polled;

struct borrowing {
  poll_result<void> poll(context&) noexcept { return ready; }
  static bool borrows() noexcept { return true; }
};

auto count_one(std::atomic<int>& n) {
  return polled([&n](context&) -> poll_result<void> {
    ++n;
    return ready;
  });
}

TEST(executor_handle, spec_row_9_any_thread_hands_work_in) {
  thread_park park;
  current_thread_executor executor(park);
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, handle = executor.handle()] {
      for (int i = 0; i < 250; ++i)
        EXPECT_TRUE(handle.spawn(count_one(done)).has_value());
    });
  }
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(executor.handle().in_flight(), 1000u);
  EXPECT_FALSE(executor.is_idle());
  executor.run();
  EXPECT_EQ(done, 1000);
  EXPECT_EQ(executor.handle().in_flight(), 0u);
}

TEST(executor_handle, work_handed_in_wakes_a_parked_executor) {
  thread_park park;
  current_thread_executor executor(park);
  waker root;
  std::atomic<bool> done{false};
  std::thread other;
  executor.block_on(polled([&](context& cx) -> poll_result<void> {
    if (done) return ready;
    root = cx.get_waker();
    if (!other.joinable()) {
      other = std::thread([&, handle = executor.handle()] {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        (void)handle.spawn(polled([&](context&) -> poll_result<void> {
          done = true;
          root.wake();
          return ready;
        }));
      });
    }
    return pending;
  }));
  other.join();
  root.reset();
}

TEST(executor_handle, spec_row_57_a_spawn_that_races_with_the_end_of_block_on_is_run_by_run) {
  for (int round = 0; round < 1000; ++round) {
    thread_park park;
    current_thread_executor executor(park);
    std::atomic<int> done{0};
    std::atomic<bool> release{false};
    std::thread other([&, handle = executor.handle()] {
      while (!release) {
      }
      EXPECT_TRUE(handle.spawn(count_one(done)).has_value());
    });
    executor.block_on(polled([&](context&) -> poll_result<void> {
      release = true;
      return ready;
    }));
    if (round % 2) other.join();
    executor.run();
    if (round % 2 == 0) {
      other.join();
      executor.run();
    }
    ASSERT_EQ(done, 1);
  }
}

TEST(executor_handle,
     fault_C13_a_spawn_that_races_with_the_end_of_the_executor_runs_or_is_refused) {
  int refused = 0;
  for (int round = 0; round < 1000; ++round) {
    std::atomic<int> alive{0};
    struct tell {
      std::atomic<int>* n;
      explicit tell(std::atomic<int>& a) : n(&a) { ++a; }
      tell(tell&& other) noexcept : n(std::exchange(other.n, nullptr)) {}
      ~tell() {
        if (n) --*n;
      }
    };
    std::thread other;
    std::atomic<bool> release{false};
    bool ok = true;
    {
      thread_park park;
      current_thread_executor executor(park);
      other = std::thread([&, handle = executor.handle()] {
        while (!release) {
        }
        const auto end =
            handle.spawn(polled([t = tell(alive)](context&) -> poll_result<void> { return ready; }),
                         {.name = "named, so that the name is freed too"});
        ok = end.has_value();
        if (!ok) {
          EXPECT_EQ(end.error(), errc::runtime_shut_down);
        }
      });
      release = true;
      if (round % 3 == 0) std::this_thread::yield();
    }
    other.join();
    EXPECT_EQ(alive, 0);
    refused += !ok;
  }
  RecordProperty("refused", refused);
}

TEST(executor_handle,
     fault_C13_work_on_its_way_in_when_the_executor_goes_is_destroyed_where_it_is) {
  struct ends_executor {
    std::optional<current_thread_executor>* executor;
    explicit ends_executor(std::optional<current_thread_executor>& e) : executor(&e) {}
    ends_executor(ends_executor&& other) noexcept : executor(other.executor) { executor->reset(); }
    poll_result<void> poll(context&) noexcept { return ready; }
  };
  mock_park park;
  std::optional<current_thread_executor> executor(std::in_place, park);
  const executor_handle handle = executor->handle();
  EXPECT_TRUE(
      handle.spawn(ends_executor(executor), {.name = "a name that is freed, too"}).has_value());
  EXPECT_EQ(handle.in_flight(), 0u);
  EXPECT_FALSE(executor.has_value());
}

TEST(executor_handle, after_the_executor_is_gone_it_says_so) {
  std::optional<executor_handle> handle;
  {
    mock_park park;
    current_thread_executor executor(park);
    handle = executor.handle();
    EXPECT_TRUE(handle->status().has_value());
  }
  const executor_handle copy = *handle;
  std::atomic<int> n{0};
  EXPECT_EQ(copy.spawn(count_one(n)).error(), errc::runtime_shut_down);
  EXPECT_EQ(copy.status().error(), errc::runtime_shut_down);
}

TEST(executor_handle, fault_R14_more_than_the_limit_is_refused_for_the_moment) {
  mock_park park;
  current_thread_executor executor(park, {.inject_limit = 3});
  std::atomic<int> n{0};
  const executor_handle handle = executor.handle();
  std::thread([&] {
    for (int i = 0; i < 3; ++i)
      EXPECT_TRUE(handle.spawn(count_one(n)).has_value());
    EXPECT_EQ(handle.spawn(count_one(n)).error(), errc::at_capacity);
  }).join();
  executor.run();
  std::thread([&] { EXPECT_TRUE(handle.spawn(count_one(n)).has_value()); }).join();
  executor.run();
  EXPECT_EQ(n, 4);
}

TEST(executor_handle, refuses_what_borrows) {
  mock_park park;
  current_thread_executor executor(park);
  EXPECT_EQ(executor.handle().spawn(borrowing()).error(), errc::borrows);
  EXPECT_TRUE(executor.is_idle());
}

TEST(executor_handle, on_the_executors_own_thread_it_queues_directly) {
  mock_park park;
  current_thread_executor executor(park);
  std::atomic<int> n{0};
  executor.block_on(polled([&](context&) -> poll_result<void> {
    EXPECT_TRUE(executor.handle().spawn(count_one(n)).has_value());
    EXPECT_EQ(executor.handle().in_flight(), 0u);
    EXPECT_EQ(executor.live_tasks(), 1u);
    return ready;
  }));
  executor.run();
  EXPECT_EQ(n, 1);
}

TEST(executor_handle, work_that_throws_while_it_is_moved_in_gives_its_place_back) {
  struct throws_when_moved {
    bool armed = false;
    throws_when_moved() = default;
    throws_when_moved(throws_when_moved&& other) : armed(other.armed) {
      if (armed) throw std::runtime_error("move");
    }
    poll_result<void> poll(context&) noexcept { return ready; }
  };
  mock_park park;
  current_thread_executor executor(park);
  throws_when_moved work;
  EXPECT_TRUE(executor.handle().spawn(throws_when_moved()).has_value());
  work.armed = true;
  EXPECT_THROW((void)executor.handle().spawn<throws_when_moved>(std::move(work)),
               std::runtime_error);
  EXPECT_EQ(executor.handle().in_flight(), 1u);
  executor.run();
  EXPECT_TRUE(executor.is_idle());
}

TEST(default_executor, spec_row_54_works_inside_and_says_shut_down_outside) {
  const default_executor made_before;
  mock_park park;
  current_thread_executor executor(park);
  std::atomic<int> n{0};
  EXPECT_EQ(made_before.spawn(count_one(n)).error(), errc::runtime_shut_down);
  executor.block_on(polled([&](context&) -> poll_result<void> {
    EXPECT_TRUE(made_before.spawn(count_one(n)).has_value());
    EXPECT_EQ(made_before.spawn(borrowing()).error(), errc::borrows);
    return ready;
  }));
  executor.run();
  EXPECT_EQ(n, 1);
  EXPECT_EQ(made_before.spawn(count_one(n)).error(), errc::runtime_shut_down);
}

}  // namespace
}  // namespace rouse

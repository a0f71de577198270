// Deep chains, long runs, many tasks: bounded stack and counted allocations. The stack is bounded
// by running on a small one.
#include <rouse/coro/select.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/coro/yield.hpp>

#include <gtest/gtest.h>
#include <tests/support/allocations.hpp>
#include <tests/support/counting_waker.hpp>
#include <tests/support/manual_worker.hpp>
#include <tests/support/pollables.hpp>

#include <pthread.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace rouse {
namespace {

using support::counted;
using support::gate;
using support::manual_worker;

// Runs `f` on a thread with 256 KiB of stack: what recurses 10^5 deep dies there, whatever the
// build.
void on_small_stack(std::function<void()> f) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  pthread_t thread;
  auto body = [](void* p) -> void* {
    (*static_cast<std::function<void()>*>(p))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, body, &f), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

constexpr int depth = 100'000;

task<int> deep(int n, gate& at, int& alive) {
  const counted local(alive);
  int below = 0;
  if (n == 0)
    co_await at.wait();
  else
    below = co_await deep(n - 1, at, alive);
  co_return below + 1;
}

TEST(deep_chain, fault_M11_is_built_run_and_returned_from) {
  on_small_stack([] {
    manual_worker w;
    gate g;
    int alive = 0;
    auto handle = w.spawn(assume_owned(deep(depth, g, alive)));
    w.run();
    EXPECT_EQ(alive, depth + 1);
    w.inside([&] { g.open(); });
    w.run();
    EXPECT_EQ(alive, 0);
    w.inside([&] {
      context cx(no_wakeable());
      EXPECT_EQ(handle.poll(cx).take().value(), depth + 1);
    });
  });
}

TEST(deep_chain, fault_M11_is_cancelled) {
  on_small_stack([] {
    manual_worker w;
    gate g;
    int alive = 0;
    auto handle = w.spawn(assume_owned(deep(depth, g, alive)));
    w.run();
    EXPECT_TRUE(g.has_waiter());
    w.inside([&] { handle.abort(); });
    EXPECT_EQ(w.run(), 1u) << "one poll, and no body is resumed";
    EXPECT_EQ(alive, 0);
    EXPECT_FALSE(g.has_waiter());
    w.inside([&] { handle = {}; });
  });
}

TEST(deep_chain, fault_M11_is_destroyed) {
  on_small_stack([] {
    gate g;
    int alive = 0;
    {
      manual_worker w;
      w.spawn(assume_owned(deep(depth, g, alive))).detach();
      w.run();
      EXPECT_EQ(alive, depth + 1);
    }
    EXPECT_EQ(alive, 0);
  });
}

TEST(deep_chain, fault_M11_is_unwound_by_an_exception) {
  struct thrower {
    static task<int> level(int n) {
      int below = 0;
      if (n == 0) throw 42;
      below = co_await level(n - 1);
      co_return below;
    }
  };
  // An exception is rethrown at each level: 10^4 of them, since each costs a microsecond.
  on_small_stack([] {
    manual_worker w;
    auto handle = w.spawn(thrower::level(10'000));
    w.run();
    w.inside([&] {
      context cx(no_wakeable());
      EXPECT_THROW((void)handle.poll(cx), int);
    });
  });
}

TEST(deep_chain, one_that_was_begun_by_hand_joins_another_without_recursion) {
  on_small_stack([] {
    support::counting_waker hand;
    gate g;
    int alive = 0;
    auto begun = deep(depth, g, alive);
    while (!g.has_waiter())
      ASSERT_FALSE(hand.is_ready(begun));
    auto outer = [](task<int> t) -> task<int> {
      co_return co_await std::move(t);
    }(std::move(begun));
    EXPECT_FALSE(hand.is_ready(outer));
    EXPECT_EQ(alive, depth + 1);
    outer = []() -> task<int> { co_return 0; }();
    EXPECT_EQ(alive, 0);
  });
}

[[gnu::noinline]] std::uintptr_t here() {
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}
task<int> note_stack(int n, std::uintptr_t& lowest) {
  lowest = std::min(lowest, here());
  int below = 0;
  if (n > 0) below = co_await note_stack(n - 1, lowest);
  co_return below + 1;
}

// A child is begun inside the await of its parent, but only so deep, whatever the build.
TEST(deep_chain, only_the_first_levels_nest_on_the_native_stack) {
  const auto use = [](int levels) {
    manual_worker w;
    std::uintptr_t lowest = UINTPTR_MAX;
    int got = 0;
    w.spawn(assume_owned([](int n, std::uintptr_t& l, int& g) -> task<void> {
       const int v = co_await note_stack(n, l);
       g = v;
     }(levels, lowest, got)))
        .detach();
    w.run();
    EXPECT_EQ(got, levels + 1);
    return here() - lowest;
  };
  const std::uintptr_t one = use(0);
  EXPECT_GT(use(internal::frame::nested_max - 1), one);
  EXPECT_EQ(use(1000), use(internal::frame::nested_max - 1));
}

TEST(long_run, fault_M11_ten_million_ready_awaits) {
  on_small_stack([] {
    manual_worker w;
    std::uint64_t sum = 0;
    constexpr int awaits =
        ROUSE_FRAME_CACHE ? 10'000'000 : 1'000'000;  // a sanitizer's allocator is 20 times slower
    auto child = [](int i) -> task<int> { co_return i & 1; };
    w.spawn(assume_owned([](std::uint64_t& s, auto make) -> task<void> {
       for (int i = 0; i < awaits; ++i) {
         if (i % 2)
           s += static_cast<unsigned>(co_await make(i));
         else
           co_await support::ready_value(i);
       }
     }(sum, child)))
        .detach();
    w.run();
    EXPECT_EQ(sum, awaits / 2);
  });
}

TEST(many_tasks, spec_row_58_a_million_tasks_are_destroyed_in_bounded_stack) {
  on_small_stack([] {
    int alive = 0;
    constexpr int tasks = ROUSE_FRAME_CACHE ? 1'000'000 : 200'000;
    {
      manual_worker w;
      auto body = [](int& n) -> task<void> {
        const counted local(n);
        co_await support::never();
      };
      for (int i = 0; i < tasks; ++i)
        w.spawn(assume_owned(body(alive))).detach();
      w.run(tasks / 2);
      EXPECT_EQ(alive, tasks / 2);
    }
    EXPECT_EQ(alive, 0);
  });
}

// ---- memory

// A thread's first frame registers a destructor with libc, which allocates, and which ends the
// process when it cannot.
void open_cache() { internal::free_frame(internal::allocate_frame(2000), 2000); }

task<int> plain(int v) { co_return v; }
task<void> spawn_and_join(int n, int& sum) {
  for (int i = 0; i < n; ++i)
    sum += co_await rouse::spawn(plain(i));
}

TEST(frame_memory_use, a_warm_spawn_and_join_allocates_nothing) {
  if (!support::can_count || !ROUSE_FRAME_CACHE) GTEST_SKIP() << "a sanitizer owns the allocator";
  manual_worker w;
  int sum = 0;
  w.inside([&] { (void)plain(0); });
  w.spawn(assume_owned(spawn_and_join(10, sum))).detach();
  w.run();
  auto again = w.inside([&] { return rouse::spawn(assume_owned(spawn_and_join(1000, sum))); });
  const support::allocation_count count;
  w.run();
  EXPECT_EQ(count.made(), 0u);
  EXPECT_TRUE(again.is_finished());
  w.inside([&] { again = {}; });
}

TEST(frame_memory_use, a_cold_spawn_is_one_allocation) {
  if (!support::can_count || !ROUSE_FRAME_CACHE) GTEST_SKIP() << "a sanitizer owns the allocator";
  std::thread([] {
    manual_worker w;
    open_cache();
    const support::allocation_count count;
    auto handle = w.spawn(plain(1));
    EXPECT_EQ(count.made(), 1u);
    w.run();
    w.inside([&] { handle = {}; });
    EXPECT_EQ(count.made(), 1u);
  }).join();
}

TEST(frame_memory_use, a_warm_await_of_a_child_allocates_nothing) {
  if (!support::can_count || !ROUSE_FRAME_CACHE) GTEST_SKIP() << "a sanitizer owns the allocator";
  support::counting_waker hand;
  auto body = [](int n) -> task<int> {
    int sum = 0;
    for (int i = 0; i < n; ++i)
      sum += co_await plain(1);
    co_return sum;
  };
  auto warm = body(2);
  EXPECT_EQ(hand.poll(warm).take(), 2);
  auto counted_run = body(50);
  const support::allocation_count count;
  EXPECT_EQ(hand.poll(counted_run).take(), 50);
  EXPECT_EQ(count.made(), 0u);
}

TEST(frame_memory_use,
     fault_M8_R10_a_frame_that_gets_no_memory_throws_where_the_coroutine_is_called) {
  if (!support::can_count || !ROUSE_FRAME_CACHE) GTEST_SKIP() << "a sanitizer owns the allocator";
  std::thread([] {
    open_cache();
    support::counting_waker hand;
    auto body = []() -> task<std::string> {
      std::string seen = "none";
      try {
        const support::failing_allocation fails(1);
        (void)co_await plain(1);
      } catch (const std::bad_alloc&) {
        seen = "bad_alloc";
      }
      co_return seen;
    }();
    internal::trim_frame_cache(0);
    EXPECT_EQ(hand.poll(body).take(), "bad_alloc");
  }).join();
}

TEST(frame_memory_use, fault_R10_a_spawn_that_gets_no_memory_leaves_nothing_behind) {
  if (!support::can_count || !ROUSE_FRAME_CACHE) GTEST_SKIP() << "a sanitizer owns the allocator";
  std::thread([] {
    open_cache();
    manual_worker w;
    int alive = 0;
    for (unsigned long n = 1; n < 10; ++n) {
      internal::trim_frame_cache(0);
      bool refused = false;
      w.inside([&] {
        const support::failing_allocation fails(n);
        try {
          rouse::spawn(support::polled([c = counted(alive)](context& cx) -> poll_result<void> {
            (void)cx.borrow_waker();
            return pending;
          })).detach();
        } catch (const std::bad_alloc&) {
          refused = true;
        }
      });
      EXPECT_EQ(static_cast<std::size_t>(alive), w.live_tasks());
      if (!refused) break;
      EXPECT_EQ(alive, 0);
    }
    EXPECT_EQ(alive, 1);
  }).join();
}

#ifndef NDEBUG
TEST(frame_memory_use, fault_M18_a_dead_frame_is_poisoned_in_debug_builds) {
  if (!ROUSE_FRAME_CACHE) GTEST_SKIP() << "AddressSanitizer sees the use itself";
  std::thread([] {
    const unsigned char* where = nullptr;
    support::counting_waker hand;
    {
      auto work = [](const unsigned char** p) -> task<void> {
        volatile unsigned char local[64] = {1};
        *p = const_cast<unsigned char*>(local);
        co_await support::never();
      }(&where);
      EXPECT_FALSE(hand.is_ready(work));
      EXPECT_EQ(*where, 1);
    }
    EXPECT_EQ(where[0], internal::dead_frame_byte);  // the block is in the cache of this thread
    EXPECT_EQ(where[63], internal::dead_frame_byte);
  }).join();
}
#endif

TEST(frame_size, the_prefix_of_a_frame_is_at_most_144_bytes) {
  EXPECT_LE(internal::prefix_bytes<void>, 144u);
  EXPECT_LE(internal::prefix_bytes<std::uint64_t>, 144u);
  EXPECT_EQ(sizeof(internal::frame), 32u);
}

}  // namespace
}  // namespace rouse

#include <gtest/gtest.h>

#include <rouse/base/condition.hpp>
#include <thread>

namespace rouse {
namespace {

struct gate {
  mutex lock;
  condition changed;
  bool open ROUSE_GUARDED_BY(lock) = false;
  int passed ROUSE_GUARDED_BY(lock) = 0;

  void pass() {
    lock_guard held(lock);
    while (!open)
      changed.wait(lock);
    ++passed;
  }
  void let_pass() {
    lock_guard held(lock);
    open = true;
    changed.notify_all();
  }
};

TEST(mutex, keeps_two_threads_apart) {
  constexpr int rounds = 10'000;
  mutex lock;
  int count = 0;
  auto add = [&] {
    for (int i = 0; i < rounds; ++i) {
      lock_guard held(lock);
      ++count;
    }
  };
  std::thread other(add);
  add();
  other.join();
  EXPECT_EQ(count, 2 * rounds);
}

TEST(condition, wakes_all_that_wait) {
  gate g;
  std::thread one([&] { g.pass(); }), two([&] { g.pass(); });
  g.let_pass();
  one.join();
  two.join();
  lock_guard held(g.lock);
  EXPECT_EQ(g.passed, 2);
}

TEST(condition, wait_for_returns_false_when_the_time_runs_out) {
  mutex lock;
  condition nobody_notifies;
  lock_guard held(lock);
  const auto begin = std::chrono::steady_clock::now();
  while (nobody_notifies.wait_for(lock, std::chrono::milliseconds(1))) {
  }  // true is a spurious wake-up
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1));
  while (nobody_notifies.wait_for(lock, nanoseconds(0))) {
  }
}

TEST(condition, wait_for_takes_the_longest_limits_without_overflow) {
  for (nanoseconds limit : {no_limit, no_limit - nanoseconds(1)}) {
    gate g;
    std::thread other([&] { g.let_pass(); });
    {
      lock_guard held(g.lock);
      bool notified = true;
      while (!g.open)
        notified = g.changed.wait_for(g.lock, limit);
      EXPECT_TRUE(notified);
    }
    other.join();
  }
}

}  // namespace
}  // namespace rouse

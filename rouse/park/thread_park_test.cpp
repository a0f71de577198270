#include <rouse/park/thread_park.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace rouse {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

TEST(spec_row_44_token, three_unparks_leave_one_token) {
  thread_park p;
  const unparker u = p.unparker();
  for (int i = 0; i < 3; ++i)
    u.unpark();
  EXPECT_EQ(p.park(no_limit), park_outcome::woken);  // at once, or this test hangs
  const auto start = clock::now();
  EXPECT_EQ(p.park(50ms), park_outcome::timed_out);
  EXPECT_GE(clock::now() - start, 50ms);
}

TEST(spec_row_44_token, park_with_0_only_looks_and_consumes) {
  thread_park p;
  EXPECT_EQ(p.park(0ns), park_outcome::timed_out);
  p.unparker().unpark();
  EXPECT_EQ(p.park(0ns), park_outcome::woken);
  EXPECT_EQ(p.park(0ns), park_outcome::timed_out);
}

TEST(spec_row_44_token, a_negative_limit_is_0) {
  thread_park p;
  EXPECT_EQ(p.park(-1ns), park_outcome::timed_out);
  EXPECT_EQ(p.park(nanoseconds::min()), park_outcome::timed_out);
}

TEST(spec_row_44_token, unpark_ends_a_sleep_that_has_begun) {
  thread_park p;
  std::atomic<bool> is_woken{false};
  std::thread sleeper([&] {
    EXPECT_EQ(p.park(no_limit), park_outcome::woken);
    is_woken = true;
  });
  std::this_thread::sleep_for(2ms);
  EXPECT_FALSE(is_woken);
  p.unparker().unpark();
  sleeper.join();
}

TEST(spec_row_44_token, fault_T4_a_limit_beyond_all_clocks_still_waits) {
  thread_park p;
  std::thread waker([u = p.unparker()] {
    std::this_thread::sleep_for(1ms);
    u.unpark();
  });
  EXPECT_EQ(p.park(no_limit - 1ns), park_outcome::woken);
  waker.join();
}

TEST(thread_park, handles_outlive_moves_and_the_park) {
  unparker u;
  {
    thread_park first;
    u = first.unparker();
    thread_park second = std::move(first);
    u.unpark();
    EXPECT_EQ(second.park(0ns), park_outcome::woken);
  }
  u.unpark();
}

TEST(thread_park, registers_nothing) {
  thread_park p;
  EXPECT_FALSE(has_work(p));
}

// Wakes against parks, with a counter for the condition: a lost token would hang (the runner has a
// watchdog).
TEST(fault_C1_park, loses_no_wake_of_two_threads) {
  constexpr int rounds = 200'000;
  thread_park p;
  std::atomic<int> sent{0};
  std::thread sender([&, u = p.unparker()] {
    for (int i = 0; i < rounds; ++i) {
      sent.fetch_add(1, std::memory_order_relaxed);
      u.unpark();
    }
  });
  while (sent.load(std::memory_order_relaxed) < rounds)
    (void)p.park(no_limit);
  sender.join();
  (void)p.park(0ns);
}

TEST(fault_C1_park, hands_over_in_lock_step) {
  constexpr int rounds = 2'000;
  thread_park here, there;
  int turn = 0;  // written by whoever has the turn: the token carries it over, TSan watches
  std::thread other([&, back = here.unparker()] {
    for (int i = 0; i < rounds; ++i) {
      EXPECT_EQ(there.park(no_limit), park_outcome::woken);
      ++turn;
      back.unpark();
    }
  });
  const unparker u = there.unparker();
  for (int i = 0; i < rounds; ++i) {
    ++turn;
    u.unpark();
    EXPECT_EQ(here.park(no_limit), park_outcome::woken);
  }
  other.join();
  EXPECT_EQ(turn, 2 * rounds);
}

TEST(fault_C1_park, a_wake_as_the_time_runs_out_is_either_reported_or_kept) {
  thread_park p;
  int reported = 0;
  constexpr int rounds = 300;
  for (int i = 0; i < rounds; ++i) {
    std::thread waker([u = p.unparker(), i] {
      std::this_thread::sleep_for(std::chrono::microseconds(i % 100));
      u.unpark();
    });
    if (*p.park(50us) == park_outcome::woken)
      ++reported;
    else if (*p.park(no_limit) == park_outcome::woken)
      ++reported;  // hangs if it was lost
    waker.join();
    ASSERT_EQ(p.park(0ns), park_outcome::timed_out) << "one unpark gave two tokens";
  }
  EXPECT_EQ(reported, rounds);
}

}  // namespace
}  // namespace rouse

// The park in two halves, over every back-end: somebody else's poll() makes the wait in between.
#include <rouse/reactor/contract_test.hpp>
#include <rouse/sys/event_fd.hpp>

#include <poll.h>

#include <atomic>
#include <thread>

namespace rouse::testing {
namespace {

class outside_wait_of : public reactor_contract {
 protected:
  /// Whether the descriptor becomes readable within `limit`.
  static bool is_readable(const outside_wait& w, std::chrono::milliseconds limit = 0ms) {
    pollfd p{w.descriptor, POLLIN, 0};
    int n = 0;
    while ((n = ::poll(&p, 1, static_cast<int>(limit.count()))) < 0) {
    }
    return n == 1;
  }
  /// The first waits have matters of their own to enter, and answer 0.
  void settle_down() {
    for (int i = 0; i < 3; i++) {
      ASSERT_TRUE(on().begin_wait(no_limit));
      ASSERT_TRUE(on().end_wait());
    }
  }
};
INSTANTIATE_TEST_SUITE_P(on, outside_wait_of, every_kind(), kind_name);

TEST_P(outside_wait_of, is_quiet_while_nothing_happens) {
  settle_down();
  const auto wait = on().begin_wait(5s).value();
  EXPECT_EQ(wait.limit, 5s);
  EXPECT_FALSE(is_readable(wait, 5ms));
  EXPECT_TRUE(on().end_wait());
  EXPECT_EQ(on().wait_descriptor().value(), wait.descriptor);
}

TEST_P(outside_wait_of, asked_only_to_look_is_a_look) {
  settle_down();
  on().unparker().unpark();
  EXPECT_EQ(on().begin_wait(0ns).value().limit, 0ns);
  EXPECT_EQ(on().end_wait().value(), park_outcome::woken);
  EXPECT_EQ(on().begin_wait(0ns).value().limit, 0ns);
  EXPECT_EQ(on().end_wait().value(), park_outcome::timed_out);
}

TEST_P(outside_wait_of, a_token_of_before_is_not_slept_on) {
  settle_down();
  on().unparker().unpark();
  EXPECT_EQ(on().begin_wait(5s).value().limit, 0ns);
  EXPECT_EQ(on().end_wait().value(), park_outcome::woken);
  EXPECT_EQ(on().begin_wait(5s).value().limit, 5s);  // it is consumed
  EXPECT_TRUE(on().end_wait());
}

TEST_P(outside_wait_of, unparking_makes_the_descriptor_readable_each_time) {
  settle_down();
  const unparker u = on().unparker();
  for (int i = 0; i < 100; i++) {
    const auto wait = on().begin_wait(5s).value();
    ASSERT_FALSE(is_readable(wait)) << i;
    std::thread([u] { u.unpark(); }).join();
    ASSERT_TRUE(is_readable(wait, 5000ms)) << i;
    EXPECT_EQ(on().end_wait().value(), park_outcome::woken);
  }
}

TEST_P(outside_wait_of, embed_loses_no_wake_between_two_threads) {
  constexpr int rounds = 20'000;
  std::atomic<int> asked{0};
  std::atomic<int> seen{0};
  const unparker u = on().unparker();
  std::thread other([&] {
    for (int i = 1; i <= rounds; i++) {
      asked = i;
      u.unpark();
      while (seen.load() < i)
        std::this_thread::yield();
    }
  });
  while (seen < rounds) {
    const auto wait = on().begin_wait(10s);
    EXPECT_TRUE(wait);
    if (wait && wait->limit != 0ns && !is_readable(*wait, 10'000ms)) {
      ADD_FAILURE() << "a wake was lost at " << asked.load();
      seen = rounds;
      break;
    }
    EXPECT_TRUE(on().end_wait());
    seen = asked.load();
  }
  other.join();
}

TEST_P(outside_wait_of, can_be_left_and_parked_on_afterwards) {
  settle_down();
  const unparker u = on().unparker();
  ASSERT_TRUE(on().begin_wait(5s));
  ASSERT_TRUE(on().end_wait());
  EXPECT_GE(timed_out_after(3ms), 3ms);
  u.unpark();
  EXPECT_EQ(on().park(5s).value(), park_outcome::woken);
}

TEST_P(outside_wait_of, the_reactor_may_end_in_the_middle) {
  const unparker u = on().unparker();
  ASSERT_TRUE(on().begin_wait(5s));
  destroy_reactor();
  u.unpark();
}

class outside_wait_in_the_kernel : public outside_wait_of {};
INSTANTIATE_TEST_SUITE_P(on, outside_wait_in_the_kernel, kernel_kinds(), kind_name);

TEST_P(outside_wait_in_the_kernel, an_operation_that_was_only_prepared_is_submitted) {
  settle_down();
  auto [ours, peer] = connected();
  std::byte b[8];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  settle_down();  // an epoll queue tells of a new socket at once, since it can be written to
  const auto wait = on().begin_wait(5s).value();
  EXPECT_FALSE(is_readable(wait, 2ms));
  std::thread([&] { peer.send("x"); }).join();
  EXPECT_TRUE(is_readable(wait, 5000ms));
  EXPECT_EQ(on().end_wait().value(), park_outcome::events);
  EXPECT_EQ(waker_.wakes, 1);
  EXPECT_TRUE(poll(op));
}

TEST_P(outside_wait_in_the_kernel, what_comes_in_the_middle_of_two_waits_ends_the_second) {
  settle_down();
  auto [ours, peer] = connected();
  std::byte b[8];
  for (int i = 0; i < 50; i++) {
    operation op;
    op.receive(ours, b);
    EXPECT_FALSE(poll(op));
    ASSERT_TRUE(on().begin_wait(5s));
    ASSERT_TRUE(on().end_wait());
    peer.send("x");  // on a ring: deferred work, which nobody is told of
    const auto wait = on().begin_wait(5s).value();
    ASSERT_TRUE(wait.limit == 0ns || is_readable(wait, 5000ms)) << i;
    ASSERT_TRUE(on().end_wait());
    ASSERT_EQ(run(op), 1);
  }
}

TEST_P(outside_wait_in_the_kernel, an_eventfd_ends_it_each_time) {
  settle_down();
  auto number = sys::event_fd::open().value();
  source s = on().attach(sys::duplicate(number.get()).value()).value();
  for (int i = 0; i < 5; i++) {
    operation op;
    std::byte b[8];
    op.read(s, b);
    EXPECT_FALSE(poll(op));
    settle_down();
    const auto wait = on().begin_wait(5s).value();
    ASSERT_FALSE(is_readable(wait)) << i;
    std::thread([&] { number.signal(); }).join();
    ASSERT_TRUE(is_readable(wait, 5000ms)) << i;
    ASSERT_TRUE(on().end_wait());
    EXPECT_EQ(run(op), 8);
  }
}

TEST_P(outside_wait_in_the_kernel, what_was_in_flight_before_goes_on) {
  auto [ours, peer] = connected();
  std::byte b[8];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  look();  // in the kernel by now, on a ring that defers its work
  settle_down();
  EXPECT_FALSE(poll(op));  // a ring that was replaced has woken it
  settle_down();
  const auto wait = on().begin_wait(5s).value();
  EXPECT_FALSE(is_readable(wait));
  std::thread([&] { peer.send("x"); }).join();
  EXPECT_TRUE(is_readable(wait, 5000ms));
  ASSERT_TRUE(on().end_wait());
  EXPECT_TRUE(poll(op));
}

class outside_wait_of_a_ring : public outside_wait_of {};
INSTANTIATE_TEST_SUITE_P(on, outside_wait_of_a_ring, ::testing::Values(reactor_kind::io_uring),
                         kind_name);

TEST_P(outside_wait_of_a_ring, a_thread_may_hand_it_on) {
  ASSERT_TRUE(on().begin_wait(5s));
  ASSERT_TRUE(on().end_wait());
  ASSERT_TRUE(on().release_thread());
  const unparker u = on().unparker();
  std::thread([&] {
    settle_down();
    const auto wait = on().begin_wait(5s).value();
    EXPECT_FALSE(is_readable(wait));
    u.unpark();
    EXPECT_TRUE(is_readable(wait, 5000ms));
    EXPECT_TRUE(on().end_wait());
    EXPECT_TRUE(on().release_thread());
  }).join();
}

TEST_P(outside_wait_of_a_ring, another_thread_is_told_that_it_is_the_wrong_one) {
  settle_down();
  std::thread([&] {
    const auto wait = on().begin_wait(5s);
    EXPECT_TRUE(!wait && wait.error() == errc::wrong_thread);
  }).join();
}

TEST(outside_wait, is_rounded_up_to_milliseconds) {
  EXPECT_EQ((outside_wait{0, 0ns}.milliseconds()), 0);
  EXPECT_EQ((outside_wait{0, 1ns}.milliseconds()), 1);
  EXPECT_EQ((outside_wait{0, 1'000'000ns}.milliseconds()), 1);
  EXPECT_EQ((outside_wait{0, 1'000'001ns}.milliseconds()), 2);
  EXPECT_EQ((outside_wait{0, 1000h * 24}.milliseconds()), 0x7fff'ffff);
  EXPECT_EQ((outside_wait{0, no_limit}.milliseconds()), -1);
}

}  // namespace
}  // namespace rouse::testing

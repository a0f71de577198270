// The park half of the contract, over every back-end.
#include <rouse/reactor/contract_test.hpp>

#include <atomic>
#include <thread>

namespace rouse::testing {
namespace {

class reactor_park : public reactor_contract {};
INSTANTIATE_TEST_SUITE_P(on, reactor_park, every_kind(), kind_name);

TEST_P(reactor_park, spec_row_44_one_token_however_often_it_is_unparked) {
  const unparker u = on().unparker();
  for (int i = 0; i < 3; i++)
    u.unpark();
  EXPECT_EQ(on().park(no_limit).value(), park_outcome::woken);
  EXPECT_GE(timed_out_after(3ms), 3ms);  // and waits
}

TEST_P(reactor_park, looking_does_not_wait_and_consumes_the_token) {
  EXPECT_EQ(on().park(0ns).value(), park_outcome::timed_out);
  on().unparker().unpark();
  EXPECT_EQ(on().park(0ns).value(), park_outcome::woken);
  EXPECT_EQ(on().park(0ns).value(), park_outcome::timed_out);
  EXPECT_EQ(on().park(-5ns).value(), park_outcome::timed_out);
}

TEST_P(reactor_park, is_never_early) {
  for (const nanoseconds limit : {1ns, 1000ns, 200'000ns, 1'200'000ns})
    EXPECT_GE(timed_out_after(limit), limit);
}

TEST_P(reactor_park, is_ended_by_another_thread) {
  const unparker u = on().unparker();
  std::thread other([u] {
    std::this_thread::sleep_for(1ms);
    u.unpark();
  });
  auto outcome = on().park(5s);
  other.join();
  EXPECT_EQ(outcome.value(), park_outcome::woken);
}

TEST_P(reactor_park, spec_row_4_loses_no_wake_between_two_threads) {
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
    ASSERT_TRUE(on().park(10s));  // a lost wake shows as ten seconds
    seen = asked.load();
  }
  other.join();
}

TEST_P(reactor_park, fault_C16_a_storm_of_unparks_is_one_wake_up) {
  const unparker u = on().unparker();
  std::atomic<bool> stop{false};
  std::thread storm([&] {
    while (!stop)
      u.unpark();
  });
  for (int i = 0; i < 200; i++)
    ASSERT_TRUE(on().park(1s));
  stop = true;
  storm.join();
  EXPECT_LE(on().metrics().events, 400u);  // the storm itself is no event
}

TEST_P(reactor_park, unparking_after_its_end_is_harmless) {
  const unparker u = on().unparker();
  destroy_reactor();
  u.unpark();
  const unparker copy = u;
  copy.unpark();
}

TEST_P(reactor_park, has_work_only_while_something_waits) {
  look();  // a ring has its wake-up to enter at first
  EXPECT_FALSE(on().has_work());
  auto [ours, peer] = connected();
  EXPECT_FALSE(on().has_work());
  {
    std::byte b[8];
    operation op;
    op.receive(ours, b);
    EXPECT_FALSE(poll(op));
    EXPECT_TRUE(on().has_work());
    peer.send("x");
    EXPECT_EQ(run(op), 1);
    EXPECT_FALSE(on().has_work());
  }
  std::byte b[8];
  operation again;
  again.receive(ours, b);
  EXPECT_FALSE(poll(again));
  EXPECT_TRUE(on().has_work());
  run_cancel(again);
  for (int i = 0; i < 3 && on().has_work(); i++)
    look();  // a ring may have a completion to see
  EXPECT_FALSE(on().has_work());
}

TEST_P(reactor_park, an_event_ends_it_and_wakes) {
  auto [ours, peer] = connected();
  std::byte b[8];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  peer.send("x");
  EXPECT_EQ(on().park(5s).value(), park_outcome::events);
  EXPECT_EQ(waker_.wakes, 1);
  EXPECT_TRUE(poll(op));
}

TEST_P(reactor_park, an_event_and_a_token_are_both_kept) {
  auto [ours, peer] = connected();
  std::byte b[8];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  peer.send("x");
  on().unparker().unpark();
  ASSERT_TRUE(on().park(0ns));
  EXPECT_EQ(waker_.wakes, 1);
}

TEST_P(reactor_park, models_the_concept_by_reference) {
  static_assert(park<reactor>);
  look();
  park_ref p(on());
  EXPECT_FALSE(p.has_work());
  p.unparker().unpark();
  EXPECT_EQ(p.park(0ns).value(), park_outcome::woken);
}

}  // namespace
}  // namespace rouse::testing

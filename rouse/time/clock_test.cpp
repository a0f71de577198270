#include <rouse/time/manual_clock.hpp>

#include <rouse/sys/table.hpp>

#include "timing_test.hpp"

#include <thread>

namespace rouse {
namespace {

using namespace test;

TEST(clock, the_steady_one_does_not_go_back) {
  instant last = now();
  for (int i = 0; i < 1000; ++i) {
    const instant next = now();
    EXPECT_GE(next, last);
    last = next;
  }
  EXPECT_TRUE(steady_clock::instance().ticks());
}

TEST(clock, now_is_this_threads_default_and_restored_after_a_block) {
  manual_clock one(instant(10s));
  manual_clock two(instant(20s));
  with_default<clock>(one, [&] {
    EXPECT_EQ(now(), instant(10s));
    with_default<clock>(two, [&] { EXPECT_EQ(now(), instant(20s)); });
    EXPECT_EQ(now(), instant(10s));
    std::thread([] { EXPECT_NE(now(), instant(10s)); }).join();
  });
  EXPECT_NE(now(), instant(10s));
}

TEST(fault_T9_clock_death, a_failing_clock_call_aborts_with_a_message) {
  EXPECT_DEATH(
      {
        sys::table broken = sys::real_table;
        broken.clock_gettime = [](int, void*) { return -EINVAL; };
        const sys::scoped_table in_force(broken);
        (void)now();
      },
      "clock_failed == 0");
}

TEST(manual_clock, stands_still_until_it_is_moved) {
  manual_clock c(instant(1s));
  EXPECT_EQ(c.now(), instant(1s));
  c.advance(5ns);
  EXPECT_EQ(c.now(), instant(1s) + 5ns);
  c.advance(-1h);
  EXPECT_EQ(c.now(), instant(1s) + 5ns);
  c.set(instant(0s));
  EXPECT_EQ(c.now(), instant(0s));
  c.advance(no_limit);
  c.advance(no_limit);
  EXPECT_EQ(c.now(), never);  // T4: held at the end
}

TEST(manual_clock, moving_it_unparks_every_stack_that_watches) {
  manual_clock c;
  thread_park a, b;
  clock_watcher watch_a, watch_b;
  watch_a.unparker = a.unparker();
  watch_b.unparker = b.unparker();
  c.watch(watch_a);
  c.watch(watch_b);
  c.advance(1s);
  EXPECT_EQ(a.park(0ns), park_outcome::woken);
  EXPECT_EQ(b.park(0ns), park_outcome::woken);
  c.unwatch(watch_a);
  c.set(instant(1s));
  EXPECT_EQ(a.park(0ns), park_outcome::timed_out);
  EXPECT_EQ(b.park(0ns), park_outcome::woken);
  c.unwatch(watch_b);
}

TEST(manual_clock, jumps_only_in_auto_advance_for_one_stack_and_not_while_held) {
  manual_clock c(instant(1s));
  EXPECT_FALSE(c.try_jump(instant(2s)));
  c.set_auto_advance(true);
  EXPECT_FALSE(c.try_jump(instant(2s)));  // nobody watches
  clock_watcher one, two;
  c.watch(one);
  {
    const manual_clock::hold hold(c);
    EXPECT_FALSE(c.try_jump(instant(2s)));
  }
  c.watch(two);
  EXPECT_FALSE(c.try_jump(instant(2s)));
  c.unwatch(two);
  EXPECT_TRUE(c.try_jump(instant(2s)));
  EXPECT_EQ(c.now(), instant(2s));
  EXPECT_TRUE(c.try_jump(instant(1s)));  // never back
  EXPECT_EQ(c.now(), instant(2s));
  c.unwatch(one);
}

}  // namespace
}  // namespace rouse

// The faults of time, as the loop's timers meet them. What lies below, the wheel and the waits, has
// tests of the same names in rouse/time.
#include <rouse/loop/on_loop_test.hpp>

#include <tests/support/sanitized.hpp>

#include <functional>
#include <limits>

namespace loop_test {
namespace {

class loop_faults : public on_loop {
 protected:
  auto note(const char* what) {
    return [this, what] { log.push_back(std::to_string(passed().count()) + " " + what); };
  }
};
INSTANTIATE_TEST_SUITE_P(each, loop_faults, support::reactors(), support::reactor_name);

// A clock that goes backwards stands still for whoever waits on it.
TEST_P(loop_faults, fault_T1_timers_know_no_wall_clock_and_a_clock_set_back_fires_nothing_early) {
  class jumping final : public rouse::clock {
   public:
    rouse::instant now() const noexcept override { return rouse::instant(at); }
    rouse::nanoseconds at{std::chrono::hours(24 * 365 * 20)};
  } jumping;
  rouse::loop_options options;
  options.runtime.reactor.kind = GetParam();
  options.runtime.clock = &jumping;
  rouse::loop loop(options);
  loop.set_timeout(10ms, say("timer"));
  jumping.at -= std::chrono::hours(24 * 365 * 10);
  loop.run_nowait();
  EXPECT_EQ(log, lines{});
  jumping.at += std::chrono::hours(24 * 365 * 10) + 9ms;
  loop.run_nowait();
  EXPECT_EQ(log, lines{});
  jumping.at += 1ms;
  loop.run_nowait();
  EXPECT_EQ(log, lines{"timer"});
}

TEST_P(loop_faults, fault_T2_after_a_stall_of_5_s_each_fires_once_and_an_interval_skips) {
  rouse::timer_id interval;
  int left = 3;
  interval = it().set_interval(100ms, [&] {
    note("interval")();
    if (--left == 0) it().clear_interval(interval);
  });
  it().set_timeout(1000ms, note("1000"));
  it().set_timeout(500ms, note("500"));
  it().set_timeout(5050ms, note("5050"));
  clock_.advance(5s);
  it().run();
  EXPECT_EQ(log, (lines{"5000 interval", "5000 500", "5000 1000", "5050 5050", "5100 interval",
                        "5200 interval"}));
}

TEST_P(loop_faults, fault_T3_deadlines_in_the_past_come_in_order_and_events_between_their_batches) {
  constexpr int many = 3000;
  int called = 0, called_before_post = 0;
  it().handle().post([&] { called_before_post = called; }).value();
  for (int i = 0; i < many; ++i)
    it().set_timeout(i % 2 ? -1h : 0ms, [&, i] { EXPECT_EQ(called++, i); });
  it().run();
  EXPECT_EQ(called, many);
  EXPECT_EQ(called_before_post, 1024);
  EXPECT_EQ(passed(), 0ms);
}

TEST_P(loop_faults, fault_T4_the_longest_delays_saturate_and_never_fire) {
  using hours = std::chrono::hours;
  using years = std::chrono::duration<std::int64_t, std::ratio<31556952>>;
  it().unref(it().set_timeout(rouse::nanoseconds::max(), note("max")));
  it().unref(it().set_timeout(years::max(), note("years")));
  it().unref(it().set_timeout(std::chrono::duration<double>(1e300), note("1e300")));
  it().unref(it().set_interval(hours::max(), note("interval")));
  it().set_timeout(years::min(), note("least"));
  it().set_timeout(std::chrono::duration<double>(-1e300), note("-1e300"));
  it().set_timeout(hours(24 * 365 * 100), note("a century"));
  it().run();
  EXPECT_EQ(log, (lines{"0 least", "0 -1e300", "3153600000000 a century"}));
}

// 2^31 ms are 24.8 days, 2^32 ms are 49.7: where an int of milliseconds has wrapped.
TEST_P(loop_faults, fault_T5_no_delay_is_cut_to_milliseconds_or_wraps_and_no_wait_spins) {
  const std::chrono::milliseconds delays[] = {2'147'483'647ms, 2'147'483'648ms, 4'294'967'295ms,
                                              4'294'967'296ms, 4'294'967'297ms};
  const rouse::instant begin = clock_.now();
  for (const auto delay : delays)
    it().set_timeout(delay, [&, delay] { EXPECT_EQ(clock_.now() - begin, delay); });
  it().set_timeout(1'000'001ns, [&] { EXPECT_EQ(clock_.now() - begin, 1'000'001ns); });
  it().run();
  EXPECT_EQ(it().metrics().in(rouse::loop_phase::timers), 6U);
  EXPECT_LE(it().metrics().turns, 14U);
}

TEST_P(loop_faults, fault_T5_on_the_real_clock_none_is_early_and_none_waits_in_vain) {
  make_real();
  for (int i = 1; i <= 20; ++i) {
    const rouse::instant due = it().now() + i * 250us;
    it().set_timeout(i * 250us, [&, due] { EXPECT_GE(it().now(), due); });
  }
  it().run();
  EXPECT_EQ(it().metrics().in(rouse::loop_phase::timers), 20U);
  EXPECT_LE(it().metrics().turns, 3U * 20U);
}

TEST_P(loop_faults, fault_T6_many_timers_of_one_instant_leave_turns_to_others) {
  constexpr int many = support::is_sanitized ? 50'000 : 500'000;
  int called = 0, before = 0, most_between = 0;
  for (int i = 0; i < many; ++i)
    it().set_timeout(1ms, [&, i] { EXPECT_EQ(called++, i); });
  it().unref(it().add_prepare([&] {
    most_between = std::max(most_between, called - before);
    before = called;
  }));
  it().run();
  EXPECT_EQ(called, many);
  EXPECT_EQ(most_between, 1024);
  EXPECT_EQ(passed(), 1ms);
}

TEST_P(loop_faults, fault_T7_what_is_cleared_in_a_callback_never_runs_and_clearing_itself_is_fine) {
  rouse::timer_id self, other, interval, moved;
  self = it().set_timeout(5ms, [&] {
    note("self")();
    EXPECT_TRUE(it().clear_timeout(self));
    EXPECT_FALSE(it().clear_timeout(self));
    EXPECT_TRUE(it().clear_timeout(other));
    EXPECT_TRUE(it().refresh(moved));
  });
  other = it().set_timeout(5ms, note("never"));
  moved = it().set_timeout(5ms, note("moved"));
  interval = it().set_interval(2ms, [&] {
    note("interval")();
    if (passed() < 4ms) return;
    EXPECT_TRUE(it().clear_interval(interval));
    EXPECT_FALSE(it().refresh(interval));
    self = it().set_timeout(1ms, note("again"));  // the id of one that has not come yet
  });
  it().run();
  EXPECT_EQ(log, (lines{"2 interval", "4 interval", "5 self", "10 moved"}));
}

TEST_P(loop_faults, fault_T7_a_loop_that_is_closed_by_its_own_callback_refuses_and_lives) {
  it().set_timeout(1ms, [&] {
    EXPECT_EQ(it().close().error(), rouse::errc::would_deadlock);
    it().exit(3);
  });
  it().set_timeout(1ms, note("never"));
  EXPECT_EQ(it().run([] {}), 3);
  EXPECT_TRUE(it().is_closed());
  EXPECT_EQ(log, lines{});
}

}  // namespace
}  // namespace loop_test

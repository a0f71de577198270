#include <rouse/time/interval.hpp>

#include "timing_test.hpp"

namespace rouse {
namespace {

using namespace test;

static_assert(stream<interval>);
static_assert(std::is_same_v<output<interval::tick_operation>, instant>);

/// The ticks that one poll after the other gives until it is pending, in milliseconds since the
/// start.
std::vector<std::int64_t> ticks(interval& i, timed_world& w, int most = 100) {
  std::vector<std::int64_t> got;
  for (int n = 0; n < most; ++n) {
    auto answer = i.poll_tick(w.cx);
    if (!answer.is_ready()) break;
    got.push_back(
        std::chrono::duration_cast<std::chrono::milliseconds>(*answer.take() - w.start()).count());
  }
  return got;
}
using list_of = std::vector<std::int64_t>;

TEST(spec_row_60_interval, burst_gives_300_600_and_one_late_poll_900_and_1200) {
  timed_world w;
  auto i = every(300ms);
  EXPECT_EQ(ticks(i, w), list_of{});
  w.advance(299ms);
  EXPECT_EQ(ticks(i, w), list_of{});
  w.advance(1ms);
  EXPECT_EQ(w.task.wakes, 1);
  EXPECT_EQ(ticks(i, w), list_of{300});
  w.advance(300ms);
  EXPECT_EQ(ticks(i, w), list_of{600});
  w.advance(650ms);  // 1250
  EXPECT_EQ(w.task.wakes, 3);
  EXPECT_EQ(ticks(i, w), (list_of{900, 1200}));
  w.advance(250ms);
  EXPECT_EQ(ticks(i, w), list_of{1500});
}

TEST(spec_row_60_interval, delay_comes_one_period_after_the_late_tick) {
  timed_world w;
  auto i = every(300ms, missed_ticks::delay);
  w.advance(350ms);  // late, but none missed: no drift
  EXPECT_EQ(ticks(i, w), list_of{300});
  w.advance(250ms);
  EXPECT_EQ(ticks(i, w), list_of{600});
  w.advance(650ms);  // 1250
  EXPECT_EQ(ticks(i, w), list_of{900});
  w.advance(299ms);
  EXPECT_EQ(ticks(i, w), list_of{});
  w.advance(1ms);
  EXPECT_EQ(ticks(i, w), list_of{1550});
}

TEST(spec_row_60_interval, skip_goes_on_with_the_next_multiple) {
  timed_world w;
  auto i = every(300ms, missed_ticks::skip);
  w.advance(300ms);
  EXPECT_EQ(ticks(i, w), list_of{300});
  w.advance(950ms);  // 1250: 600, 900 and 1200 have passed
  EXPECT_EQ(ticks(i, w), list_of{600});
  w.advance(250ms);
  EXPECT_EQ(ticks(i, w), list_of{1500});
  w.advance(600ms);  // exactly on a multiple, which counts as passed
  EXPECT_EQ(ticks(i, w), list_of{1800});
  w.advance(300ms);
  EXPECT_EQ(ticks(i, w), list_of{2400});
}

TEST(fault_T2_interval, after_a_stall_of_5_s_each_policy_does_what_it_says) {
  for (const auto& [policy, count] :
       {std::pair(missed_ticks::burst, 50U), {missed_ticks::delay, 1U}, {missed_ticks::skip, 1U}}) {
    timed_world w;
    auto i = every(100ms, policy);
    EXPECT_EQ(ticks(i, w), list_of{});
    w.advance(5s);
    EXPECT_EQ(w.task.wakes, 1);
    EXPECT_EQ(ticks(i, w).size(), count);
  }
}

TEST(spec_row_60_interval, starts_where_it_is_told) {
  timed_world w;
  auto now_on = every_from(w.start(), 1s);
  EXPECT_EQ(ticks(now_on, w), list_of{0});
  auto later = every_from(w.start() + 10ms, 1s);
  EXPECT_EQ(ticks(later, w), list_of{});
  w.advance(10ms);
  EXPECT_EQ(ticks(later, w), list_of{10});
}

TEST(interval, reset_moves_the_next_tick_also_while_a_task_waits) {
  timed_world w;
  auto i = every(300ms);
  (void)ticks(i, w);
  w.advance(200ms);
  i.reset();
  w.advance(299ms);
  EXPECT_EQ(w.task.wakes, 0);
  w.advance(1ms);
  EXPECT_EQ(ticks(i, w), list_of{500});
  i.reset_after(10ms);
  w.advance(10ms);
  EXPECT_EQ(ticks(i, w), list_of{510});
  i.reset_at(w.start() + 600ms);
  w.advance(90ms);
  EXPECT_EQ(ticks(i, w), list_of{600});
  i.reset_immediately();
  w.turn();
  EXPECT_EQ(ticks(i, w), list_of{600});
  w.advance(300ms);
  EXPECT_EQ(ticks(i, w), list_of{900});
}

TEST(interval, is_a_stream_without_an_end) {
  timed_world w;
  auto i = every(1ms);
  for (int n = 0; n < 3; ++n) {
    auto op = next(i);
    EXPECT_FALSE(op.poll(w.cx).is_ready());
    w.advance(1ms);
    auto item = op.poll(w.cx).take();
    ASSERT_TRUE(item && *item);
    EXPECT_EQ(**item, w.start() + (n + 1) * 1ms);
  }
}

TEST(interval, a_tick_operation_that_goes_leaves_no_waker_and_loses_no_tick) {
  timed_world w;
  auto i = every(10ms);
  {
    auto op = i.tick();
    EXPECT_EQ(words(op.poll(w.cx)), "pending");
  }
  auto cancelled = i.tick();
  EXPECT_EQ(words(cancelled.poll(w.cx)), "pending");
  EXPECT_TRUE(cancelled.poll_cancel(w.cx).is_ready());
  w.advance(10ms);
  EXPECT_EQ(w.task.wakes, 0);
  EXPECT_EQ(ticks(i, w), list_of{10});
}

TEST(interval, without_a_timer_it_is_an_error) {
  counting_waker task;
  context cx(task);
  auto i = every(1ms);
  EXPECT_EQ(words(i.poll_tick(cx)), "sleep: no runtime is running on this thread");
}

TEST(spec_row_60_interval_death, a_period_of_zero_is_rejected) {
  EXPECT_DEATH((void)every(0ns), "period > nanoseconds");
  EXPECT_DEATH((void)every_from(instant(), -1s), "period > nanoseconds");
}

}  // namespace
}  // namespace rouse

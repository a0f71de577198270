#include <rouse/time/sleep.hpp>

#include "timing_test.hpp"

#include <memory>
#include <thread>

namespace rouse {
namespace {

using namespace test;

static_assert(pollable<sleep_operation> && cancellable<sleep_operation> &&
              disownable<sleep_operation>);
static_assert(std::is_void_v<output<sleep_operation>>);

TEST(spec_row_60_sleep, is_ready_at_its_deadline_and_not_before) {
  timed_world w;
  auto s = sleep(10ms);
  EXPECT_EQ(words(s.poll(w.cx)), "pending");
  w.advance(10ms - 1ns);
  EXPECT_EQ(w.task.wakes, 0);
  EXPECT_EQ(words(s.poll(w.cx)), "pending");
  w.advance(1ns);
  EXPECT_EQ(w.task.wakes, 1);
  EXPECT_TRUE(s.is_elapsed());
  EXPECT_EQ(words(s.poll(w.cx)), "ok");
  EXPECT_FALSE(w.stack.has_work());
}

TEST(spec_row_60_sleep, is_ready_on_its_first_poll_when_the_deadline_has_passed) {
  timed_world w;
  auto zero = sleep(0ns);
  auto negative = sleep(-5s);
  auto past = sleep_until(w.time.now() - 1s);
  auto soon = sleep(1ms);
  w.time.advance(1ms);  // no turn in between
  for (auto* s : {&zero, &negative, &past, &soon})
    EXPECT_EQ(words(s->poll(w.cx)), "ok");
  EXPECT_FALSE(w.stack.has_work());
  EXPECT_EQ(w.task.wakes, 0);
}

TEST(spec_row_60_sleep, the_deadline_is_fixed_at_the_call) {
  timed_world w;
  auto s = sleep(10ms);
  w.time.advance(7ms);
  EXPECT_EQ(words(s.poll(w.cx)), "pending");  // registered now
  EXPECT_EQ(s.deadline(), w.start() + 10ms);
  w.advance(3ms);
  EXPECT_EQ(words(s.poll(w.cx)), "ok");
}

TEST(spec_row_60_sleep, without_a_clock_at_the_call_the_duration_counts_from_the_first_poll) {
  auto s = sleep(10ms);
  timed_world w;
  w.time.advance(1h);
  EXPECT_EQ(words(s.poll(w.cx)), "pending");
  EXPECT_EQ(s.deadline(), w.start() + 1h + 10ms);
  w.advance(10ms);
  EXPECT_EQ(words(s.poll(w.cx)), "ok");
}

TEST(spec_row_60_sleep, nothing_is_registered_before_the_first_poll) {
  timed_world w;
  auto s = sleep(10ms);
  EXPECT_FALSE(w.stack.has_work());
  auto moved = std::move(s);
  EXPECT_EQ(words(moved.poll(w.cx)), "pending");
  EXPECT_TRUE(w.stack.has_work());
}

TEST(spec_row_60_sleep, without_a_timer_it_is_an_error) {
  counting_waker task;
  context cx(task);
  auto s = sleep(10ms);
  EXPECT_EQ(words(s.poll(cx)), "sleep: no runtime is running on this thread");
  EXPECT_EQ(task.clones, 0);
}

TEST(spec_row_60_sleep, destroying_it_cancels) {
  timed_world w;
  {
    auto s = sleep(10ms);
    EXPECT_EQ(words(s.poll(w.cx)), "pending");
  }
  EXPECT_FALSE(w.stack.has_work());
  w.advance(1h);
  EXPECT_EQ(w.task.wakes, 0);
}

TEST(spec_row_60_sleep, reset_moves_a_pending_one_either_way_and_keeps_its_waker) {
  timed_world w;
  auto s = sleep(10ms);
  (void)s.poll(w.cx);
  s.reset(w.start() + 30ms);
  w.advance(20ms);
  EXPECT_EQ(w.task.wakes, 0);
  s.reset(w.start() + 25ms);
  w.advance(5ms);
  EXPECT_EQ(w.task.wakes, 1);
  EXPECT_EQ(words(s.poll(w.cx)), "ok");
}

TEST(spec_row_60_sleep, reset_after_firing_starts_it_again) {
  timed_world w;
  auto s = sleep(10ms);
  (void)s.poll(w.cx);
  w.advance(10ms);
  EXPECT_EQ(words(s.poll(w.cx)), "ok");
  s.reset(w.time.now() + 5ms);
  EXPECT_EQ(words(s.poll(w.cx)), "pending");
  w.advance(5ms);
  EXPECT_EQ(w.task.wakes, 2);
  EXPECT_EQ(words(s.poll(w.cx)), "ok");
  s.reset(w.time.now());
  EXPECT_EQ(words(s.poll(w.cx)), "ok");
}

TEST(spec_row_60_sleep, when_the_timer_goes_the_task_is_woken_and_told) {
  manual_clock time;
  counting_waker task;
  context cx(task);
  auto s = sleep(1h);
  {
    timer_park<logging_park> stack(time);
    const timer_driver::scope scope(stack.driver());
    EXPECT_EQ(words(s.poll(cx)), "pending");
  }
  EXPECT_EQ(task.wakes, 1);
  EXPECT_EQ(words(s.poll(cx)), "sleep: the runtime is shut down");
}

TEST(fault_T4_sleep, never_and_no_limit_never_fire_and_nothing_wraps) {
  timed_world w;
  auto a = sleep(no_limit);
  auto b = sleep_until(never);
  auto c = sleep(no_limit - 1ns);  // saturates
  for (auto* s : {&a, &b, &c})
    EXPECT_EQ(words(s->poll(w.cx)), "pending");
  w.advance(24h * 365 * 100);
  w.time.set(never);
  w.turn();
  EXPECT_EQ(w.task.wakes, 0);
  for (auto* s : {&a, &b, &c})
    EXPECT_EQ(words(s->poll(w.cx)), "pending");
}

TEST(fault_T1_sleep, without_a_clock_current_never_stays_never) {
  auto s = sleep(no_limit);
  timed_world w;
  EXPECT_EQ(words(s.poll(w.cx)), "pending");
  EXPECT_EQ(s.deadline(), never);
}

TEST(sleep, borrows_on_the_timers_own_thread_and_marks_the_task_reachable) {
  timed_world w;
  auto s = sleep(1s);
  context first(w.task);
  (void)s.poll(first);
  EXPECT_TRUE(first.is_borrowed());
  context again(w.task);
  (void)s.poll(again);
  EXPECT_TRUE(again.is_borrowed());
  EXPECT_EQ(w.task.clones, 0);
}

TEST(sleep, wakes_the_task_of_the_latest_poll) {
  timed_world w;
  counting_waker other;
  context cx(other);
  auto s = sleep(1s);
  (void)s.poll(w.cx);
  (void)s.poll(cx);
  w.advance(1s);
  EXPECT_EQ(w.task.wakes, 0);
  EXPECT_EQ(other.wakes, 1);
}

TEST(sleep, disowned_it_wakes_nobody_and_can_be_awaited_again) {
  timed_world w;
  auto s = sleep(1s);
  (void)s.poll(w.cx);
  s.disown();
  w.advance(1s);
  EXPECT_EQ(w.task.wakes, 0);
  EXPECT_EQ(words(s.poll(w.cx)), "ok");
}

TEST(sleep, cancelled_it_is_out_of_the_wheel_and_one_more_poll_starts_nothing) {
  timed_world w;
  auto s = sleep(1s);
  (void)s.poll(w.cx);
  EXPECT_TRUE(s.poll_cancel(w.cx).is_ready());
  EXPECT_FALSE(w.stack.has_work());
  EXPECT_EQ(words(s.poll(w.cx)), "pending");
  EXPECT_FALSE(w.stack.has_work());
  auto fired = sleep(1s);
  (void)fired.poll(w.cx);
  w.advance(1s);
  EXPECT_TRUE(fired.poll_cancel(w.cx).is_ready());
  EXPECT_EQ(words(fired.poll(w.cx)), "ok");  // it beat the cancel
  auto fresh = sleep(1s);
  EXPECT_TRUE(fresh.poll_cancel(w.cx).is_ready());
  EXPECT_EQ(words(fresh.poll(w.cx)), "pending");
  EXPECT_FALSE(w.stack.has_work());
}

TEST(sleep, a_loop_of_sleeps_that_are_over_uses_up_the_budget) {
  timed_world w;
  unsigned budget = 2;
  context cx(w.task, &budget);
  auto a = sleep(0ns), b = sleep(0ns), c = sleep(0ns);
  EXPECT_EQ(words(a.poll(cx)), "ok");
  EXPECT_EQ(words(b.poll(cx)), "ok");
  EXPECT_EQ(words(c.poll(cx)), "pending");
  EXPECT_EQ(w.task.wakes, 1);
  budget = 1;
  EXPECT_EQ(words(c.poll(cx)), "ok");
}

TEST(sleep, thousands_of_one_instant_wake_in_order) {
  timed_world w;
  std::string order;
  std::deque<counting_waker> tasks;
  std::deque<sleep_operation> sleeps;
  for (int i = 0; i < 1000; ++i) {
    tasks.emplace_back([&order, i] { order += std::to_string(i) + ' '; });
    context cx(tasks.back());
    (void)sleeps.emplace_back(sleep_until(w.start() + 1s)).poll(cx);
  }
  std::string expected;
  for (int i = 0; i < 1000; ++i)
    expected += std::to_string(i) + ' ';
  w.advance(1s);
  EXPECT_EQ(order, expected);
}

TEST(sleep, a_waker_may_destroy_other_sleeps_that_are_due) {
  timed_world w;
  auto victim = std::make_unique<sleep_operation>(sleep(1s));
  counting_waker killer([&] { victim.reset(); });
  context cx(killer);
  auto s = sleep(1s);
  (void)s.poll(cx);
  (void)victim->poll(w.cx);
  w.advance(1s);
  EXPECT_EQ(killer.wakes, 1);
  EXPECT_EQ(w.task.wakes, 0);
}

TEST(sleep, a_pending_one_is_at_most_96_bytes) {
  EXPECT_LE(sizeof(sleep_operation), 96U);
  EXPECT_EQ(sizeof(sleep_operation), 64U);
}

/// A task of an executor without a timer of its own: its sleeps go by another thread's.
struct far_world {
  manual_clock time;
  timer_park<thread_park> stack{time};
  timer_handle handle = stack.driver().handle();
  current<timer_handle>::scope scope{&handle};
  counting_waker task;
  context cx{task};

  void turn() { ASSERT_TRUE(stack.park(0ns).has_value()); }
  void advance(nanoseconds d) {
    time.advance(d);
    turn();
    turn();
  }
};

TEST(sleep_by_handle, is_counted_and_fires_on_the_other_side) {
  far_world w;
  auto s = sleep(1s);
  EXPECT_EQ(words(s.poll(w.cx)), "pending");
  EXPECT_EQ(w.task.references, 1);
  EXPECT_FALSE(w.cx.is_borrowed());
  w.turn();
  w.advance(1s - 1ns);
  EXPECT_EQ(w.task.wakes, 0);
  EXPECT_EQ(words(s.poll(w.cx)), "pending");
  w.advance(1ns);
  EXPECT_EQ(w.task.wakes, 1);
  EXPECT_TRUE(s.is_elapsed());
  EXPECT_EQ(words(s.poll(w.cx)), "ok");
  EXPECT_EQ(w.task.references, 0);
}

TEST(sleep_by_handle, elapsed_cancelled_reset_and_shut_down_are_as_usual) {
  far_world w;
  auto past = sleep(0ns);
  EXPECT_EQ(words(past.poll(w.cx)), "ok");
  {
    auto dropped = sleep(1s);
    (void)dropped.poll(w.cx);
  }
  auto cancelled = sleep(1s);
  (void)cancelled.poll(w.cx);
  w.turn();
  EXPECT_TRUE(cancelled.poll_cancel(w.cx).is_ready());
  EXPECT_EQ(words(cancelled.poll(w.cx)), "pending");
  EXPECT_EQ(w.task.references, 0);
  auto moved = sleep(1s);
  (void)moved.poll(w.cx);
  w.turn();
  moved.reset(w.time.now() + 5s);
  w.turn();
  w.advance(4s);
  EXPECT_EQ(w.task.wakes, 0);
  w.advance(1s);
  EXPECT_EQ(w.task.wakes, 1);
  EXPECT_EQ(words(moved.poll(w.cx)), "ok");
  EXPECT_FALSE(w.stack.has_work());
}

TEST(sleep_by_handle, when_the_timer_goes_the_task_is_told_posted_or_in_the_wheel) {
  counting_waker task;
  context cx(task);
  manual_clock time;
  timer_handle handle;
  auto posted = sleep(1s), armed = sleep(1s), late = sleep(1s);
  {
    timer_park<thread_park> stack(time);
    handle = stack.driver().handle();
    const current<timer_handle>::scope scope(&handle);
    (void)armed.poll(cx);
    (void)stack.park(0ns);
    (void)posted.poll(cx);
  }
  EXPECT_EQ(task.wakes, 2);
  EXPECT_EQ(words(posted.poll(cx)), "sleep: the runtime is shut down");
  EXPECT_EQ(words(armed.poll(cx)), "sleep: the runtime is shut down");
  const current<timer_handle>::scope scope(&handle);
  EXPECT_EQ(words(late.poll(cx)), "sleep: the runtime is shut down");
}

}  // namespace
}  // namespace rouse

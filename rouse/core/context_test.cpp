#include <rouse/core/context.hpp>

#include <gtest/gtest.h>
#include <tests/support/counting_waker.hpp>

namespace rouse {
namespace {

TEST(context, a_budget_that_is_used_up_wakes_the_task_and_says_no) {
  support::counting_waker task;
  unsigned budget = 2;
  context cx(task, &budget);
  EXPECT_TRUE(cx.spend());
  EXPECT_TRUE(cx.spend());
  EXPECT_EQ(task.wakes(), 0u);
  EXPECT_FALSE(cx.spend());
  EXPECT_EQ(task.wakes(), 1u);
}

TEST(context, a_refunded_unit_can_be_spent_again) {
  support::counting_waker task;
  unsigned budget = 1;
  context cx(task, &budget);
  EXPECT_TRUE(cx.spend());
  cx.refund();
  EXPECT_TRUE(cx.spend());
  EXPECT_FALSE(cx.spend());
}

TEST(context, a_hand_written_executor_has_no_budget) {
  support::counting_waker task;
  context cx(task);
  for (unsigned i = 0; i < 10 * poll_budget; ++i)
    ASSERT_TRUE(cx.spend());
  EXPECT_EQ(task.wakes(), 0u);
}

TEST(context, a_coroutine_goes_on_128_times_then_is_woken_for_the_next_poll) {
  support::counting_waker task;
  context cx(task);
  for (unsigned i = 0; i < awaits_inline_max; ++i)
    ASSERT_TRUE(cx.go_on());
  EXPECT_EQ(task.wakes(), 0u);
  EXPECT_FALSE(cx.go_on());
  EXPECT_EQ(task.wakes(), 1u);
}

TEST(context, borrowing_counts_nothing_but_is_remembered) {
  support::counting_waker task;
  context cx(task);
  EXPECT_FALSE(cx.is_borrowed());
  EXPECT_EQ(cx.borrow_waker(), &task);
  EXPECT_TRUE(cx.is_borrowed());
  EXPECT_EQ(task.holders(), 0);
}

}  // namespace
}  // namespace rouse

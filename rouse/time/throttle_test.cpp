#include <rouse/time/throttle.hpp>

#include "timing_test.hpp"

namespace rouse {
namespace {

using namespace test;

/// Counts up while it may, then waits; or ends.
struct numbers {
  poll_result<std::optional<int>> poll_next(context& cx) {
    if (given < last) return std::optional(++given);
    if (ended) return std::optional<int>();
    waiting = cx.borrow_waker();
    return pending;
  }
  void disown() noexcept { waiting = nullptr; }
  int given = 0;
  int last = 1000;
  bool ended = false;
  wakeable* waiting = nullptr;
};

template <class S>
std::string item(S& s, context& cx) {
  auto answer = s.poll_next(cx);
  if (!answer.is_ready()) return "pending";
  auto value = answer.take();
  if (!value) return "end";
  return *value ? std::to_string(**value) : value->error().message();
}

TEST(spec_row_60_throttle, keeps_at_least_the_gap_between_two_items) {
  timed_world w;
  auto s = throttle(numbers(), 100ms);
  static_assert(stream<decltype(s)>);
  EXPECT_EQ(item(s, w.cx), "1");
  EXPECT_EQ(item(s, w.cx), "pending");
  w.advance(99ms);
  EXPECT_EQ(item(s, w.cx), "pending");
  EXPECT_EQ(w.task.wakes, 0);
  w.advance(1ms);
  EXPECT_EQ(w.task.wakes, 1);
  EXPECT_EQ(item(s, w.cx), "2");
  EXPECT_EQ(item(s, w.cx), "pending");
  w.advance(250ms);  // late: the gap counts from the item given
  EXPECT_EQ(item(s, w.cx), "3");
  EXPECT_EQ(item(s, w.cx), "pending");
}

TEST(spec_row_60_throttle, a_gap_of_0_changes_nothing_and_needs_no_timer) {
  counting_waker task;
  context cx(task);
  auto s = throttle(numbers(), 0ns);
  for (int i = 1; i <= 50; ++i)
    EXPECT_EQ(item(s, cx), std::to_string(i));
}

TEST(spec_row_60_throttle, the_end_passes_at_once) {
  timed_world w;
  numbers from;
  from.last = 1;
  from.ended = true;
  auto s = throttle(from, 1h);
  EXPECT_EQ(item(s, w.cx), "1");
  EXPECT_EQ(item(s, w.cx), "end");  // though the gap has just begun
}

TEST(throttle, an_item_taken_during_the_gap_is_kept_when_the_wait_is_cancelled) {
  timed_world w;
  auto s = throttle(numbers(), 1s);
  EXPECT_EQ(item(s, w.cx), "1");
  EXPECT_EQ(item(s, w.cx), "pending");
  EXPECT_TRUE(s.poll_cancel(w.cx).is_ready());
  w.advance(1s);
  EXPECT_EQ(w.task.wakes, 0);
  EXPECT_EQ(item(s, w.cx), "2");
}

TEST(throttle, without_a_timer_it_is_an_error_and_no_item_is_lost) {
  counting_waker task;
  context cx(task);
  auto s = throttle(numbers(), 1s);
  EXPECT_EQ(item(s, cx), "1");
  EXPECT_EQ(item(s, cx), "throttle: no runtime is running on this thread");
  EXPECT_EQ(item(s, cx), "2");
}

}  // namespace
}  // namespace rouse

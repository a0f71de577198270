#include <rouse/core/stream.hpp>

#include <gtest/gtest.h>

namespace rouse {
namespace {

/// Gives what it is told to, and keeps the waker of whoever waits.
struct script {
  poll_result<std::optional<int>> poll_next(context& cx) {
    ++polls;
    if (next == 0) {
      waiting = cx.borrow_waker();
      return pending;
    }
    if (next < 0) return std::optional<int>();
    return std::optional(std::exchange(next, 0));
  }
  void disown() noexcept { waiting = nullptr; }

  int next = 0;  // 0: nothing yet; negative: the end
  int polls = 0;
  wakeable* waiting = nullptr;
};
static_assert(stream<script> && !stream<int>);
static_assert(std::is_same_v<stream_item<script>, int>);
static_assert(pollable<next_operation<script>> && disownable<next_operation<script>>);

TEST(next, gives_items_and_then_the_end) {
  script s;
  context cx(no_wakeable());
  auto first = next(s);
  EXPECT_FALSE(first.poll(cx).is_ready());
  s.next = 7;
  EXPECT_EQ(first.poll(cx).take(), 7);
  s.next = -1;
  auto last = next(s);
  EXPECT_EQ(last.poll(cx).take(), std::nullopt);
}

TEST(next, forgets_the_waker_when_it_is_destroyed_disowned_or_cancelled) {
  script s;
  context cx(no_wakeable());
  {
    auto n = next(s);
    (void)n.poll(cx);
    EXPECT_NE(s.waiting, nullptr);
  }
  EXPECT_EQ(s.waiting, nullptr);
  auto n = next(s);
  (void)n.poll(cx);
  n.disown();
  EXPECT_EQ(s.waiting, nullptr);
  (void)n.poll(cx);
  EXPECT_TRUE(n.poll_cancel(cx).is_ready());
  EXPECT_EQ(s.waiting, nullptr);
}

TEST(next, one_more_poll_after_a_cancel_tells_of_an_item_that_beat_it_and_starts_nothing) {
  script s;
  context cx(no_wakeable());
  auto n = next(s);
  (void)n.poll(cx);
  (void)n.poll_cancel(cx);
  s.next = 5;
  EXPECT_EQ(n.poll(cx).take(), 5);
  auto late = next(s);
  (void)late.poll(cx);
  (void)late.poll_cancel(cx);
  EXPECT_FALSE(late.poll(cx).is_ready());
  EXPECT_EQ(s.waiting, nullptr);
  const int polls = s.polls;
  auto fresh = next(s);
  (void)fresh.poll_cancel(cx);
  EXPECT_FALSE(fresh.poll(cx).is_ready());
  EXPECT_EQ(s.polls, polls);
}

}  // namespace
}  // namespace rouse

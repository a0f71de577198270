#include <rouse/time/delay_queue.hpp>

#include "timing_test.hpp"

#include <map>
#include <memory>

namespace rouse {
namespace {

using namespace test;

/// "pending", "end", the value, or the error.
template <class T>
std::string item(delay_queue<T>& q, context& cx) {
  auto answer = q.poll_next(cx);
  if (!answer.is_ready()) return "pending";
  auto value = answer.take();
  if (!value) return "end";
  if (!*value) return value->error().message();
  if constexpr (std::is_same_v<T, std::string>)
    return (*value)->value;
  else
    return std::to_string((*value)->value);
}

struct queued : timed_world {
  delay_queue<std::string> q;
  std::string item() { return test_item(q); }
  std::string test_item(delay_queue<std::string>& of) { return rouse::item(of, cx); }
};

TEST(spec_row_60_delay_queue, gives_by_expiry_and_ends_when_empty) {
  queued w;
  EXPECT_EQ(w.item(), "end");
  w.q.insert("c", 30ms);
  w.q.insert("a", 10ms);
  w.q.insert("b", 20ms);
  EXPECT_EQ(w.item(), "pending");
  w.advance(10ms);
  EXPECT_EQ(w.task.wakes, 1);
  EXPECT_EQ(w.item(), "a");
  EXPECT_EQ(w.item(), "pending");
  w.advance(20ms);
  EXPECT_EQ(w.item(), "b");
  EXPECT_EQ(w.item(), "c");
  EXPECT_EQ(w.item(), "end");
  EXPECT_TRUE(w.q.is_empty());
  w.q.insert("again", 5ms);
  EXPECT_EQ(w.item(), "pending");
  w.advance(5ms);
  EXPECT_EQ(w.item(), "again");
}

TEST(spec_row_60_delay_queue, an_insert_in_the_past_is_ready_at_once) {
  queued w;
  w.q.insert_at("past", w.start() - 1s);
  w.q.insert("now", 0ns);
  EXPECT_EQ(w.item(), "past");
  EXPECT_EQ(w.item(), "now");
}

TEST(spec_row_60_delay_queue, inserting_earlier_re_arms_the_wait) {
  queued w;
  w.q.insert("late", 1s);
  EXPECT_EQ(w.item(), "pending");
  w.q.insert("early", 10ms);
  w.advance(10ms);
  EXPECT_EQ(w.task.wakes, 1);
  EXPECT_EQ(w.item(), "early");
  EXPECT_EQ(w.item(), "pending");
}

TEST(spec_row_60_delay_queue, resetting_earlier_and_the_head_later_re_arm_the_wait) {
  queued w;
  const auto a = w.q.insert("a", 1s);
  const auto b = w.q.insert("b", 2s);
  EXPECT_EQ(w.item(), "pending");
  w.q.reset(a, 5s);  // the head, later
  w.advance(1s);
  EXPECT_EQ(w.task.wakes, 0);
  w.q.reset(b, 100ms);  // earlier
  w.advance(100ms);
  EXPECT_EQ(w.task.wakes, 1);
  EXPECT_EQ(w.item(), "b");
  EXPECT_EQ(w.item(), "pending");
  w.advance(4900ms);
  EXPECT_EQ(w.item(), "a");
}

TEST(spec_row_60_delay_queue, removing_gives_the_value_and_the_last_one_ends_the_wait) {
  queued w;
  const auto a = w.q.insert("a", 1s);
  const auto b = w.q.insert("b", 2s);
  EXPECT_EQ(w.item(), "pending");
  EXPECT_EQ(w.q.remove(a), "a");
  w.advance(1s);
  EXPECT_EQ(w.task.wakes, 0);
  EXPECT_EQ(w.q.remove(b), "b");
  w.turn();
  EXPECT_EQ(w.task.wakes, 1);
  EXPECT_EQ(w.item(), "end");
}

TEST(spec_row_60_delay_queue, clear_destroys_all_and_ends_the_wait) {
  timed_world w;
  delay_queue<std::shared_ptr<int>> q;
  const auto value = std::make_shared<int>(1);
  for (int i = 0; i < 10; ++i)
    q.insert(value, 1s * i);
  for (int i = 0; i < 1; ++i)
    (void)q.poll_next(w.cx).take();
  EXPECT_FALSE(q.poll_next(w.cx).is_ready());
  q.clear();
  EXPECT_EQ(value.use_count(), 1);
  EXPECT_TRUE(q.is_empty());
  w.turn();
  EXPECT_EQ(w.task.wakes, 1);
  EXPECT_FALSE(q.poll_next(w.cx).take().has_value());
}

TEST(fault_C7_delay_queue, a_stale_key_is_recognised_when_its_place_is_in_use_again) {
  queued w;
  const auto a = w.q.insert("a", 1s);
  EXPECT_EQ(w.q.remove(a), "a");
  const auto b = w.q.insert("b", 1s);
  EXPECT_NE(a, b);
  EXPECT_FALSE(w.q.contains(a));
  EXPECT_EQ(w.q.try_remove(a), std::nullopt);
  EXPECT_EQ(w.q.get(a), nullptr);
  ASSERT_NE(w.q.get(b), nullptr);
  *w.q.get(b) = "changed";
  w.advance(1s);
  EXPECT_EQ(w.item(), "changed");
  EXPECT_FALSE(w.q.contains(b));
}

TEST(spec_row_60_delay_queue_death, removing_an_absent_key_is_the_callers_error) {
  queued w;
  const auto a = w.q.insert("a", 1s);
  EXPECT_EQ(w.q.remove(a), "a");
  EXPECT_DEATH((void)w.q.remove(a), "value.has_value");
  EXPECT_DEATH(w.q.reset(a, 1s), "nullptr");
}

TEST(spec_row_60_delay_queue, reserve_makes_room) {
  queued w;
  EXPECT_EQ(w.q.capacity(), 0U);
  w.q.reserve(10);
  EXPECT_EQ(w.q.capacity(), 10U);
  for (int i = 0; i < 10; ++i)
    w.q.insert("x", 1s);
  EXPECT_EQ(w.q.capacity(), 10U);
  EXPECT_EQ(w.q.size(), 10U);
  w.q.insert("y", 1s);
  EXPECT_EQ(w.q.capacity(), 11U);
  w.q.clear();
  EXPECT_EQ(w.q.capacity(), 11U);
}

TEST(spec_row_14_delay_queue, equal_deadlines_come_in_order_of_insertion) {
  timed_world w;
  delay_queue<int> q;
  for (int i = 0; i < 200; ++i)
    q.insert(i, 1s);
  w.advance(1s);
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(item(q, w.cx), std::to_string(i));
  EXPECT_EQ(item(q, w.cx), "end");
}

TEST(delay_queue, tells_the_key_and_the_deadline) {
  timed_world w;
  delay_queue<int> q;
  const auto k = q.insert(1, 1s);
  EXPECT_EQ(q.next_deadline(), w.start() + 1s);
  w.advance(3s);
  auto e = q.poll_next(w.cx).take();
  EXPECT_EQ((*e)->key, k);
  EXPECT_EQ((*e)->deadline, w.start() + 1s);
}

TEST(delay_queue, without_a_timer_waiting_is_an_error_and_nothing_is_lost) {
  counting_waker task;
  context cx(task);
  delay_queue<int> q;
  q.insert(1, 1h);
  EXPECT_EQ(item(q, cx), "delay queue: no runtime is running on this thread");
  EXPECT_EQ(q.size(), 1U);
  q.insert_at(2, now() - 1s);
  EXPECT_EQ(item(q, cx), "2");
}

TEST(delay_queue, a_cancelled_wait_wakes_nobody_and_the_values_stay) {
  queued w;
  w.q.insert("a", 1s);
  {
    auto op = next(w.q);
    EXPECT_FALSE(op.poll(w.cx).is_ready());
  }
  auto op = next(w.q);
  EXPECT_FALSE(op.poll(w.cx).is_ready());
  EXPECT_TRUE(op.poll_cancel(w.cx).is_ready());
  w.advance(1s);
  EXPECT_EQ(w.task.wakes, 0);
  EXPECT_EQ(w.item(), "a");
}

TEST(delay_queue, a_flood_that_is_due_uses_up_the_budget) {
  timed_world w;
  delay_queue<int> q;
  for (int i = 0; i < 5; ++i)
    q.insert(i, 0ns);
  unsigned budget = 3;
  context cx(w.task, &budget);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(item(q, cx), std::to_string(i));
  EXPECT_EQ(item(q, cx), "pending");
  EXPECT_EQ(w.task.wakes, 1);
  budget = 3;
  EXPECT_EQ(item(q, cx), "3");
}

}  // namespace
}  // namespace rouse

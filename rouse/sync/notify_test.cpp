#include <rouse/sync/notify.hpp>
#include <rouse/sync/sync_test.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

namespace rouse::sync {
namespace {

using test::counting_task;
using test::hooked_wakeable;

template <class Threads>
struct notify_of : testing::Test {
  using notify_type = basic_notify<Threads>;
  using notified_type = basic_notified<Threads>;
  notify_type n;
  counting_task a, b, c;
};
using policies = testing::Types<any_thread, one_thread>;
TYPED_TEST_SUITE(notify_of, policies);

TYPED_TEST(notify_of, one_wakes_the_first_who_came) {
  auto first = this->n.wait(), second = this->n.wait();
  EXPECT_FALSE(this->a.is_ready(first));
  EXPECT_FALSE(this->b.is_ready(second));
  this->n.notify_one();
  EXPECT_EQ(this->a.wakes(), 1);
  EXPECT_EQ(this->b.wakes(), 0);
  EXPECT_FALSE(this->b.is_ready(second));
  EXPECT_TRUE(this->a.is_ready(first));
  this->n.notify_one();
  EXPECT_EQ(this->b.wakes(), 1);
  EXPECT_TRUE(this->b.is_ready(second));
}

TYPED_TEST(notify_of, one_without_a_waiter_stores_one_permit_and_no_more) {
  this->n.notify_one();
  this->n.notify_one();
  auto first = this->n.wait(), second = this->n.wait();
  EXPECT_TRUE(this->a.is_ready(first));
  EXPECT_FALSE(this->b.is_ready(second));
}

TYPED_TEST(notify_of, enable_takes_a_place_before_the_first_poll) {
  auto waiting = this->n.wait();
  EXPECT_FALSE(waiting.enable());
  auto later = this->n.wait();
  EXPECT_FALSE(this->b.is_ready(later));
  this->n.notify_one();  // to the one that was enabled first, though it has no waker yet
  EXPECT_EQ(this->b.wakes(), 0);
  EXPECT_TRUE(this->a.is_ready(waiting));
  EXPECT_FALSE(this->b.is_ready(later));
}

TYPED_TEST(notify_of, enable_says_when_there_is_a_permit_already) {
  this->n.notify_one();
  auto waiting = this->n.wait();
  EXPECT_TRUE(waiting.enable());
  EXPECT_TRUE(waiting.enable());  // idempotent: one permit was taken, not two
  this->n.notify_one();
  EXPECT_TRUE(this->a.is_ready(waiting));
  auto next = this->n.wait();
  EXPECT_TRUE(this->a.is_ready(next));
}

TYPED_TEST(notify_of, all_wakes_everybody_in_order_and_stores_nothing) {
  // More than a batch, so that the lock is taken several times.
  constexpr int count = 50;
  std::vector<typename TestFixture::notified_type> waiters;
  waiters.reserve(count);
  std::vector<counting_task> tasks(count);
  for (int i = 0; i < count; ++i)
    waiters.push_back(this->n.wait());
  for (int i = 0; i < count; ++i)
    EXPECT_FALSE(tasks[i].is_ready(waiters[i]));
  this->n.notify_all();
  for (int i = 0; i < count; ++i) {
    EXPECT_EQ(tasks[i].wakes(), 1);
    EXPECT_TRUE(tasks[i].is_ready(waiters[i]));
  }
  auto late = this->n.wait();
  EXPECT_FALSE(this->a.is_ready(late));
}

TYPED_TEST(notify_of, all_reaches_a_wait_that_was_made_but_never_polled) {
  auto made_before = this->n.wait();
  this->n.notify_all();
  auto made_after = this->n.wait();
  EXPECT_TRUE(this->a.is_ready(made_before));
  EXPECT_FALSE(this->b.is_ready(made_after));
}

TYPED_TEST(notify_of, all_leaves_a_stored_permit_alone) {
  this->n.notify_one();
  this->n.notify_all();
  auto waiting = this->n.wait();
  EXPECT_TRUE(this->a.is_ready(waiting));
}

TYPED_TEST(notify_of, all_does_not_wake_who_comes_while_it_wakes) {
  std::unique_ptr<typename TestFixture::notified_type> late;
  hooked_wakeable task;
  auto first = this->n.wait();
  {
    context cx(task);
    EXPECT_FALSE(first.poll(cx).is_ready());
  }
  task.on_wake = [&] {
    late.reset(new typename TestFixture::notified_type(this->n.wait()));
    EXPECT_FALSE(this->b.is_ready(*late));
  };
  this->n.notify_all();
  EXPECT_EQ(this->b.wakes(), 0);
  EXPECT_FALSE(this->b.is_ready(*late));
}

TYPED_TEST(notify_of, the_latest_waker_is_the_one_to_be_woken) {
  auto waiting = this->n.wait();
  EXPECT_FALSE(this->a.is_ready(waiting));
  EXPECT_FALSE(this->b.is_ready(waiting));
  this->n.notify_one();
  EXPECT_EQ(this->a.wakes(), 0);
  EXPECT_EQ(this->b.wakes(), 1);
  EXPECT_EQ(this->a.holders(), 0);
  EXPECT_TRUE(this->b.is_ready(waiting));
  EXPECT_EQ(this->b.holders(), 0);
}

TYPED_TEST(notify_of, fault_C4_spurious_polls_change_nothing) {
  auto first = this->n.wait(), second = this->n.wait();
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(this->a.is_ready(first));
    EXPECT_FALSE(this->b.is_ready(second));
    EXPECT_FALSE(this->a.is_ready(first));
  }
  this->n.notify_one();
  EXPECT_TRUE(this->a.is_ready(first));
  EXPECT_FALSE(this->b.is_ready(second));
}

TYPED_TEST(notify_of, fault_C11_a_grant_that_dies_goes_to_the_next) {
  std::optional<typename TestFixture::notified_type> first(this->n.wait());
  auto second = this->n.wait();
  EXPECT_FALSE(this->a.is_ready(*first));
  EXPECT_FALSE(this->b.is_ready(second));
  this->n.notify_one();
  first.reset();
  EXPECT_EQ(this->b.wakes(), 1);
  EXPECT_TRUE(this->b.is_ready(second));
}

TYPED_TEST(notify_of, fault_C11_a_grant_that_dies_alone_becomes_a_permit) {
  {
    auto only = this->n.wait();
    EXPECT_FALSE(this->a.is_ready(only));
    this->n.notify_one();
  }
  auto next = this->n.wait();
  EXPECT_TRUE(this->b.is_ready(next));
}

TYPED_TEST(notify_of, fault_C11_a_release_by_all_is_not_passed_on) {
  {
    auto only = this->n.wait();
    EXPECT_FALSE(this->a.is_ready(only));
    this->n.notify_all();
  }
  auto next = this->n.wait();
  EXPECT_FALSE(this->b.is_ready(next));
}

TYPED_TEST(notify_of, a_cancelled_waiter_leaves_the_queue) {
  auto first = this->n.wait(), second = this->n.wait();
  EXPECT_FALSE(this->a.is_ready(first));
  EXPECT_FALSE(this->b.is_ready(second));
  EXPECT_TRUE(this->a.cancel(first));
  EXPECT_EQ(this->a.holders(), 0);
  EXPECT_FALSE(this->a.is_ready(first));  // the one more poll: starts nothing
  EXPECT_EQ(this->a.holders(), 0);
  this->n.notify_one();
  EXPECT_EQ(this->a.wakes(), 0);
  EXPECT_EQ(this->b.wakes(), 1);
}

TYPED_TEST(notify_of, fault_C10_a_notification_that_beat_the_cancel_is_delivered_by_one_more_poll) {
  auto first = this->n.wait(), second = this->n.wait();
  EXPECT_FALSE(this->a.is_ready(first));
  EXPECT_FALSE(this->b.is_ready(second));
  this->n.notify_one();
  EXPECT_TRUE(this->a.cancel(first));
  EXPECT_TRUE(this->a.is_ready(first));
  EXPECT_FALSE(this->b.is_ready(second));  // delivered, so not passed on as well
}

TYPED_TEST(notify_of, cancel_before_the_first_poll_starts_nothing) {
  auto waiting = this->n.wait();
  EXPECT_TRUE(this->a.cancel(waiting));
  EXPECT_FALSE(this->a.is_ready(waiting));
  this->n.notify_one();
  auto next = this->n.wait();
  EXPECT_TRUE(this->b.is_ready(next));
}

TYPED_TEST(notify_of, a_disowned_waiter_keeps_its_place_and_wakes_nobody) {
  auto first = this->n.wait(), second = this->n.wait();
  EXPECT_FALSE(this->a.is_ready(first));
  EXPECT_FALSE(this->b.is_ready(second));
  first.disown();
  EXPECT_EQ(this->a.holders(), 0);
  this->n.notify_one();
  EXPECT_EQ(this->a.wakes() + this->b.wakes(), 0);
  EXPECT_TRUE(this->c.is_ready(first));  // resumed later, elsewhere
}

TYPED_TEST(notify_of, may_move_until_it_is_polled) {
  auto waiting = this->n.wait();
  this->n.notify_all();
  auto moved = std::move(waiting);
  EXPECT_TRUE(this->a.is_ready(moved));  // it still knows when it was made
}

TYPED_TEST(notify_of, charges_the_budget_only_for_what_it_delivers) {
  hooked_wakeable task;
  int wakes = 0;
  task.on_wake = [&] { ++wakes; };
  unsigned budget = 1;
  context cx(task, &budget);
  auto first = this->n.wait(), second = this->n.wait();
  EXPECT_FALSE(first.poll(cx).is_ready());
  EXPECT_EQ(budget, 1u);
  first.disown();
  this->n.notify_one();
  EXPECT_TRUE(first.poll(cx).is_ready());
  EXPECT_EQ(budget, 0u);
  this->n.notify_one();
  EXPECT_FALSE(second.poll(cx).is_ready());  // used up: the task was woken instead
  EXPECT_EQ(wakes, 1);
  budget = 1;
  EXPECT_TRUE(second.poll(cx).is_ready());
}

TYPED_TEST(notify_of, fault_C6_a_wake_may_notify_again) {
  auto first = this->n.wait(), second = this->n.wait();
  hooked_wakeable task;
  task.on_wake = [&] { this->n.notify_one(); };
  {
    context cx(task);
    EXPECT_FALSE(first.poll(cx).is_ready());
  }
  EXPECT_FALSE(this->b.is_ready(second));
  this->n.notify_one();
  EXPECT_EQ(this->b.wakes(), 1);
  EXPECT_TRUE(this->b.is_ready(second));
}

TYPED_TEST(notify_of, fault_C6_a_wake_may_drop_its_neighbour_in_the_middle_of_all) {
  std::optional<typename TestFixture::notified_type> neighbours[20];
  hooked_wakeable task;
  auto first = this->n.wait();
  {
    context cx(task);
    EXPECT_FALSE(first.poll(cx).is_ready());
  }
  for (auto& w : neighbours) {
    w.emplace(this->n.wait());
    EXPECT_FALSE(this->a.is_ready(*w));
  }
  task.on_wake = [&] {
    for (auto& w : neighbours)
      w.reset();
  };
  this->n.notify_all();
  EXPECT_EQ(this->a.holders(), 0);
}

// Only counted wakers have clones and drops.
TEST(fault_M7_notify, clones_and_drops_of_a_stranger_run_outside_the_lock) {
  notify n;
  hooked_wakeable task;
  {
    auto waiting = n.wait();
    context cx(task);
    task.on_clone = [&] { n.notify_one(); };  // a permit, taken by the very poll that clones
    EXPECT_TRUE(waiting.poll(cx).is_ready());
    auto another = n.wait();
    EXPECT_FALSE(another.poll(cx).is_ready());
    task.on_drop = [&] { n.notify_one(); };
    another.disown();  // drops the waker, whose drop grants the wait
    EXPECT_TRUE(another.poll(cx).is_ready());
    auto third = n.wait();
    EXPECT_FALSE(third.poll(cx).is_ready());
    task.on_drop = [&] { n.notify_all(); };
    EXPECT_TRUE(third.poll_cancel(cx).is_ready());
  }
  EXPECT_EQ(task.references, 0);
}

// Consumers take from a count that producers raise, some of them giving up half-way: a lost
// notification would hang.
TEST(fault_C11_notify, loses_nothing_between_threads) {
  constexpr int items = 3000;
  notify n;
  std::atomic<int> ready_items{0}, taken{0};
  const auto take_one = [&] {
    int have = ready_items.load();
    while (have > 0)
      if (ready_items.compare_exchange_weak(have, have - 1)) return ++taken, true;
    return false;
  };
  const auto consume = [&](int seed) {
    counting_task impatient;
    for (int i = seed; taken.load() < items; ++i) {
      auto arrival = n.wait();
      arrival.enable();
      if (take_one()) continue;  // dropped with or without a grant
      if (i % 3 == 0) {
        (void)impatient.is_ready(arrival);
        continue;
      }
      if (taken.load() >= items) break;
      test::wait(arrival);
    }
    n.notify_all();
  };
  std::thread first(consume, 0), second(consume, 1);
  for (int i = 0; i < items; ++i) {
    ++ready_items;
    n.notify_one();
  }
  while (taken.load() < items) {
    std::this_thread::yield();
  }
  n.notify_all();
  first.join();
  second.join();
  EXPECT_EQ(taken.load(), items);
}

}  // namespace
}  // namespace rouse::sync

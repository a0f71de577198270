#include <rouse/core/context.hpp>
#include <rouse/core/shared_waker.hpp>

#include <gtest/gtest.h>
#include <tests/support/counting_waker.hpp>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace rouse {
namespace {

struct counting_object {
  std::atomic<int> count{0};
  void wake() { ++count; }
};

TEST(waker, an_empty_one_wakes_nobody) {
  const waker none;
  EXPECT_FALSE(none);
  none.wake();
  const waker copy = none;
  EXPECT_TRUE(copy.wakes_same(none));
}

TEST(waker, copies_are_counted_and_given_back) {
  support::counting_waker task;
  {
    const waker a = waker::of(task);
    waker b = a;
    EXPECT_EQ(task.holders(), 2);
    waker c = std::move(b);
    EXPECT_EQ(task.holders(), 2);
    EXPECT_FALSE(b);
    b = c;
    EXPECT_EQ(task.holders(), 3);
    const waker& same = c;
    c = same;
    EXPECT_EQ(task.holders(), 3);
    c.wake_and_reset();
    EXPECT_EQ(task.holders(), 2);
    EXPECT_TRUE(a.wakes_same(b));
  }
  EXPECT_EQ(task.holders(), 0);
  EXPECT_EQ(task.wakes(), 1u);
}

TEST(waker, one_that_is_given_up_stays_counted_until_it_is_adopted) {
  support::counting_waker task;
  waker a = waker::of(task);
  wakeable* const counted = a.release();
  EXPECT_FALSE(a);
  EXPECT_EQ(a.release(), nullptr);
  EXPECT_EQ(task.holders(), 1);
  waker::adopt(*counted).wake_and_reset();
  EXPECT_EQ(task.holders(), 0);
  EXPECT_EQ(task.wakes(), 1u);
}

TEST(waker, spec_row_2_a_users_wake_object_counts) {
  auto object = std::make_shared<counting_object>();
  {
    const waker w = make_waker(object);
    for (int i = 0; i < 3; ++i)
      w.wake();
    context cx(w);
    cx.wake();
    cx.get_waker().wake();
  }
  EXPECT_EQ(object->count, 5);
  EXPECT_EQ(object.use_count(), 1) << "the last waker keeps the object no longer";
}

TEST(waker, spec_row_2_clones_are_woken_from_8_threads) {
  auto object = std::make_shared<counting_object>();
  {
    const waker w = make_waker(object);
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([w] {
        for (int i = 0; i < 1000; ++i) {
          const waker clone = w;
          clone.wake();
        }
      });
    }
    for (auto& t : threads)
      t.join();
  }
  EXPECT_EQ(object->count, 8000);
  EXPECT_EQ(object.use_count(), 1);
}

TEST(waker, a_context_without_one_wakes_nobody) {
  const waker none;
  context cx(none);
  cx.wake();
  EXPECT_TRUE(cx.get_waker());
  cx.get_waker().wake();
}

}  // namespace
}  // namespace rouse

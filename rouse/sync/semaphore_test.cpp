#include <rouse/sync/semaphore.hpp>
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
struct semaphore_of : testing::Test {
  using semaphore_type = basic_semaphore<Threads>;
  using acquire_type = basic_acquire<Threads>;
  using permit_type = basic_permit<Threads>;
  counting_task a, b, c;
};
using policies = testing::Types<any_thread, one_thread>;
TYPED_TEST_SUITE(semaphore_of, policies);

TYPED_TEST(semaphore_of, gives_what_it_has_and_takes_it_back_with_the_guard) {
  typename TestFixture::semaphore_type s(2);
  {
    auto first = s.acquire(), second = s.acquire();
    auto held = this->a.poll(first).take();
    auto held_too = this->a.poll(second).take();
    ASSERT_TRUE(held && held_too);
    EXPECT_EQ(s.available(), 0u);
  }
  EXPECT_EQ(s.available(), 2u);
}

TYPED_TEST(semaphore_of, waiters_are_served_in_order) {
  typename TestFixture::semaphore_type s(1);
  auto held = s.try_acquire();
  auto first = s.acquire(), second = s.acquire();
  EXPECT_FALSE(this->a.is_ready(first));
  EXPECT_FALSE(this->b.is_ready(second));
  held->release();
  EXPECT_EQ(this->a.wakes(), 1);
  EXPECT_EQ(this->b.wakes(), 0);
  EXPECT_FALSE(this->b.is_ready(second));
  {
    auto granted = this->a.poll(first).take();
    EXPECT_TRUE(granted);
  }
  EXPECT_EQ(this->b.wakes(), 1);
  EXPECT_TRUE(this->b.is_ready(second));
}

TYPED_TEST(semaphore_of, nobody_overtakes_a_waiter_who_wants_more) {
  typename TestFixture::semaphore_type s(2);
  auto large = s.acquire(3);
  EXPECT_FALSE(this->a.is_ready(large));
  auto small = s.acquire(1);
  EXPECT_FALSE(this->b.is_ready(small));
  const auto refused = s.try_acquire(1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), errc::at_capacity);
  s.add(1);
  EXPECT_EQ(this->a.wakes(), 1);
  EXPECT_EQ(this->b.wakes(), 0);
  auto held = this->a.poll(large).take();
  ASSERT_TRUE(held);
  EXPECT_EQ(held->count(), 3u);
}

TYPED_TEST(semaphore_of, fault_C11_a_large_waiter_that_gives_up_lets_the_small_ones_in) {
  typename TestFixture::semaphore_type s(2);
  std::optional<typename TestFixture::acquire_type> large(s.acquire(3));
  auto small = s.acquire(1), another = s.acquire(1);
  EXPECT_FALSE(this->a.is_ready(*large));
  EXPECT_FALSE(this->b.is_ready(small));
  EXPECT_FALSE(this->c.is_ready(another));
  large.reset();
  EXPECT_EQ(this->b.wakes(), 1);
  EXPECT_EQ(this->c.wakes(), 1);
  EXPECT_TRUE(this->b.is_ready(small));
}

TYPED_TEST(semaphore_of, fault_C11_a_grant_that_dies_goes_to_the_next) {
  typename TestFixture::semaphore_type s(0);
  std::optional<typename TestFixture::acquire_type> first(s.acquire());
  auto second = s.acquire();
  EXPECT_FALSE(this->a.is_ready(*first));
  EXPECT_FALSE(this->b.is_ready(second));
  s.add(1);
  first.reset();
  EXPECT_EQ(this->b.wakes(), 1);
  {
    auto held = this->b.poll(second).take();
    EXPECT_TRUE(held);
  }
  EXPECT_EQ(s.available(), 1u);
}

TYPED_TEST(semaphore_of, fault_C10_a_grant_that_beat_the_cancel_is_delivered_by_one_more_poll) {
  typename TestFixture::semaphore_type s(0);
  auto waiting = s.acquire();
  EXPECT_FALSE(this->a.is_ready(waiting));
  s.add(1);
  EXPECT_TRUE(this->a.cancel(waiting));
  auto held = this->a.poll(waiting).take();
  EXPECT_TRUE(held);
}

TYPED_TEST(semaphore_of, a_cancelled_waiter_takes_nothing) {
  typename TestFixture::semaphore_type s(0);
  {
    auto waiting = s.acquire(), unpolled = s.acquire();
    EXPECT_FALSE(this->a.is_ready(waiting));
    EXPECT_TRUE(this->a.cancel(waiting));
    EXPECT_TRUE(this->a.cancel(unpolled));
    s.add(1);
    EXPECT_FALSE(this->a.is_ready(waiting));
    EXPECT_FALSE(this->a.is_ready(unpolled));
  }
  EXPECT_EQ(this->a.wakes(), 0);
  EXPECT_EQ(this->a.holders(), 0);
  EXPECT_EQ(s.available(), 1u);
}

TYPED_TEST(semaphore_of, a_disowned_waiter_keeps_its_place) {
  typename TestFixture::semaphore_type s(0);
  auto waiting = s.acquire();
  EXPECT_FALSE(this->a.is_ready(waiting));
  waiting.disown();
  EXPECT_EQ(this->a.holders(), 0);
  s.add(1);
  EXPECT_EQ(this->a.wakes(), 0);
  EXPECT_TRUE(this->b.is_ready(waiting));
}

TYPED_TEST(semaphore_of, close_refuses_waiters_and_newcomers_but_not_grants) {
  typename TestFixture::semaphore_type s(0);
  auto granted = s.acquire(), refused = s.acquire();
  EXPECT_FALSE(this->a.is_ready(granted));
  EXPECT_FALSE(this->b.is_ready(refused));
  s.add(1);
  s.close();
  EXPECT_TRUE(s.is_closed());
  EXPECT_EQ(this->b.wakes(), 1);
  {
    auto held = this->a.poll(granted).take();
    EXPECT_TRUE(held);
  }
  EXPECT_EQ(this->b.poll(refused).take().error(), errc::closed);
  auto late = s.acquire();
  EXPECT_EQ(this->c.poll(late).take().error(), errc::closed);
  EXPECT_EQ(s.try_acquire().error(), errc::closed);
  EXPECT_EQ(s.available(), 1u);
}

TYPED_TEST(semaphore_of, close_wakes_more_than_a_batch) {
  typename TestFixture::semaphore_type s(0);
  std::vector<typename TestFixture::acquire_type> waiters;
  waiters.reserve(40);
  for (int i = 0; i < 40; ++i) {
    waiters.push_back(s.acquire());
    EXPECT_FALSE(this->a.is_ready(waiters.back()));
  }
  s.close();
  EXPECT_EQ(this->a.wakes(), 40);
}

TYPED_TEST(semaphore_of, add_grants_to_as_many_as_it_serves) {
  typename TestFixture::semaphore_type s(0);
  std::vector<typename TestFixture::acquire_type> waiters;
  waiters.reserve(40);
  for (int i = 0; i < 40; ++i) {
    waiters.push_back(s.acquire());
    EXPECT_FALSE(this->a.is_ready(waiters.back()));
  }
  s.add(30);
  EXPECT_EQ(this->a.wakes(), 30);
  EXPECT_EQ(s.available(), 0u);
  int ready_count = 0;
  for (auto& w : waiters) {
    if (auto answer = this->a.poll(w); answer.is_ready()) {
      ++ready_count;
      answer.take()->forget();
    }
  }
  EXPECT_EQ(ready_count, 30);
}

TYPED_TEST(semaphore_of, guards_split_merge_and_forget) {
  typename TestFixture::semaphore_type s(5);
  auto all = std::move(*s.try_acquire(5));
  auto two = all.split(2);
  EXPECT_EQ(all.count(), 3u);
  two.release();
  EXPECT_EQ(s.available(), 2u);
  auto one = std::move(*s.try_acquire(1));
  all.merge(std::move(one));
  EXPECT_EQ(all.count(), 4u);
  auto last = all.split(1);
  last.forget();
  all = {};
  EXPECT_EQ(s.available(), 4u);
  EXPECT_EQ(s.forget(9), 4u);
  EXPECT_EQ(s.available(), 0u);
}

TYPED_TEST(semaphore_of, fault_C6_a_wake_may_take_and_give) {
  typename TestFixture::semaphore_type s(0);
  hooked_wakeable task;
  auto waiting = s.acquire();
  std::optional<typename TestFixture::permit_type> held;
  task.on_wake = [&] {
    s.add(1);
    auto extra = s.try_acquire();
    EXPECT_TRUE(extra);
    context cx(task);
    held = std::move(*waiting.poll(cx).take());
  };
  {
    context cx(task);
    EXPECT_FALSE(waiting.poll(cx).is_ready());
  }
  s.add(1);
  ASSERT_TRUE(held);
  held.reset();
  EXPECT_EQ(s.available(), 2u);
}

TYPED_TEST(semaphore_of, a_waiter_may_end_the_semaphore_that_served_it) {
  auto s = std::make_unique<typename TestFixture::semaphore_type>(0);
  auto waiting = std::make_unique<typename TestFixture::acquire_type>(s->acquire());
  hooked_wakeable task;
  task.on_wake = [&] {
    context cx(task);
    waiting->poll(cx).take()->forget();
    waiting.reset();
    s.reset();  // inside its own add()
  };
  {
    context cx(task);
    EXPECT_FALSE(waiting->poll(cx).is_ready());
  }
  s->add(1);
  EXPECT_FALSE(s);
}

TEST(semaphore, acquire_may_be_awaited_as_a_result) {
  semaphore s(1);
  counting_task task;
  auto verbatim = s.acquire().result();
  auto answer = task.poll(verbatim).take();
  EXPECT_TRUE(answer.has_value());
}

TEST(fault_C11_semaphore, holds_its_bound_and_loses_no_permit_between_threads) {
  constexpr std::size_t bound = 3;
  semaphore s(bound);
  std::atomic<int> inside{0}, most{0};
  const auto work = [&](int seed) {
    counting_task impatient;
    for (int i = seed; i < seed + 600; ++i) {
      const std::size_t wanted = 1 + static_cast<std::size_t>(i) % bound;
      auto turn = s.acquire(wanted);
      if (i % 4 == 0) {
        (void)impatient.is_ready(turn);  // and away, perhaps granted meanwhile
        continue;
      }
      auto held = test::wait(turn);
      ASSERT_TRUE(held);
      const int now = inside += static_cast<int>(wanted);
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      inside -= static_cast<int>(wanted);
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (int t = 0; t < 3; ++t)
    threads.emplace_back(work, t);
  for (auto& t : threads)
    t.join();
  EXPECT_LE(most.load(), static_cast<int>(bound));
  EXPECT_EQ(s.available(), bound);
}

}  // namespace
}  // namespace rouse::sync

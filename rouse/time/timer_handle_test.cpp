#include <rouse/time/timer_handle.hpp>

#include <rouse/core/shared_waker.hpp>

#include "timing_test.hpp"

#include <algorithm>
#include <memory>
#include <thread>

namespace rouse {
namespace {

using namespace test;
using state = timer_registration::state;

struct handled {
  manual_clock time;
  timer_park<thread_park> stack{time};
  timer_handle handle = stack.driver().handle();
  counting_waker task;
  waker w() { return waker::of(task); }
  void turn() { ASSERT_TRUE(stack.park(0ns).has_value()); }
};

TEST(timer_handle, wakes_at_the_instant_and_says_so) {
  handled h;
  auto r = h.handle.register_at(h.time.now() + 1s, h.w());
  ASSERT_TRUE(r.has_value());
  EXPECT_EQ(r->status(), state::waiting);
  EXPECT_EQ(h.stack.park(no_limit), park_outcome::woken);  // registering unparks
  h.time.advance(1s);
  h.turn();
  EXPECT_EQ(h.task.wakes, 1);
  EXPECT_EQ(r->status(), state::fired);
  EXPECT_EQ(h.task.references, 0);
  EXPECT_FALSE(h.stack.has_work());
}

TEST(spec_row_17_timer_handle, cancelled_before_or_after_it_is_taken_it_never_wakes) {
  handled h;
  auto posted = h.handle.register_at(h.time.now(), h.w());
  posted->cancel();
  EXPECT_EQ(h.task.references, 0);
  EXPECT_EQ(posted->status(), state::none);
  auto armed = h.handle.register_after(1s, h.w());
  h.turn();
  EXPECT_EQ(h.stack.driver().pending_count(), 1U);
  armed->cancel();
  EXPECT_EQ(h.task.references, 0);
  h.time.advance(1s);
  h.turn();
  EXPECT_EQ(h.task.wakes, 0);
  EXPECT_FALSE(h.stack.has_work());
}

TEST(timer_handle, destroying_a_registration_cancels_and_detaching_does_not) {
  handled h;
  {
    auto r = h.handle.register_after(1s, h.w());
  }
  h.handle.register_after(1s, h.w())->detach();
  h.turn();
  h.time.advance(1s);
  h.turn();
  EXPECT_EQ(h.task.wakes, 1);
}

TEST(spec_row_17_timer_handle, reset_moves_it) {
  handled h;
  auto r = h.handle.register_after(1s, h.w());
  h.turn();
  EXPECT_TRUE(r->reset(h.time.now() + 5s));
  h.turn();
  h.time.advance(4s);
  h.turn();
  EXPECT_EQ(h.task.wakes, 0);
  EXPECT_TRUE(r->reset(h.time.now()));
  h.turn();
  EXPECT_EQ(h.task.wakes, 1);
  EXPECT_FALSE(r->reset(h.time.now()));
  EXPECT_EQ(h.task.references, 0);
}

TEST(spec_row_15_timer_handle, fires_ascending_and_in_order_of_registration_the_past_included) {
  handled h;
  std::vector<int> order;
  std::deque<counting_waker> tasks;
  std::vector<std::pair<int, int>> expected;
  for (int i = 0; i < 500; ++i) {
    const int ms = i * 7919 % 50 - 25;
    expected.emplace_back(ms, i);
    tasks.emplace_back([&order, i] { order.push_back(i); });
    h.handle.register_at(h.time.now() + std::chrono::milliseconds(ms), waker::of(tasks.back()))
        ->detach();
  }
  std::sort(expected.begin(), expected.end());
  h.time.advance(1s);
  h.turn();
  ASSERT_EQ(order.size(), expected.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    ASSERT_EQ(order[i], expected[i].second);
}

TEST(timer_handle, a_new_waker_replaces_the_old_one) {
  handled h;
  counting_waker other;
  auto r = h.handle.register_after(1s, h.w());
  EXPECT_TRUE(r->set_waker(waker::of(other)));
  EXPECT_EQ(h.task.references, 0);
  h.turn();
  h.time.advance(1s);
  h.turn();
  EXPECT_EQ(other.wakes, 1);
  EXPECT_FALSE(r->set_waker(h.w()));
  EXPECT_EQ(h.task.references, 0);
}

TEST(spec_row_16_timer_handle, when_the_driver_goes_all_are_woken_and_told_and_later_ones_refused) {
  counting_waker task;
  timer_handle handle;
  EXPECT_EQ(handle.register_at(never, waker()).error(), errc::no_context);
  EXPECT_FALSE(handle.is_open());
  result<timer_registration> posted, armed, cancelled;
  {
    handled h;
    handle = h.handle;
    EXPECT_TRUE(handle.is_open());
    armed = handle.register_after(1s, waker::of(task));
    cancelled = handle.register_after(1s, waker::of(task));
    h.turn();
    posted = handle.register_after(1s, waker::of(task));
    cancelled->cancel();  // its message is never taken
  }
  EXPECT_EQ(task.wakes, 2);
  EXPECT_EQ(task.references, 0);
  EXPECT_EQ(posted->status(), state::shut_down);
  EXPECT_EQ(armed->status(), state::shut_down);
  EXPECT_FALSE(posted->reset(never));
  EXPECT_FALSE(handle.is_open());
  EXPECT_EQ(handle.register_at(instant(), waker::of(task)).error(), errc::runtime_shut_down);
  EXPECT_EQ(handle.register_after(1s, waker::of(task)).error(), errc::runtime_shut_down);
  EXPECT_EQ(handle.now().error(), errc::runtime_shut_down);
  EXPECT_EQ(task.references, 0);
}

TEST(timer_handle, a_waker_may_register_and_cancel_from_inside_itself) {
  handled h;
  result<timer_registration> other = std::unexpected(error());
  counting_waker nested;
  counting_waker task([&] {
    other->cancel();
    h.handle.register_after(0ns, waker::of(nested))->detach();
  });
  h.handle.register_after(1s, waker::of(task))->detach();
  other = h.handle.register_after(1s, h.w());
  h.turn();
  h.time.advance(1s);
  h.turn();
  EXPECT_EQ(task.wakes, 1);
  EXPECT_EQ(h.task.wakes, 0);
  h.turn();
  EXPECT_EQ(nested.wakes, 1);
}

TEST(timer_handle, many_threads_register_cancel_and_move_while_it_fires) {
  timer_park<thread_park> stack;
  const timer_handle handle = stack.driver().handle();
  constexpr int threads = 4, each = 500;
  std::deque<counting_waker> kept, cancelled;
  for (int i = 0; i < threads * each; ++i)
    kept.emplace_back(), cancelled.emplace_back();
  std::vector<std::thread> others;
  others.reserve(threads);
  std::atomic<int> running = threads;
  for (int t = 0; t < threads; ++t)
    others.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        const std::size_t n = static_cast<std::size_t>(t) * each + static_cast<std::size_t>(i);
        auto stay = handle.register_after(nanoseconds(i * 1000), waker::of(kept[n]));
        auto go = handle.register_after(i % 2 ? nanoseconds(0) : nanoseconds(1h),
                                        waker::of(cancelled[n]));
        if (i % 3 == 0) (void)stay->reset(now() + 1us);
        go->cancel();
        stay->detach();
      }
      --running;
      stack.unparker().unpark();
    });
  while (running || stack.has_work())
    ASSERT_TRUE(stack.park(no_limit).has_value());
  for (std::thread& t : others)
    t.join();
  while (stack.has_work())
    ASSERT_TRUE(stack.park(no_limit).has_value());
  for (auto& k : kept)
    ASSERT_EQ(k.wakes, 1);
  for (auto& c : cancelled)
    ASSERT_EQ(c.references, 0);
}

}  // namespace
}  // namespace rouse

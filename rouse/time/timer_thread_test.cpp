#include <rouse/time/timer_thread.hpp>

#include "timing_test.hpp"

#include <rouse/sys/clock.hpp>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

namespace rouse {
namespace {

using namespace test;
using state = timer_registration::state;

/// Counts wakes and lets a test wait for them.
class counter {
 public:
  void wake() {
    const std::lock_guard lock(mutex_);
    ++wakes_;
    last_thread_ = std::this_thread::get_id();
    changed_.notify_all();
  }
  int wait_for(int n) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [&] { return wakes_ >= n; });
    return wakes_;
  }
  std::thread::id last_thread() {
    const std::lock_guard lock(mutex_);
    return last_thread_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int wakes_ = 0;
  std::thread::id last_thread_;
};

std::ptrdiff_t threads_of_this_process() {
  // A sanitizer starts a thread of its own beside the first one that anybody makes.
  static const bool warm = (std::thread([] {}).join(), true);
  (void)warm;
  const auto tasks = std::filesystem::directory_iterator("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

TEST(spec_row_11_timer_thread, one_thread_serves_many_threads) {
  const auto before = threads_of_this_process();
  const auto done = std::make_shared<counter>();
  constexpr int threads = 8, each = 1000;
  {
    const auto timer = timer_thread::start();
    ASSERT_TRUE(timer.has_value());
    EXPECT_EQ(threads_of_this_process(), before + 1);
    std::vector<std::thread> others;
    others.reserve(threads);
    for (int t = 0; t < threads; ++t)
      others.emplace_back([done, mine = *timer, t] {
        for (int i = 0; i < each; ++i)
          mine.register_after(nanoseconds((i * 7 + t) % 1000 * 1000), done)->detach();
      });
    for (std::thread& t : others)
      t.join();
    EXPECT_EQ(done->wait_for(threads * each), threads * each);
    EXPECT_NE(done->last_thread(), std::this_thread::get_id());
  }
  EXPECT_EQ(threads_of_this_process(), before);
}

TEST(spec_row_12_timer_thread, an_earlier_registration_shortens_the_wait) {
  const auto timer = timer_thread::start();
  const auto late = std::make_shared<counter>(), early = std::make_shared<counter>();
  auto far = timer->register_after(10s, late);
  const instant begin = now();
  timer->register_at(begin + 2ms, early)->detach();
  EXPECT_EQ(early->wait_for(1), 1);
  EXPECT_GE(now() - begin, 2ms);
  EXPECT_LT(now() - begin, 1s);
  EXPECT_EQ(far->status(), state::waiting);
}

TEST(spec_row_13_timer_thread, takes_no_cpu_while_it_waits) {
  const auto timer = timer_thread::start();
  auto far = timer->register_after(1h, std::make_shared<counter>());
  // Real time, since it is about doing nothing in it; the quietest of ten, since a guest is charged
  // for what its host does.
  nanoseconds least = no_limit;
  for (int i = 0; i < 10 && least >= 5ms; ++i) {
    std::this_thread::sleep_for(5ms);
    const nanoseconds before = sys::process_cpu_time();
    std::this_thread::sleep_for(50ms);
    least = std::min(least, sys::process_cpu_time() - before);
  }
  EXPECT_LT(least, 5ms);
}

TEST(spec_row_14_timer_thread, a_thousand_of_one_instant_wake_in_order_of_registration) {
  manual_clock time;
  const auto timer = timer_thread::start(time);
  struct logged {
    std::vector<int>* order;
    int number;
    counter* done;
    void wake() {
      order->push_back(number);
      done->wake();
    }
  };
  std::vector<int> order;
  counter done;
  for (int i = 0; i < 1000; ++i)
    timer->register_after(1s, std::make_shared<logged>(logged{&order, i, &done}))->detach();
  time.advance(1s);
  ASSERT_EQ(done.wait_for(1000), 1000);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(spec_row_15_timer_thread, the_past_fires_at_once) {
  const auto timer = timer_thread::start();
  const auto done = std::make_shared<counter>();
  timer->register_at(instant::min(), done)->detach();
  timer->register_at(now() - 1h, done)->detach();
  timer->register_after(-5s, done)->detach();
  EXPECT_EQ(done->wait_for(3), 3);
}

TEST(spec_row_16_timer_thread, dropping_the_last_handle_with_timers_pending_ends_it) {
  const auto before = threads_of_this_process();
  const auto done = std::make_shared<counter>();
  result<timer_registration> kept;
  timer_handle handle;
  {
    const auto timer = timer_thread::start();
    const auto second = std::make_unique<timer_thread>(*timer);
    handle = second->handle();
    kept = second->register_after(1h, done);
    timer->register_after(1h, done)->detach();
  }
  EXPECT_EQ(threads_of_this_process(), before);
  EXPECT_EQ(done->wait_for(2), 2);  // told, not left waiting
  EXPECT_EQ(kept->status(), state::shut_down);
  EXPECT_EQ(handle.register_at(instant(), waker()).error(), errc::runtime_shut_down);
  EXPECT_EQ(done.use_count(), 1);  // nothing is leaked, cycles included
}

TEST(spec_row_16_timer_thread, the_last_handle_may_die_on_the_timers_own_thread) {
  const auto before = threads_of_this_process();
  struct holder {
    std::optional<timer_thread> timer;
    std::shared_ptr<counter> done;
    void wake() {
      timer.reset();
      done->wake();
    }
  };
  const auto done = std::make_shared<counter>();
  {
    auto h = std::make_shared<holder>();
    auto timer = timer_thread::start();
    h->done = done;
    h->timer.emplace(*timer);
    timer->register_after(1ms, h)->detach();
  }
  EXPECT_EQ(done->wait_for(1), 1);
  for (int i = 0; i < 1000 && threads_of_this_process() != before; ++i)
    std::this_thread::sleep_for(1ms);
  EXPECT_EQ(threads_of_this_process(), before);
}

TEST(timer_thread, the_texts_tasks_re_register_themselves) {
  // 000: task i registers now + i periods at each poll; here until it has rung N times.
  manual_clock time;
  const auto timer = timer_thread::start(time);
  struct bell : std::enable_shared_from_this<bell> {
    const timer_thread* timer;
    nanoseconds period;
    int left;
    counter* rings;
    void wake() {
      if (--left > 0) timer->register_after(period, shared_from_this())->detach();
      rings->wake();  // last, since the test then moves the clock
    }
  };
  counter rings;
  constexpr int n = 3;
  for (int i = 1; i <= 9; ++i) {
    auto b = std::make_shared<bell>();
    b->timer = &*timer;
    b->period = i * 500ms;
    b->left = n;
    b->rings = &rings;
    timer->register_after(b->period, b)->detach();
  }
  int expected = 0;
  for (int t = 1; t <= 9 * n; ++t) {
    for (int i = 1; i <= 9; ++i)
      expected += t % i == 0 && t / i <= n;
    time.advance(500ms);
    EXPECT_EQ(rings.wait_for(expected), expected) << t;
  }
  EXPECT_EQ(expected, 9 * n);
}

TEST(fault_R9_timer_thread, without_a_thread_to_be_had_it_is_an_error) {
  const auto before = threads_of_this_process();
  const auto refused = timer_thread::start(
      steady_clock::instance(),
      [](pthread_t*, const pthread_attr_t*, void* (*)(void*), void*) { return EAGAIN; });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), error("timer thread", EAGAIN));
  EXPECT_EQ(threads_of_this_process(), before);
}

TEST(timer_thread, takes_an_erased_waker_too) {
  const auto timer = timer_thread::start();
  const auto done = std::make_shared<counter>();
  timer->register_at(now(), make_waker(done))->detach();
  EXPECT_EQ(done->wait_for(1), 1);
}

TEST(timer_thread, sleeps_of_a_thread_without_a_timer_go_by_its_handle) {
  const auto timer = timer_thread::start();
  timer_handle handle = timer->handle();
  const current<timer_handle>::scope scope(&handle);
  const auto done = std::make_shared<counter>();
  const waker w = make_waker(done);
  context cx(w);
  auto s = sleep(2ms);
  const instant begin = now();
  EXPECT_EQ(words(s.poll(cx)), "pending");
  EXPECT_EQ(done->wait_for(1), 1);
  EXPECT_GE(now() - begin, 2ms);
  EXPECT_EQ(words(s.poll(cx)), "ok");
}

}  // namespace
}  // namespace rouse

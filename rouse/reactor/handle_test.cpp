// Reactors as other threads see them, and the one that has a thread of its own.
#include <rouse/reactor/handle.hpp>

#include <rouse/core/shared_waker.hpp>
#include <rouse/reactor/background_reactor.hpp>
#include <rouse/reactor/contract_test.hpp>
#include <rouse/sys/event_fd.hpp>
#include <rouse/sys/file.hpp>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace rouse::testing {
namespace {

/// A wake object that a thread can wait for.
struct bell {
  std::mutex mutex;
  std::condition_variable rung;
  int count = 0;
  void wake() {
    const std::lock_guard lock(mutex);
    count++;
    rung.notify_all();
  }
  int total() {
    const std::lock_guard lock(mutex);
    return count;
  }
  bool wait_for(int n) {
    std::unique_lock lock(mutex);
    return rung.wait_for(lock, std::chrono::seconds(5), [&] { return count >= n; });
  }
};

class reactor_watch : public reactor_contract {};
INSTANTIATE_TEST_SUITE_P(on, reactor_watch, kernel_kinds(), kind_name);

TEST_P(reactor_watch, spec_row_49_is_registered_from_another_thread_while_the_reactor_sleeps) {
  auto pipe = sys::open_pipe();
  ASSERT_TRUE(pipe);
  const auto b = std::make_shared<bell>();
  const reactor_handle handle = on().handle();
  std::atomic<bool> stop{false};
  std::thread other([&] {
    std::this_thread::sleep_for(1ms);  // the reactor sleeps without limit by now
    auto watched = handle.watch(pipe->read.get(), interest::readable, make_waker(b));
    ASSERT_TRUE(watched);
    EXPECT_FALSE(watched->is_ready());
    ASSERT_TRUE(sys::write(pipe->write.get(), bytes_of("x")));
    EXPECT_TRUE(b->wait_for(1));
    EXPECT_TRUE(watched->is_ready());
    EXPECT_TRUE(watched->status());
    watched->arm(make_waker(b));  // still readable: told again
    EXPECT_TRUE(b->wait_for(2));
    *watched = registration();
    stop = true;
    handle.unpark();
  });
  while (!stop)
    ASSERT_TRUE(on().park(no_limit));
  other.join();
  look();
  EXPECT_EQ(on().watch_count(), 0u);
  EXPECT_EQ(on().source_count(), 0u);
}

TEST_P(reactor_watch, spec_row_50_fails_with_an_error_when_the_reactor_goes) {
  auto pipe = sys::open_pipe();
  ASSERT_TRUE(pipe);
  const auto b = std::make_shared<bell>();
  const reactor_handle handle = on().handle();
  auto told = handle.watch(pipe->read.get(), interest::readable, make_waker(b));
  ASSERT_TRUE(told);
  look();
  auto untold = handle.watch(pipe->read.get(), interest::readable, make_waker(b));  // only posted
  ASSERT_TRUE(untold);
  destroy_reactor();
  EXPECT_EQ(b->total(), 2);
  EXPECT_EQ(told->status().error(), errc::runtime_shut_down);
  EXPECT_EQ(untold->status().error(), errc::runtime_shut_down);
  EXPECT_FALSE(handle.is_alive());
  EXPECT_EQ(handle.watch(pipe->read.get(), interest::readable, waker()).error(),
            errc::runtime_shut_down);
  told->arm(make_waker(b));
  EXPECT_EQ(b->total(), 3);  // at once, with the error
  handle.unpark();
}

TEST_P(reactor_watch, is_polled_like_anything_else) {
  auto event = sys::event_fd::open();
  ASSERT_TRUE(event);
  auto watched = on().handle().watch(event->get(), interest::readable, waker());
  ASSERT_TRUE(watched);
  for (int i = 0; i < 3; i++) {
    context cx(waker_);
    EXPECT_FALSE(watched->poll(cx).is_ready());
    look();
    EXPECT_FALSE(watched->poll(cx).is_ready());
    event->signal();
    look();
    look();
    EXPECT_EQ(waker_.wakes, i + 1);
    auto answer = watched->poll(cx);
    ASSERT_TRUE(answer.is_ready());
    EXPECT_TRUE(answer.take());
    event->drain();
  }
}

TEST_P(reactor_watch, the_descriptor_may_be_closed_at_any_time) {
  const int before = descriptor_count();
  for (int i = 0; i < 20; i++) {
    auto pipe = sys::open_pipe();
    ASSERT_TRUE(pipe);
    auto watched = on().handle().watch(pipe->read.get(), interest::readable, waker());
    ASSERT_TRUE(watched);
    if (i % 2 != 0) look();
    pipe->read.reset();
    if (i % 3 == 0) pipe->write.reset();
    if (i % 4 < 2) look();
  }
  look();
  look();
  EXPECT_EQ(descriptor_count(), before);
  EXPECT_EQ(on().watch_count(), 0u);
}

TEST_P(reactor_watch, comes_and_goes_on_many_threads) {
  std::atomic<int> running{4};
  const reactor_handle handle = on().handle();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++)
    threads.emplace_back([&, t] {
      const auto b = std::make_shared<bell>();
      for (int i = 0; i < 100; i++) {
        auto event = sys::event_fd::open();
        ASSERT_TRUE(event);
        auto watched = handle.watch(event->get(), interest::readable, make_waker(b));
        ASSERT_TRUE(watched);
        if ((i + t) % 3 == 0) continue;  // dropped at once
        const int before = b->total();
        event->signal();
        ASSERT_TRUE(b->wait_for(before + 1));
      }
      running--;
      handle.unpark();
    });
  while (running != 0)
    ASSERT_TRUE(on().park(no_limit));
  for (auto& t : threads)
    t.join();
  look();
  EXPECT_EQ(on().watch_count(), 0u);
}

class background : public ::testing::TestWithParam<reactor_kind> {};
INSTANTIATE_TEST_SUITE_P(on, background, kernel_kinds(), kind_name);

TEST_P(background, watches_on_a_thread_of_its_own) {
  auto r = background_reactor::start({.kind = GetParam()});
  ASSERT_TRUE(r);
  auto event = sys::event_fd::open();
  ASSERT_TRUE(event);
  const auto b = std::make_shared<bell>();
  auto watched = r->handle().watch(event->get(), interest::readable, make_waker(b));
  ASSERT_TRUE(watched);
  event->signal();
  EXPECT_TRUE(b->wait_for(1));
}

TEST_P(background, shutdown_on_idle_waits_for_the_last_registration) {
  auto r = background_reactor::start({.kind = GetParam()});
  ASSERT_TRUE(r);
  auto event = sys::event_fd::open();
  auto watched = r->handle().watch(event->get(), interest::readable, waker());
  ASSERT_TRUE(watched);
  r->shutdown_on_idle();
  std::this_thread::sleep_for(2ms);
  EXPECT_TRUE(r->is_running());
  *watched = registration();
  EXPECT_TRUE(r->join());
  EXPECT_FALSE(r->is_running());
  EXPECT_FALSE(r->handle().is_alive());
}

TEST_P(background, shutdown_now_and_dropping_wake_whoever_is_registered) {
  auto event = sys::event_fd::open();
  const auto b = std::make_shared<bell>();
  registration watched;
  {
    auto r = background_reactor::start({.kind = GetParam()});
    ASSERT_TRUE(r);
    watched = std::move(*r->handle().watch(event->get(), interest::readable, make_waker(b)));
    r->shutdown_now();
    EXPECT_TRUE(r->join());
    EXPECT_TRUE(b->wait_for(1));
    EXPECT_EQ(watched.status().error(), errc::runtime_shut_down);
  }
  auto dropped = background_reactor::start({.kind = GetParam()});
  ASSERT_TRUE(dropped);
}

}  // namespace
}  // namespace rouse::testing

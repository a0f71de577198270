#include <rouse/base/io_error.hpp>
#include <rouse/core/spawn.hpp>

#include <gtest/gtest.h>
#include <tests/support/counting_waker.hpp>
#include <tests/support/manual_worker.hpp>
#include <tests/support/pollables.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace rouse {
namespace {

using support::counted;
using support::counting_waker;
using support::gate;
using support::manual_worker;
using support::never;
using support::polled;
using support::ready_value;

TEST(join_handle, gives_the_value_once_it_is_there_and_wakes_its_joiner) {
  manual_worker w;
  counting_waker joiner;
  auto handle = w.spawn(ready_value(std::string("done")));
  EXPECT_FALSE(w.inside([&] { return joiner.is_ready(handle); }));
  EXPECT_FALSE(handle.is_finished());
  w.run();
  EXPECT_EQ(joiner.wakes(), 1u);
  EXPECT_TRUE(handle.is_finished());
  EXPECT_EQ(w.inside([&] { return joiner.poll(handle); }).take().value(), "done");
  w.inside([&] { handle = {}; });
}

TEST(join_handle, throws_what_the_task_threw_once) {
  manual_worker w;
  counting_waker joiner;
  auto handle = w.spawn(
      polled([](context&) -> poll_result<int> { throw std::runtime_error("in the task"); }));
  w.run();
  w.inside([&] {
    EXPECT_THROW((void)joiner.poll(handle), std::runtime_error);
    handle = {};
  });
  EXPECT_TRUE(w.failures.empty()) << "somebody has seen it";
}

TEST(join_handle, a_task_that_gives_a_result_gives_it_through) {
  manual_worker w;
  counting_waker joiner;
  auto handle = w.spawn(polled(
      [](context&) -> poll_result<result<int>> { return std::unexpected(error("read", EIO)); }));
  static_assert(std::is_same_v<decltype(handle), join_handle<int>>,
                "spawned plainly, an error is an exception");
  w.run();
  w.inside([&] { EXPECT_THROW((void)joiner.poll(handle), io_error); });

  struct failing : fallible<failing> {
    poll_result<rouse::result<int>> poll(context&) noexcept {
      return std::unexpected(error("read", EIO));
    }
  };
  auto by_value = w.spawn(failing().result());
  static_assert(std::is_same_v<decltype(by_value), join_handle<rouse::result<int>>>);
  w.run();
  w.inside([&] {
    auto end = joiner.poll(by_value).take();
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->error(), std::errc::io_error);
  });
}

TEST(join_handle, fault_M5_dropping_it_cancels_the_task_and_its_worker_awaits_that) {
  manual_worker w;
  support::slow_driver driver;
  w.inside([&] {
    auto handle = rouse::spawn(support::slow_operation(driver));
    handle = {};
    EXPECT_EQ(w.live_tasks(), 1u);
  });
  w.run();
  EXPECT_EQ(w.live_tasks(), 0u) << "never begun, so nothing to wait for";

  {
    auto handle = w.spawn(support::slow_operation(driver));
    w.run();
    EXPECT_EQ(driver.polls, 1u);
    w.inside([&] { handle = {}; });
  }
  w.run();
  EXPECT_EQ(driver.cancels_asked, 1u);
  EXPECT_EQ(w.live_tasks(), 1u);
  w.inside([&] { driver.let_go(); });
  w.run();
  EXPECT_EQ(w.live_tasks(), 0u);
}

TEST(join_handle, fault_M5_an_exception_that_nobody_joins_reaches_the_handler) {
  manual_worker w;
  auto throws = [](const char* what) {
    return polled([what](context&) -> poll_result<void> { throw std::runtime_error(what); });
  };
  w.spawn(throws("detached")).detach();
  w.run();
  {
    auto handle = w.spawn(throws("dropped later"));
    w.run();
    EXPECT_EQ(w.failures.size(), 1u);
    w.inside([&] { handle = {}; });
  }
  {
    auto handle = w.spawn(throws("dropped elsewhere"));
    w.run();
    std::thread([h = std::move(handle)] {}).join();
    w.run();
  }
  EXPECT_EQ(w.failures,
            (std::vector<std::string>{"detached", "dropped later", "dropped elsewhere"}));
}

TEST(join_handle, a_detached_task_runs_on) {
  manual_worker w;
  gate g;
  bool ended = false;
  w.spawn(polled([&, wait = g.wait()](context& cx) mutable -> poll_result<void> {
     if (!wait.poll(cx).is_ready()) return pending;
     ended = true;
     return ready;
   })).detach();
  w.run();
  w.inside([&] { g.open(); });
  w.run();
  EXPECT_TRUE(ended);
}

TEST(join_handle, fault_M12_a_task_that_awaits_itself_is_told_so_at_once) {
  manual_worker w;
  join_handle<int> handle;
  error seen;
  handle = w.spawn(polled([&](context& cx) -> poll_result<int> {
    seen = handle.poll(cx).take().error();
    return 0;
  }));
  w.run();
  EXPECT_EQ(seen, errc::would_deadlock);
  w.inside([&] { handle = {}; });
}

TEST(join_handle, another_thread_may_not_poll_it) {
  manual_worker w;
  auto handle = w.spawn(never());
  std::thread([&] {
    counting_waker joiner;
    EXPECT_EQ(joiner.poll(handle).take().error(), errc::wrong_thread);
    handle.disown();
  }).join();
  w.run();
  w.inside([&] { handle = {}; });
}

TEST(join_handle, cancelling_the_wait_leaves_the_task_alone) {
  manual_worker w;
  counting_waker joiner;
  gate g;
  auto handle = w.spawn(polled([wait = g.wait()](context& cx) mutable -> poll_result<int> {
    if (!wait.poll(cx).is_ready()) return pending;
    return 4;
  }));
  w.run();
  w.inside([&] {
    EXPECT_FALSE(joiner.is_ready(handle));
    EXPECT_TRUE(joiner.cancel(handle));
    g.open();
  });
  w.run();
  EXPECT_EQ(joiner.wakes(), 0u);
  EXPECT_EQ(w.inside([&] { return joiner.poll(handle); }).take().value(), 4);
}

TEST(join_handle, its_value_dies_with_it_when_nobody_takes_it) {
  manual_worker w;
  auto value = std::make_shared<int>(1);
  auto handle = w.spawn(ready_value(value));
  w.run();
  EXPECT_EQ(value.use_count(), 2);
  w.inside([&] { handle = {}; });
  EXPECT_EQ(value.use_count(), 1);
}

TEST(join_handle, outlives_the_worker_and_says_that_it_is_gone) {
  counting_waker joiner;
  join_handle<int> pending_one;
  join_handle<int> finished_one;
  {
    manual_worker w;
    pending_one = w.spawn(polled([](context& cx) -> poll_result<int> {
      (void)cx.borrow_waker();
      return pending;
    }));
    finished_one = w.spawn(ready_value(9));
    w.run();
    EXPECT_FALSE(w.inside([&] { return joiner.is_ready(pending_one); }));
  }
  EXPECT_EQ(joiner.wakes(), 1u);
  EXPECT_EQ(joiner.poll(pending_one).take().error(), errc::runtime_shut_down);
  EXPECT_EQ(joiner.poll(finished_one).take().value(), 9);
  pending_one.abort();
  std::move(pending_one).detach();
}

TEST(join_handle, knows_its_tasks_name_cut_at_128_bytes) {
  manual_worker w;
  const std::string long_name(1000, 'x');
  auto handle = w.spawn(never(), {.name = long_name.c_str()});
  EXPECT_EQ(std::string(handle.name()), long_name.substr(0, 128));
  EXPECT_EQ(std::string(join_handle<int>().name()), "");
  w.inside([&] { handle = {}; });
}

TEST(join_handle_death, is_not_polled_again_after_it_was_ready) {
  EXPECT_DEATH(
      {
        manual_worker w;
        counting_waker joiner;
        auto handle = w.spawn(ready_value(9));
        w.run();
        w.inside([&] {
          (void)joiner.poll(handle);
          (void)joiner.poll(handle);
        });
      },
      "end_ != nullptr");
}

}  // namespace
}  // namespace rouse

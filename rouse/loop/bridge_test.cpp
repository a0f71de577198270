#include <rouse/base/io_error.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/loop/current_loop.hpp>
#include <rouse/loop/loop_async.hpp>
#include <rouse/loop/on_loop_test.hpp>
#include <rouse/loop/promisify.hpp>

#include <atomic>
#include <cerrno>
#include <exception>
#include <functional>
#include <memory>
#include <thread>

namespace loop_test {
namespace {

class loop_bridge : public on_loop {};
INSTANTIATE_TEST_SUITE_P(each, loop_bridge, support::reactors(), support::reactor_name);

// ---- a task awaits a callback API

rouse::task<void> await_a_timer(rouse::loop* loop, lines* log) {
  const auto ten_later = [loop](rouse::resolver<int> resolve) {
    loop->set_timeout(10ms, [r = std::move(resolve)]() mutable { r(42); });
  };
  const int answer = co_await rouse::promisify<int>(ten_later);
  log->push_back(std::to_string(answer));
  co_await rouse::promisify<void>([](rouse::resolver<void> r) { r(); });
  log->push_back("at once");
  try {
    co_await rouse::promisify<void>([](const rouse::resolver<void>&) {});
  } catch (const rouse::io_error& e) {
    log->push_back(e.reason() == rouse::errc::closed ? "dropped" : "?");
  }
}

TEST_P(loop_bridge, a_task_awaits_a_callback) {
  it().spawn(await_a_timer, &it(), &log).detach();
  it().run();
  EXPECT_EQ(log, (lines{"42", "at once", "dropped"}));
  EXPECT_EQ(passed(), 10ms);
}

rouse::task<void> steps(rouse::loop* loop, lines* log) {
  log->push_back("task 1");
  loop->queue_microtask([log] { log->push_back("microtask of task"); });
  loop->next_tick([log] { log->push_back("tick of task"); });
  co_await loop->sleep(1ms);
  log->push_back("task 2");
}

TEST_P(loop_bridge, ticks_and_microtasks_follow_the_poll_of_a_task_as_they_follow_a_callback) {
  it().spawn(steps, &it(), &log).detach();
  it().set_immediate(say("immediate"));
  it().run([&] { it().queue_microtask(say("microtask of main")); });
  EXPECT_EQ(log, (lines{"microtask of main", "task 1", "tick of task", "microtask of task",
                        "immediate", "task 2"}));
}

rouse::task<int> doubled(int n) { co_return 2 * n; }

TEST_P(loop_bridge, a_callback_spawns_a_task_and_joins_it_by_callback) {
  it().run([&] {
    it().set_immediate([&] {
      it().call_when_done(it().spawn(doubled(21)),
                          [&](rouse::result<int> r) { log.push_back(std::to_string(*r)); });
    });
  });
  EXPECT_EQ(log, lines{"42"});
}

enum class end { value, error, number };
rouse::task<int> ends_with(end what) {
  if (what == end::number) throw 3;
  if (what == end::error) rouse::throw_error(rouse::error("read", EIO));
  co_return 1;
}

TEST_P(loop_bridge, who_takes_exceptions_is_told_of_each_end_of_a_task) {
  const auto told = [&](const rouse::result<int>& r, const std::exception_ptr& thrown) {
    log.push_back((r ? "value" : r.error().message()) + (thrown ? ", thrown" : ""));
  };
  for (const end what : {end::value, end::error, end::number}) {
    it().call_when_done(ends_with(what), told);
    it().run();
  }
  EXPECT_EQ(log, (lines{"value", "read: Input/output error, thrown",
                        "task: left by an exception, thrown"}));
}

TEST_P(loop_bridge, who_takes_no_exceptions_is_not_called_and_run_throws_them) {
  it().call_when_done(ends_with(end::number), [](const rouse::result<int>&) { FAIL(); });
  EXPECT_THROW(it().run(), int);
}

TEST_P(loop_bridge, another_thread_that_stops_or_ends_the_loop_is_told_to_post) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  make_real();
  const auto on_another = [&](auto what) {
    it().run([&] { std::thread([&] { what(it()); }).join(); });
  };
  EXPECT_DEATH(on_another([](rouse::loop& l) { l.stop(); }), "is_driven_elsewhere");
  EXPECT_DEATH(on_another([](rouse::loop& l) { l.exit(1); }), "is_driven_elsewhere");
}

// ---- free functions

TEST_P(loop_bridge, row_43_free_functions_find_the_loop_that_runs_here) {
  EXPECT_THROW(rouse::set_timeout(1ms, [] {}), rouse::io_error);
  it().run([&] {
    const auto id = rouse::set_timeout(5ms, say("never"));
    rouse::set_timeout(1ms, [&, id] {
      log.emplace_back("timer");
      EXPECT_TRUE(rouse::clear_timeout(id));
    });
    rouse::set_immediate(say("immediate"));
    rouse::next_tick(say("tick"));
    rouse::queue_microtask(say("microtask"));
    rouse::defer(say("deferred"));
  });
  EXPECT_EQ(log, (lines{"tick", "microtask", "deferred", "immediate", "timer"}));
  EXPECT_THROW(rouse::next_tick([] {}), rouse::io_error);
}

TEST_P(loop_bridge,
       row_43_several_loops_live_on_threads_of_their_own_and_send_each_other_messages) {
  // A ball goes to and fro a hundred times; each loop counts on its own thread only.
  rouse::loop_options options;
  options.runtime.reactor.kind = GetParam();
  rouse::loop left(options), right(options);
  auto left_hold = std::make_unique<rouse::loop_hold>(left.hold());
  auto right_hold = std::make_unique<rouse::loop_hold>(right.hold());
  const auto to_left = left.handle();
  const auto to_right = right.handle();
  int count = 0;
  std::atomic<bool> found_own{true};
  std::function<void()> at_left, at_right;
  at_left = [&] {
    if (&rouse::loop::current() != &left) found_own = false;
    if (++count == 100) {
      to_right.post([&] { right_hold.reset(); }).value();
      left_hold.reset();
    } else {
      to_right.post([&] { at_right(); }).value();
    }
  };
  at_right = [&] {
    if (&rouse::loop::current() != &right) found_own = false;
    to_left.post([&] { at_left(); }).value();
  };
  left.set_immediate([&] { at_left(); });
  std::thread other([&] { right.run(); });
  left.run();
  other.join();
  EXPECT_EQ(count, 100);
  EXPECT_TRUE(found_own);
}

TEST_P(loop_bridge,
       row_43_a_loop_inside_a_callback_of_another_is_refused_and_one_after_another_is_not) {
  rouse::loop_options options;
  options.runtime.reactor.kind = GetParam();
  for (int i = 0; i < 2; ++i) {
    rouse::loop outer(options), inner(options);
    inner.set_immediate(say("inner"));
    outer.set_immediate([&] {
      EXPECT_THROW(inner.run(), rouse::io_error);
      EXPECT_EQ(&rouse::loop::current(), &outer);
    });
    outer.run();
    inner.run();
  }
  EXPECT_EQ(log, (lines{"inner", "inner"}));
}

// ---- bells

TEST_P(loop_bridge, many_rings_of_a_bell_are_at_least_one_call_and_none_is_lost) {
  std::atomic<int> rung{0};
  int seen = 0;
  int calls = 0;
  std::unique_ptr<rouse::loop_async> bell;
  bell = std::make_unique<rouse::loop_async>(it(), [&] {
    ++calls;
    seen = rung.load(std::memory_order_relaxed);
    if (seen == 100'000) bell->close();
  });
  std::thread other([&, sender = bell->sender()] {
    for (int i = 1; i <= 100'000; ++i) {
      rung.store(i, std::memory_order_relaxed);
      sender.send().value();
    }
  });
  it().run();
  other.join();
  EXPECT_EQ(seen, 100'000);
  EXPECT_GE(calls, 1);
  EXPECT_LE(calls, 100'000);
}

TEST_P(loop_bridge, a_bell_may_be_rung_after_everything_is_gone) {
  std::unique_ptr<rouse::loop_async> bell = std::make_unique<rouse::loop_async>(it(), [] {});
  const auto sender = bell->sender();
  sender.send().value();
  bell->unref();
  it().close().value();
  bell->close();
  EXPECT_EQ(bell->sender().send().error(), rouse::errc::closed);
  bell.reset();
  (void)sender.send();
  EXPECT_EQ(sender.send().error(), rouse::errc::closed);
}

}  // namespace
}  // namespace loop_test

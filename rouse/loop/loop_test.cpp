#include <rouse/base/io_error.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/loop/on_loop_test.hpp>
#include <rouse/time/sleep.hpp>

#include <cmath>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>

namespace loop_test {
namespace {

class loop : public on_loop {};
INSTANTIATE_TEST_SUITE_P(each, loop, support::reactors(), support::reactor_name);

// ---- the order of phases

TEST_P(loop, runs_the_phases_in_their_order_every_turn) {
  int turn = 0;
  rouse::hook_id hooks[3];
  hooks[0] = it().add_idle(say("idle"));
  hooks[1] = it().add_prepare(say("prepare"));
  hooks[2] = it().add_check([&] {
    log.emplace_back("check");
    it().call_when_closed(say("closing"));
    it().defer(say("pending"));
    it().set_timeout(0ms, say("timers"));
    if (++turn == 3) {
      for (const auto h : hooks)
        it().remove(h);
    }
  });
  it().run();
  lines expected;
  for (int i = 0; i < 3; ++i)
    for (const char* line : {"idle", "prepare", "check", "closing", "timers", "pending"})
      expected.emplace_back(line);
  EXPECT_EQ(log, expected);
}

TEST_P(loop, lets_a_hook_remove_itself_the_next_and_the_last_and_add_one_for_the_next_turn) {
  rouse::hook_id hooks[4], added;
  struct at_its_end {
    std::function<void()> f;
    at_its_end(at_its_end&& other) noexcept : f(std::exchange(other.f, nullptr)) {}
    explicit at_its_end(std::function<void()> g) noexcept : f(std::move(g)) {}
    ~at_its_end() {
      if (f) f();
    }
  };
  hooks[0] = it().add_check([&, end = at_its_end([&] { EXPECT_TRUE(it().remove(hooks[1])); })] {
    log.emplace_back("first");
    EXPECT_TRUE(it().remove(hooks[0]));
    EXPECT_FALSE(it().remove(hooks[0]));
  });
  hooks[1] = it().add_check(say("removed by the end of the first"));
  hooks[2] = it().add_check([&] {
    log.emplace_back("third");
    EXPECT_TRUE(it().remove(hooks[3]));
    EXPECT_TRUE(it().remove(hooks[2]));
    added = it().add_check([&] {
      log.emplace_back("added");
      it().remove(added);
    });
  });
  hooks[3] = it().add_check(say("removed by the third"));
  it().set_immediate([&] { it().set_immediate(say("turn")); });
  it().run();
  EXPECT_EQ(log, (lines{"first", "third", "added", "turn"}));
}

TEST_P(loop, row_23_calls_a_timer_of_zero_in_the_first_turn_before_the_check_phase) {
  it().run([&] {
    it().set_immediate(say("immediate"));
    it().set_timeout(0ms, say("timer"));
    it().next_tick(say("tick"));
    it().queue_microtask(say("microtask"));
    log.emplace_back("main");
  });
  EXPECT_EQ(log, (lines{"main", "tick", "microtask", "timer", "immediate"}));
}

TEST_P(loop, has_no_turn_for_an_empty_program_but_drains_its_ticks) {
  make();
  std::uint64_t turns = 99;
  it().on_exit([&](int) { turns = it().metrics().turns; });
  EXPECT_EQ(it().run([&] { it().next_tick(say("tick")); }), 0);
  EXPECT_EQ(log, lines{"tick"});
  EXPECT_EQ(turns, 0U);
  EXPECT_TRUE(it().is_closed());
}

TEST_P(loop, drains_all_ticks_then_all_microtasks_after_every_callback) {
  it().set_timeout(1ms, [&] {
    log.emplace_back("first");
    it().queue_microtask([&] {
      log.emplace_back("micro 1");
      it().next_tick(say("tick of micro 1"));
      it().queue_microtask(say("micro of micro 1"));
    });
    it().next_tick([&] {
      log.emplace_back("tick 1");
      it().next_tick(say("tick of tick 1"));
    });
  });
  it().set_timeout(1ms, say("second"));
  it().run();
  EXPECT_EQ(log, (lines{"first", "tick 1", "tick of tick 1", "micro 1", "micro of micro 1",
                        "tick of micro 1", "second"}));
}

TEST_P(loop, goes_on_to_the_next_callback_when_a_drain_has_reached_its_bound) {
  make({.drain_max = 10});
  int ticks = 0;
  std::function<void()> again = [&] {
    if (++ticks < 35) it().next_tick([&] { again(); });
  };
  it().set_immediate([&] { again(); });
  it().set_immediate([&] { log.push_back(std::to_string(ticks)); });
  it().run();
  EXPECT_EQ(log, lines{"11"});
  EXPECT_EQ(ticks, 35);
}

TEST_P(loop, leaves_an_immediate_of_an_immediate_to_the_next_turn) {
  it().set_immediate([&] {
    log.emplace_back("one");
    it().set_immediate(say("three"));
    it().set_timeout(0ms, say("timer"));
  });
  it().set_immediate(say("two"));
  it().run();
  EXPECT_EQ(log, (lines{"one", "two", "timer", "three"}));
}

TEST_P(loop, clears_a_sibling_that_is_due_already) {
  rouse::timer_id second;
  rouse::immediate_id other;
  it().set_timeout(1ms, [&] {
    EXPECT_TRUE(it().clear_timeout(second));
    EXPECT_FALSE(it().clear_timeout(second));
    it().set_immediate([&] { EXPECT_TRUE(it().clear_immediate(other)); });
    other = it().set_immediate(say("immediate"));
  });
  second = it().set_timeout(1ms, say("second"));
  it().set_timeout(1ms, say("third"));
  it().run();
  EXPECT_EQ(log, lines{"third"});
}

// ---- timers

TEST_P(loop, fires_by_deadline_and_in_order_within_one) {
  it().set_timeout(2ms, say("2a"));
  it().set_timeout(1ms, say("1"));
  it().set_timeout(2ms, say("2b"));
  it().set_timeout(0ms, say("0"));
  it().run();
  EXPECT_EQ(log, (lines{"0", "1", "2a", "2b"}));
  EXPECT_EQ(passed(), 2ms);
}

TEST_P(loop, leaves_a_timer_that_becomes_due_during_the_phase_to_the_next) {
  it().set_timeout(1ms, [&] {
    log.emplace_back("one");
    clock_.advance(5ms);
    it().set_immediate(say("immediate"));
  });
  it().set_timeout(3ms, say("three"));
  it().run();
  EXPECT_EQ(log, (lines{"one", "immediate", "three"}));
}

TEST_P(loop, rearms_an_interval_from_the_start_of_its_callback_without_bursts) {
  int calls = 0;
  rouse::timer_id id;
  id = it().set_interval(10ms, [&] {
    log.push_back(std::to_string(passed().count()));
    if (++calls == 2) clock_.advance(35ms);
    if (calls == 4) it().clear_interval(id);
  });
  it().run();
  EXPECT_EQ(log, (lines{"10", "20", "55", "65"}));
}

TEST_P(loop, refreshes_a_timer_before_and_inside_its_callback) {
  rouse::timer_id id;
  int calls = 0;
  id = it().set_timeout(10ms, [&] {
    log.push_back(std::to_string(passed().count()));
    if (++calls == 1) {
      EXPECT_TRUE(it().refresh(id));
    }
  });
  it().set_timeout(4ms, [&] { EXPECT_TRUE(it().refresh(id)); });
  it().run();
  EXPECT_EQ(log, (lines{"14", "24"}));
  EXPECT_FALSE(it().refresh(id));
}

TEST_P(loop, takes_any_delay) {
  it().set_timeout(-5s, say("negative"));
  it().set_timeout(std::chrono::duration<double>(std::nan("")), say("nan"));
  const auto never = it().set_timeout(std::chrono::hours::max(), say("never"));
  it().unref(never);
  it().run();
  EXPECT_EQ(log, (lines{"negative", "nan"}));
  EXPECT_EQ(passed(), 0ms);
}

TEST_P(loop, takes_whole_milliseconds_and_one_at_least_when_it_is_to_be_like_node) {
  make({.node_compatible = true});
  it().set_timeout(0ms, [&] { log.push_back("0: " + std::to_string(passed().count())); });
  it().set_timeout(2900us, [&] { log.push_back("2.9: " + std::to_string(passed().count())); });
  it().set_timeout(std::chrono::milliseconds(2147483648), say("too long"));
  it().set_timeout(std::chrono::duration<double, std::milli>(std::nan("")), say("nan"));
  it().run();
  EXPECT_EQ(log, (lines{"0: 1", "too long", "nan", "2.9: 2"}));
}

TEST_P(loop, refuses_an_interval_of_zero) {
  EXPECT_THROW(it().set_interval(0ms, [] {}), rouse::io_error);
}

// ---- what keeps it alive

TEST_P(loop, waits_for_no_timer_that_is_unrefd) {
  const auto id = it().set_timeout(1h, say("never"));
  EXPECT_TRUE(it().unref(id));
  it().set_timeout(1ms, say("one"));
  it().run();
  EXPECT_EQ(log, lines{"one"});
  EXPECT_TRUE(it().ref(id));
  it().run();
  EXPECT_EQ(log, (lines{"one", "never"}));
}

TEST_P(loop, runs_an_unrefd_immediate_only_in_company) {
  it().unref(it().set_immediate(say("immediate")));
  it().run();
  EXPECT_EQ(log, lines{});
  it().set_timeout(1ms, say("timer"));
  it().run();
  EXPECT_EQ(log, (lines{"immediate", "timer"}));
}

TEST_P(loop, counts_an_event_until_after_its_callback) {
  int left = 1000;
  std::function<void()> chain = [&] {
    EXPECT_GT(it().metrics().pending_events, 0U);
    if (--left > 0) it().set_timeout(1ms, [&] { chain(); });
  };
  it().set_timeout(1ms, [&] { chain(); });
  it().run();
  EXPECT_EQ(left, 0);
  EXPECT_EQ(it().metrics().pending_events, 0U);
}

TEST_P(loop, may_be_revived_before_it_exits_by_a_timer_but_not_by_a_tick) {
  int times = 0;
  it().on_before_exit([&] {
    log.emplace_back("before exit");
    it().next_tick(say("tick"));
    if (++times == 1) it().set_timeout(1ms, say("timer"));
  });
  it().on_exit([&](int code) {
    log.push_back("exit " + std::to_string(code));
    it().set_timeout(1ms, say("too late"));
  });
  EXPECT_EQ(it().run([&] { log.emplace_back("main"); }), 0);
  EXPECT_EQ(log, (lines{"main", "before exit", "tick", "timer", "before exit", "tick", "exit 0"}));
}

// ---- running

TEST_P(loop, run_once_calls_the_timer_that_fell_due_while_it_waited) {
  it().set_timeout(5ms, say("five"));
  it().set_timeout(9ms, say("nine"));
  EXPECT_TRUE(it().run_once());
  EXPECT_EQ(log, lines{"five"});
  EXPECT_TRUE(it().run_nowait());
  EXPECT_EQ(log, lines{"five"});
  EXPECT_FALSE(it().run_once());
  EXPECT_EQ(log, (lines{"five", "nine"}));
}

TEST_P(loop, stops_with_the_turn_and_goes_on_later) {
  it().set_immediate([&] {
    it().stop();
    it().set_immediate(say("later"));
  });
  it().set_immediate(say("same turn"));
  it().run();
  EXPECT_EQ(log, lines{"same turn"});
  it().run();
  EXPECT_EQ(log, (lines{"same turn", "later"}));
}

TEST_P(loop, calls_nothing_after_exit_but_the_exit_callbacks) {
  it().on_exit([&](int code) { log.push_back("exit " + std::to_string(code)); });
  const int code = it().run([&] {
    it().set_immediate([&] {
      it().next_tick(say("tick"));
      it().exit(3);
      log.emplace_back("rest of the callback");
    });
    it().set_immediate(say("sibling"));
  });
  EXPECT_EQ(code, 3);
  EXPECT_EQ(log, (lines{"rest of the callback", "exit 3"}));
}

TEST_P(loop, refuses_to_run_inside_itself) {
  it().set_immediate([&] { EXPECT_THROW(it().run(), rouse::io_error); });
  it().set_immediate([&] { EXPECT_EQ(it().close().error(), rouse::errc::would_deadlock); });
  it().run();
}

TEST_P(loop, row_38_says_closed_to_what_comes_too_late) {
  auto handle = it().handle();
  auto hold = it().hold();
  EXPECT_TRUE(it().close());
  EXPECT_EQ(it().close().error(), rouse::errc::closed);
  EXPECT_THROW(it().set_timeout(1ms, [] {}), rouse::io_error);
  EXPECT_THROW(it().run(), rouse::io_error);
  EXPECT_EQ(handle.post([] {}).error(), rouse::errc::closed);
  EXPECT_FALSE(it().clear_timeout({}));
}

// ---- failures

TEST_P(loop, lets_an_exception_leave_run_and_goes_on_with_the_rest_of_the_batch) {
  for (int i = 0; i < 3; ++i)
    it().set_timeout(1ms, [&, i] {
      log.push_back(std::to_string(i));
      it().next_tick(say("tick"));
      if (i == 1) throw std::runtime_error("one");
    });
  EXPECT_THROW(it().run(), std::runtime_error);
  EXPECT_EQ(log, (lines{"0", "tick", "1"}));
  it().run();
  EXPECT_EQ(log, (lines{"0", "tick", "1", "tick", "2", "tick"}));
}

TEST_P(loop, each_run_throws_one_of_what_a_single_callback_leaves_before_it_calls_anybody) {
  constexpr int tasks = 20;
  std::vector<rouse::join_handle<void>> failed;
  for (int i = 0; i < tasks; ++i)
    failed.push_back(it().spawn([](int n) -> rouse::task<void> {
      throw std::runtime_error(std::to_string(n));
      co_return;
    }(i)));
  it().run();
  it().set_immediate([&] {
    failed.clear();
    throw std::runtime_error("own");
  });
  for (int i = 0; i < tasks; ++i)
    EXPECT_EQ(thrown(), std::to_string(i));
  EXPECT_TRUE(it().is_alive());
  EXPECT_EQ(it().begin_wait().value().limit, 0ns);
  it().set_immediate(say("later"));
  EXPECT_THROW(it().run_nowait(), std::runtime_error);
  EXPECT_EQ(log, lines());
  EXPECT_EQ(thrown(), "nothing");
  EXPECT_EQ(log, lines{"later"});
  EXPECT_FALSE(it().is_alive());
}

TEST_P(loop, tells_the_error_handler_and_calls_the_siblings) {
  it().on_error([&](const std::exception_ptr& e) {
    try {
      std::rethrow_exception(e);
    } catch (const std::exception& x) {
      log.emplace_back(x.what());
    }
  });
  it().set_immediate([] { throw std::runtime_error("thrown"); });
  it().set_immediate(say("sibling"));
  it().run();
  EXPECT_EQ(log, (lines{"thrown", "sibling"}));
}

TEST_P(loop, hands_on_what_a_task_throws_that_nobody_joins) {
  it().spawn([]() -> rouse::task<void> {
        co_await rouse::sleep(1ms);
        throw std::runtime_error("task");
      }())
      .detach();
  EXPECT_THROW(it().run(), std::runtime_error);
}

// ---- tasks and other threads

rouse::task<void> twice(lines* log, std::string name) {
  log->push_back(name + " 1");
  co_await rouse::sleep(2ms);
  log->push_back(name + " 2");
}

TEST_P(loop, runs_tasks_beside_callbacks_and_waits_for_them) {
  it().spawn(twice, &log, "task").detach();
  it().set_timeout(1ms, say("timer"));
  it().run();
  EXPECT_EQ(log, (lines{"task 1", "timer", "task 2"}));
  EXPECT_EQ(passed(), 2ms);
}

rouse::task<int> answer_after(std::chrono::milliseconds d) {
  co_await rouse::sleep(d);
  co_return 42;
}
rouse::task<int> throw_error_at_once() {
  rouse::throw_error(rouse::error("work", ENOENT));
  co_return 0;
}

TEST_P(loop, calls_back_with_the_result_of_work) {
  it().call_when_done(answer_after(1ms), [&](rouse::result<int> r) {
    log.push_back(std::to_string(r.value()));
    it().next_tick(say("tick"));
  });
  it().call_when_done(throw_error_at_once(), [&](rouse::result<int> r) {
    EXPECT_EQ(r.error(), std::errc::no_such_file_or_directory);
    log.emplace_back("failed");
  });
  it().run();
  EXPECT_EQ(log, (lines{"failed", "42", "tick"}));
}

TEST_P(loop, cancels_work_and_says_so_to_its_callback) {
  std::vector<rouse::request_id> ids;
  for (int i = 0; i < 3; ++i)
    ids.push_back(it().call_when_done(answer_after(1h), [&](rouse::result<int> r) {
      EXPECT_TRUE(r.error().is_cancelled());
      log.emplace_back("cancelled");
    }));
  EXPECT_TRUE(it().cancel(ids[0]));  // before its first poll
  it().set_timeout(1ms, [&] {
    EXPECT_FALSE(it().cancel(ids[0]));
    EXPECT_TRUE(it().cancel(ids[1]));
    EXPECT_TRUE(it().cancel(ids[2]));
  });
  it().run();
  EXPECT_EQ(log.size(), 3U);
  EXPECT_EQ(passed(), 1ms);
}

rouse::task<void> log_that_it_began(lines* log) {
  log->emplace_back("began");
  co_return;
}

TEST_P(loop, does_not_begin_work_that_was_cancelled_before) {
  const auto id =
      it().call_when_done(rouse::assume_owned(log_that_it_began(&log)), [&](rouse::result<void> r) {
        EXPECT_TRUE(r.error().is_cancelled());
        log.emplace_back("cancelled");
      });
  EXPECT_TRUE(it().cancel(id));
  it().run();
  EXPECT_EQ(log, lines{"cancelled"});
}

TEST_P(loop, destroys_what_it_did_not_call) {
  auto token = std::make_shared<int>(0);
  it().set_timeout(1h, [token] {});
  it().set_immediate([token] {});
  it().next_tick([token] {});
  it().queue_microtask([token] {});
  it().defer([token] {});
  it().add_idle([token] {});
  it().on_exit([token](int) {});
  it().call_when_done(answer_after(1h), [token](auto) {});
  it().handle().post([token] {}).value();
  EXPECT_GT(token.use_count(), 9);
  it().close().value();
  EXPECT_EQ(token.use_count(), 1);
}

TEST_P(loop, is_woken_by_posts_of_other_threads_in_their_order) {
  std::optional<rouse::loop_hold> hold(it().hold());
  auto handle = it().handle();
  std::vector<int> got;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i)
      handle.post([&, i] { got.push_back(i); }).value();
    handle.post([&] { hold.reset(); }).value();
  });
  it().run();
  other.join();
  ASSERT_EQ(got.size(), 1000U);
  for (int i = 0; i < 1000; ++i)
    EXPECT_EQ(got[static_cast<std::size_t>(i)], i);
}

TEST_P(loop, finds_the_loop_that_runs_here) {
  EXPECT_THROW((void)rouse::loop::current(), rouse::io_error);
  it().run([&] { EXPECT_EQ(&rouse::loop::current(), &it()); });
  EXPECT_THROW((void)rouse::loop::current(), rouse::io_error);
}

TEST_P(loop, lets_posts_that_beget_posts_starve_no_task) {
  make({.callbacks_per_phase = 8});
  auto handle = it().handle();
  std::function<void()> again = [&] {
    if (!log.empty()) return;
    handle.post([&] { again(); }).value();
  };
  for (int i = 0; i < 20; ++i)
    handle.post([&] { again(); }).value();
  it().call_when_done(answer_after(0ms), [&](rouse::result<int>) { log.emplace_back("task"); });
  for (int turn = 0; turn < 3; ++turn)
    it().run_nowait();
  EXPECT_EQ(log, lines{"task"});
}

TEST_P(loop, may_replace_its_error_handler_inside_it) {
  const auto message = std::make_shared<std::string>("first");
  it().on_error([&, message](const std::exception_ptr&) {
    it().on_error([&](const std::exception_ptr&) { log.emplace_back("second"); });
    log.push_back(*message);
  });
  for (int i = 0; i < 2; ++i)
    it().set_immediate([] { throw std::runtime_error("thrown"); });
  it().run();
  EXPECT_EQ(log, (lines{"first", "second"}));
  EXPECT_EQ(message.use_count(), 1);
}

TEST_P(loop, calls_no_exit_callback_that_an_exit_callback_registers) {
  it().on_exit([&](int) {
    log.emplace_back("exit");
    it().on_exit([&](int) { log.emplace_back("never"); });
  });
  EXPECT_EQ(it().run([] {}), 0);
  EXPECT_EQ(log, lines{"exit"});
}

TEST(loop_delay, takes_durations_of_any_width) {
  using rouse::loop_delay;
  EXPECT_EQ(loop_delay(std::chrono::duration<int, std::micro>(5)).exact(), 5us);
  EXPECT_EQ(loop_delay(std::chrono::duration<short, std::ratio<60>>(1)).exact(), 1min);
  EXPECT_EQ(loop_delay(std::chrono::duration<int, std::milli>(2'100'000'000)).exact(), 2'100'000s);
  EXPECT_EQ(loop_delay(std::chrono::duration<unsigned, std::pico>(5'000)).exact(), 5ns);
  EXPECT_EQ(loop_delay(std::chrono::hours::max()).exact(), rouse::no_limit);
  EXPECT_EQ(loop_delay(std::chrono::hours::min()).exact(), 0ns);
  EXPECT_EQ(loop_delay(std::chrono::duration<double>(1e300)).exact(), rouse::no_limit);
}

TEST_P(loop, keeps_the_order_of_node_for_what_a_closing_phase_has_left) {
  make({.node_compatible = true, .callbacks_per_phase = 2});
  for (int i = 1; i <= 5; ++i)
    it().call_when_closed(say(std::to_string(i)));
  it().run();
  EXPECT_EQ(log, (lines{"5", "4", "3", "2", "1"}));
}

// ---- memory

TEST_P(loop, counts_no_time_between_two_runs_as_a_callbacks) {
  rouse::loop_options options;
  options.measures = true;
  make(options);
  it().add_prepare([&] { clock_.advance(1ms); });
  it().run_nowait();
  clock_.advance(1h);
  it().run_nowait();
  EXPECT_EQ(it().metrics().longest_callback, 1ms);
}

TEST_P(loop, immediates_may_all_be_cleared_by_the_one_that_runs) {
  rouse::immediate_id behind;
  it().set_immediate([&, lives = std::make_unique<int>(1)] {
    it().clear_immediate(behind);  // the queue is empty now, and gives its memory back
    EXPECT_EQ(*lives, 1);
    it().set_immediate(say("next turn"));
  });
  std::vector<rouse::immediate_id> ids(10'000);
  for (auto& id : ids)
    id = it().set_immediate([] { FAIL(); });
  behind = it().set_immediate([] { FAIL(); });
  for (const auto id : ids)
    it().clear_immediate(id);
  it().set_timeout(0ms, say("timer"));
  it().add_prepare([] {});
  it().run_once();
  EXPECT_EQ(log, (lines{"timer"}));
  it().run_once();
  EXPECT_EQ(log, (lines{"timer", "next turn"}));
  EXPECT_EQ(it().metrics().backlog, 0U);
}

TEST_P(loop, gives_memory_back_after_a_burst_and_stays_in_order) {
  constexpr int many = 100'000;
  int next = 0;
  for (int i = 0; i < many; ++i)
    it().set_immediate([&, i] { EXPECT_EQ(next++, i); });
  EXPECT_EQ(it().metrics().backlog, std::size_t{many});
  const rouse::immediate_id cleared = it().set_immediate([] { FAIL(); });
  EXPECT_EQ(it().metrics().backlog, std::size_t{many} + 1);
  it().clear_immediate(cleared);
  EXPECT_EQ(it().metrics().backlog, std::size_t{many});
  it().run();
  EXPECT_EQ(next, many);
  EXPECT_EQ(it().metrics().backlog, 0U);
  EXPECT_GE(it().metrics().turns, std::uint64_t{many / 1024});
}

}  // namespace
}  // namespace loop_test

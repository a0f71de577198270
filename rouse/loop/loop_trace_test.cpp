// The log of phases and callbacks, in virtual time: each line is known.
#include <rouse/coro/task.hpp>
#include <rouse/loop/loop_jobs.hpp>
#include <rouse/loop/on_loop_test.hpp>
#include <rouse/time/sleep.hpp>

#include <latch>
#include <stdexcept>

namespace loop_test {
namespace {

/// "timeout, set at loop_trace_test.cpp:LINE"
std::string set_at(const char* what, int line) {
  return std::string(what) + ", set at loop_trace_test.cpp:" + std::to_string(line);
}

class loop_trace : public on_loop {
 protected:
  static rouse::loop_options traced(lines& to) {
    rouse::loop_options options;
    options.trace_data = &to;
    options.trace = [](const char* line, void* data) {
      static_cast<lines*>(data)->emplace_back(line);
    };
    return options;
  }
  void SetUp() override {
    on_loop::SetUp();
    if (!IsSkipped()) make(traced(log));
  }
  /// The log without "loop     0.000 ms  ".
  lines words() const {
    lines all;
    for (const std::string& line : log)
      all.push_back(line.substr(line.find(" ms  ") + 5));
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(each, loop_trace, support::reactors(), support::reactor_name);

TEST_P(loop_trace, tells_turns_phases_callbacks_and_waits_with_their_time) {
  int timeout = 0, immediate = 0;
  it().run([&] {
    it().set_timeout(10ms, [] {}), timeout = __LINE__;
    it().set_immediate([&] {
      it().next_tick([] {});
      it().queue_microtask([] {});
    }),
        immediate = __LINE__ - 4;
  });
  EXPECT_EQ(log, (lines{
                     "loop     0.000 ms    main",
                     "loop     0.000 ms      the program",
                     "loop     0.000 ms  turn 1, 2 pending",
                     "loop     0.000 ms    check",
                     "loop     0.000 ms      " + set_at("immediate", immediate),
                     "loop     0.000 ms        tick",
                     "loop     0.000 ms        microtask",
                     "loop     0.000 ms  turn 2, 1 pending",
                     "loop     0.000 ms    poll waits, at most 10.000 ms",
                     "loop    10.000 ms    poll, after 10.000 ms",
                     "loop    10.000 ms  turn 3, 1 pending",
                     "loop    10.000 ms    timers",
                     "loop    10.000 ms      " + set_at("timeout", timeout),
                     "loop    10.000 ms  closing: the pool",
                     "loop    10.000 ms  closing: tasks and the reactor",
                     "loop    10.000 ms  closed",
                 }));
}

TEST_P(loop_trace, tells_the_queue_of_each_callback) {
  rouse::hook_id hook;
  rouse::timer_id interval;
  it().on_before_exit([] {});
  it().on_exit([](int) {});
  it().run([&] {
    it().defer([] {});
    it().call_when_closed([] {});
    it().handle().post([] {}).value();
    hook = it().add_prepare([&] { it().remove(hook); });
    interval = it().set_interval(1ns, [&] { it().clear_interval(interval); });
    clock_.advance(1ms);
  });
  EXPECT_EQ(words(), (lines{
                         "  main",
                         "    the program",
                         "    took 1.000 ms",
                         "turn 1, 4 pending",
                         "  timers",
                         "    " + set_at("interval", __LINE__ - 9),
                         "  pending",
                         "    deferred",
                         "  prepare",
                         "    hook",
                         "  poll",
                         "    post",
                         "  closing",
                         "    closed",
                         "  main",
                         "    before_exit",
                         "  main",
                         "    exit",
                         "closing: the pool",
                         "closing: tasks and the reactor",
                         "closed",
                     }));
}

TEST_P(loop_trace, tells_a_callback_that_held_the_loop_up_with_its_ticks) {
  const int line = __LINE__;
  it().set_timeout(0ms, [&] { clock_.advance(999us); });
  it().set_timeout(0ms, [&] {
    it().next_tick([&] { clock_.advance(2ms); });
    clock_.advance(10ms);
  });
  it().set_immediate([] {});
  it().run();
  EXPECT_EQ(words(), (lines{
                         "turn 1, 3 pending",
                         "  timers",
                         "    " + set_at("timeout", line + 1),
                         "    " + set_at("timeout", line + 2),
                         "      tick",
                         "    took 12.000 ms",
                         "  check",
                         "    " + set_at("immediate", line + 6),
                     }));
}

TEST_P(loop_trace, tells_tasks_and_whose_result_comes) {
  it().spawn([]() -> rouse::task<void> { co_return; }).detach();
  const int line = __LINE__ + 1;
  it().call_when_done(rouse::sleep(5ms), [](rouse::result<void>) {});
  it().run();
  EXPECT_EQ(words(), (lines{
                         "turn 1, 2 pending",
                         "  poll waits for an event",
                         "  poll, after 0.000 ms",
                         "    a task",
                         "    a task",
                         "turn 2, 1 pending",
                         "  poll waits for an event",
                         "  poll, after 5.000 ms",
                         "    " + set_at("result", line),
                     }));
}

TEST_P(loop_trace, tells_where_a_job_was_submitted) {
  make_real(traced(log));
  it().jobs().run([] {}, [](rouse::result<void>) {});
  const std::string expected = "    " + set_at("job", __LINE__ - 1);
  it().run();
  EXPECT_THAT(words(), testing::Contains(expected));
}

TEST_P(loop_trace, tells_an_exception_and_who_gets_it) {
  it().set_immediate([] { throw std::runtime_error("x"); });
  EXPECT_THROW(it().run(), std::runtime_error);
  EXPECT_EQ(words().back(), "an exception, which leaves run");
  it().on_error([](const std::exception_ptr&) {});
  it().set_immediate([] { throw std::runtime_error("x"); });
  it().run();
  EXPECT_EQ(words().back(), "an exception, for the error handler");
}

TEST_P(loop_trace, is_silent_when_nobody_asks) {
  loop_.reset();
  log.clear();
  make();
  it().run([&] { it().set_timeout(1ms, [] {}); });
  EXPECT_EQ(log, lines{});
}

}  // namespace
}  // namespace loop_test

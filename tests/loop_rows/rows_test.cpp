// The rows of the specification's checklist that are about phases, queues and liveness of the loop:
// each a test of its number, in virtual time, on each reactor. What is finer than a row stands
// beside the loop, in loop_test.cpp.
#include <rouse/loop/on_loop_test.hpp>

#include <array>
#include <functional>
#include <memory>
#include <utility>

namespace loop_test {
namespace {

class loop_rows : public on_loop {
 protected:
  /// "3 check": a line with the turn it was written in.
  void note(const char* what) { log.push_back(std::to_string(it().metrics().turns) + " " + what); }
  auto notes(const char* what) {
    return [this, what] { note(what); };
  }
  /// A callback that logs `name`, and leaves a microtask and a tick behind.
  auto leaves_both(const std::string& name) {
    return [this, name] {
      log.push_back(name);
      it().queue_microtask(say("  microtask"));
      it().next_tick(say("  tick"));
    };
  }
  /// For each name: the name, its tick, its microtask.
  static lines each_drained(std::initializer_list<const char*> names) {
    lines expected;
    for (const char* name : names)
      expected.insert(expected.end(), {name, "  tick", "  microtask"});
    return expected;
  }
};
INSTANTIATE_TEST_SUITE_P(each, loop_rows, support::reactors(), support::reactor_name);

// Everything that can call back does so once in each of five turns, and registers itself again.
TEST_P(loop_rows, row_22_phases_come_in_their_order_in_each_turn) {
  constexpr std::uint64_t turns = 5;
  const rouse::loop_hold until_the_end = it().hold();
  const rouse::loop_handle post_box = it().handle();
  std::array<std::function<void()>, 5> again;
  auto& [timer, deferred, posted, immediate, closing] = again;
  const auto repeats = [&](const char* what, std::function<void()>& self, auto enqueue) {
    self = [this, what, &self, enqueue] {
      note(what);
      if (it().metrics().turns < turns) enqueue([&self] { self(); });
    };
    enqueue([&self] { self(); });
  };
  std::array<rouse::hook_id, 3> hooks;
  it().run([&] {
    // From last to first, so that the order cannot be that of registration.
    repeats("closing", closing, [&](auto f) { it().call_when_closed(f); });
    repeats("immediate", immediate, [&](auto f) { it().set_immediate(f); });
    hooks[0] = it().add_check(notes("check"));
    repeats("poll", posted, [&](auto f) { EXPECT_TRUE(post_box.post(f)); });
    hooks[1] = it().add_prepare(notes("prepare"));
    hooks[2] = it().add_idle(notes("idle"));
    repeats("pending", deferred, [&](auto f) { it().defer(f); });
    repeats("timers", timer, [&](auto f) { it().set_timeout(0ms, f); });
    // The hooks and the hold would keep it alive for ever.
    it().add_check([&] {
      if (it().metrics().turns == turns) it().stop();
    });
  });
  lines expected;
  for (std::uint64_t turn = 1; turn <= turns; ++turn)
    for (const char* what :
         {"timers", "pending", "idle", "prepare", "poll", "check", "immediate", "closing"})
      expected.push_back(std::to_string(turn) + " " + what);
  EXPECT_EQ(log, expected);
}

TEST_P(loop_rows, row_26_what_is_deferred_runs_in_the_pending_phase_of_the_next_turn) {
  it().run([&] {
    it().defer(notes("of main"));
    it().set_timeout(0ms, [&] {
      note("timer");
      it().defer(notes("of the timer"));
    });
    it().set_immediate([&] {
      note("immediate");
      it().defer([&] {
        note("of the immediate");
        it().defer(notes("of itself"));
      });
    });
  });
  EXPECT_EQ(log, (lines{"1 timer", "1 of main", "1 immediate", "2 of the timer",
                        "2 of the immediate", "3 of itself"}));
}

TEST_P(loop_rows, row_26_what_is_deferred_waits_for_no_timer) {
  it().set_timeout(1h, say("timer"));
  it().set_immediate(
      [&] { it().defer([&] { log.push_back(std::to_string(passed().count()) + " ms"); }); });
  it().run();
  EXPECT_EQ(log, (lines{"0 ms", "timer"}));
}

TEST_P(loop_rows, row_27_idle_and_prepare_run_once_a_turn_before_the_wait) {
  const rouse::hook_id idle = it().add_idle(notes("idle"));
  const rouse::hook_id prepare = it().add_prepare(notes("prepare"));
  it().unref(idle);
  it().unref(prepare);
  const rouse::loop_handle post_box = it().handle();
  int left = 2;
  std::function<void()> posted = [&] {
    note("poll");
    if (--left > 0) {
      EXPECT_TRUE(post_box.post([&] { posted(); }));
    }
  };
  EXPECT_TRUE(post_box.post([&] { posted(); }));
  it().set_immediate([&] { it().set_immediate(notes("immediate")); });
  it().run();
  EXPECT_EQ(log, (lines{"1 idle", "1 prepare", "1 poll", "2 idle", "2 prepare", "2 poll",
                        "2 immediate"}));
}

TEST_P(loop_rows, row_27_the_loop_does_not_wait_while_there_is_an_idle_hook) {
  int calls = 0;
  rouse::hook_id idle;
  idle = it().add_idle([&] {
    EXPECT_EQ(passed(), 0ms);
    if (++calls == 100) it().remove(idle);
  });
  it().set_timeout(10ms, say("timer"));
  it().run();
  EXPECT_EQ(calls, 100);
  EXPECT_EQ(log, lines{"timer"});
  EXPECT_EQ(passed(), 10ms);
}

TEST_P(loop_rows, row_27_a_prepare_hook_lets_the_loop_wait) {
  int calls = 0;
  it().unref(it().add_prepare([&] { ++calls; }));
  it().set_timeout(10ms, say("timer"));
  it().run();
  EXPECT_LE(calls, 2);
  EXPECT_EQ(passed(), 10ms);
}

TEST_P(loop_rows, row_29_immediates_are_a_snapshot_of_each_check_phase) {
  it().set_timeout(0ms, [&] {
    note("timer");
    it().set_immediate(notes("of the timer"));
  });
  EXPECT_TRUE(it().handle().post([&] {
    note("poll");
    it().set_immediate(notes("of poll"));
  }));
  it().set_immediate([&] {
    note("a");
    it().set_immediate([&] {
      note("of a");
      it().set_immediate(notes("of a of a"));
    });
    it().next_tick([&] { it().set_immediate(notes("of a tick of a")); });
  });
  it().set_immediate(notes("b"));
  it().run();
  EXPECT_EQ(log, (lines{"1 timer", "1 poll", "1 a", "1 b", "1 of the timer", "1 of poll", "2 of a",
                        "2 of a tick of a", "3 of a of a"}));
}

TEST_P(loop_rows, row_29_immediates_starve_neither_timers_nor_events) {
  int rounds = 0;
  bool was_told = false;
  std::function<void()> again = [&] {
    clock_.advance(1ms);
    if (++rounds == 5) {
      EXPECT_TRUE(it().handle().post([&] { was_told = true; }));
    }
    if (log.empty() || !was_told) it().set_immediate([&] { again(); });
  };
  it().set_timeout(10ms, say("timer"));
  it().set_immediate([&] { again(); });
  it().run();
  EXPECT_EQ(log, lines{"timer"});
  EXPECT_TRUE(was_told);
  EXPECT_EQ(rounds, 11);  // the timer follows the tenth, whose immediate is in the queue already
}

TEST_P(loop_rows, row_30_ticks_then_microtasks_drain_after_every_callback) {
  std::array<rouse::hook_id, 3> hooks;
  bool is_over = false;
  it().on_before_exit([&] {
    if (!std::exchange(is_over, true)) leaves_both("before exit")();
  });
  it().run([&] {
    it().set_timeout(0ms, leaves_both("timer"));
    it().set_timeout(0ms, leaves_both("timer of the same deadline"));
    it().defer(leaves_both("pending"));
    hooks[0] = it().add_idle(leaves_both("idle"));
    hooks[1] = it().add_prepare(leaves_both("prepare"));
    EXPECT_TRUE(it().handle().post(leaves_both("poll")));
    hooks[2] = it().add_check([&] {
      leaves_both("check")();
      for (const rouse::hook_id h : hooks)
        it().remove(h);
    });
    it().set_immediate(leaves_both("immediate"));
    it().set_immediate(leaves_both("second immediate"));
    it().call_when_closed(leaves_both("closing"));
    leaves_both("main")();
  });
  EXPECT_EQ(log, each_drained({"main", "timer", "timer of the same deadline", "pending", "idle",
                               "prepare", "poll", "check", "immediate", "second immediate",
                               "closing", "before exit"}));
}

TEST_P(loop_rows, row_30_microtasks_drain_where_there_is_no_tick) {
  for (const char* name : {"a", "b"})
    it().set_immediate([this, name] {
      log.emplace_back(name);
      it().queue_microtask(say("  microtask"));
    });
  it().run();
  EXPECT_EQ(log, (lines{"a", "  microtask", "b", "  microtask"}));
}

TEST_P(loop_rows, row_30_a_drain_goes_on_until_both_queues_are_empty) {
  it().run([&] {
    it().queue_microtask([&] {
      log.emplace_back("microtask 1");
      it().next_tick([&] {
        log.emplace_back("tick of microtask 1");
        it().queue_microtask(say("microtask of that tick"));
      });
      it().queue_microtask(say("microtask of microtask 1"));
    });
    it().queue_microtask(say("microtask 2"));
    it().next_tick([&] {
      log.emplace_back("tick 1");
      it().next_tick(say("tick of tick 1"));
    });
    it().next_tick(say("tick 2"));
  });
  EXPECT_EQ(log,
            (lines{"tick 1", "tick 2", "tick of tick 1", "microtask 1", "microtask 2",
                   "microtask of microtask 1", "tick of microtask 1", "microtask of that tick"}));
}

TEST_P(loop_rows, row_30_starving_ticks_are_seen_in_the_metrics_and_can_be_bounded) {
  for (const unsigned drain_max : {0U, 100U}) {
    log.clear();
    make({.drain_max = drain_max});
    int left = 1000;
    std::function<void()> tick = [&] {
      if (--left > 0)
        it().next_tick([&] { tick(); });
      else
        log.emplace_back("the last tick");
    };
    it().next_tick([&] { tick(); });
    it().set_immediate(say("immediate"));
    it().run();
    if (drain_max == 0)
      EXPECT_EQ(log, (lines{"the last tick", "immediate"}));
    else
      EXPECT_EQ(log, (lines{"immediate", "the last tick"}));
    EXPECT_EQ(it().metrics().longest_drain, drain_max == 0 ? 1000U : drain_max);
  }
}

TEST_P(loop_rows, row_31_closing_comes_after_check_and_before_timers_and_the_next_check) {
  it().set_immediate([&] {
    note("immediate");
    it().call_when_closed([&] {
      note("closed first");
      it().set_immediate(notes("of closing"));
      it().call_when_closed(notes("closed by closing"));
    });
    it().call_when_closed(notes("closed second"));
    it().set_immediate(notes("of the immediate"));
    it().set_timeout(0ms, notes("timer"));
    clock_.advance(5ms);
  });
  it().set_immediate(notes("second immediate"));
  it().run();
  EXPECT_EQ(log, (lines{"1 immediate", "1 second immediate", "1 closed first", "1 closed second",
                        "2 timer", "2 of the immediate", "2 of closing", "2 closed by closing"}));
}

TEST_P(loop_rows, row_31_what_is_closing_is_waited_for_but_waits_for_nothing) {
  it().unref(it().set_timeout(1h, say("never")));
  it().call_when_closed([&] { log.push_back(std::to_string(passed().count()) + " ms"); });
  it().run();
  EXPECT_EQ(log, lines{"0 ms"});
}

TEST_P(loop_rows, row_66_only_what_is_refd_keeps_the_loop_alive) {
  const rouse::timer_id timer = it().set_timeout(1h, say("timer"));
  const rouse::timer_id interval = it().set_interval(1h, say("interval"));
  const rouse::immediate_id immediate = it().set_immediate(say("immediate"));
  const rouse::hook_id idle = it().add_idle(say("idle"));
  const rouse::hook_id prepare = it().add_prepare(say("prepare"));
  const rouse::hook_id check = it().add_check(say("check"));
  EXPECT_EQ(it().metrics().pending_events, 6U);
  for (int twice = 0; twice < 2; ++twice) {
    EXPECT_TRUE(it().unref(timer));
    EXPECT_TRUE(it().unref(interval));
    EXPECT_TRUE(it().unref(immediate));
    EXPECT_TRUE(it().unref(idle));
    EXPECT_TRUE(it().unref(prepare));
    EXPECT_TRUE(it().unref(check));
  }
  EXPECT_EQ(it().metrics().pending_events, 0U);
  EXPECT_FALSE(it().is_alive());
  it().run();
  EXPECT_EQ(log, lines{});
  EXPECT_EQ(it().metrics().turns, 0U);
}

TEST_P(loop_rows, row_66_each_kind_alone_is_waited_for) {
  it().set_timeout(1ms, say("timer"));
  it().run();
  it().set_immediate(say("immediate"));
  it().run();
  for (const char* phase : {"idle", "prepare", "check"}) {
    rouse::hook_id hook;
    auto once = [&] {
      log.emplace_back(phase);
      it().remove(hook);
    };
    hook = phase[0] == 'i' ? it().add_idle(once)
                           : (phase[0] == 'p' ? it().add_prepare(once) : it().add_check(once));
    if (phase[0] != 'i') it().set_immediate([] {});  // these two let the loop wait
    it().run();
  }
  EXPECT_EQ(log, (lines{"timer", "immediate", "idle", "prepare", "check"}));
}

TEST_P(loop_rows, row_66_what_is_unrefd_runs_while_others_keep_the_loop_alive) {
  it().unref(it().set_timeout(5ms, say("unref timer")));
  it().unref(it().set_immediate(say("unref immediate")));
  it().set_timeout(10ms, say("timer"));
  it().unref(it().set_timeout(20ms, say("never")));
  it().run();
  EXPECT_EQ(log, (lines{"unref immediate", "unref timer", "timer"}));
  EXPECT_EQ(passed(), 10ms);
}

// A lone one does not shorten the wait: it runs in the check after it.
TEST_P(loop_rows, row_66_an_unrefd_immediate_waits_with_the_loop) {
  it().unref(it().set_immediate(
      [&] { log.push_back("immediate after " + std::to_string(passed().count()) + " ms"); }));
  it().set_timeout(10ms, say("timer"));
  it().run();
  EXPECT_EQ(log, (lines{"immediate after 10 ms", "timer"}));
}

TEST_P(loop_rows, row_66_ref_and_unref_may_change_in_a_callback) {
  const rouse::timer_id late = it().set_timeout(1h, say("never"));
  const rouse::timer_id later = it().set_timeout(30ms, say("later"));
  it().unref(later);
  it().set_timeout(5ms, [&] {
    EXPECT_TRUE(it().unref(late));
    EXPECT_TRUE(it().ref(later));
  });
  it().run();
  EXPECT_EQ(log, lines{"later"});
  EXPECT_FALSE(it().ref(later));  // it has gone
  EXPECT_FALSE(it().unref(later));
}

TEST_P(loop_rows, row_66_a_hold_keeps_the_loop_alive_for_whom_it_cannot_see) {
  auto hold = std::make_unique<rouse::loop_hold>(it().hold());
  EXPECT_TRUE(it().is_alive());
  EXPECT_TRUE(it().handle().post([&] {
    log.emplace_back("poll");
    hold.reset();
  }));
  it().run();
  EXPECT_EQ(log, lines{"poll"});
  EXPECT_FALSE(it().is_alive());
}

}  // namespace
}  // namespace loop_test

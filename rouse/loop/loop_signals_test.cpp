#include <rouse/base/io_error.hpp>
#include <rouse/loop/loop_signals.hpp>
#include <rouse/loop/on_loop_test.hpp>

#include <tests/support/open_descriptors.hpp>

#include <csignal>
#include <memory>
#include <stdexcept>

namespace loop_test {
namespace {

int former_calls = 0;

class loop_signals : public on_loop {
 protected:
  void SetUp() override {
    on_loop::SetUp();
    former_calls = 0;
    for (const int number : {SIGUSR1, SIGUSR2})
      std::signal(number, [](int) { ++former_calls; });
  }
  void TearDown() override {
    loop_.reset();
    for (const int number : {SIGUSR1, SIGUSR2})
      std::signal(number, SIG_DFL);
  }
  auto says(const std::string& name) {
    return [this, name](int number) { log.push_back(name + " " + std::to_string(number)); };
  }
  /// Turns until all that was raised has been told.
  void look() {
    for (int i = 0; i < 3; ++i)
      it().run_nowait();
  }
};
INSTANTIATE_TEST_SUITE_P(each, loop_signals, support::reactors(), support::reactor_name);

TEST_P(loop_signals, row_68_signals_are_events_of_the_poll_phase) {
  const auto signal = it().signals().on(SIGUSR1, says("signal"));
  it().set_timeout(0ms, say("timer"));
  it().set_immediate(say("immediate"));
  std::raise(SIGUSR1);
  EXPECT_EQ(log, lines()) << "not before the loop runs";
  it().run();
  EXPECT_EQ(log, (lines{"timer", "signal 10", "immediate"}));
  EXPECT_EQ(former_calls, 0) << "nothing else has it meanwhile";
}

TEST_P(loop_signals, does_not_keep_the_loop_alive) {
  const auto signal = it().signals().on(SIGUSR1, says("signal"));
  it().run();
  EXPECT_FALSE(it().is_alive());
  EXPECT_TRUE(signal.is_active());
}

TEST_P(loop_signals, keeps_the_loop_alive_when_it_is_refd) {
  make_real();
  rouse::loop_signal signal = it().signals().on(SIGUSR1, [&](int) {
    log.emplace_back("signal");
    signal.unref();
  });
  signal.ref();
  const auto timer = it().set_timeout(1ms, [] { std::raise(SIGUSR1); });
  it().unref(timer);
  it().run();
  EXPECT_EQ(log, lines{"signal"});
}

TEST_P(loop_signals, tells_many_of_a_kind_as_one) {
  const auto one = it().signals().on(SIGUSR1, says("first"));
  const auto other = it().signals().on(SIGUSR2, says("second"));
  for (int i = 0; i < 100; ++i)
    std::raise(SIGUSR1);
  std::raise(SIGUSR2);
  look();
  EXPECT_EQ(log, (lines{"first 10", "second 12"}));
  std::raise(SIGUSR1);
  look();
  EXPECT_EQ(log, (lines{"first 10", "second 12", "first 10"}));
}

TEST_P(loop_signals, tells_each_registration_also_those_of_another_loop) {
  const auto one = it().signals().on(SIGUSR1, says("a"));
  const auto two = it().signals().on(SIGUSR1, says("b"));
  rouse::loop_options options;
  options.runtime.reactor.kind = GetParam();
  rouse::loop another(options);
  const auto three = another.signals().on(SIGUSR1, says("another loop's"));
  std::raise(SIGUSR1);
  look();
  EXPECT_EQ(log, (lines{"a 10", "b 10"}));
  another.run_nowait();
  another.run_nowait();
  EXPECT_EQ(log.back(), "another loop's 10");
}

TEST_P(loop_signals, tells_registrations_in_the_order_in_which_they_were_made) {
  std::vector<rouse::loop_signal> ones;
  for (const char* name : {"a", "b", "c", "d", "e"})
    ones.push_back(it().signals().on(SIGUSR1, says(name)));
  ones[1].remove();
  ones.push_back(it().signals().on(SIGUSR1, says("f")));
  const lines each{"a 10", "c 10", "d 10", "e 10", "f 10"};
  std::raise(SIGUSR1);
  it().run_nowait();
  look();
  EXPECT_EQ(log, each);
  log.clear();
  std::raise(SIGUSR1);
  look();
  EXPECT_EQ(log, each) << "and every time";
}

TEST_P(loop_signals, tells_one_that_is_registered_while_it_is_told_the_next_time) {
  rouse::loop_signal late;
  const auto one = it().signals().on(SIGUSR1, [&](int) {
    log.emplace_back("a");
    if (!late.is_active()) late = it().signals().on(SIGUSR1, says("late"));
  });
  const auto two = it().signals().on(SIGUSR1, [&](int) { log.emplace_back("b"); });
  std::raise(SIGUSR1);
  look();
  EXPECT_EQ(log, (lines{"a", "b"}));
  std::raise(SIGUSR1);
  look();
  EXPECT_EQ(log, (lines{"a", "b", "a", "b", "late 10"}));
}

TEST_P(loop_signals, drains_after_each_callback_and_as_in_node_after_all) {
  const auto ticks_between = [&](bool node_compatible) {
    rouse::loop_options options;
    options.node_compatible = node_compatible;
    make(options);
    log.clear();
    for (const char* name : {"a", "b"})
      it().signals().on(SIGUSR1, [&, name](int) {
        log.emplace_back(name);
        it().next_tick(say("tick"));
      });
    std::raise(SIGUSR1);
    look();
    return log;
  };
  EXPECT_EQ(ticks_between(false), (lines{"a", "tick", "b", "tick"}));
  EXPECT_EQ(ticks_between(true), (lines{"a", "b", "tick", "tick"}));
}

TEST_P(loop_signals, tells_the_others_when_one_throws_but_not_as_in_node) {
  const auto told = [&](bool node_compatible) {
    rouse::loop_options options;
    options.node_compatible = node_compatible;
    make(options);
    log.clear();
    it().on_error([&](const std::exception_ptr&) { log.emplace_back("error"); });
    it().signals().on(SIGUSR1, [&](int) { throw std::runtime_error("a"); });
    it().signals().on(SIGUSR1, says("b"));
    std::raise(SIGUSR1);
    look();
    return log;
  };
  EXPECT_EQ(told(false), (lines{"error", "b 10"}));
  EXPECT_EQ(told(true), (lines{"error"}));
}

TEST_P(loop_signals, fault_M15_one_that_is_removed_by_another_callback_is_not_told) {
  rouse::loop_signal one;
  rouse::loop_signal two;
  int calls = 0;
  one = it().signals().on(SIGUSR1, [&](int) { ++calls, two.remove(); });
  two = it().signals().on(SIGUSR1, [&](int) { ++calls, one.remove(); });
  std::raise(SIGUSR1);
  look();
  EXPECT_EQ(calls, 1);
  EXPECT_NE(one.is_active(), two.is_active());
}

TEST_P(loop_signals, may_remove_itself_and_then_the_former_handler_is_back) {
  rouse::loop_signal signal = it().signals().on(SIGUSR1, [&, alive = std::string(64, 'x')](int) {
    signal.remove();
    log.push_back(alive);
  });
  std::raise(SIGUSR1);
  look();
  EXPECT_EQ(log, lines{std::string(64, 'x')});
  EXPECT_FALSE(signal.is_active());
  std::raise(SIGUSR1);
  look();
  EXPECT_EQ(former_calls, 1);
  EXPECT_EQ(log.size(), 1U);
  signal.remove();
  signal.ref();
  EXPECT_FALSE(it().is_alive());
}

TEST_P(loop_signals, is_told_after_exit_no_more) {
  for (const bool like_node : {false, true}) {
    rouse::loop_options options;
    options.node_compatible = like_node;
    make(options);
    log.clear();
    const auto one = it().signals().on(SIGUSR1, [&](int) {
      log.emplace_back("signal");
      it().exit(3);
    });
    const auto two = it().signals().on(SIGUSR1, says("after exit"));
    one.ref();
    EXPECT_EQ(it().run([] { std::raise(SIGUSR1); }), 3);
    EXPECT_EQ(log, lines{"signal"});
    EXPECT_FALSE(one.is_active()) << "gone with the loop";
    two.remove();
  }
}

TEST_P(loop_signals, lets_its_callback_go_when_it_is_removed_or_the_loop_closes) {
  it().signals().on(SIGUSR1, says("once, for what stays open for ever")).remove();
  const auto before = support::open_descriptors();
  const auto token = std::make_shared<int>();
  rouse::loop_signal one = it().signals().on(SIGUSR1, [token](int) {});
  (void)it().signals().on(SIGUSR1, [token](int) {});
  const auto two = it().signals().on(SIGUSR2, [token](int) {});
  EXPECT_EQ(token.use_count(), 4);
  EXPECT_EQ(support::open_descriptors(), before + 2) << "one for each signal";
  one.remove();
  EXPECT_EQ(token.use_count(), 3) << "letting go of the handle removes nothing";
  EXPECT_EQ(support::open_descriptors(), before + 2);
  two.remove();
  EXPECT_EQ(token.use_count(), 2);
  EXPECT_EQ(support::open_descriptors(), before + 1);
  loop_.reset();
  EXPECT_EQ(token.use_count(), 1);
}

TEST_P(loop_signals, refuses_what_cannot_be_caught) {
  const auto reason = [&](int number) -> rouse::error {
    try {
      (void)it().signals().on(number, says("never"));
    } catch (const rouse::io_error& e) {
      log.emplace_back(e.what());
      return e.reason();
    }
    return {};
  };
  for (const int number : {SIGKILL, SIGSTOP, SIGSEGV, 0, -1, 65})
    EXPECT_EQ(reason(number), rouse::errc::invalid_input) << number;
  EXPECT_THAT(log.front(), testing::HasSubstr("signal 9"));
  (void)it().close();
  EXPECT_EQ(reason(SIGUSR1), rouse::errc::closed);
}

}  // namespace
}  // namespace loop_test

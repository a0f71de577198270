// Signals.
#include "program.hpp"

#include <rouse/loop/loop_signals.hpp>

#include <csignal>
#include <stdexcept>

namespace node_order {

namespace {

void signal_is_an_event_of_poll(script& s) {
  s.loop.signals().on(SIGUSR2, [&s](int) {
    s.log("signal");
    s.loop.next_tick(s.says("tick"));
  });
  s.loop.set_immediate(s.says("immediate"));
  std::raise(SIGUSR2);
  s.log("main");
}

void signal_watcher_holds_nothing(script& s) {
  s.loop.signals().on(SIGUSR2, [&s](int) { s.log("never"); });
  s.loop.on_exit([&s](int code) { s.log("exit " + std::to_string(code)); });
  s.loop.set_timeout(5ms, s.says("timer"));
}

void signal_handlers_are_one_callback(script& s) {
  s.loop.signals().on(SIGUSR2, [&s](int) {
    s.log("a");
    s.loop.next_tick(s.says("tick of a"));
    s.loop.queue_microtask(s.says("microtask of a"));
  });
  s.loop.signals().on(SIGUSR2, [&s](int) {
    s.log("b");
    s.loop.next_tick(s.says("tick of b"));
  });
  s.loop.signals().on(SIGUSR2, [&s](int) { s.log("c"); });
  s.loop.set_immediate(s.says("immediate"));
  std::raise(SIGUSR2);
  s.log("main");
}

void signal_handler_of_a_handler_waits(script& s) {
  const auto hold = s.loop.set_timeout(5s, s.says("never: timer"));
  int& told = s.keep(0);
  s.loop.signals().on(SIGUSR2, [&, hold](int) {
    s.log("a");
    if (++told > 1) return;
    s.loop.signals().on(SIGUSR2, [&s, hold](int) {
      s.log("late");
      s.loop.clear_timeout(hold);
    });
    s.loop.set_timeout(1ms, [] { std::raise(SIGUSR2); });
  });
  s.loop.signals().on(SIGUSR2, [&s](int) { s.log("b"); });
  std::raise(SIGUSR2);
}

void signal_handler_that_throws(script& s) {
  s.loop.on_error([&s](const std::exception_ptr& e) { s.log("caught " + text_of(e)); });
  s.loop.signals().on(SIGUSR2, [&s](int) {
    s.loop.next_tick(s.says("tick"));
    throw std::runtime_error("a");
  });
  s.loop.signals().on(SIGUSR2, [&s](int) { s.log("never: b"); });
  s.loop.set_immediate(s.says("immediate"));
  std::raise(SIGUSR2);
}

void signal_check_comes_before_timers(script& s) {
  const auto hold = s.loop.set_timeout(5s, s.says("never: timer"));
  s.loop.signals().on(SIGUSR2, [&s, hold](int) {
    s.log("signal");
    s.loop.clear_timeout(hold);
    s.loop.set_timeout(1ms, s.says("timer"));
    s.loop.set_immediate(s.says("immediate"));
    s.pass(5ms);
  });
  std::raise(SIGUSR2);
}

void signal_of_a_timer_waits_for_poll(script& s) {
  s.loop.signals().on(SIGUSR2, [&s](int) { s.log("signal"); });
  s.loop.set_timeout(1ms, [&s] {
    s.log("timer 1");
    std::raise(SIGUSR2);
    s.loop.set_immediate(s.says("immediate"));
    s.loop.next_tick(s.says("tick"));
  });
  s.loop.set_timeout(2ms, s.says("timer 2"));
  s.pass(10ms);
}

}  // namespace

std::span<const program> signal_programs() {
  static constexpr program all[] = {
      {"signal_is_an_event_of_poll", signal_is_an_event_of_poll},
      {"signal_watcher_holds_nothing", signal_watcher_holds_nothing},
      {"signal_handlers_are_one_callback", signal_handlers_are_one_callback},
      {"signal_handler_of_a_handler_waits", signal_handler_of_a_handler_waits},
      {"signal_handler_that_throws", signal_handler_that_throws},
      {"signal_check_comes_before_timers", signal_check_comes_before_timers},
      {"signal_of_a_timer_waits_for_poll", signal_of_a_timer_waits_for_poll},
  };
  return all;
}

}  // namespace node_order

// Callbacks that throw, and who hears of it.
#include "program.hpp"

#include <exception>
#include <stdexcept>

namespace node_order {

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    return e.what();
  }
}

namespace {

void log_errors(script& s) {
  s.loop.on_error([&s](std::exception_ptr error) { s.log("caught " + text_of(error)); });
}

/// A callback that logs `name` and throws.
auto fails(script& s, const std::string& name) {
  return [&s, name] {
    s.log(name);
    throw std::runtime_error("of " + name);
  };
}

void throw_in_a_timer(script& s) {
  log_errors(s);
  s.loop.set_timeout(3ms, fails(s, "a"));
  s.loop.set_timeout(3ms, s.says("b, of the same deadline"));
  s.loop.set_timeout(5ms, s.says("c, of a later one"));
  s.loop.set_immediate(s.says("immediate"));
  s.pass(10ms);
}

void throw_in_an_immediate(script& s) {
  log_errors(s);
  s.loop.set_immediate([&s] {
    s.log("a");
    s.loop.set_immediate(s.says("immediate of a"));
    throw std::runtime_error("of a");
  });
  s.loop.set_immediate(s.says("b"));
  s.loop.set_immediate(fails(s, "c"));
  s.loop.set_immediate(s.says("d"));
}

void throw_in_a_tick(script& s) {
  log_errors(s);
  s.loop.next_tick(fails(s, "tick 1"));
  s.loop.next_tick(s.says("tick 2"));
  s.loop.queue_microtask(s.says("microtask"));
  s.loop.set_immediate(s.says("immediate"));
}

void throw_in_a_microtask(script& s) {
  log_errors(s);
  s.loop.queue_microtask(fails(s, "microtask 1"));
  s.loop.queue_microtask(s.says("microtask 2"));
  s.loop.next_tick(s.says("tick"));
  s.loop.set_immediate(s.says("immediate"));
}

void throw_in_an_interval(script& s) {
  log_errors(s);
  int& n = s.keep(0);
  auto& interval = s.keep<rouse::timer_id>();
  interval = s.loop.set_interval(5ms, [&] {
    const std::string name = "interval " + std::to_string(++n);
    s.log(name);
    if (n == 3) s.loop.clear_interval(interval);
    throw std::runtime_error("of " + name);
  });
}

void throw_in_main(script& s) {
  log_errors(s);
  s.loop.on_exit([&s](int code) { s.log("exit " + std::to_string(code)); });
  s.loop.set_timeout(1ms, s.says("timer"));
  s.loop.set_immediate(s.says("immediate"));
  s.loop.next_tick(s.says("tick"));
  s.pass(5ms);
  throw std::runtime_error("of main");
}

void throw_and_the_handler_goes_on(script& s) {
  s.loop.on_error([&s](std::exception_ptr error) {
    s.log("caught " + text_of(error));
    s.loop.set_immediate(s.says("immediate of the handler"));
  });
  s.loop.set_timeout(1ms, fails(s, "timer"));
}

void throw_in_a_microtask_of_an_immediate(script& s) {
  log_errors(s);
  s.loop.set_immediate([&s] {
    s.log("a");
    s.loop.queue_microtask(fails(s, "microtask 1"));
    s.loop.queue_microtask(s.says("microtask 2"));
    s.loop.next_tick(s.says("tick"));
  });
  s.loop.set_immediate(s.says("b"));
}

void exit_in_the_error_handler(script& s) {
  s.loop.on_error([&s](std::exception_ptr error) {
    s.log("caught " + text_of(error));
    s.loop.exit(6);
  });
  s.loop.on_exit([&s](int code) { s.log("exit " + std::to_string(code)); });
  s.loop.set_immediate(fails(s, "a"));
  s.loop.set_immediate(s.says("never: b"));
}

}  // namespace

std::span<const program> error_programs() {
  static constexpr program all[] = {
      {"throw_in_a_timer", throw_in_a_timer},
      {"throw_in_an_immediate", throw_in_an_immediate},
      {"throw_in_a_tick", throw_in_a_tick},
      {"throw_in_a_microtask", throw_in_a_microtask},
      {"throw_in_an_interval", throw_in_an_interval},
      {"throw_in_main", throw_in_main},
      {"throw_and_the_handler_goes_on", throw_and_the_handler_goes_on},
      {"throw_in_a_microtask_of_an_immediate", throw_in_a_microtask_of_an_immediate},
      {"exit_in_the_error_handler", exit_in_the_error_handler},
  };
  return all;
}

}  // namespace node_order

// Next ticks, microtasks and immediates.
#include "program.hpp"

namespace node_order {

namespace {

void main_before_every_queue(script& s) {
  s.loop.set_timeout(1ms, s.says("timer"));
  s.loop.set_immediate(s.says("immediate"));
  s.loop.queue_microtask(s.says("microtask"));
  s.loop.next_tick(s.says("tick"));
  s.pass(5ms);
  s.log("main");
}

void ticks_before_microtasks(script& s) {
  s.loop.next_tick([&s] {
    s.log("tick 1");
    s.loop.queue_microtask(s.says("microtask of tick 1"));
    s.loop.next_tick(s.says("tick of tick 1"));
  });
  s.loop.queue_microtask([&s] {
    s.log("microtask 1");
    s.loop.next_tick(s.says("tick of microtask 1"));
    s.loop.queue_microtask(s.says("microtask of microtask 1"));
  });
  s.loop.next_tick(s.says("tick 2"));
  s.loop.queue_microtask(s.says("microtask 2"));
}

void microtasks_and_ticks_alternate(script& s) {
  int& rounds = s.keep(0);
  auto& tick = s.keep<std::function<void()>>();
  auto& microtask = s.keep<std::function<void()>>();
  tick = [&] {
    s.log("tick " + std::to_string(rounds));
    s.loop.queue_microtask([&microtask] { microtask(); });
  };
  microtask = [&] {
    s.log("microtask " + std::to_string(rounds));
    if (++rounds < 4) s.loop.next_tick([&tick] { tick(); });
  };
  s.loop.set_immediate(s.says("immediate"));
  s.loop.next_tick([&tick] { tick(); });
}

// `await null` is a microtask.
void two_promise_chains_interleave(script& s) {
  auto& chain = s.keep<std::function<void(const char*, int)>>();
  chain = [&](const char* name, int i) {
    s.loop.queue_microtask([&s, &chain, name, i] {
      s.log(std::string(name) + " " + std::to_string(i));
      if (i < 3) chain(name, i + 1);
    });
  };
  s.loop.set_immediate([&] {
    chain("a", 1);
    chain("b", 1);
    s.loop.next_tick(s.says("tick"));
  });
}

/// Logs `name`, and leaves a microtask and a tick behind.
auto name_microtask_and_tick(script& s, const std::string& name) {
  return [&s, name] {
    s.log(name);
    s.loop.queue_microtask(s.says("microtask of " + name));
    s.loop.next_tick(s.says("tick of " + name));
  };
}

void drain_between_timers_of_one_deadline(script& s) {
  for (const char* name : {"a", "b", "c"})
    s.loop.set_timeout(3ms, name_microtask_and_tick(s, name));
  s.pass(10ms);
}

void drain_between_timers_of_different_deadlines(script& s) {
  for (int ms : {2, 4, 6})
    s.loop.set_timeout(ms * 1ms, name_microtask_and_tick(s, std::to_string(ms)));
  s.pass(15ms);
}

void drain_between_immediates(script& s) {
  for (const char* name : {"a", "b", "c"})
    s.loop.set_immediate(name_microtask_and_tick(s, name));
}

void many_ticks_before_anything_else(script& s) {
  int& left = s.keep(1000);
  auto& tick = s.keep<std::function<void()>>();
  tick = [&] {
    if (--left > 0)
      s.loop.next_tick([&tick] { tick(); });
    else
      s.log("the last tick");
  };
  s.loop.set_timeout(1ms, s.says("timer"));
  s.loop.set_immediate(s.says("immediate"));
  s.loop.next_tick([&tick] { tick(); });
  s.pass(5ms);
}

void immediates_are_a_snapshot(script& s) {
  s.loop.set_immediate([&s] {
    s.log("a");
    s.loop.set_immediate([&s] {
      s.log("a of a");
      s.loop.set_immediate(s.says("a of a of a"));
    });
  });
  s.loop.set_immediate([&s] {
    s.log("b");
    s.loop.set_immediate(s.says("b of b"));
  });
}

void immediate_of_a_tick_waits(script& s) {
  s.loop.set_immediate([&s] {
    s.log("a");
    s.loop.next_tick([&s] {
      s.log("tick of a");
      s.loop.set_immediate(s.says("immediate of the tick"));
    });
  });
  s.loop.set_immediate(s.says("b"));
}

void cleared_immediate(script& s) {
  auto& b = s.keep<rouse::immediate_id>();
  auto& d = s.keep<rouse::immediate_id>();
  s.loop.set_immediate([&] {
    s.log("a");
    s.loop.clear_immediate(b);
    s.loop.next_tick([&] { s.loop.clear_immediate(d); });
  });
  b = s.loop.set_immediate(s.says("b"));
  s.loop.set_immediate(s.says("c"));
  d = s.loop.set_immediate(s.says("d"));
  s.loop.set_immediate(s.says("e"));
}

}  // namespace

std::span<const program> queue_programs() {
  static constexpr program all[] = {
      {"main_before_every_queue", main_before_every_queue},
      {"ticks_before_microtasks", ticks_before_microtasks},
      {"microtasks_and_ticks_alternate", microtasks_and_ticks_alternate},
      {"two_promise_chains_interleave", two_promise_chains_interleave},
      {"drain_between_timers_of_one_deadline", drain_between_timers_of_one_deadline},
      {"drain_between_timers_of_different_deadlines", drain_between_timers_of_different_deadlines},
      {"drain_between_immediates", drain_between_immediates},
      {"many_ticks_before_anything_else", many_ticks_before_anything_else},
      {"immediates_are_a_snapshot", immediates_are_a_snapshot},
      {"immediate_of_a_tick_waits", immediate_of_a_tick_waits},
      {"cleared_immediate", cleared_immediate},
  };
  return all;
}

}  // namespace node_order

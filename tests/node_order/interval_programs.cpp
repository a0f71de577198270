// Intervals.
#include "program.hpp"

namespace node_order {

namespace {

void interval_clears_itself(script& s) {
  int& n = s.keep(0);
  auto& interval = s.keep<rouse::timer_id>();
  interval = s.loop.set_interval(5ms, [&] {
    s.log("interval " + std::to_string(++n));
    if (n == 3) s.loop.clear_interval(interval);
  });
}

void interval_cleared_by_a_sibling(script& s) {
  auto& interval = s.keep<rouse::timer_id>();
  s.loop.set_timeout(3ms, [&] {
    s.log("timer");
    s.loop.clear_interval(interval);
  });
  interval = s.loop.set_interval(5ms, s.says("never: interval"));
  s.pass(15ms);
}

void interval_does_not_burst(script& s) {
  int& n = s.keep(0);
  auto& interval = s.keep<rouse::timer_id>();
  interval = s.loop.set_interval(50ms, [&] {
    s.log("interval " + std::to_string(++n));
    s.loop.set_immediate([&] { s.log("immediate " + std::to_string(n)); });
    if (n == 1) s.pass(200ms);
    if (n == 3) s.loop.clear_interval(interval);
  });
}

void interval_counts_from_its_start(script& s) {
  int& n = s.keep(0);
  auto& interval = s.keep<rouse::timer_id>();
  interval = s.loop.set_interval(20ms, [&] {
    s.log("interval " + std::to_string(++n));
    if (n == 2) {
      s.loop.clear_interval(interval);
      return;
    }
    s.loop.set_timeout(50ms, s.says("50 ms after the start of interval 1"));
    s.pass(70ms);
  });
}

void interval_between_timers(script& s) {
  int& n = s.keep(0);
  auto& interval = s.keep<rouse::timer_id>();
  interval = s.loop.set_interval(100ms, [&] {
    s.log("interval " + std::to_string(++n));
    if (n == 2) s.loop.clear_interval(interval);
  });
  for (int ms : {50, 150, 350})
    s.loop.set_timeout(ms * 1ms, s.says(std::to_string(ms) + " ms"));
}

void interval_drains_between(script& s) {
  int& n = s.keep(0);
  auto& interval = s.keep<rouse::timer_id>();
  interval = s.loop.set_interval(2ms, [&] {
    s.log("interval " + std::to_string(++n));
    s.loop.next_tick([&] { s.log("tick " + std::to_string(n)); });
    s.loop.queue_microtask([&] { s.log("microtask " + std::to_string(n)); });
    if (n == 2) s.loop.clear_interval(interval);
  });
}

void interval_refreshed(script& s) {
  int& n = s.keep(0);
  auto& interval = s.keep<rouse::timer_id>();
  interval = s.loop.set_interval(5ms, [&] {
    s.log("interval " + std::to_string(++n));
    if (n == 2) s.loop.clear_interval(interval);
  });
  s.loop.set_timeout(5ms, s.says("timer"));
  s.loop.refresh(interval);
}

void interval_after_a_slow_sibling(script& s) {
  int& n = s.keep(0);
  auto& interval = s.keep<rouse::timer_id>();
  s.loop.set_timeout(5ms, [&] { s.pass(200ms); });
  interval = s.loop.set_interval(300ms, [&] {
    s.log("interval " + std::to_string(++n));
    if (n == 2) {
      s.loop.clear_interval(interval);
      return;
    }
    s.loop.set_timeout(40ms, s.says("40 ms after interval 1"));
  });
  s.pass(350ms);
}

void interval_of_zero(script& s) {
  int& n = s.keep(0);
  auto& interval = s.keep<rouse::timer_id>();
  interval = s.loop.set_interval(0ms, [&] {
    s.log("interval " + std::to_string(++n));
    s.loop.set_immediate(s.says("immediate"));
    if (n == 3) s.loop.clear_interval(interval);
  });
}

}  // namespace

std::span<const program> interval_programs() {
  static constexpr program all[] = {
      {"interval_clears_itself", interval_clears_itself},
      {"interval_cleared_by_a_sibling", interval_cleared_by_a_sibling},
      {"interval_does_not_burst", interval_does_not_burst},
      {"interval_counts_from_its_start", interval_counts_from_its_start},
      {"interval_between_timers", interval_between_timers},
      {"interval_drains_between", interval_drains_between},
      {"interval_refreshed", interval_refreshed},
      {"interval_after_a_slow_sibling", interval_after_a_slow_sibling},
      {"interval_of_zero", interval_of_zero},
  };
  return all;
}

}  // namespace node_order

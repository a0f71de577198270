// Time-outs: their order among each other and against immediates, and what clears or refreshes
// them.
#include "program.hpp"

#include <limits>

namespace node_order {

namespace {

using fractional_ms = std::chrono::duration<double, std::milli>;

void timer_between_two_checks(script& s) {
  s.loop.set_immediate([&s] {
    s.log("immediate 1");
    s.loop.set_timeout(1ms, s.says("timer"));
    s.loop.set_immediate(s.says("immediate 2"));
    s.pass(5ms);
  });
}

void immediate_before_timer_of_a_timer(script& s) {
  s.loop.set_timeout(1ms, [&s] {
    s.log("timer 1");
    s.loop.set_timeout(1ms, s.says("timer 2"));
    s.loop.set_immediate(s.says("immediate"));
    s.pass(5ms);
  });
}

void due_meanwhile_waits_for_the_next_phase(script& s) {
  s.loop.set_timeout(2ms, [&s] {
    s.log("2 ms");
    s.loop.set_immediate(s.says("immediate"));
    s.pass(250ms);
  });
  s.loop.set_timeout(200ms, s.says("200 ms"));
}

void immediates_do_not_starve_timers(script& s) {
  bool& done = s.keep(false);
  int& rounds = s.keep(0);
  auto& again = s.keep<std::function<void()>>();
  again = [&] {
    ++rounds;
    if (s.has_virtual_time()) s.pass(1ms);  // else nothing in this program takes time
    if (!done)
      s.loop.set_immediate([&again] { again(); });
    else
      s.log("rounds: " + (rounds > 1 ? "many" : std::to_string(rounds)));
  };
  s.loop.set_timeout(20ms, [&] {
    s.log("timer");
    done = true;
  });
  s.loop.set_immediate([&again] { again(); });
}

void log_each_delay(script& s, std::initializer_list<int> delays) {
  for (int ms : delays)
    s.loop.set_timeout(ms * 1ms, [&s, ms] { s.log(ms); });
}

void overdue_timers_by_deadline(script& s) {
  log_each_delay(s, {120, 40, 200, 80, 160});
  s.pass(250ms);
}

void deadlines_of_the_future(script& s) { log_each_delay(s, {90, 10, 130, 50}); }

void deadline_counts_from_the_call(script& s) {
  s.loop.set_timeout(20ms, s.says("20 ms from the start"));
  s.pass(30ms);
  s.loop.set_timeout(5ms, s.says("5 ms after 30"));
  s.pass(20ms);
}

void equal_delays_first_in_first_out(script& s) {
  for (int i = 1; i <= 8; ++i)
    s.loop.set_timeout(5ms, [&s, i] { s.log(i); });
}

void strange_delays_are_one_millisecond(script& s) {
  s.loop.set_timeout(0ms, s.says("0"));
  s.loop.set_timeout(1ms, s.says("1"));
  s.loop.set_timeout(-5ms, s.says("-5"));
  s.loop.set_timeout((1LL << 31) * 1ms, s.says("2^31"));
  s.loop.set_timeout(fractional_ms(std::numeric_limits<double>::quiet_NaN()), s.says("NaN"));
  s.loop.set_timeout(fractional_ms(0.5), s.says("0.5"));
  s.loop.set_timeout(fractional_ms(1.9), s.says("1.9"));
  s.loop.set_timeout(1ms, s.says("1 again"));
  s.pass(10ms);
}

void fractions_are_cut_off(script& s) {
  s.loop.set_timeout(fractional_ms(5.9), s.says("5.9"));
  s.loop.set_timeout(5ms, s.says("5"));
  s.loop.set_timeout(fractional_ms(5.1), s.says("5.1"));
  s.pass(15ms);
}

void zero_of_a_timer_waits(script& s) {
  s.loop.set_timeout(1ms, [&s] {
    s.log("outer");
    s.loop.set_timeout(0ms, s.says("inner"));
    s.loop.next_tick(s.says("tick"));
    s.loop.set_immediate(s.says("immediate"));
  });
}

void cleared_sibling_of_one_deadline(script& s) {
  auto& b = s.keep<rouse::timer_id>();
  s.loop.set_timeout(3ms, [&] {
    s.log("a");
    s.loop.clear_timeout(b);
  });
  b = s.loop.set_timeout(3ms, s.says("b"));
  s.loop.set_timeout(3ms, s.says("c"));
  s.pass(10ms);
}

void cleared_sibling_of_a_later_deadline(script& s) {
  auto& b = s.keep<rouse::timer_id>();
  s.loop.set_timeout(3ms, [&] {
    s.log("a");
    s.loop.clear_timeout(b);
  });
  b = s.loop.set_timeout(5ms, s.says("b"));
  s.loop.set_timeout(7ms, s.says("c"));
  s.pass(15ms);
}

void cleared_from_a_drained_tick(script& s) {
  auto& b = s.keep<rouse::timer_id>();
  auto& c = s.keep<rouse::timer_id>();
  s.loop.set_timeout(3ms, [&] {
    s.log("a");
    s.loop.next_tick([&] { s.loop.clear_timeout(b); });
    s.loop.queue_microtask([&] { s.loop.clear_timeout(c); });
  });
  b = s.loop.set_timeout(3ms, s.says("b"));
  c = s.loop.set_timeout(5ms, s.says("c"));
  s.loop.set_timeout(7ms, s.says("d"));
  s.pass(15ms);
}

void cleared_by_themselves(script& s) {
  auto& timer = s.keep<rouse::timer_id>();
  auto& immediate = s.keep<rouse::immediate_id>();
  timer = s.loop.set_timeout(1ms, [&] {
    s.log("timer");
    s.loop.clear_timeout(timer);
    s.loop.clear_timeout(timer);
  });
  immediate = s.loop.set_immediate([&] {
    s.log("immediate");
    s.loop.clear_immediate(immediate);
    s.loop.clear_timeout(timer);
  });
  s.pass(5ms);
}

void set_again_in_its_callback(script& s) {
  int& left = s.keep(4);
  auto& again = s.keep<std::function<void()>>();
  again = [&] {
    s.log("left: " + std::to_string(--left));
    if (left > 0) s.loop.set_timeout(2ms, [&again] { again(); });
  };
  s.loop.set_timeout(2ms, [&again] { again(); });
}

void refresh_moves_to_the_end(script& s) {
  const rouse::timer_id a = s.loop.set_timeout(5ms, s.says("a"));
  s.loop.set_timeout(5ms, s.says("b"));
  s.loop.refresh(a);
}

void refresh_in_its_own_callback(script& s) {
  int& n = s.keep(0);
  auto& a = s.keep<rouse::timer_id>();
  a = s.loop.set_timeout(5ms, [&] {
    s.log("a " + std::to_string(++n));
    if (n < 3) s.loop.refresh(a);
  });
  s.loop.set_timeout(5ms, s.says("b"));
}

void refresh_restarts_the_whole_delay(script& s) {
  const rouse::timer_id a = s.loop.set_timeout(200ms, s.says("200 ms, refreshed at 100"));
  s.loop.set_timeout(100ms, [&s, a] { s.loop.refresh(a); });
  s.loop.set_timeout(250ms, s.says("250 ms"));
}

void refresh_of_an_overdue_sibling(script& s) {
  auto& b = s.keep<rouse::timer_id>();
  s.loop.set_timeout(3ms, [&] {
    s.log("a");
    s.loop.refresh(b);
    s.loop.set_immediate(s.says("immediate"));
  });
  b = s.loop.set_timeout(20ms, s.says("b"));
  s.loop.set_timeout(25ms, s.says("c"));
  s.pass(50ms);
}

void clear_wins_over_refresh(script& s) {
  int& n = s.keep(0);
  auto& a = s.keep<rouse::timer_id>();
  a = s.loop.set_timeout(2ms, [&] {
    s.log("a " + std::to_string(++n));
    if (n == 3) return;
    s.loop.clear_timeout(a);
    s.loop.refresh(a);
  });
  s.loop.set_timeout(40ms, s.says("b"));
}

void refresh_then_clear(script& s) {
  int& n = s.keep(0);
  auto& a = s.keep<rouse::timer_id>();
  a = s.loop.set_timeout(2ms, [&] {
    s.log("a " + std::to_string(++n));
    if (n == 3) return;
    s.loop.refresh(a);
    s.loop.clear_timeout(a);
  });
  s.loop.set_timeout(40ms, s.says("b"));
}

void longest_delay(script& s) {
  const rouse::timer_id far = s.loop.set_timeout(((1LL << 31) - 1) * 1ms, s.says("never"));
  s.loop.set_timeout(5ms, [&s, far] {
    s.log("timer");
    s.loop.clear_timeout(far);
  });
}

void later_but_shorter(script& s) {
  s.loop.set_timeout(300ms, s.says("300 ms"));
  s.pass(20ms);
  s.loop.set_timeout(20ms, s.says("20 ms after 20"));
}

void timer_of_a_tick_waits_for_siblings(script& s) {
  s.loop.set_timeout(3ms, [&s] {
    s.log("a");
    s.loop.next_tick([&s] { s.loop.set_timeout(0ms, s.says("of the tick of a")); });
  });
  s.loop.set_timeout(3ms, s.says("b"));
  s.loop.set_timeout(5ms, s.says("c"));
  s.loop.set_immediate(s.says("immediate"));
  s.pass(10ms);
}

void timers_set_by_microtasks_of_main(script& s) {
  s.loop.queue_microtask([&s] {
    s.log("microtask");
    s.loop.set_timeout(3ms, s.says("3 ms after main"));
    s.pass(350ms);
  });
  s.loop.set_timeout(300ms, s.says("300 ms"));
  s.loop.set_immediate(s.says("immediate"));
}

}  // namespace

std::span<const program> timer_programs() {
  static constexpr program all[] = {
      {"timer_between_two_checks", timer_between_two_checks},
      {"immediate_before_timer_of_a_timer", immediate_before_timer_of_a_timer},
      {"due_meanwhile_waits_for_the_next_phase", due_meanwhile_waits_for_the_next_phase},
      {"immediates_do_not_starve_timers", immediates_do_not_starve_timers},
      {"overdue_timers_by_deadline", overdue_timers_by_deadline},
      {"deadlines_of_the_future", deadlines_of_the_future},
      {"deadline_counts_from_the_call", deadline_counts_from_the_call},
      {"equal_delays_first_in_first_out", equal_delays_first_in_first_out},
      {"strange_delays_are_one_millisecond", strange_delays_are_one_millisecond},
      {"fractions_are_cut_off", fractions_are_cut_off},
      {"zero_of_a_timer_waits", zero_of_a_timer_waits},
      {"cleared_sibling_of_one_deadline", cleared_sibling_of_one_deadline},
      {"cleared_sibling_of_a_later_deadline", cleared_sibling_of_a_later_deadline},
      {"cleared_from_a_drained_tick", cleared_from_a_drained_tick},
      {"cleared_by_themselves", cleared_by_themselves},
      {"set_again_in_its_callback", set_again_in_its_callback},
      {"refresh_moves_to_the_end", refresh_moves_to_the_end},
      {"refresh_in_its_own_callback", refresh_in_its_own_callback},
      {"refresh_restarts_the_whole_delay", refresh_restarts_the_whole_delay},
      {"refresh_of_an_overdue_sibling", refresh_of_an_overdue_sibling},
      {"clear_wins_over_refresh", clear_wins_over_refresh},
      {"refresh_then_clear", refresh_then_clear},
      {"longest_delay", longest_delay},
      {"later_but_shorter", later_but_shorter},
      {"timer_of_a_tick_waits_for_siblings", timer_of_a_tick_waits_for_siblings},
      {"timers_set_by_microtasks_of_main", timers_set_by_microtasks_of_main},
  };
  return all;
}

}  // namespace node_order

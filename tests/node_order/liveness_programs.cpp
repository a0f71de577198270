// What keeps a loop alive, and how it ends.
#include "program.hpp"

namespace node_order {

namespace {

auto says_exit(script& s) {
  return [&s](int code) { s.log("exit " + std::to_string(code)); };
}

void unref_timer_holds_nothing(script& s) {
  s.loop.unref(s.loop.set_timeout(1000ms, s.says("never")));
  s.loop.on_before_exit(s.says("before exit"));
  s.loop.on_exit(says_exit(s));
}

void unref_timer_in_company(script& s) {
  s.loop.unref(s.loop.set_timeout(10ms, s.says("unref, 10 ms")));
  s.loop.set_timeout(40ms, s.says("ref, 40 ms"));
  s.loop.unref(s.loop.set_timeout(1000ms, s.says("never")));
}

void unref_then_ref(script& s) {
  const rouse::timer_id timer = s.loop.set_timeout(10ms, s.says("timer"));
  s.loop.unref(timer);
  s.loop.ref(timer);
  s.loop.on_exit(says_exit(s));
}

void unref_in_a_callback(script& s) {
  const rouse::timer_id late = s.loop.set_timeout(1000ms, s.says("never"));
  s.loop.set_timeout(5ms, [&s, late] {
    s.log("timer");
    s.loop.unref(late);
  });
  s.loop.on_exit(says_exit(s));
}

void unref_interval_in_company(script& s) {
  int& n = s.keep(0);
  s.loop.unref(s.loop.set_interval(5ms, [&] {
    if (++n == 1) s.log("the interval was there");
  }));
  s.loop.set_timeout(60ms, s.says("timer"));
  s.loop.on_exit(says_exit(s));
}

void lone_unref_immediate(script& s) {
  s.loop.unref(s.loop.set_immediate(s.says("never")));
  s.loop.on_exit(says_exit(s));
}

void unref_immediate_in_company(script& s) {
  s.loop.set_timeout(1ms, [&s] {
    s.log("timer 1");
    s.loop.unref(s.loop.set_immediate(s.says("unref immediate")));
    s.loop.set_timeout(10ms, s.says("timer 2"));
  });
  s.loop.on_exit(says_exit(s));
}

void empty_program_drains(script& s) {
  s.loop.on_before_exit(s.says("before exit"));
  s.loop.on_exit(says_exit(s));
  s.loop.queue_microtask(s.says("microtask"));
  s.loop.next_tick(s.says("tick"));
}

void before_exit_revives(script& s) {
  int& left = s.keep(2);
  s.loop.on_before_exit([&] {
    s.log("before exit, left: " + std::to_string(left));
    if (left-- > 0) s.loop.set_timeout(1ms, s.says("timer"));
  });
  s.loop.on_exit(says_exit(s));
  s.loop.set_immediate(s.says("immediate"));
}

void before_exit_revives_by_immediate(script& s) {
  bool& done = s.keep(false);
  s.loop.on_before_exit([&] {
    s.log("before exit");
    if (done) return;
    done = true;
    s.loop.set_immediate(s.says("immediate"));
    s.loop.next_tick(s.says("tick"));
  });
  s.loop.on_exit(says_exit(s));
}

void tick_of_before_exit_does_not_revive(script& s) {
  s.loop.on_before_exit([&s] {
    s.log("before exit");
    s.loop.next_tick(s.says("tick"));
    s.loop.queue_microtask(s.says("microtask"));
  });
  s.loop.on_exit(says_exit(s));
}

void exit_cannot_revive(script& s) {
  s.loop.on_exit([&s](int code) {
    s.log("exit " + std::to_string(code));
    s.loop.next_tick(s.says("never: tick"));
    s.loop.set_timeout(0ms, s.says("never: timer"));
    s.loop.set_immediate(s.says("never: immediate"));
  });
  s.loop.set_timeout(1ms, s.says("timer"));
}

void exit_in_a_callback_stops_everything(script& s) {
  s.loop.on_before_exit(s.says("never: before exit"));
  s.loop.on_exit(says_exit(s));
  s.loop.set_timeout(3ms, [&s] {
    s.log("timer");
    s.loop.next_tick(s.says("never: tick"));
    s.loop.set_immediate(s.says("never: immediate"));
    s.loop.exit(3);
  });
  s.loop.set_timeout(3ms, s.says("never: sibling"));
  s.pass(10ms);
}

void exit_in_a_tick(script& s) {
  s.loop.on_exit(says_exit(s));
  s.loop.set_immediate([&s] {
    s.log("immediate");
    s.loop.next_tick([&s] {
      s.log("tick");
      s.loop.exit(0);
    });
    s.loop.next_tick(s.says("never: tick"));
    s.loop.queue_microtask(s.says("never: microtask"));
  });
  s.loop.set_immediate(s.says("never: immediate"));
}

void exit_in_main(script& s) {
  s.loop.on_exit(says_exit(s));
  s.loop.set_timeout(1ms, s.says("never: timer"));
  s.loop.next_tick(s.says("never: tick"));
  s.log("main");
  s.loop.exit(7);
}

void exit_in_before_exit(script& s) {
  s.loop.on_before_exit([&s] {
    s.log("before exit");
    s.loop.set_immediate(s.says("never: immediate"));
    s.loop.exit(5);
  });
  s.loop.on_exit(says_exit(s));
}

void unref_immediate_revived(script& s) {
  bool& done = s.keep(false);
  s.loop.unref(s.loop.set_immediate(s.says("unref immediate")));
  s.loop.on_before_exit([&] {
    s.log("before exit");
    if (done) return;
    done = true;
    s.loop.set_timeout(200ms, s.says("timer"));
  });
}

void unref_then_ref_immediate(script& s) {
  const rouse::immediate_id immediate = s.loop.set_immediate(s.says("immediate"));
  s.loop.unref(immediate);
  s.loop.ref(immediate);
  s.loop.unref(s.loop.set_immediate(s.says("unref immediate")));
}

void unref_twice_counts_once(script& s) {
  const rouse::timer_id a = s.loop.set_timeout(5ms, s.says("a"));
  const rouse::timer_id b = s.loop.set_timeout(1000ms, s.says("never"));
  s.loop.unref(b);
  s.loop.unref(b);
  s.loop.ref(a);
  s.loop.ref(a);
  s.loop.on_exit(says_exit(s));
}

void several_handlers_of_the_end(script& s) {
  int& left = s.keep(1);
  s.loop.on_before_exit([&] {
    s.log("before exit 1");
    if (left-- > 0) s.loop.set_immediate(s.says("immediate"));
  });
  s.loop.on_before_exit(s.says("before exit 2"));
  s.loop.on_exit([&s](int code) { s.log("exit 1: " + std::to_string(code)); });
  s.loop.on_exit([&s](int code) { s.log("exit 2: " + std::to_string(code)); });
}

void exit_in_a_microtask(script& s) {
  s.loop.on_exit(says_exit(s));
  s.loop.set_timeout(3ms, [&s] {
    s.log("timer");
    s.loop.queue_microtask([&s] {
      s.log("microtask");
      s.loop.exit(4);
    });
    s.loop.queue_microtask(s.says("never: microtask"));
  });
  s.loop.set_timeout(3ms, s.says("never: timer"));
  s.pass(10ms);
}

void exit_in_the_exit(script& s) {
  s.loop.on_exit([&s](int code) {
    s.log("exit 1: " + std::to_string(code));
    s.loop.exit(9);
  });
  s.loop.on_exit([&s](int code) { s.log("never: exit 2: " + std::to_string(code)); });
  s.loop.set_timeout(1ms, s.says("timer"));
}

}  // namespace

std::span<const program> liveness_programs() {
  static constexpr program all[] = {
      {"unref_timer_holds_nothing", unref_timer_holds_nothing},
      {"unref_timer_in_company", unref_timer_in_company},
      {"unref_then_ref", unref_then_ref},
      {"unref_in_a_callback", unref_in_a_callback},
      {"unref_interval_in_company", unref_interval_in_company},
      {"lone_unref_immediate", lone_unref_immediate},
      {"unref_immediate_in_company", unref_immediate_in_company},
      {"empty_program_drains", empty_program_drains},
      {"before_exit_revives", before_exit_revives},
      {"before_exit_revives_by_immediate", before_exit_revives_by_immediate},
      {"tick_of_before_exit_does_not_revive", tick_of_before_exit_does_not_revive},
      {"exit_cannot_revive", exit_cannot_revive},
      {"exit_in_a_callback_stops_everything", exit_in_a_callback_stops_everything},
      {"exit_in_a_tick", exit_in_a_tick},
      {"exit_in_main", exit_in_main},
      {"exit_in_before_exit", exit_in_before_exit},
      {"unref_immediate_revived", unref_immediate_revived},
      {"unref_then_ref_immediate", unref_then_ref_immediate},
      {"unref_twice_counts_once", unref_twice_counts_once},
      {"several_handlers_of_the_end", several_handlers_of_the_end},
      {"exit_in_a_microtask", exit_in_a_microtask},
      {"exit_in_the_exit", exit_in_the_exit},
  };
  return all;
}

}  // namespace node_order

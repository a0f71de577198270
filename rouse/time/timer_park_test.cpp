#include <rouse/time/timer_park.hpp>

#include "timing_test.hpp"

#include <memory>
#include <thread>

namespace rouse {
namespace {

using namespace test;

/// An entry that logs a letter, then does as told.
struct letter final : timer_entry {
  letter(std::string& into, char what) : timer_entry(on_fire), log(&into), name(what) {}
  static void on_fire(timer_entry& e, reason why) noexcept {
    auto& self = static_cast<letter&>(e);
    *self.log += why == reason::due ? self.name : '!';
    if (self.then) self.then();
  }
  std::string* log;
  char name;
  std::function<void()> then;
};

struct letters {
  manual_clock time;
  timer_park<logging_park> stack{time};
  std::string log;
  instant at(nanoseconds d) { return instant(1h) + d; }
};

/// A clock that ticks but says what it is told.
class told_clock final : public clock {
 public:
  instant now() const noexcept override {
    ++reads;
    return value;
  }
  instant value = instant(1h);
  mutable int reads = 0;
};

TEST(spec_row_47_timer_park, parks_below_exactly_once_for_the_time_to_the_deadline_then_fires) {
  told_clock time;
  timer_park<logging_park> stack(time);
  std::string log;
  letter a(log, 'a');
  stack.driver().arm(a, time.value + 30ms);

  EXPECT_EQ(stack.park(10ms), park_outcome::timed_out);  // asked for less
  EXPECT_EQ(stack.park(no_limit), park_outcome::woken);  // spurious: nothing is due yet
  EXPECT_EQ(stack.inner().asked, (std::vector<nanoseconds>{10ms, 30ms}));
  stack.inner().during = [&] {
    log += '(';
    time.value += 30ms;
    log += ')';
  };
  EXPECT_EQ(stack.park(no_limit), park_outcome::events);
  EXPECT_EQ(log, "()a");  // the wait, then the timer
  stack.inner().during = nullptr;
  EXPECT_EQ(stack.park(no_limit), park_outcome::timed_out);
  EXPECT_EQ(stack.inner().asked, (std::vector<nanoseconds>{10ms, 30ms, 30ms, no_limit}));
}

TEST(spec_row_48_timer_park, an_overdue_timer_looks_below_with_0_at_every_turn) {
  told_clock time;
  timer_park<logging_park> stack(time);
  std::string log;
  letter a(log, 'a');
  a.then = [&] { stack.driver().arm(a, time.value - 1s); };  // for ever in the past
  stack.driver().arm(a, time.value - 1s);
  stack.inner().answer = park_outcome::events;
  for (int turn = 0; turn < 100; ++turn)
    EXPECT_EQ(stack.park(no_limit), park_outcome::events);
  EXPECT_EQ(stack.inner().asked, std::vector<nanoseconds>(100, 0ns));
  EXPECT_EQ(log, std::string(100, 'a'));  // one a turn: the turn ends though it is due again
  stack.driver().disarm(a);
}

TEST(spec_row_12_timer_park,
     an_earlier_deadline_shortens_the_wait_and_a_cancelled_one_lengthens_it) {
  told_clock time;
  timer_park<logging_park> stack(time);
  std::string log;
  letter a(log, 'a'), b(log, 'b');
  stack.driver().arm(a, time.value + 10s);
  (void)stack.park(no_limit);
  stack.driver().arm(b, time.value + 50ms);
  (void)stack.park(no_limit);
  stack.driver().disarm(b);
  (void)stack.park(no_limit);
  stack.driver().disarm(a);
  (void)stack.park(no_limit);
  EXPECT_EQ(stack.inner().asked, (std::vector<nanoseconds>{10s, 50ms, 10s, no_limit}));
}

TEST(fault_T5_timer_park, a_wait_that_ends_early_is_taken_up_again_for_what_is_left) {
  told_clock time;
  timer_park<logging_park> stack(time);
  std::string log;
  letter a(log, 'a');
  const nanoseconds month = 24h * 31;
  stack.driver().arm(a, time.value + 2 * month);
  stack.inner().answer = park_outcome::timed_out;
  stack.inner().during = [&] { time.value += month - 1ns; };  // less than asked for, twice
  (void)stack.park(no_limit);
  (void)stack.park(no_limit);
  EXPECT_EQ(log, "");
  (void)stack.park(no_limit);
  EXPECT_EQ(log, "a");
  EXPECT_EQ(stack.inner().asked, (std::vector<nanoseconds>{2 * month, month + 1ns, 2ns}));
}

TEST(spec_row_20_timer_park, a_lone_timer_needs_one_wait) {
  timer_park<thread_park> stack;
  std::string log;
  letter a(log, 'a');
  const instant begin = now();
  stack.driver().arm(a, begin + 20ms);
  int turns = 0;
  while (log.empty()) {
    ASSERT_TRUE(stack.park(no_limit).has_value());
    ++turns;
  }
  EXPECT_LE(turns, 2);
  EXPECT_GE(now() - begin, 20ms);
}

TEST(spec_row_21_timer_park, never_early_over_many_random_delays) {
  timer_park<thread_park> stack;
  struct probe final : timer_entry {
    probe() : timer_entry(on_fire) {}
    static void on_fire(timer_entry& e, reason) noexcept {
      auto& self = static_cast<probe&>(e);
      self.lateness = now() - self.deadline();
      ++*self.fired;
    }
    nanoseconds lateness{};
    int* fired = nullptr;
  };
  constexpr int n = 2000;
  int fired = 0;
  std::vector<probe> probes(n);
  const instant begin = now();
  for (int i = 0; i < n; ++i) {
    probes[static_cast<std::size_t>(i)].fired = &fired;
    stack.driver().arm(probes[static_cast<std::size_t>(i)],
                       begin + nanoseconds(i * 7919 % n * 5000));  // over 10 ms
  }
  while (fired < n)
    ASSERT_TRUE(stack.park(no_limit).has_value());
  for (const probe& p : probes)
    ASSERT_GE(p.lateness, 0ns);
}

TEST(fault_T3_timer_park, past_deadlines_fire_next_turn_ascending) {
  letters w;
  letter a(w.log, 'a'), b(w.log, 'b'), c(w.log, 'c');
  w.stack.driver().arm(a, w.at(-1ms));
  w.stack.driver().arm(b, w.at(-2ms));
  w.stack.driver().arm(c, w.at(-1ms));
  EXPECT_EQ(w.log, "");
  EXPECT_EQ(w.stack.park(no_limit), park_outcome::events);
  EXPECT_EQ(w.log, "bac");
}

TEST(fault_T6_timer_park, fires_at_most_1024_between_two_looks_below) {
  letters w;
  constexpr std::size_t n = 3000;
  std::deque<letter> all;
  for (std::size_t i = 0; i < n; ++i)
    w.stack.driver().arm(all.emplace_back(w.log, 'x'), w.at(1ms));
  w.time.advance(1ms);
  std::vector<std::size_t> fired;
  while (w.stack.has_work()) {
    const std::size_t before = w.log.size();
    EXPECT_EQ(w.stack.park(no_limit), park_outcome::events);
    fired.push_back(w.log.size() - before);
  }
  EXPECT_EQ(fired, (std::vector<std::size_t>{1024, 1024, n - 2048}));
  EXPECT_EQ(w.stack.inner().asked, std::vector<nanoseconds>(3, 0ns));
}

TEST(fault_C9_timer_park, looks_below_while_a_long_slot_is_put_in_order) {
  letters w;
  constexpr int n = 20'000;
  std::deque<letter> all;
  for (int i = 0; i < n; ++i)
    w.stack.driver().arm(all.emplace_back(w.log, 'x'),
                         w.at(200s + nanoseconds(i * 7919LL % n * 1'000'000)));
  w.stack.driver().disarm(all.front());  // the nearest: the next one is not known
  EXPECT_EQ(w.stack.park(no_limit), park_outcome::woken);
  EXPECT_EQ(w.stack.inner().asked, std::vector<nanoseconds>{0ns});
  w.time.advance(1h);
  for (int turns = 0; w.stack.has_work(); ++turns) {
    ASSERT_LT(turns, 100);
    ASSERT_TRUE(w.stack.park(no_limit).has_value());
  }
  EXPECT_EQ(w.log.size(), static_cast<std::size_t>(n - 1));
  EXPECT_EQ(w.stack.inner().asked, std::vector<nanoseconds>(w.stack.inner().asked.size(), 0ns));
}

TEST(fault_T7_timer_park, a_callback_may_cancel_others_and_re_arm_itself) {
  letters w;
  letter a(w.log, 'a'), b(w.log, 'b'), c(w.log, 'c');
  a.then = [&] {
    if (b.is_pending()) w.stack.driver().disarm(b);  // due at the same instant
    if (w.log.size() < 3) w.stack.driver().arm(a, w.at(1ms));
  };
  for (letter* l : {&a, &b, &c})
    w.stack.driver().arm(*l, w.at(1ms));
  w.time.advance(1ms);
  (void)w.stack.park(0ns);
  EXPECT_EQ(w.log, "ac");
  w.stack.driver().arm(b, w.at(0ns));
  (void)w.stack.park(0ns);
  EXPECT_EQ(w.log, "acba");
  EXPECT_FALSE(w.stack.driver().has_work());
}

TEST(fault_T7_timer_park, a_callback_may_destroy_the_whole_stack) {
  manual_clock time;
  auto stack = std::make_unique<timer_park<logging_park>>(time);
  std::string log;
  letter a(log, 'a'), b(log, 'b'), c(log, 'c');
  a.then = [&] { stack.reset(); };
  stack->driver().arm(a, time.now());
  stack->driver().arm(b, time.now());
  stack->driver().arm(c, never);
  EXPECT_EQ(stack->park(0ns), park_outcome::events);
  EXPECT_EQ(log, "a!!");  // the others are told that it is gone
}

TEST(fault_T9_timer_park, a_clock_that_steps_back_is_clamped) {
  told_clock time;
  timer_park<logging_park> stack(time);
  std::string log;
  letter a(log, 'a');
  time.value += 10ns;
  EXPECT_EQ(stack.driver().now(), instant(1h) + 10ns);
  time.value -= 5ns;
  EXPECT_EQ(stack.driver().now(), instant(1h) + 10ns);
  stack.driver().arm(a, instant(1h) + 10ns);
  EXPECT_EQ(stack.park(1s), park_outcome::events);
  EXPECT_EQ(stack.inner().asked, std::vector<nanoseconds>{0ns});
}

TEST(timer_park, reads_no_clock_while_nothing_is_pending) {
  told_clock time;
  timer_park<logging_park> stack(time);
  const int reads = time.reads;
  for (int i = 0; i < 10; ++i)
    (void)stack.park(0ns);
  (void)stack.park(no_limit);
  EXPECT_EQ(time.reads, reads);
}

TEST(timer_park, an_error_from_below_is_passed_on_and_nothing_fires) {
  letters w;
  letter a(w.log, 'a');
  w.stack.driver().arm(a, w.at(0ns));
  w.stack.inner().answer = std::unexpected(error("park", EBADF));
  const auto failed = w.stack.park(1s);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error(), error("", EBADF));
  EXPECT_EQ(w.log, "");
  w.stack.inner().answer = park_outcome::timed_out;
  EXPECT_EQ(w.stack.park(1s), park_outcome::events);
}

TEST(timer_park, has_work_while_something_is_pending_here_or_below) {
  letters w;
  letter a(w.log, 'a');
  EXPECT_FALSE(w.stack.has_work());
  w.stack.driver().arm(a, never);
  EXPECT_TRUE(w.stack.has_work());
  w.stack.driver().disarm(a);
  EXPECT_FALSE(w.stack.has_work());
  w.stack.inner().busy = true;
  EXPECT_TRUE(w.stack.has_work());
}

TEST(timer_park, its_unparker_is_the_one_below) {
  timer_park<thread_park> stack;
  stack.unparker().unpark();
  EXPECT_EQ(stack.park(no_limit), park_outcome::woken);
}

TEST(timer_park, stands_over_a_park_that_somebody_else_owns) {
  manual_clock time;
  logging_park below;
  timer_park<logging_park&> stack(time, below);
  (void)stack.park(0ns);
  EXPECT_EQ(below.asked, std::vector<nanoseconds>{0ns});
}

TEST(timer_park, its_end_tells_every_pending_entry) {
  std::string log;
  letter a(log, 'a'), b(log, 'b');
  manual_clock time;
  {
    timer_park<logging_park> stack(time);
    stack.driver().arm(a, never);
    stack.driver().arm(b, time.now() + 1s);
  }
  EXPECT_EQ(log, "!!");
}

TEST(manual_clock_on_a_stack, waits_have_no_time_out_and_moving_the_clock_ends_them) {
  manual_clock time;
  timer_park<thread_park> stack(time);
  std::string log;
  letter a(log, 'a');
  stack.driver().arm(a, time.now() + 24h);
  std::thread mover([&] { time.advance(24h); });
  while (log.empty())
    ASSERT_TRUE(stack.park(no_limit).has_value());
  mover.join();
  EXPECT_EQ(log, "a");
}

TEST(manual_clock_on_a_stack, asks_below_for_no_limit_or_0_and_nothing_between) {
  letters w;
  letter a(w.log, 'a');
  w.stack.driver().arm(a, w.at(1s));
  w.stack.inner().answer = park_outcome::woken;
  (void)w.stack.park(no_limit);
  (void)w.stack.park(10ms);  // 10 ms of a clock that stands still
  (void)w.stack.park(0ns);
  w.time.advance(1s);
  (void)w.stack.park(no_limit);
  EXPECT_EQ(w.stack.inner().asked, (std::vector<nanoseconds>{no_limit, no_limit, 0ns, 0ns}));
  EXPECT_EQ(w.log, "a");
}

TEST(manual_clock_on_a_stack, auto_advance_jumps_to_each_deadline_when_nothing_else_is_to_be_done) {
  letters w;
  w.time.set_auto_advance(true);
  letter a(w.log, 'a'), b(w.log, 'b');
  w.stack.driver().arm(b, w.at(48h));
  w.stack.driver().arm(a, w.at(1s));
  EXPECT_EQ(w.stack.park(no_limit), park_outcome::events);
  EXPECT_EQ(w.time.now(), w.at(1s));
  EXPECT_EQ(w.log, "a");
  EXPECT_EQ(w.stack.park(no_limit), park_outcome::events);
  EXPECT_EQ(w.time.now(), w.at(48h));
  EXPECT_EQ(w.log, "ab");
  EXPECT_EQ(w.stack.inner().asked, (std::vector<nanoseconds>{0ns, 0ns}));
  (void)w.stack.park(no_limit);  // nothing to jump to
  EXPECT_EQ(w.stack.inner().asked.back(), no_limit);
}

TEST(manual_clock_on_a_stack, auto_advance_jumps_no_further_than_the_limit_asked_for) {
  letters w;
  w.time.set_auto_advance(true);
  letter a(w.log, 'a');
  w.stack.driver().arm(a, w.at(1s));
  EXPECT_EQ(w.stack.park(300ms), park_outcome::timed_out);
  EXPECT_EQ(w.time.now(), w.at(300ms));
  EXPECT_EQ(w.log, "");
  EXPECT_EQ(w.stack.park(700ms), park_outcome::events);
}

TEST(manual_clock_on_a_stack,
     auto_advance_does_not_jump_when_something_happened_below_or_while_held) {
  letters w;
  w.time.set_auto_advance(true);
  letter a(w.log, 'a');
  w.stack.driver().arm(a, w.at(1s));
  w.stack.inner().answer = park_outcome::events;
  EXPECT_EQ(w.stack.park(no_limit), park_outcome::events);
  EXPECT_EQ(w.time.now(), w.at(0s));
  w.stack.inner().answer = park_outcome::woken;
  {
    const manual_clock::hold hold(w.time);
    (void)w.stack.park(no_limit);
    EXPECT_EQ(w.time.now(), w.at(0s));
    EXPECT_EQ(w.stack.inner().asked.back(), no_limit);
  }
  EXPECT_EQ(w.stack.inner().token.park(0ns), park_outcome::woken);  // the end of the hold unparks
  w.stack.driver().disarm(a);
}

TEST(fault_T2_timer_park, after_a_stall_each_due_timer_fires_once) {
  letters w;
  std::deque<letter> all;
  for (char c = 'a'; c <= 'e'; ++c)
    w.stack.driver().arm(all.emplace_back(w.log, c), w.at((c - 'a' + 1) * 10ms));
  w.time.advance(5s);
  (void)w.stack.park(no_limit);
  (void)w.stack.park(0ns);
  EXPECT_EQ(w.log, "abcde");
}

TEST(timer_driver, an_entry_is_32_bytes) { EXPECT_EQ(sizeof(timer_entry), 32U); }

}  // namespace
}  // namespace rouse

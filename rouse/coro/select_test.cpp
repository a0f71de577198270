#include <rouse/coro/select.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/coro/when_all.hpp>
#include <rouse/coro/yield.hpp>

#include <gtest/gtest.h>
#include <tests/support/counting_waker.hpp>
#include <tests/support/manual_worker.hpp>
#include <tests/support/pollables.hpp>
#include <tests/support/trace_log.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace rouse {
namespace {

using support::counting_waker;
using support::gate;
using support::manual_worker;
using support::noisy;
using support::polled;
using support::ready_value;
using support::slow_driver;
using support::slow_operation;
using support::trace;
using support::trace_log;

task<int> value_after(gate& at, int value, trace_log& log) {
  const noisy n(log, std::to_string(value));
  co_await at.wait();
  co_return value;
}
task<int> throw_after(gate& at, trace_log& log) {
  const noisy n(log, "thrower");
  co_await at.wait();
  throw std::runtime_error("arm");
}

TEST(select, gives_the_index_and_value_of_the_first_to_end) {
  counting_waker hand;
  trace_log log;
  gate a;
  gate b;
  auto op = select(value_after(a, 1, log), value_after(b, 2, log));
  EXPECT_FALSE(hand.is_ready(op));
  b.open();
  EXPECT_EQ(hand.wakes(), 1u);
  auto winner = hand.poll(op).take();
  ASSERT_EQ(winner.index(), 1u);
  EXPECT_EQ(std::get<1>(winner), 2);
}

TEST(select, one_wake_polls_one_arm) {
  counting_waker hand;
  gate a;
  gate b;
  auto op = select(a.wait(), b.wait());
  EXPECT_FALSE(hand.is_ready(op));
  b.nudge();
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_EQ(a.polls(), 1u);
  EXPECT_EQ(b.polls(), 2u);
}

TEST(select, an_arm_with_a_counted_waker_is_woken_through_its_task_from_any_thread) {
  counting_waker hand;
  waker stored;
  bool done = false;
  auto op = select(support::never(), polled([&](context& cx) -> poll_result<int> {
                     if (done) return 3;
                     stored = cx.get_waker();
                     return pending;
                   }));
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_EQ(hand.holders(), 1);
  done = true;
  std::thread([&] { stored.wake_and_reset(); }).join();
  EXPECT_EQ(hand.wakes(), 1u);
  EXPECT_EQ(std::get<1>(hand.poll(op).take()), 3);
  EXPECT_EQ(hand.holders(), 0);
}

TEST(select, tries_arms_in_order_and_the_first_ready_one_wins) {
  counting_waker hand;
  auto op = select(ready_value(1), ready_value(2));
  EXPECT_EQ(hand.poll(op).take().index(), 0u);
}

TEST(select, void_arms_count_as_unit) {
  counting_waker hand;
  gate g;
  g.open();
  auto op = select(support::never(), g.wait());
  static_assert(std::is_same_v<output<decltype(op)>, std::variant<unit, unit>>);
  EXPECT_EQ(hand.poll(op).take().index(), 1u);
}

TEST(select, losers_are_cancelled_awaited_and_destroyed_before_it_returns) {
  counting_waker hand;
  slow_driver slow;
  gate g;
  trace_log log;
  auto loser = [](slow_driver& d, trace_log& l) -> task<int> {
    const noisy n(l, "loser");
    co_return co_await slow_operation(d);
  };
  auto op = select(loser(slow, log), g.wait());
  EXPECT_FALSE(hand.is_ready(op));
  g.open();
  EXPECT_FALSE(hand.is_ready(op)) << "the loser's driver has not let go";
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_TRUE(log.events().empty());
  EXPECT_GE(slow.cancels_asked, 1u);
  const unsigned before = hand.wakes();
  slow.let_go();
  EXPECT_EQ(hand.wakes(), before + 1);
  EXPECT_EQ(hand.poll(op).take().index(), 1u);
  EXPECT_EQ(log.events(), (trace{"destroyed loser"})) << "and its body was not resumed";
  EXPECT_EQ(slow.polls_after_cancel, 0u);
}

TEST(select,
     fault_C10_a_loser_whose_result_came_during_its_cancel_is_dropped_and_the_winner_stays) {
  counting_waker hand;
  slow_driver slow;
  auto op = select(slow_operation(slow), [i = 0]() mutable {
    return polled([i](context& cx) mutable -> poll_result<int> {
      if (i++ == 1) return 9;
      cx.wake();
      return pending;
    });
  }());
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_FALSE(hand.is_ready(op));
  slow.finish();
  auto winner = hand.poll(op).take();
  EXPECT_EQ(std::get<1>(winner), 9);
}

TEST(select, an_arm_that_fails_wins_and_its_error_leaves_after_the_others_are_cancelled) {
  counting_waker hand;
  trace_log log;
  gate a;
  gate b;
  auto op = select(value_after(a, 1, log), throw_after(b, log));
  EXPECT_FALSE(hand.is_ready(op));
  b.open();
  EXPECT_THROW((void)hand.poll(op), std::runtime_error);
  EXPECT_EQ(log.take(), (trace{"destroyed thrower", "destroyed 1"}));
  EXPECT_FALSE(a.has_waiter());
}

TEST(select, an_lvalue_arm_is_not_cancelled_wakes_nobody_and_can_be_resumed) {
  counting_waker hand;
  trace_log log;
  gate a;
  gate b;
  auto kept = value_after(a, 1, log);
  {
    b.open();
    auto op = select(kept, b.wait());
    EXPECT_EQ(hand.poll(op).take().index(), 1u);
    EXPECT_FALSE(a.has_waiter()) << "forgotten before select returned";
  }
  a.open();
  EXPECT_EQ(hand.wakes(), 0u);
  b.close();
  auto again = select(b.wait(), kept);
  auto winner = hand.poll(again).take();
  ASSERT_EQ(winner.index(), 1u);
  EXPECT_EQ(std::get<1>(winner), 1);
  EXPECT_EQ(log.events(), (trace{"destroyed 1"}));
}

TEST(select, an_lvalue_arm_that_lost_can_be_awaited) {
  manual_worker w;
  trace_log log;
  gate a;
  gate b;
  int got = 0;
  b.open();
  w.spawn(assume_owned([](gate& x, gate& y, trace_log& l, int& out) -> task<void> {
     auto kept = value_after(x, 5, l);
     for (int i = 0; i < 3; ++i) {
       const auto winner = co_await select(kept, y.wait());
       l.add("lost to " + std::to_string(winner.index()));
     }
     out = co_await std::move(kept);
   }(a, b, log, got)))
      .detach();
  w.run();
  EXPECT_EQ(got, 0);
  w.inside([&] { a.open(); });
  w.run();
  EXPECT_EQ(got, 5);
  EXPECT_EQ(log.events(), (trace{"lost to 1", "lost to 1", "lost to 1", "destroyed 5"}));
}

TEST(select, a_join_handle_as_lvalue_arm_keeps_its_task) {
  manual_worker w;
  gate g;
  int got = 0;
  w.spawn(assume_owned([](gate& at, int& out) -> task<void> {
     auto handle = rouse::spawn(assume_owned([](gate& x) -> task<int> {
       co_await x.wait();
       co_return 8;
     }(at)));
     const auto first = co_await select(handle, yield_now());
     out = static_cast<int>(first.index());
     out += co_await handle;
   }(g, got)))
      .detach();
  w.run();
  EXPECT_EQ(got, 1);
  w.inside([&] { g.open(); });
  w.run();
  EXPECT_EQ(got, 9);
}

TEST(select, cancelled_it_cancels_its_arms_and_waits_for_them) {
  counting_waker hand;
  slow_driver one;
  slow_driver two;
  auto op = select(slow_operation(one), slow_operation(two));
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_FALSE(hand.cancel(op));
  one.let_go();
  EXPECT_FALSE(hand.cancel(op));
  two.let_go();
  EXPECT_TRUE(hand.cancel(op));
  EXPECT_FALSE(hand.is_ready(op)) << "the one poll more: no result beat the cancel";
}

TEST(select, fault_C10_a_result_that_beat_the_cancel_is_there_in_the_one_poll_more) {
  counting_waker hand;
  slow_driver one;
  slow_driver two;
  auto op = select(slow_operation(one), slow_operation(two));
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_FALSE(hand.cancel(op));
  one.let_go();
  two.finish();
  EXPECT_TRUE(hand.cancel(op));
  auto answer = hand.poll(op);
  ASSERT_TRUE(answer.is_ready());
  EXPECT_EQ(answer.take().index(), 1u);
}

TEST(select, asked_to_cancel_before_its_first_poll_it_has_nothing_to_let_go_of) {
  counting_waker hand;
  slow_driver one;
  auto op = select(slow_operation(one), support::never());
  EXPECT_TRUE(hand.cancel(op));
  EXPECT_EQ(one.polls, 0u);
}

TEST(select, plain_destruction_destroys_its_arms) {
  counting_waker hand;
  trace_log log;
  gate a;
  gate b;
  {
    auto op = select(value_after(a, 1, log), value_after(b, 2, log));
    EXPECT_FALSE(hand.is_ready(op));
  }
  EXPECT_FALSE(a.has_waiter());
  EXPECT_FALSE(b.has_waiter());
  EXPECT_EQ(log.events().size(), 2u);
}

TEST(select, nested_it_wakes_through_every_level) {
  counting_waker hand;
  gate deep;
  auto op =
      select(support::never(), select(support::never(), select(deep.wait(), support::never())));
  EXPECT_FALSE(hand.is_ready(op));
  deep.open();
  EXPECT_EQ(hand.wakes(), 1u);
  EXPECT_TRUE(hand.is_ready(op));
}

TEST(select, passes_the_mark_of_borrowing_on) {
  auto views = [](std::string_view) -> task<void> { co_return; };
  EXPECT_TRUE(select(views("x"), support::never()).borrows());
  EXPECT_FALSE(select(support::never(), support::never()).borrows());
  auto kept = []() -> task<void> { co_return; }();
  EXPECT_TRUE(select(kept, support::never()).borrows()) << "an lvalue arm is the caller's";
}

TEST(select, a_task_that_waits_in_one_is_not_abandoned) {
  manual_worker w;
  gate a;
  gate b;
  bool ended = false;
  w.spawn(assume_owned([](gate& x, gate& y, bool& done) -> task<void> {
     (void)co_await select(x.wait(), y.wait());
     done = true;
   }(a, b, ended)))
      .detach();
  w.run();
  w.inside([&] { a.nudge(); });  // polls one arm; the other's borrowed waker must still count
  w.run();
  EXPECT_EQ(w.live_tasks(), 1u);
  w.inside([&] { b.open(); });
  w.run();
  EXPECT_TRUE(ended);
}

TEST(select, an_arm_that_spends_the_budget_gives_way_and_is_woken_again) {
  manual_worker w;
  int made = 0;
  w.spawn(assume_owned([](int& n) -> task<void> {
     (void)co_await select(support::never(), polled([&n](context& cx) -> poll_result<void> {
                             while (n < 1000) {
                               if (!cx.spend()) return pending;
                               ++n;
                             }
                             return ready;
                           }));
   }(made)))
      .detach();
  w.run();
  EXPECT_EQ(made, 1000);
}

// ---- when_all

TEST(when_all, gives_every_value) {
  counting_waker hand;
  trace_log log;
  gate a;
  gate b;
  gate c;
  auto op = when_all(value_after(a, 1, log), value_after(b, 2, log), c.wait());
  EXPECT_FALSE(hand.is_ready(op));
  b.open();
  c.open();
  EXPECT_FALSE(hand.is_ready(op));
  a.open();
  const auto [one, two, nothing] = hand.poll(op).take();
  EXPECT_EQ(one, 1);
  EXPECT_EQ(two, 2);
  EXPECT_EQ(nothing, unit());
}

struct [[nodiscard]] kept_number {
  int n;
};
task<kept_number> kept_after(gate& at, int n) {
  co_await at.wait();
  co_return kept_number{n};
}

TEST(when_all, gives_values_that_must_not_be_dropped) {
  counting_waker hand;
  gate a;
  gate b;
  auto op = when_all(kept_after(a, 1), kept_after(b, 2));
  a.open();
  b.open();
  const auto [one, two] = hand.poll(op).take();
  EXPECT_EQ(one.n, 1);
  EXPECT_EQ(two.n, 2);
}

TEST(when_all, polls_an_arm_only_when_it_was_woken) {
  counting_waker hand;
  gate a;
  gate b;
  auto op = when_all(a.wait(), b.wait());
  EXPECT_FALSE(hand.is_ready(op));
  a.open();
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_EQ(a.polls(), 2u);
  EXPECT_EQ(b.polls(), 1u);
  b.open();
  EXPECT_TRUE(hand.is_ready(op));
  EXPECT_EQ(a.polls(), 2u) << "not polled after its end";
}

TEST(when_all, the_first_failure_cancels_the_rest_and_waits_for_that) {
  counting_waker hand;
  trace_log log;
  slow_driver slow;
  gate b;
  auto op = when_all(slow_operation(slow), throw_after(b, log));
  EXPECT_FALSE(hand.is_ready(op));
  b.open();
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_GE(slow.cancels_asked, 1u);
  slow.let_go();
  EXPECT_THROW((void)hand.poll(op), std::runtime_error);
  EXPECT_EQ(slow.polls_after_cancel, 0u);
}

TEST(when_all, arms_after_a_failing_one_are_not_begun) {
  counting_waker hand;
  trace_log log;
  gate open;
  open.open();
  slow_driver never_begun;
  auto op = when_all(throw_after(open, log), slow_operation(never_begun));
  EXPECT_THROW((void)hand.poll(op), std::runtime_error);
  EXPECT_EQ(never_begun.polls, 0u);
}

TEST(when_all, cancelled_it_cancels_its_arms) {
  counting_waker hand;
  slow_driver one;
  gate g;
  auto op = when_all(slow_operation(one), g.wait());
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_FALSE(hand.cancel(op));
  EXPECT_FALSE(g.has_waiter());
  one.let_go();
  EXPECT_TRUE(hand.cancel(op));
  EXPECT_FALSE(hand.is_ready(op));
}

TEST(when_all, fault_C10_results_that_all_beat_the_cancel_are_given) {
  counting_waker hand;
  slow_driver one;
  slow_driver two;
  auto op = when_all(slow_operation(one), slow_operation(two));
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_FALSE(hand.cancel(op));
  one.finish();
  two.finish();
  EXPECT_TRUE(hand.cancel(op));
  auto answer = hand.poll(op);
  ASSERT_TRUE(answer.is_ready());
}

TEST(when_all, lvalue_arms_stay_with_the_caller) {
  counting_waker hand;
  trace_log log;
  gate a;
  gate b;
  auto kept = value_after(a, 1, log);
  {
    auto op = when_all(kept, throw_after(b, log));
    EXPECT_FALSE(hand.is_ready(op));
    b.open();
    EXPECT_THROW((void)hand.poll(op), std::runtime_error);
    EXPECT_FALSE(a.has_waiter());
  }
  a.open();
  EXPECT_EQ(hand.poll(kept).take(), 1);
}

}  // namespace
}  // namespace rouse

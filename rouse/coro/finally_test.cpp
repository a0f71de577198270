#include <rouse/base/log.hpp>
#include <rouse/coro/finally.hpp>
#include <rouse/coro/select.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/time/manual_clock.hpp>
#include <rouse/time/timer_driver.hpp>

#include <gtest/gtest.h>
#include <tests/support/counting_waker.hpp>
#include <tests/support/pollables.hpp>
#include <tests/support/trace_log.hpp>

#include <stdexcept>
#include <string>

namespace rouse {
namespace {

using support::counting_waker;
using support::gate;
using support::noisy;
using support::slow_driver;
using support::slow_operation;
using support::trace;
using support::trace_log;

// A thread with a timer on a clock that is moved by hand, and with its log lines caught.
class finally_test : public testing::Test {
 public:
  finally_test() : former_(set_log_sink(&lines)) {}
  ~finally_test() override { (void)set_log_sink(former_); }
  void advance(nanoseconds by) {
    clock.advance(by);
    (void)driver.prepare(nanoseconds(0));
    (void)driver.finish(park_outcome::timed_out);
  }

  struct caught final : log_sink {
    trace_log seen;
    void write(log_level, std::string_view text) noexcept override { seen.add(std::string(text)); }
  } lines;
  counting_waker hand;
  trace_log log;
  manual_clock clock;
  timer_driver driver{clock, unparker()};
  timer_driver::scope scope{driver};
  gate body_gate;
  gate clean_up_gate;

  task<int> body() {
    const noisy n(log, "body");
    co_await body_gate.wait();
    log.add("body ends");
    co_return 6;
  }
  task<void> clean_up() {
    const noisy n(log, "clean-up");
    log.add("clean-up starts");
    co_await clean_up_gate.wait();
    log.add("clean-up ends");
  }
  auto make() {
    return finally(body(), [this] { return clean_up(); });
  }

 private:
  log_sink* former_;
};

TEST_F(finally_test, cleans_up_after_a_value_and_gives_it) {
  auto op = make();
  EXPECT_FALSE(hand.is_ready(op));
  body_gate.open();
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_EQ(log.take(), (trace{"body ends", "destroyed body", "clean-up starts"}));
  clean_up_gate.open();
  EXPECT_EQ(hand.poll(op).take(), 6);
  EXPECT_EQ(log.take(), (trace{"clean-up ends", "destroyed clean-up"}));
  EXPECT_TRUE(lines.seen.events().empty());
}

TEST_F(finally_test, cleans_up_after_an_exception_and_throws_it) {
  clean_up_gate.open();
  auto op = finally(
      []() -> task<int> {
        throw std::runtime_error("work");
        co_return 0;
      }(),
      [this] { return clean_up(); });
  EXPECT_THROW((void)hand.poll(op), std::runtime_error);
  EXPECT_EQ(log.events(), (trace{"clean-up starts", "clean-up ends", "destroyed clean-up"}));
}

TEST_F(finally_test, cleans_up_after_a_cancel_which_does_not_reach_the_clean_up) {
  auto op = make();
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_FALSE(hand.cancel(op));
  EXPECT_EQ(log.take(), (trace{"destroyed body", "clean-up starts"}));
  EXPECT_FALSE(hand.cancel(op));
  const unsigned before = hand.wakes();
  clean_up_gate.open();
  EXPECT_EQ(hand.wakes(), before + 1);
  EXPECT_TRUE(hand.cancel(op));
  EXPECT_EQ(log.take(), (trace{"clean-up ends", "destroyed clean-up"}));
  EXPECT_FALSE(hand.is_ready(op)) << "the one poll more: no result";
}

TEST_F(finally_test, fault_C10_a_cancel_during_the_clean_up_does_not_lose_the_value) {
  auto op = make();
  body_gate.open();
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_FALSE(hand.cancel(op));
  EXPECT_FALSE(hand.is_ready(op)) << "the clean-up goes on";
  clean_up_gate.open();
  EXPECT_TRUE(hand.cancel(op));
  EXPECT_EQ(log.events(), (trace{"body ends", "destroyed body", "clean-up starts", "clean-up ends",
                                 "destroyed clean-up"}));
  EXPECT_EQ(hand.poll(op).take(), 6) << "the one poll more";
}

TEST_F(finally_test, waits_until_the_work_has_let_go_before_it_cleans_up) {
  slow_driver slow;
  clean_up_gate.open();
  auto op = finally(slow_operation(slow), [this] { return clean_up(); });
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_FALSE(hand.cancel(op));
  EXPECT_TRUE(log.events().empty());
  slow.let_go();
  EXPECT_TRUE(hand.cancel(op));
  EXPECT_EQ(log.events(), (trace{"clean-up starts", "clean-up ends", "destroyed clean-up"}));
}

TEST_F(finally_test, has_nothing_to_clean_up_when_it_was_never_begun) {
  {
    auto op = make();
    EXPECT_TRUE(hand.cancel(op));
  }
  {
    auto op = make();
  }
  EXPECT_TRUE(log.events().empty());
  EXPECT_TRUE(lines.seen.events().empty());
}

TEST_F(finally_test, a_clean_up_that_takes_too_long_is_cancelled_and_reported) {
  auto op = make();
  body_gate.open();
  EXPECT_FALSE(hand.is_ready(op));
  advance(clean_up_limit - nanoseconds(1));
  EXPECT_FALSE(hand.is_ready(op));
  EXPECT_TRUE(clean_up_gate.has_waiter());
  advance(nanoseconds(1));
  EXPECT_EQ(hand.poll(op).take(), 6) << "the work's value stands";
  EXPECT_FALSE(clean_up_gate.has_waiter());
  ASSERT_EQ(lines.seen.events().size(), 1u);
  EXPECT_NE(lines.seen.events()[0].find("clean-up failed"), std::string::npos);
}

TEST_F(finally_test, a_clean_up_that_throws_is_reported_and_the_works_end_stands) {
  body_gate.open();
  auto op = finally(body(), []() -> task<void> {
    throw std::runtime_error("from the clean-up");
    co_return;
  });
  EXPECT_EQ(hand.poll(op).take(), 6);
  ASSERT_EQ(lines.seen.events().size(), 1u);
  EXPECT_NE(lines.seen.events()[0].find("from the clean-up"), std::string::npos);
}

TEST_F(finally_test, plain_destruction_skips_the_clean_up_and_says_so) {
  {
    auto op = make();
    EXPECT_FALSE(hand.is_ready(op));
  }
  EXPECT_EQ(log.events(), (trace{"destroyed body"}));
  ASSERT_EQ(lines.seen.events().size(), 1u);
  EXPECT_NE(lines.seen.events()[0].find("clean-up skipped"), std::string::npos);
}

TEST_F(finally_test, as_the_loser_of_a_select_it_is_cleaned_up_before_select_returns) {
  gate other;
  auto work = [](finally_test& t, gate& g) -> task<std::size_t> {
    auto op = t.make();
    const auto first = co_await select(std::move(op), g.wait());
    t.log.add("select returns");
    co_return first.index();
  }(*this, other);
  EXPECT_FALSE(hand.is_ready(work));
  other.open();
  EXPECT_FALSE(hand.is_ready(work));
  clean_up_gate.open();
  EXPECT_EQ(hand.poll(work).take(), 1u);
  EXPECT_EQ(log.events(), (trace{"destroyed body", "clean-up starts", "clean-up ends",
                                 "destroyed clean-up", "select returns"}));
}

TEST_F(finally_test, its_clean_up_may_refer_to_locals_of_the_frame_that_awaits_it) {
  auto work = [](finally_test& t) -> task<void> {
    std::string local = "a local";
    auto inner = []() -> task<void> {
      throw std::runtime_error("inner");
      co_return;
    };
    auto op = finally(inner(), [&local, &t]() -> task<void> {
      t.log.add("cleans up " + local);
      co_return;
    });
    co_await std::move(op);
  }(*this);
  EXPECT_THROW((void)hand.poll(work), std::runtime_error);
  EXPECT_EQ(log.events(), (trace{"cleans up a local"}));
}

TEST_F(finally_test, in_a_lost_lvalue_arm_it_goes_on_when_it_is_awaited) {
  gate other;
  other.open();
  auto work = [](finally_test& t, gate& g) -> task<int> {
    auto kept = [](finally_test& f) -> task<int> {
      auto op = f.make();
      const int v = co_await std::move(op);
      co_return v;
    }(t);
    const auto first = co_await select(kept, g.wait());
    const int v = co_await std::move(kept);
    co_return v * 10 + static_cast<int>(first.index());
  }(*this, other);
  EXPECT_FALSE(hand.is_ready(work));
  clean_up_gate.open();
  body_gate.open();
  EXPECT_EQ(hand.poll(work).take(), 61);
}

}  // namespace
}  // namespace rouse

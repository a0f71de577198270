// One coroutine, or a short chain of them: polled by hand with a counting waker, or spawned on a
// worker that runs by hand.
#include <rouse/base/io_error.hpp>
#include <rouse/coro/await_site.hpp>
#include <rouse/coro/fallible_task.hpp>
#include <rouse/coro/select.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/coro/yield.hpp>
#include <rouse/trace/recorder.hpp>

#include <gtest/gtest.h>
#include <tests/support/counting_waker.hpp>
#include <tests/support/manual_worker.hpp>
#include <tests/support/pollables.hpp>
#include <tests/support/trace_log.hpp>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace rouse {
namespace {

using support::counting_waker;
using support::gate;
using support::manual_worker;
using support::noisy;
using support::trace;
using support::trace_log;

task<int> seven() { co_return 7; }
task<int> sum_of(int a, int b) {
  const int first = a;
  co_return first + b;
}

TEST(task, spec_row_3_runs_with_a_hand_written_waker_and_no_executor) {
  counting_waker hand;
  gate g;
  auto work = [](gate& at) -> task<std::string> {
    co_await at.wait();
    const int n = co_await seven();
    co_return "got " + std::to_string(n);
  }(g);
  EXPECT_FALSE(hand.is_ready(work));
  EXPECT_EQ(hand.wakes(), 0u);
  g.open();
  EXPECT_EQ(hand.wakes(), 1u);
  auto answer = hand.poll(work);
  ASSERT_TRUE(answer.is_ready());
  EXPECT_EQ(answer.take(), "got 7");
}

TEST(task, is_lazy) {
  trace_log log;
  auto body = [](trace_log& l) -> task<void> {
    l.add("ran");
    co_return;
  };
  {
    const auto never_polled = body(log);
  }
  EXPECT_TRUE(log.events().empty());
}

TEST(task, a_wake_polls_the_leaf_and_resumes_its_frame_only) {
  counting_waker hand;
  gate first;
  gate second;
  trace_log log;
  auto inner = [](gate& a, gate& b, trace_log& l) -> task<int> {
    l.add("inner starts");
    co_await a.wait();
    l.add("inner goes on");
    co_await b.wait();
    l.add("inner ends");
    co_return 1;
  };
  auto outer = [](auto make, gate& a, gate& b, trace_log& l) -> task<int> {
    l.add("outer starts");
    const int one = co_await make(a, b, l);
    l.add("outer goes on");
    co_return one + 1;
  }(inner, first, second, log);
  EXPECT_FALSE(hand.is_ready(outer));
  EXPECT_EQ(log.take(), (trace{"outer starts", "inner starts"}));
  first.open();
  EXPECT_FALSE(hand.is_ready(outer));
  EXPECT_EQ(log.take(), (trace{"inner goes on"}));
  EXPECT_EQ(first.polls(), 2u);
  second.open();
  auto answer = hand.poll(outer);
  EXPECT_EQ(log.take(), (trace{"inner ends", "outer goes on"}));
  EXPECT_EQ(answer.take(), 2);
}

TEST(task, fault_C4_a_spurious_poll_polls_the_leaf_again_and_changes_nothing) {
  counting_waker hand;
  gate g;
  auto work = [](gate& at) -> task<void> { co_await at.wait(); }(g);
  for (int i = 0; i < 5; ++i)
    EXPECT_FALSE(hand.is_ready(work));
  EXPECT_EQ(g.polls(), 5u);
  g.open();
  EXPECT_TRUE(hand.is_ready(work));
}

TEST(task, the_waker_of_the_latest_poll_is_the_one_that_is_woken) {
  counting_waker first;
  counting_waker second;
  gate g;
  auto work = [](gate& at) -> task<void> { co_await at.wait(); }(g);
  EXPECT_FALSE(first.is_ready(work));
  EXPECT_FALSE(second.is_ready(work));
  g.open();
  EXPECT_EQ(first.wakes(), 0u);
  EXPECT_EQ(second.wakes(), 1u);
  EXPECT_TRUE(second.is_ready(work));
}

TEST(task, results_may_be_move_only_void_or_braced) {
  counting_waker hand;
  auto unique = []() -> task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); }();
  EXPECT_EQ(*hand.poll(unique).take(), 3);
  auto pair = []() -> task<std::pair<int, std::string>> { co_return {4, "four"}; }();
  EXPECT_EQ(hand.poll(pair).take().second, "four");
  auto nothing = []() -> task<void> { co_return; }();
  EXPECT_TRUE(hand.is_ready(nothing));
}

TEST(task, fault_M8_an_exception_from_the_body_is_what_polling_or_awaiting_throws) {
  counting_waker hand;
  auto thrower = [](int n) -> task<int> {
    if (n > 0) throw std::runtime_error("body " + std::to_string(n));
    co_return n;
  };
  auto direct = thrower(1);
  EXPECT_THROW((void)hand.poll(direct), std::runtime_error);

  auto catcher = [](auto make) -> task<std::string> {
    std::string seen;
    try {
      (void)co_await make(2);
    } catch (const std::runtime_error& e) {
      seen = e.what();
    }
    const int fine = co_await make(0);
    co_return seen + " " + std::to_string(fine);
  }(thrower);
  EXPECT_EQ(hand.poll(catcher).take(), "body 2 0");
}

TEST(task, an_exception_passes_frames_by_unwinding_them_innermost_first) {
  counting_waker hand;
  trace_log log;
  auto inner = [](trace_log& l) -> task<void> {
    const noisy n(l, "inner local");
    co_await yield_now();
    throw std::runtime_error("inner");
  };
  auto outer = [](auto make, trace_log& l) -> task<void> {
    const noisy n(l, "outer local");
    co_await make(l);
    l.add("not reached");
  }(inner, log);
  EXPECT_FALSE(hand.is_ready(outer));
  EXPECT_THROW((void)hand.poll(outer), std::runtime_error);
  EXPECT_EQ(log.events(), (trace{"destroyed inner local", "destroyed outer local"}));
}

TEST(task, a_local_whose_destructor_throws_after_co_return_makes_the_task_fail) {
  struct thrower {
    ~thrower() noexcept(false) { throw std::runtime_error("destructor"); }
  };
  counting_waker hand;
  auto work = []() -> task<std::unique_ptr<int>> {
    const thrower t;
    co_return std::make_unique<int>(1);
  }();
  EXPECT_THROW((void)hand.poll(work), std::runtime_error);
}

// ---- destroyed before its end

TEST(task, plain_destruction_unwinds_innermost_first_and_resumes_no_body) {
  counting_waker hand;
  trace_log log;
  gate g;
  struct chain {
    static task<void> level(int n, gate& at, trace_log& l) {
      const noisy local(l, "level " + std::to_string(n));
      if (n == 0)
        co_await at.wait();
      else
        co_await level(n - 1, at, l);
      l.add("resumed");
    }
  };
  {
    auto work = chain::level(3, g, log);
    EXPECT_FALSE(hand.is_ready(work));
    EXPECT_TRUE(g.has_waiter());
  }
  EXPECT_FALSE(g.has_waiter());
  EXPECT_EQ(log.events(), (trace{"destroyed level 0", "destroyed level 1", "destroyed level 2",
                                 "destroyed level 3"}));
}

TEST(task, parameters_die_with_the_frame_also_when_it_never_ran) {
  trace_log log;
  auto body = [](noisy) -> task<void> { co_return; };
  {
    const auto work = body(noisy(log, "parameter"));
    EXPECT_TRUE(log.events().empty());
  }
  EXPECT_EQ(log.events(), (trace{"destroyed parameter"}));
}

TEST(task, assigning_over_a_pending_one_destroys_it) {
  counting_waker hand;
  trace_log log;
  auto body = [](trace_log& l, const char* name) -> task<void> {
    const noisy n(l, name);
    co_await support::never();
  };
  task<void> work = body(log, "first");
  EXPECT_FALSE(hand.is_ready(work));
  work = body(log, "second");
  EXPECT_EQ(log.events(), (trace{"destroyed first"}));
}

// The awaited object lives on, and would wake a frame that is gone. It used to be left registered.
TEST(task, a_frame_that_dies_while_it_awaits_somebody_elses_object_is_forgotten_by_it) {
  counting_waker hand;
  gate g;
  auto outside = g.wait();
  {
    auto work = [](gate::wait_operation& op) -> task<void> { co_await op; }(outside);
    EXPECT_FALSE(hand.is_ready(work));
    EXPECT_TRUE(g.has_waiter());
  }
  EXPECT_FALSE(g.has_waiter());
}

TEST(task, a_frame_that_dies_while_it_awaits_a_join_handle_is_not_woken) {
  manual_worker w;
  gate g;
  auto target = w.spawn([](gate& at) -> support::gate::wait_operation { return at.wait(); }(g));
  auto joiner =
      w.spawn(assume_owned([](join_handle<void>& h) -> task<void> { co_await h; }(target)));
  w.run();
  w.inside([&] {
    w.destroy_now(*[&] {
      task_header* last = nullptr;
      w.for_each_task([&](task_header& t) { last = &t; });
      return last;
    }());
  });
  EXPECT_TRUE(joiner.is_finished());
  w.inside([&] {
    joiner = {};
    g.open();
  });
  w.run();
  EXPECT_TRUE(target.is_finished());
  w.inside([&] { target = {}; });
}

// ---- spawned

TEST(task, spawned_it_is_joined_by_another) {
  manual_worker w;
  auto parent = w.spawn([]() -> task<int> {
    auto a = rouse::spawn(sum_of(1, 2));
    auto b = rouse::spawn(sum_of(3, 4));
    const int first = co_await b;
    const int second = co_await a;
    co_return first * 10 + second;
  }());
  w.run();
  w.inside([&] {
    context cx(no_wakeable());
    EXPECT_EQ(parent.poll(cx).take().value(), 73);
  });
}

TEST(task, fault_M12_awaiting_the_own_handle_is_an_error_at_once) {
  manual_worker w;
  join_handle<int> handle;
  handle = w.spawn(assume_owned([](join_handle<int>& own) -> task<int> {
    int code = 0;
    try {
      code = co_await own;
    } catch (const io_error& e) {
      code = e.reason() == errc::would_deadlock ? 1 : 2;
    }
    co_return code;
  }(handle)));
  w.run();
  w.inside([&] {
    context cx(no_wakeable());
    EXPECT_EQ(handle.poll(cx).take().value(), 1);
  });
}

TEST(task, a_joiner_of_an_aborted_task_sees_cancelled_and_its_body_sees_nothing) {
  manual_worker w;
  trace_log log;
  auto victim = w.spawn(assume_owned([](trace_log& l) -> task<void> {
    const noisy n(l, "victim");
    try {
      co_await support::never();
    } catch (...) {
      l.add("seen by the body");
    }
  }(log)));
  auto joiner = w.spawn(assume_owned([](join_handle<void>& h, trace_log& l) -> task<void> {
    try {
      co_await h;
    } catch (const io_error& e) {
      l.add(e.reason().is_cancelled() ? "joiner sees cancelled" : "joiner sees something else");
    }
  }(victim, log)));
  w.run();
  EXPECT_TRUE(log.events().empty());
  w.inside([&] { victim.abort(); });
  w.run();
  w.inside([&] { joiner = {}; });
  EXPECT_EQ(log.events(), (trace{"destroyed victim", "joiner sees cancelled"}));
}

TEST(task, awaiting_result_of_a_handle_gives_the_error_as_a_value) {
  manual_worker w;
  trace_log log;
  auto parent = w.spawn(assume_owned([](trace_log& l) -> task<void> {
    auto child = rouse::spawn([]() -> task<int> {
      co_await support::never();
      co_return 1;
    }());
    co_await yield_now();
    child.abort();
    auto end = co_await std::move(child).result();
    l.add(end ? "value" : end.error().is_cancelled() ? "cancelled" : "other");
  }(log)));
  w.run();
  EXPECT_EQ(log.events(), (trace{"cancelled"}));
  w.inside([&] { parent = {}; });
}

TEST(task, a_task_destroyed_by_its_worker_dies_after_its_frames_and_before_its_joiner_is_woken) {
  manual_worker w;
  trace_log log;
  auto parent = w.spawn(assume_owned([](trace_log& l) -> task<void> {
    co_await rouse::spawn(assume_owned([](trace_log& inner) -> task<void> {
      const noisy n(inner, "child local");
      co_await yield_now();
    }(l)));
    l.add("joined");
  }(log)));
  w.run();
  EXPECT_EQ(log.events(), (trace{"destroyed child local", "joined"}));
  w.inside([&] { parent = {}; });
}

TEST(task, one_begun_by_hand_can_be_spawned_and_goes_on_there) {
  manual_worker w;
  counting_waker hand;
  gate g;
  auto work = [](gate& at) -> task<int> {
    co_await at.wait();
    co_return 5;
  }(g);
  EXPECT_FALSE(hand.is_ready(work));
  auto handle = w.spawn(assume_owned(std::move(work)));
  w.run();
  w.inside([&] { g.open(); });
  EXPECT_EQ(hand.wakes(), 0u);
  w.run();
  w.inside([&] {
    context cx(no_wakeable());
    EXPECT_EQ(handle.poll(cx).take().value(), 5);
  });
}

TEST(task, one_begun_by_hand_can_be_awaited_and_its_frames_join_the_chain) {
  counting_waker hand;
  trace_log log;
  gate g;
  struct chain {
    static task<int> level(int n, gate& at, trace_log& l) {
      const noisy local(l, "level " + std::to_string(n));
      int below = 0;
      if (n == 0)
        co_await at.wait();
      else
        below = co_await level(n - 1, at, l);
      co_return below + 1;
    }
    static task<int> await(task<int> begun) {
      const int n = co_await std::move(begun);
      co_return n * 100;
    }
  };
  {
    auto begun = chain::level(2, g, log);
    EXPECT_FALSE(hand.is_ready(begun));
    counting_waker other;
    auto outer = chain::await(std::move(begun));
    EXPECT_FALSE(other.is_ready(outer));
    g.open();
    EXPECT_EQ(hand.wakes(), 0u);
    EXPECT_EQ(other.wakes(), 1u);
    EXPECT_EQ(other.poll(outer).take(), 300);
  }
  EXPECT_EQ(log.take(), (trace{"destroyed level 0", "destroyed level 1", "destroyed level 2"}));

  g.close();
  {  // the same, but the gate opened in between, so that the leaf is ready when its chain joins
    auto begun = chain::level(1, g, log);
    EXPECT_FALSE(hand.is_ready(begun));
    g.open();
    auto outer = chain::await(std::move(begun));
    EXPECT_EQ(hand.poll(outer).take(), 200);
  }
  (void)log.take();
  g.close();
  {  // the same, but destroyed while it waits
    auto begun = chain::level(2, g, log);
    EXPECT_FALSE(hand.is_ready(begun));
    auto outer = chain::await(std::move(begun));
    EXPECT_FALSE(hand.is_ready(outer));
  }
  EXPECT_EQ(log.events(), (trace{"destroyed level 0", "destroyed level 1", "destroyed level 2"}));
  EXPECT_FALSE(g.has_waiter());
}

// ---- giving way

TEST(task, a_leaf_that_is_always_ready_gives_way_after_128) {
  manual_worker w;
  int made = 0;
  int other_at = -1;
  auto greedy = [](int& n) -> task<void> {
    for (int i = 0; i < 1000; ++i) {
      co_await support::ready_value(0);
      ++n;
    }
  };
  w.spawn(assume_owned(greedy(made))).detach();
  w.spawn(support::polled([&](context&) -> poll_result<void> {
     other_at = made;
     return ready;
   })).detach();
  w.run();
  EXPECT_EQ(made, 1000);
  EXPECT_EQ(other_at, 128);
}

TEST(task, a_child_that_is_always_ready_gives_way_after_128) {
  manual_worker w;
  int made = 0;
  int other_at = -1;
  auto greedy = [](int& n) -> task<void> {
    for (int i = 0; i < 1000; ++i)
      n += co_await [](int v) -> task<int> { co_return v; }(1);
  };
  w.spawn(assume_owned(greedy(made))).detach();
  w.spawn(support::polled([&](context&) -> poll_result<void> {
     other_at = made;
     return ready;
   })).detach();
  w.run();
  EXPECT_EQ(made, 1000);
  EXPECT_EQ(other_at, 128);
}

TEST(task, a_budget_that_leaves_charge_gives_way_too) {
  manual_worker w;
  int made = 0;
  int other_at = -1;
  w.spawn(support::polled([&](context& cx) -> poll_result<void> {
     while (made < 1000) {
       if (!cx.spend()) return pending;
       ++made;
     }
     return ready;
   })).detach();
  w.spawn(support::polled([&](context&) -> poll_result<void> {
     other_at = made;
     return ready;
   })).detach();
  w.run();
  EXPECT_EQ(made, 1000);
  EXPECT_EQ(other_at, 128);
}

TEST(task, a_task_cancelled_while_it_gives_way_is_unwound) {
  manual_worker w;
  trace_log log;
  auto handle = w.spawn(assume_owned([](trace_log& l) -> task<void> {
    const noisy n(l, "greedy");
    for (;;) {
      const int v = co_await seven();
      if (v != 7) break;
    }
  }(log)));
  w.run(1);
  w.inside([&] { handle.abort(); });
  w.run(1);
  EXPECT_EQ(log.events(), (trace{"destroyed greedy"}));
  EXPECT_TRUE(handle.is_finished());
  w.inside([&] { handle = {}; });
}

TEST(task, an_answer_is_not_kept_by_a_frame_that_gives_way) {  // it would be lost if the task were
                                                               // cancelled then
  manual_worker w;
  int taken = 0;
  int received = 0;
  auto handle = w.spawn(assume_owned([](int& t, int& r) -> task<void> {
    for (;;) {
      const int v =
          co_await support::polled([&t](context&) noexcept -> poll_result<int> { return ++t; });
      r = v;
    }
  }(taken, received)));
  w.run(1);
  EXPECT_EQ(taken, 128);
  EXPECT_EQ(received, 128);
  w.inside([&] { handle = {}; });
  w.run();
  EXPECT_EQ(taken, received);
}

TEST(task, yield_lets_everything_else_run_first) {
  manual_worker w;
  trace_log log;
  auto body = [](trace_log& l, std::string name) -> task<void> {
    for (int i = 0; i < 2; ++i) {
      l.add(name + std::to_string(i));
      co_await yield_now();
    }
  };
  w.spawn(assume_owned(body(log, "a"))).detach();
  w.spawn(assume_owned(body(log, "b"))).detach();
  w.run();
  EXPECT_EQ(log.events(), (trace{"a0", "b0", "a1", "b1"}));
}

// ---- what it tells

TEST(task, the_place_of_an_await_that_threw_is_remembered) {
  counting_waker hand;
  struct refused : fallible<refused> {
    poll_result<rouse::result<int>> poll(context&) noexcept {
      return std::unexpected(error("connect", ECONNREFUSED));
    }
    void disown() noexcept {}
  };
  unsigned line = 0;
  auto work = [](unsigned& at) -> task<void> {
    at = __LINE__ + 1;
    (void)co_await refused();
  }(line);
  EXPECT_THROW((void)hand.poll(work), io_error);
  EXPECT_EQ(last_failed_await().line(), line);
}

TEST(task, a_suspended_task_has_told_where_it_waits) {
  rouse::trace::recorder recorder;
  counting_waker hand;
  gate g;
  unsigned line = 0;
  auto work = [](gate& at, unsigned& l) -> task<void> {
    l = __LINE__ + 1;
    co_await at.wait();
  }(g, line);
  EXPECT_FALSE(hand.is_ready(work));
  bool seen = false;
  for (const rouse::trace::record& r : recorder.take())
    seen |= r.what == rouse::trace::event::wait && r.site.line() == line;
  EXPECT_TRUE(seen);
}

TEST(fallible_task, throws_with_its_subject_or_gives_the_result) {
  counting_waker hand;
  auto make = [] {
    return fallible_task<int>(
        []() -> task<result<int>> { co_return std::unexpected(error("open", ENOENT)); }(), "a.txt");
  };
  auto thrower = [](auto m) -> task<int> { co_return co_await m(); }(make);
  try {
    (void)hand.poll(thrower);
    FAIL();
  } catch (const io_error& e) {
    EXPECT_NE(std::string(e.what()).find("a.txt"), std::string::npos);
  }
  auto by_value = [](auto m) -> task<int> {
    const auto end = co_await m().result();
    co_return end ? 0 : end.error().code;
  }(make);
  EXPECT_EQ(hand.poll(by_value).take(), ENOENT);
}

// ---- pollables that keep their answer themselves

struct in_two_steps : fallible<in_two_steps> {
  int* takes;
  int code;
  explicit in_two_steps(int& t, int c) : takes(&t), code(c) {}
  poll_result<rouse::result<int>> poll(context& cx) {
    if (!poll_end(cx)) return pending;
    return take_end();
  }
  bool poll_end(context&) noexcept { return true; }
  rouse::result<int> take_end() {
    ++*takes;
    if (code < 0) throw std::runtime_error("thrown by take_end");
    if (code > 0) return std::unexpected(error("two steps", code));
    return 4;
  }
  void disown() noexcept {}
};
static_assert(two_step<in_two_steps> && two_step<join_handle<int>> &&
              !two_step<gate::wait_operation>);

TEST(two_step, the_answer_is_taken_once_by_the_frame) {
  counting_waker hand;
  int takes = 0;
  auto work = [](int& t) -> task<int> {
    const int v = co_await in_two_steps(t, 0);
    co_return v;
  }(takes);
  EXPECT_EQ(hand.poll(work).take(), 4);
  EXPECT_EQ(takes, 1);
}

TEST(two_step, errors_and_exceptions_are_thrown_with_their_place) {
  counting_waker hand;
  int takes = 0;
  unsigned line = 0;
  auto work = [](int& t, int code, unsigned& at) -> task<void> {
    at = __LINE__ + 1;
    (void)co_await in_two_steps(t, code);
  };
  auto failing = work(takes, EIO, line);
  EXPECT_THROW((void)hand.poll(failing), io_error);
  EXPECT_EQ(last_failed_await().line(), line);
  auto throwing = work(takes, -1, line);
  EXPECT_THROW((void)hand.poll(throwing), std::runtime_error);
  EXPECT_EQ(takes, 2);
}

TEST(two_step, result_and_arms_use_its_poll) {
  counting_waker hand;
  int takes = 0;
  auto work = [](int& t) -> task<int> {
    const auto end = co_await in_two_steps(t, EIO).result();
    const auto first = co_await select(support::never(), in_two_steps(t, 0));
    co_return end.error().code * 10 + std::get<1>(first);
  }(takes);
  EXPECT_EQ(hand.poll(work).take(), EIO * 10 + 4);
}

// ---- breaches

struct throws_at_its_end {
  ~throws_at_its_end() noexcept(false) { throw std::runtime_error("from a destructor"); }
};
task<void> ends_badly() {
  const throws_at_its_end local;
  co_await gate().wait();
}

TEST(task_death, fault_M10_a_local_whose_destructor_throws_ends_the_process_with_the_tasks_name) {
  EXPECT_DEATH(
      {
        manual_worker w;
        auto handle = w.spawn(ends_badly(), {.name = "reader 7"});
        w.run();
        w.inside([&] { handle.abort(); });
        w.run();
      },
      "reader 7.*from a destructor");
  EXPECT_DEATH(
      {
        counting_waker hand;
        auto child = [](task<void> inner) -> task<void> { co_await std::move(inner); };
        auto work = child(ends_badly());
        (void)hand.is_ready(work);
      },
      "a task that was not spawned.*from a destructor");
}

TEST(task_death, is_not_polled_after_its_end) {
  EXPECT_DEATH(
      {
        counting_waker hand;
        auto work = seven();
        (void)hand.poll(work);
        (void)hand.poll(work);
      },
      "can_go_on");
}

// It borrows its waker, and cannot be told to forget it.
struct cannot_forget {
  wakeable* target = nullptr;
  poll_result<void> poll(context& cx) noexcept {
    target = cx.borrow_waker();
    return pending;
  }
};

TEST(task_death, a_leaf_that_cannot_forget_its_waker_may_not_stand_under_an_lvalue_arm) {
  EXPECT_DEATH(
      {
        counting_waker hand;
        auto kept = []() -> task<void> { co_await cannot_forget(); }();
        auto work = [](task<void>& k) -> task<void> {
          (void)co_await select(k, support::ready_value(1));
        }(kept);
        (void)hand.is_ready(work);
      },
      "borrowed_");
}

TEST(task, a_leaf_that_cannot_forget_its_waker_may_stand_under_an_owned_arm) {
  counting_waker hand;
  auto work = []() -> task<std::size_t> {
    auto owned = []() -> task<void> { co_await cannot_forget(); }();
    const auto winner = co_await select(std::move(owned), support::ready_value(1));
    co_return winner.index();
  }();
  EXPECT_EQ(hand.poll(work).take(), 1u);
}

}  // namespace
}  // namespace rouse

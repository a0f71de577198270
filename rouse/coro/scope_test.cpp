#include <rouse/base/log.hpp>
#include <rouse/coro/scope.hpp>
#include <rouse/coro/select.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/coro/yield.hpp>

#include <gtest/gtest.h>
#include <tests/support/counting_waker.hpp>
#include <tests/support/manual_worker.hpp>
#include <tests/support/pollables.hpp>
#include <tests/support/trace_log.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace rouse {
namespace {

using support::counted;
using support::gate;
using support::manual_worker;
using support::noisy;
using support::slow_driver;
using support::slow_operation;
using support::trace;
using support::trace_log;

task<void> wait_at(gate& at, trace_log& log, std::string name) {
  const noisy n(log, name);
  co_await at.wait();
  log.add(name + " ends");
}
task<void> throw_at(gate& at, trace_log& log, std::string name) {
  const noisy n(log, name);
  co_await at.wait();
  throw std::runtime_error(name);
}

// How a scope ended, as a word. The scope is made by `make` inside the task.
template <class Make>
task<void> run_scope(Make make, trace_log& log) {
  std::string end = "scope ends";
  try {
    auto op = make();
    co_await std::move(op);
  } catch (const std::exception& e) {
    end = std::string("scope throws ") + e.what();
  }
  log.add(end);
}
template <class Make>
join_handle<void> start(manual_worker& w, Make make, trace_log& log) {
  return w.spawn(assume_owned(run_scope(std::move(make), log)));
}

TEST(scope, ends_when_body_and_children_have_ended_with_the_bodys_value) {
  manual_worker w;
  trace_log log;
  gate a;
  gate b;
  auto handle = w.spawn(assume_owned([](gate& x, gate& y, trace_log& l) -> task<int> {
    auto op = scope([&](nursery& n) -> task<int> {
      n.spawn(wait_at(x, l, "one"));
      n.spawn(wait_at(y, l, "two"));
      co_return 5;
    });
    const int v = co_await std::move(op);
    l.add("scope ends");
    co_return v;
  }(a, b, log)));
  w.run();
  w.inside([&] { b.open(); });
  w.run();
  EXPECT_EQ(log.take(), (trace{"two ends", "destroyed two"}));
  w.inside([&] { a.open(); });
  w.run();
  EXPECT_EQ(log.take(), (trace{"one ends", "destroyed one", "scope ends"}));
  w.inside([&] {
    context cx(no_wakeable());
    EXPECT_EQ(handle.poll(cx).take().value(), 5);
  });
}

TEST(scope, without_children_it_is_its_body) {
  manual_worker w;
  trace_log log;
  auto handle = start(w, [] { return scope([](nursery&) -> task<void> { co_return; }); }, log);
  w.run();
  EXPECT_EQ(log.events(), (trace{"scope ends"}));
  w.inside([&] { handle = {}; });
}

TEST(scope, children_may_borrow_what_outlives_it) {
  manual_worker w;
  int sum = 0;
  w.spawn(assume_owned([](int& total) -> task<void> {
     int local = 0;
     auto op = scope([&](nursery& n) -> task<void> {
       for (int i = 1; i <= 10; ++i) {
         n.spawn([](int& out, int by) -> task<void> {
           co_await yield_now();
           out += by;
         }(local, i));
       }
       co_return;
     });
     co_await std::move(op);
     total = local;
   }(sum)))
      .detach();
  w.run();
  EXPECT_EQ(sum, 55);
}

TEST(scope, a_child_may_spawn_siblings) {
  manual_worker w;
  trace_log log;
  int count = 0;
  struct tree {
    static task<void> grow(nursery& n, int depth, int& c) {
      ++c;
      if (depth != 0) {
        n.spawn(grow(n, depth - 1, c));
        n.spawn(grow(n, depth - 1, c));
      }
      co_return;
    }
  };
  auto handle = start(
      w, [&] { return scope([&](nursery& n) -> task<void> { return tree::grow(n, 5, count); }); },
      log);
  w.run();
  EXPECT_EQ(count, 63);
  EXPECT_EQ(log.events(), (trace{"scope ends"}));
  w.inside([&] { handle = {}; });
}

TEST(scope, the_first_failing_child_cancels_body_and_siblings_and_becomes_its_error) {
  manual_worker w;
  trace_log log;
  gate a;
  gate b;
  auto handle = start(
      w,
      [&] {
        return scope([&](nursery& n) -> task<void> {
          const noisy local(log, "body");
          n.spawn(wait_at(a, log, "sibling"));
          n.spawn(throw_at(b, log, "thrower"));
          co_await support::never();
        });
      },
      log);
  w.run();
  w.inside([&] { b.open(); });
  w.run();
  const auto events = log.events();
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0], "destroyed thrower");
  EXPECT_EQ(events[3], "scope throws thrower");
  EXPECT_FALSE(a.has_waiter());
  w.inside([&] { handle = {}; });
}

TEST(scope, a_failing_body_cancels_its_children) {
  manual_worker w;
  trace_log log;
  gate a;
  auto handle = start(
      w,
      [&] {
        return scope([&](nursery& n) -> task<void> {
          n.spawn(wait_at(a, log, "child"));
          co_await yield_now();
          throw std::runtime_error("body");
        });
      },
      log);
  w.run();
  EXPECT_EQ(log.events(), (trace{"destroyed child", "scope throws body"}));
  w.inside([&] { handle = {}; });
}

// The body's operation takes two turns to be cancelled. It used to be polled again in between,
// after its cancel had begun.
TEST(scope, a_body_whose_cancel_has_begun_is_not_polled_any_more) {
  manual_worker w;
  trace_log log;
  slow_driver slow;
  gate b;
  auto handle = start(
      w,
      [&] {
        return scope([&](nursery& n) -> task<void> {
          n.spawn(throw_at(b, log, "thrower"));
          (void)co_await slow_operation(slow);
          log.add("body resumed");
        });
      },
      log);
  w.run();
  w.inside([&] { b.open(); });
  w.run();
  EXPECT_GE(slow.cancels_asked, 1u);
  EXPECT_EQ(log.take(), (trace{"destroyed thrower"}));
  w.inside([&] { slow.let_go(); });
  w.run();
  EXPECT_EQ(log.events(), (trace{"scope throws thrower"}));
  EXPECT_EQ(slow.polls_after_cancel, 0u);
  w.inside([&] { handle = {}; });
}

// A child that a dying child spawns used to escape the cancel, and the scope waited for it for
// ever.
TEST(scope, children_spawned_while_it_ends_are_cancelled_too) {
  struct spawner {
    nursery* into;
    explicit spawner(nursery& n) : into(&n) {}
    spawner(spawner&& other) noexcept : into(std::exchange(other.into, nullptr)) {}
    ~spawner() {
      if (into) into->spawn(support::never());
    }
  };
  manual_worker w;
  trace_log log;
  auto handle = start(
      w,
      [&] {
        return scope([&](nursery& n) -> task<void> {
          n.spawn(support::polled([s = spawner(n)](context& cx) -> poll_result<void> {
            (void)cx.borrow_waker();
            return pending;
          }));
          co_await yield_now();
          throw std::runtime_error("body");
        });
      },
      log);
  w.run();
  EXPECT_EQ(log.events(), (trace{"scope throws body"}));
  EXPECT_EQ(w.live_tasks(), 0u);
  w.inside([&] { handle = {}; });
}

TEST(scope, cancelled_it_cancels_body_and_children_and_waits_for_them) {
  manual_worker w;
  trace_log log;
  gate a;
  slow_driver slow;
  auto handle = start(
      w,
      [&] {
        return scope([&](nursery& n) -> task<void> {
          const noisy local(log, "body");
          n.spawn([](slow_driver& d, trace_log& l) -> task<void> {
            const noisy inner(l, "slow child");
            (void)co_await slow_operation(d);
          }(slow, log));
          n.spawn(wait_at(a, log, "child"));
          co_await support::never();
        });
      },
      log);
  w.run();
  w.inside([&] { handle.abort(); });
  w.run();
  EXPECT_FALSE(handle.is_finished());
  EXPECT_EQ(log.take(), (trace{"destroyed body", "destroyed child"}));
  w.inside([&] { slow.let_go(); });
  w.run();
  EXPECT_TRUE(handle.is_finished());
  EXPECT_EQ(log.take(), (trace{"destroyed slow child"}));
  w.inside([&] { handle = {}; });
}

TEST(scope, plain_destruction_takes_the_body_first_and_then_the_children) {
  trace_log log;
  gate a;
  {
    manual_worker w;
    start(
        w,
        [&] {
          return scope([&](nursery& n) -> task<void> {
            const noisy local(log, "body");
            n.spawn(wait_at(a, log, "child"));
            co_await support::never();
          });
        },
        log)
        .detach();
    w.run();
  }
  EXPECT_EQ(log.events(), (trace{"destroyed body", "destroyed child"}));
  EXPECT_FALSE(a.has_waiter());
}

TEST(scope, plain_destruction_with_a_ready_child_frees_it_once) {
  trace_log log;
  gate a;
  {
    manual_worker w;
    auto handle = start(
        w,
        [&] {
          return scope([&](nursery& n) -> task<void> {
            n.spawn(wait_at(a, log, "child"));
            co_await support::never();
          });
        },
        log);
    w.run();
    w.inside([&] {
      a.open();  // the child stands in the run queue
      task_header* parent = nullptr;
      w.for_each_task([&](task_header& t) { parent = &t; });
      w.destroy_now(*parent);
    });
    EXPECT_EQ(log.take(), (trace{"destroyed child"}));
    EXPECT_EQ(w.live_tasks(), 0u);
    w.run();
    w.inside([&] { handle = {}; });
  }
  EXPECT_TRUE(log.events().empty());
}

TEST(scope, a_child_that_nothing_can_wake_makes_it_fail) {
  manual_worker w;
  trace_log log;
  auto handle = start(
      w,
      [&] {
        return scope([&](nursery& n) -> task<void> {
          n.spawn(support::polled([](context&) -> poll_result<void> { return pending; }));
          co_await support::never();
        });
      },
      log);
  w.run();
  ASSERT_EQ(log.events().size(), 1u);
  EXPECT_EQ(log.events()[0].substr(0, 12), "scope throws");
  w.inside([&] { handle = {}; });
}

TEST(scope, nested_scopes_end_from_the_inside) {
  manual_worker w;
  trace_log log;
  gate a;
  auto handle = start(
      w,
      [&] {
        return scope([&](nursery& outer) -> task<void> {
          outer.spawn(run_scope(
              [&] {
                return scope([&](nursery& inner) -> task<void> {
                  inner.spawn(wait_at(a, log, "grandchild"));
                  co_return;
                });
              },
              log));
          co_return;
        });
      },
      log);
  w.run();
  w.inside([&] { a.open(); });
  w.run();
  EXPECT_EQ(log.events(),
            (trace{"grandchild ends", "destroyed grandchild", "scope ends", "scope ends"}));
  w.inside([&] { handle = {}; });
}

TEST(scope, in_a_lost_lvalue_arm_it_goes_on_when_it_is_awaited) {
  manual_worker w;
  trace_log log;
  gate a;
  w.spawn(assume_owned([](gate& at, trace_log& l) -> task<void> {
     auto kept = run_scope(
         [&] {
           return scope([&](nursery& n) -> task<void> {
             n.spawn(wait_at(at, l, "child"));
             co_return;
           });
         },
         l);
     const auto winner = co_await select(kept, yield_now());
     l.add("lost to " + std::to_string(winner.index()));
     co_await std::move(kept);
     l.add("awaited");
   }(a, log)))
      .detach();
  w.run();
  EXPECT_EQ(log.take(), (trace{"lost to 1"}));
  w.inside([&] { a.open(); });
  w.run();
  EXPECT_EQ(log.take(), (trace{"child ends", "destroyed child", "scope ends", "awaited"}));
}

TEST(scope, says_that_it_borrows_when_its_body_captures) {
  int n = 0;
  EXPECT_TRUE(scope([&n](nursery&) -> task<void> {
                ++n;
                co_return;
              }).borrows());
  EXPECT_FALSE(scope([](nursery&) -> task<void> { co_return; }).borrows());
}

// ---- room

TEST(nursery, room_waits_for_a_place_in_a_bounded_scope) {
  manual_worker w;
  trace_log log;
  int alive = 0;
  int most = 0;
  int spawned = 0;
  auto handle = start(
      w,
      [&] {
        return scope(
            [&](nursery& n) -> task<void> {
              for (int i = 0; i < 20; ++i) {
                co_await n.room();
                n.spawn([](int& a, int& m) -> task<void> {
                  const counted c(a);
                  m = std::max(m, a);
                  for (int k = 0; k < 3; ++k)
                    co_await yield_now();
                }(alive, most));
                ++spawned;
              }
            },
            {.children_max = 4});
      },
      log);
  w.run();
  EXPECT_EQ(spawned, 20);
  EXPECT_EQ(most, 4);
  EXPECT_EQ(log.events(), (trace{"scope ends"}));
  w.inside([&] { handle = {}; });
}

TEST(nursery, a_wait_for_room_that_is_destroyed_is_forgotten) {
  manual_worker w;
  trace_log log;
  gate a;
  auto handle = start(
      w,
      [&] {
        return scope(
            [&](nursery& n) -> task<void> {
              n.spawn(wait_at(a, log, "child"));
              auto waits = [](nursery& of) -> task<void> { co_await of.room(); }(n);
              const auto winner = co_await select(std::move(waits), yield_now());
              log.add("lost to " + std::to_string(winner.index()));
              {
                auto dies = [](nursery& of) -> task<void> { co_await of.room(); }(n);
                (void)co_await select(dies, yield_now());
              }
              co_await n.room();
              log.add("room");
            },
            {.children_max = 1});
      },
      log);
  w.run();
  EXPECT_EQ(log.take(), (trace{"lost to 1"}));
  w.inside([&] { a.open(); });
  w.run();
  EXPECT_EQ(log.take(), (trace{"child ends", "destroyed child", "room", "scope ends"}));
  w.inside([&] { handle = {}; });
}

TEST(nursery, a_wait_for_room_that_is_destroyed_plainly_is_forgotten) {
  manual_worker w;
  trace_log log;
  gate a;
  support::counting_waker hand;
  auto handle = start(
      w,
      [&] {
        return scope(
            [&](nursery& n) -> task<void> {
              n.spawn(wait_at(a, log, "child"));
              {
                auto waits = n.room();
                EXPECT_FALSE(hand.is_ready(waits));
              }
              co_return;
            },
            {.children_max = 1});
      },
      log);
  w.run();
  w.inside([&] { a.open(); });
  w.run();
  EXPECT_EQ(hand.wakes(), 0u);
  EXPECT_TRUE(handle.is_finished());
  w.inside([&] { handle = {}; });
}

TEST(nursery, cancel_ends_the_children_that_are_there_and_the_scope_goes_on) {
  manual_worker w;
  trace_log log;
  gate a;
  gate b;
  b.open();
  auto handle = start(
      w,
      [&] {
        return scope([&](nursery& n) -> task<void> {
          n.spawn(wait_at(a, log, "first"));
          co_await yield_now();
          EXPECT_EQ(n.size(), 1u);
          n.cancel();
          n.spawn(wait_at(b, log, "second"));
        });
      },
      log);
  w.run();
  EXPECT_EQ(log.events(),
            (trace{"destroyed first", "second ends", "destroyed second", "scope ends"}));
  w.inside([&] { handle = {}; });
}

TEST(nursery_death, spawning_over_the_bound_is_a_breach) {
  EXPECT_DEATH(
      {
        manual_worker w;
        trace_log log;
        auto handle = start(
            w,
            [&] {
              return scope(
                  [&](nursery& n) -> task<void> {
                    n.spawn(support::never());
                    n.spawn(support::never());
                    co_return;
                  },
                  {.children_max = 1});
            },
            log);
        w.run();
      },
      "children_max");
}

TEST(nursery, keeps_copies_of_arguments_for_a_child) {
  manual_worker w;
  trace_log log;
  auto handle = start(
      w,
      [&] {
        return scope([&](nursery& n) -> task<void> {
          std::string local = "copied";
          n.spawn(
              [](const std::string& text, trace_log* l) -> task<void> {
                co_await yield_now();
                l->add(text);
              },
              local, &log);
          co_return;
        });
      },
      log);
  w.run();
  EXPECT_EQ(log.events(), (trace{"copied", "scope ends"}));
  w.inside([&] { handle = {}; });
}

// ---- supervise

TEST(supervise, reports_a_failing_child_and_goes_on) {
  manual_worker w;
  trace_log log;
  gate a;
  gate b;
  auto handle = start(
      w,
      [&] {
        return supervise(
            [&](nursery& n) -> task<void> {
              n.spawn(throw_at(a, log, "bad"), {.name = "the bad one"});
              n.spawn(wait_at(b, log, "good"));
              co_return;
            },
            [&](const task_header& child, std::exception_ptr failure) {
              log.add(std::string(child.name) + ": " + describe(failure));
            });
      },
      log);
  w.run();
  w.inside([&] { a.open(); });
  w.run();
  w.inside([&] { b.open(); });
  w.run();
  EXPECT_EQ(log.events(), (trace{"destroyed bad", "the bad one: bad", "good ends", "destroyed good",
                                 "scope ends"}));
  w.inside([&] { handle = {}; });
}

TEST(supervise, its_hook_may_take_the_exception_alone) {
  manual_worker w;
  trace_log log;
  gate a;
  a.open();
  auto handle = start(
      w,
      [&] {
        return supervise(
            [&](nursery& n) -> task<void> {
              n.spawn(throw_at(a, log, "bad"));
              co_return;
            },
            [&](std::exception_ptr failure) { log.add(describe(failure)); });
      },
      log);
  w.run();
  EXPECT_EQ(log.events(), (trace{"destroyed bad", "bad", "scope ends"}));
  w.inside([&] { handle = {}; });
}

TEST(supervise, the_bodys_own_failure_still_cancels_all) {
  manual_worker w;
  trace_log log;
  gate a;
  auto handle = start(
      w,
      [&] {
        return supervise([&](nursery& n) -> task<void> {
          n.spawn(wait_at(a, log, "child"));
          co_await yield_now();
          throw std::runtime_error("body");
        });
      },
      log);
  w.run();
  EXPECT_EQ(log.events(), (trace{"destroyed child", "scope throws body"}));
  w.inside([&] { handle = {}; });
}

TEST(supervise, by_default_a_failure_is_one_log_line) {
  struct lines final : log_sink {
    std::vector<std::string> seen;
    void write(log_level, std::string_view text) noexcept override { seen.emplace_back(text); }
  } captured;
  log_sink* const former = set_log_sink(&captured);
  manual_worker w;
  trace_log log;
  gate a;
  a.open();
  auto handle = start(
      w,
      [&] {
        return supervise([&](nursery& n) -> task<void> {
          n.spawn(throw_at(a, log, "bad"));
          co_return;
        });
      },
      log);
  w.run();
  (void)set_log_sink(former);
  ASSERT_EQ(captured.seen.size(), 1u);
  EXPECT_NE(captured.seen[0].find("bad"), std::string::npos);
  w.inside([&] { handle = {}; });
}

}  // namespace
}  // namespace rouse

// The life of a task, without an executor: a worker that runs when the test says so. Pollables are
// written by hand; the same life with coroutines is in coro/ and tests/tasks.
#include <rouse/core/shared_waker.hpp>
#include <rouse/core/spawn.hpp>

#include <gtest/gtest.h>
#include <tests/support/in_fork.hpp>
#include <tests/support/manual_worker.hpp>
#include <tests/support/pollables.hpp>
#include <tests/support/trace_log.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace rouse {
namespace {

using support::counted;
using support::gate;
using support::in_fork;
using support::manual_worker;
using support::never;
using support::polled;

// Counts its polls, stores a counted waker, ends when told.
struct probe_state {
  unsigned polls = 0;
  bool done = false;
  waker stored;
};
auto probe_task(probe_state& s) {
  return polled([&s](context& cx) -> poll_result<void> {
    ++s.polls;
    if (s.done) return ready;
    s.stored = cx.get_waker();
    return pending;
  });
}

TEST(worker, spec_row_1_ten_thousand_tasks_pending_twice_are_polled_thirty_thousand_times) {
  manual_worker w;
  unsigned polls = 0;
  unsigned ended = 0;
  std::thread::id where{};
  bool one_thread = true;
  for (int i = 0; i < 10'000; ++i) {
    w.spawn(polled([&, left = 2](context& cx) mutable -> poll_result<void> {
       ++polls;
       if (where == std::thread::id()) where = std::this_thread::get_id();
       one_thread &= where == std::this_thread::get_id();
       if (left-- != 0) return cx.wake(), pending;
       ++ended;
       return ready;
     })).detach();
  }
  EXPECT_EQ(w.live_tasks(), 10'000u);
  w.run();
  EXPECT_EQ(polls, 30'000u);
  EXPECT_EQ(ended, 10'000u);
  EXPECT_EQ(w.live_tasks(), 0u);
  EXPECT_TRUE(one_thread);
}

TEST(worker, spec_row_5_fault_C3_wakes_during_its_own_poll_give_one_poll_more) {
  manual_worker w;
  unsigned polls = 0;
  auto handle = w.spawn(polled([&](context& cx) -> poll_result<void> {
    if (polls++ == 0) {
      for (int i = 0; i < 1000; ++i)
        cx.wake();
    } else {
      (void)cx.borrow_waker();
    }
    return pending;
  }));
  EXPECT_EQ(w.run(), 2u);
  EXPECT_EQ(polls, 2u);
  w.inside([&] { handle = {}; });
}

TEST(worker, fault_C3_a_million_wakes_of_one_task_are_one_poll_and_quick) {
  manual_worker w;
  probe_state s;
  auto handle = w.spawn(probe_task(s));
  w.run();
  const auto start = std::chrono::steady_clock::now();
  w.inside([&] {
    for (int i = 0; i < 1'000'000; ++i)
      s.stored.wake();
  });
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(w.run(), 1u);
  EXPECT_EQ(s.polls, 2u);
  EXPECT_LT(took, std::chrono::milliseconds(1000))
      << "100 ms is the target, this is for loaded machines";
  s.done = true;
  w.inside([&] { s.stored.wake_and_reset(); });
  w.run();
}

TEST(worker, wakes_before_a_poll_coalesce_also_foreign_ones) {
  manual_worker w;
  probe_state s;
  auto handle = w.spawn(probe_task(s));
  w.run();
  s.stored.wake();  // this thread runs no worker now: foreign
  s.stored.wake();
  w.inside([&] { s.stored.wake(); });
  EXPECT_EQ(w.run(), 1u);
  EXPECT_EQ(s.polls, 2u);
  s.stored.reset();
  w.inside([&] { handle = {}; });
}

TEST(worker, tasks_run_in_the_order_of_their_wakes) {
  manual_worker w;
  support::trace_log log;
  gate gates[3];
  for (int i = 0; i < 3; ++i) {
    w.spawn(polled([&, i, wait = gates[i].wait()](context& cx) mutable -> poll_result<void> {
       log.add("poll " + std::to_string(i));
       return wait.poll(cx);
     })).detach();
  }
  w.run();
  w.inside([&] {
    gates[2].open();
    gates[0].open();
    gates[1].open();
  });
  w.run();
  EXPECT_EQ(log.events(),
            (support::trace{"poll 0", "poll 1", "poll 2", "poll 2", "poll 0", "poll 1"}));
}

TEST(worker, spec_row_8_a_self_waking_task_takes_turns) {
  manual_worker w;
  unsigned spins = 0;
  unsigned peers = 0;
  unsigned widest = 0;
  auto spinner = [&](unsigned& mine) {
    return polled([&](context& cx) -> poll_result<void> {
      ++mine;
      widest = std::max(widest, spins > peers ? spins - peers : peers - spins);
      if (mine == 1000) return ready;
      cx.wake();
      return pending;
    });
  };
  w.spawn(spinner(spins)).detach();
  w.spawn(spinner(peers)).detach();
  w.run();
  EXPECT_LE(widest, 1u);
}

// ---- wakers that outlive their task

TEST(worker, spec_row_6_fault_M6_a_wake_after_completion_does_nothing) {
  manual_worker w;
  probe_state s;
  auto handle = w.spawn(probe_task(s));
  w.run();
  waker keeps = s.stored;
  s.done = true;
  w.inside([&] { s.stored.wake_and_reset(); });
  w.run();
  EXPECT_TRUE(handle.is_finished());
  w.inside([&] {
    handle = {};
    keeps.wake();
    keeps.wake();
  });
  keeps.wake();  // and from outside
  EXPECT_EQ(w.run(), 0u);
  EXPECT_EQ(s.polls, 2u);
}

TEST(worker, spec_row_6_fault_M6_a_waker_may_outlive_the_worker) {
  waker keeps;
  unsigned polls = 0;
  {
    manual_worker w;
    w.spawn(polled([&](context& cx) -> poll_result<void> {
       ++polls;
       keeps = cx.get_waker();
       return pending;
     })).detach();
    w.run();
  }
  EXPECT_EQ(polls, 1u);
  keeps.wake();
  waker clone = keeps;
  std::thread([&] { clone.wake_and_reset(); }).join();
  keeps.wake();
}

TEST(worker, a_foreign_wake_that_gives_its_waker_back_unparks_once) {
  manual_worker w;
  probe_state s;
  w.spawn(probe_task(s)).detach();
  w.run();
  waker given = w.inside([&] { return s.stored; });
  w.on_unpark = [&] {  // the worker is quicker than the thread that wakes it
    w.wake_up();
    w.run();
    EXPECT_TRUE(w.go_to_sleep());
  };
  ASSERT_TRUE(w.go_to_sleep());
  std::thread([&] { given.wake_and_reset(); }).join();
  EXPECT_EQ(s.polls, 2u);
  EXPECT_EQ(w.unparks, 1u);
  w.wake_up();
  w.on_unpark = nullptr;
}

TEST(worker, a_handle_may_outlive_a_worker_that_was_never_run) {
  join_handle<void> handle;
  {
    manual_worker w;
    handle = w.spawn(never());
    handle.abort();  // from outside
    w.spawn(never()).detach();
  }
  context cx(no_wakeable());
  EXPECT_EQ(handle.poll(cx).take().error(), errc::runtime_shut_down);
}

TEST(worker, spec_row_7_a_pending_task_that_nobody_can_wake_is_destroyed) {
  manual_worker w;
  int alive = 0;
  w.spawn(polled([c = counted(alive)](context&) -> poll_result<void> { return pending; })).detach();
  EXPECT_EQ(alive, 1);
  w.run();
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(w.live_tasks(), 0u);
  EXPECT_TRUE(w.failures.empty());
}

TEST(worker, spec_row_7_a_task_whose_last_waker_goes_is_destroyed) {
  manual_worker w;
  int alive = 0;
  waker last;
  w.spawn(polled([&, c = counted(alive)](context& cx) -> poll_result<void> {
     last = cx.get_waker();
     return pending;
   })).detach();
  w.run();
  EXPECT_EQ(alive, 1);
  w.inside([&] { last.reset(); });
  w.run();
  EXPECT_EQ(alive, 0);
}

TEST(worker, spec_row_7_a_task_whose_last_waker_goes_on_another_thread_is_destroyed_here) {
  manual_worker w;
  std::thread::id destroyed_on{};
  struct tell {
    std::thread::id* where;
    explicit tell(std::thread::id* p) : where(p) {}
    tell(tell&& other) noexcept : where(std::exchange(other.where, nullptr)) {}
    ~tell() {
      if (where) *where = std::this_thread::get_id();
    }
  };
  waker last;
  w.spawn(polled([&, t = tell(&destroyed_on)](context& cx) -> poll_result<void> {
     last = cx.get_waker();
     return pending;
   })).detach();
  w.run();
  std::thread([&] { last.reset(); }).join();
  EXPECT_EQ(destroyed_on, std::thread::id());
  w.run();
  EXPECT_EQ(destroyed_on, std::this_thread::get_id());
}

TEST(worker, spec_row_7_a_joined_one_reports_abandoned) {
  manual_worker w;
  auto handle = w.spawn(polled([](context&) -> poll_result<int> { return pending; }));
  w.run();
  EXPECT_TRUE(handle.is_finished());
  w.inside([&] {
    context cx(no_wakeable());
    auto answer = handle.poll(cx);
    ASSERT_TRUE(answer.is_ready());
    EXPECT_EQ(answer.take().error(), errc::abandoned);
  });
}

TEST(worker, a_borrowed_waker_keeps_a_task_and_its_end_does_not) {
  manual_worker w;
  int alive = 0;
  gate g;
  {
    w.spawn(polled([c = counted(alive), wait = g.wait()](context& cx) mutable {
       return wait.poll(cx);
     })).detach();
    w.run();
    EXPECT_EQ(alive, 1);
    w.inside([&] { g.open(); });
    w.run();
  }
  EXPECT_EQ(alive, 0);
}

TEST(worker, a_task_that_self_wakes_and_keeps_no_waker_lives_on) {
  manual_worker w;
  unsigned polls = 0;
  w.spawn(polled([&](context& cx) -> poll_result<void> {
     if (++polls == 10) return ready;
     cx.get_waker().wake_and_reset();
     return pending;
   })).detach();
  w.run();
  EXPECT_EQ(polls, 10u);
}

// ---- re-entry

TEST(worker, fault_M7_a_destructor_may_wake_drop_and_spawn) {
  manual_worker w;
  probe_state other;
  w.spawn(probe_task(other)).detach();
  w.run();
  unsigned spawned_polls = 0;
  struct busy {
    probe_state* other;
    unsigned* spawned;
    waker own;
    busy(probe_state* o, unsigned* s) : other(o), spawned(s) {}
    busy(busy&& from) noexcept
        : other(std::exchange(from.other, nullptr)),
          spawned(from.spawned),
          own(std::move(from.own)) {}
    ~busy() {
      if (!other) return;
      own.wake();  // of the task that dies
      own.reset();
      other->stored.wake();
      rouse::spawn(polled([n = spawned](context&) -> poll_result<void> {
        ++*n;
        return ready;
      })).detach();
    }
  };
  unsigned polls = 0;
  w.spawn(polled([&, b = busy(&other, &spawned_polls)](context& cx) mutable -> poll_result<void> {
     ++polls;
     b.own = cx.get_waker();
     return ready;
   })).detach();
  w.run();
  EXPECT_EQ(polls, 1u);
  EXPECT_EQ(spawned_polls, 1u);
  EXPECT_EQ(other.polls, 2u);
  w.inside([&] { other.stored.reset(); });
}

// The joiner is anybody's wakeable: here one that drops the join handle and the last waker from
// inside its wake.
struct eager_joiner final : wakeable {
  eager_joiner() : wakeable(table) {}
  join_handle<void> handle;
  waker last;
  unsigned wakes = 0;
  static eager_joiner& self(wakeable& w) { return static_cast<eager_joiner&>(w); }
  static const wake_table table;
};
constinit const wake_table eager_joiner::table{
    [](wakeable& w) noexcept {
      ++eager_joiner::self(w).wakes;
      eager_joiner::self(w).last.reset();
      eager_joiner::self(w).handle = {};
    },
    [](wakeable& w) noexcept -> wakeable& { return w; },
    [](wakeable&) noexcept {},
};

TEST(worker, fault_M7_a_joiner_may_let_go_of_the_task_that_wakes_it) {
  eager_joiner joiner;
  manual_worker w;
  int alive = 0;
  bool done = false;
  joiner.handle = w.spawn(polled([&, c = counted(alive)](context& cx) -> poll_result<void> {
    if (done) return ready;
    joiner.last = cx.get_waker();
    return pending;
  }));
  w.run();
  w.inside([&] {
    context cx(joiner);
    EXPECT_FALSE(joiner.handle.poll(cx).is_ready());
    done = true;
    joiner.last.wake();
  });
  w.run();
  EXPECT_EQ(joiner.wakes, 1u);
  EXPECT_EQ(alive, 0);
}

TEST(worker, fault_M7_a_failure_handler_may_drop_the_last_waker_of_the_task_it_is_told_of) {
  manual_worker w;
  waker last;
  w.on_failure = [&] { last.reset(); };
  w.spawn(polled([&](context& cx) -> poll_result<void> {
     last = cx.get_waker();
     throw std::runtime_error("body");
   })).detach();
  w.run();
  EXPECT_EQ(w.failures, (std::vector<std::string>{"body"}));
  EXPECT_FALSE(last);

  auto handle = w.spawn(polled([&](context& cx) -> poll_result<void> {
    last = cx.get_waker();
    throw std::runtime_error("joined");
  }));
  w.run();
  w.inside([&] { std::move(handle).detach(); });  // ended already, and nobody has seen how
  EXPECT_EQ(w.failures.back(), "joined");
}

// ---- cancellation

TEST(worker, an_aborted_task_is_cancelled_awaited_and_then_destroyed) {
  manual_worker w;
  support::slow_driver driver;
  auto handle = w.spawn(support::slow_operation(driver));
  w.run();
  EXPECT_EQ(driver.polls, 1u);
  w.inside([&] { handle.abort(); });
  w.run();
  EXPECT_EQ(driver.cancels_asked, 1u);
  EXPECT_FALSE(handle.is_finished()) << "the driver has not let go yet";
  w.inside([&] { handle.abort(); });  // idempotent
  w.run();
  EXPECT_FALSE(handle.is_finished());
  w.inside([&] { driver.let_go(); });
  w.run();
  ASSERT_TRUE(handle.is_finished());
  EXPECT_EQ(driver.polls, 1u) << "no poll after the cancel";
  w.inside([&] {
    context cx(no_wakeable());
    EXPECT_TRUE(handle.poll(cx).take().error().is_cancelled());
  });
}

TEST(worker, fault_C10_a_task_that_ended_before_the_abort_keeps_its_value) {
  manual_worker w;
  auto handle = w.spawn(support::ready_value(5));
  w.run();
  w.inside([&] {
    handle.abort();
    context cx(no_wakeable());
    EXPECT_EQ(handle.poll(cx).take().value(), 5);
  });
}

TEST(worker, fault_C10_a_task_that_aborts_itself_in_its_last_poll_keeps_its_value) {
  manual_worker w;
  join_handle<int> handle;
  handle = w.spawn(polled([&](context&) -> poll_result<int> {
    handle.abort();
    return 6;
  }));
  w.run();
  w.inside([&] {
    context cx(no_wakeable());
    EXPECT_EQ(handle.poll(cx).take().value(), 6);
  });
}

TEST(worker, a_task_aborted_before_its_first_poll_is_never_polled) {
  manual_worker w;
  probe_state s;
  auto handle = w.spawn(probe_task(s));
  w.inside([&] { handle.abort(); });
  w.run();
  EXPECT_TRUE(handle.is_finished());
  EXPECT_EQ(s.polls, 0u);
}

TEST(worker, fault_M14_a_task_aborted_from_another_thread_is_destroyed_on_its_own) {
  manual_worker w;
  std::thread::id destroyed_on{};
  struct tell {
    std::thread::id* where;
    explicit tell(std::thread::id* p) : where(p) {}
    tell(tell&& other) noexcept : where(std::exchange(other.where, nullptr)) {}
    ~tell() {
      if (where) *where = std::this_thread::get_id();
    }
  };
  auto handle = w.spawn(polled([t = tell(&destroyed_on)](context& cx) -> poll_result<void> {
    (void)cx.borrow_waker();
    return pending;
  }));
  w.run();
  std::thread([&] { handle.abort(); }).join();
  EXPECT_EQ(destroyed_on, std::thread::id());
  w.run();
  EXPECT_EQ(destroyed_on, std::this_thread::get_id());
  EXPECT_TRUE(handle.is_finished());

  auto dropped = w.spawn(polled([t = tell(&destroyed_on)](context& cx) -> poll_result<void> {
    (void)cx.borrow_waker();
    return pending;
  }));
  destroyed_on = {};
  w.run();
  std::thread([h = std::move(dropped)] {}).join();
  EXPECT_EQ(destroyed_on, std::thread::id());
  w.run();
  EXPECT_EQ(destroyed_on, std::this_thread::get_id());
  EXPECT_EQ(w.live_tasks(), 0u);
}

// ---- plain destruction

TEST(worker, spec_row_58_closing_destroys_every_task_and_polls_none) {
  int alive = 0;
  unsigned polls = 0;
  std::vector<join_handle<void>> handles;
  waker kept;
  {
    manual_worker w;
    for (int i = 0; i < 100; ++i) {
      auto work = polled([&, c = counted(alive)](context& cx) -> poll_result<void> {
        ++polls;
        kept = cx.get_waker();
        return pending;
      });
      if (i % 2)
        handles.push_back(w.spawn(std::move(work)));
      else
        w.spawn(std::move(work)).detach();
    }
    w.run(50);
    EXPECT_EQ(polls, 50u);
    EXPECT_EQ(alive, 100);
  }
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(polls, 50u);
  context cx(no_wakeable());
  unsigned shut_down = 0;
  for (auto& handle : handles)
    shut_down += handle.poll(cx).take().error() == errc::runtime_shut_down;
  EXPECT_EQ(shut_down, 50u);
}

TEST(worker, destructors_that_spawn_while_it_closes_are_closed_too) {
  int alive = 0;
  struct spawner {
    int* alive;
    int generations;
    spawner(int* a, int n) : alive(a), generations(n) {}
    spawner(spawner&& other) noexcept
        : alive(std::exchange(other.alive, nullptr)), generations(other.generations) {}
    ~spawner() {
      if (!alive || generations == 0) return;
      rouse::spawn(polled([c = counted(*alive),
                           s = spawner(alive, generations - 1)](context&) -> poll_result<void> {
        return ready;
      })).detach();
    }
  };
  {
    manual_worker w;
    w.spawn(polled([s = spawner(&alive, 5)](context& cx) -> poll_result<void> {
       (void)cx.borrow_waker();
       return pending;
     })).detach();
    w.run();
  }
  EXPECT_EQ(alive, 0);
}

// Runs a hook when it dies.
struct dying_words {
  std::function<void()> say;
  explicit dying_words(std::function<void()> f) : say(std::move(f)) {}
  dying_words(dying_words&& other) noexcept : say(std::exchange(other.say, nullptr)) {}
  dying_words& operator=(dying_words&&) = delete;
  ~dying_words() {
    if (say) say();
  }
};

// Goal: handles let go on other threads in the very last steps of a close, and results that spawn
// then, are all dealt with. The worker used to look at a task again after the drain that had freed
// it. Method: each step is set off by the one before, from a destructor: the last task to be
// destroyed drops the first one's handle, whose value drops the second one's, whose value spawns.
TEST(worker, fault_C13_handles_dropped_elsewhere_while_it_closes_are_let_go_once) {
  int alive = 0;
  auto elsewhere = [](auto& handle) { std::thread([h = std::move(handle)] {}).join(); };
  join_handle<dying_words> first;
  join_handle<dying_words> second;
  {
    manual_worker w;
    first = w.spawn(polled([&](context&) -> poll_result<dying_words> {
      return dying_words([&] { elsewhere(second); });
    }));
    second = w.spawn(polled([&](context&) -> poll_result<dying_words> {
      return dying_words([&] {
        rouse::spawn(polled([c = counted(alive)](context&) -> poll_result<void> {
          return ready;
        })).detach();
      });
    }));
    w.run();
    w.spawn(polled([last = dying_words([&] { elsewhere(first); })](context&) -> poll_result<void> {
       return ready;
     })).detach();
  }
  EXPECT_EQ(alive, 0);
}

TEST(worker_death, fault_M10_a_destructor_that_throws_ends_the_process_with_the_tasks_name) {
  EXPECT_DEATH(
      {
        struct thrower {
          bool armed = true;
          thrower() = default;
          thrower(thrower&& other) noexcept : armed(std::exchange(other.armed, false)) {}
          ~thrower() noexcept(false) {
            if (armed) throw std::runtime_error("from a destructor");
          }
        };
        manual_worker w;
        auto handle =
            w.spawn(polled([t = thrower()](context&) -> poll_result<void> { return pending; }),
                    {.name = "reader 7"});
        w.inside([&] { handle.abort(); });
        w.run();
      },
      "reader 7.*from a destructor");
}

// ---- sleeping

TEST(worker, spec_row_4_a_foreign_wake_unparks_once_a_sleep) {
  manual_worker w;
  probe_state s;
  auto handle = w.spawn(probe_task(s));
  w.run();
  s.stored.wake();
  EXPECT_EQ(w.unparks, 0u) << "awake: it looks into its inbox itself";
  EXPECT_FALSE(w.go_to_sleep()) << "mail has come: no sleep";
  w.run();
  ASSERT_TRUE(w.go_to_sleep());
  s.stored.wake();
  s.stored.wake();
  EXPECT_EQ(w.unparks, 1u);
  w.wake_up();
  EXPECT_EQ(w.run(), 1u);
  ASSERT_TRUE(w.go_to_sleep());
  w.wake_up();  // a sleep that nobody ended
  s.stored.wake();
  EXPECT_EQ(w.unparks, 1u);
  w.run();
  s.stored.reset();
  w.inside([&] { handle = {}; });
}

// ---- copies, in a child made by fork: what other threads were in the middle of never goes on
// there

TEST(worker, fault_P1_the_end_of_a_copy_does_not_wait_for_an_unpark_that_was_under_way) {
  std::optional<manual_worker> w(std::in_place);
  probe_state s;
  auto handle = w->spawn(probe_task(s));
  w->run();
  bool copy_ended = false;
  w->on_unpark = [&] {  // the thread that wakes forks as it does so
    copy_ended = in_fork([&] {
      w->wake_up();
      w.reset();
      return true;
    });
  };
  ASSERT_TRUE(w->go_to_sleep());
  s.stored.wake();
  EXPECT_TRUE(copy_ended);
  w->wake_up();
  EXPECT_EQ(w->run(), 1u);
  handle = {};
}

TEST(worker, fault_P1_nor_for_a_task_that_was_about_to_be_put_into_its_inbox) {
  std::optional<manual_worker> w(std::in_place);
  int alive = 0;
  probe_state s;
  auto handle = w->spawn(polled([&, c = counted(alive)](context& cx) -> poll_result<void> {
    s.stored = cx.get_waker();
    return pending;
  }));
  w->run();
  EXPECT_TRUE(in_fork([&] {
    w->for_each_task([](task_header& t) {  // the first half of a foreign wake
      t.foreign.fetch_or(task_header::notified | task_header::linked, order::relaxed);
    });
    w.reset();
    return alive == 0;
  }));
  w.reset();
}

// ---- threads

// Goal: the wake orders the data, also when it coalesces. The flags are relaxed, so nothing else
// does: TSan sees a race when the second wake is no release, or the poll no acquire.
TEST(worker_threads, fault_C2_what_was_written_before_a_coalesced_wake_is_seen) {
  manual_worker w;
  int first = 0;   // plain
  int second = 0;  // plain
  int sum = 0;
  waker target;
  auto handle = w.spawn(polled([&](context& cx) -> poll_result<void> {
    if (target) return sum = first + second, ready;
    target = cx.get_waker();
    return pending;
  }));
  w.run();
  std::atomic<int> step{0};
  auto when = [&step](int n) {
    while (step.load(std::memory_order_relaxed) != n)
      std::this_thread::yield();
  };
  std::thread one([&] {
    when(1);
    first = 1;
    target.wake();
    step.store(2, std::memory_order_relaxed);
  });
  std::thread two([&] {
    when(2);
    second = 2;
    target.wake();
    step.store(3, std::memory_order_relaxed);
  });
  step.store(1, std::memory_order_relaxed);
  when(3);
  EXPECT_EQ(w.run(), 1u);
  EXPECT_EQ(sum, 3);
  one.join();
  two.join();
  w.inside([&] {
    target.reset();
    handle = {};
  });
}

// Goal: no wake, drop or cancel is lost, nothing is freed twice, whatever four threads do to the
// tasks of one worker that runs, and then closes under them. Fails under TSan or ASan when an edge
// of the protocol is wrong.
TEST(worker_threads, fault_C13_wakes_drops_and_aborts_race_with_polls_and_with_the_end) {
  for (int round = 0; round < 50; ++round) {
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    std::atomic<int> started{0};
    {
      manual_worker w;
      for (int t = 0; t < 4; ++t) {
        struct shared_state {
          std::mutex lock;
          waker stored;
        };
        auto state = std::make_shared<shared_state>();
        auto handle = w.spawn(polled([state](context& cx) -> poll_result<void> {
          waker fresh = cx.get_waker();
          const std::lock_guard lock(state->lock);
          std::swap(state->stored, fresh);
          return pending;
        }));
        threads.emplace_back([state, t, &stop, &started, h = std::move(handle)]() mutable {
          ++started;
          for (int i = 0; !stop; ++i) {
            waker mine;
            {
              const std::lock_guard lock(state->lock);
              mine = state->stored;
            }
            mine.wake();
            if (t == 1 && i == 100) h.abort();
            if (t == 2 && i == 100) h = {};
            if (t == 3 && i == 100) std::move(h).detach();
          }
        });
      }
      while (started < 4)
        std::this_thread::yield();
      for (int i = 0; i < 200; ++i)
        w.run(10);
    }
    stop = true;
    for (auto& t : threads)
      t.join();
  }
}

// Goal: a handle let go on another thread while its worker closes is freed once. The worker used to
// look at the task again after the drain that had freed it.
TEST(worker_threads, fault_C13_a_handle_dropped_while_its_worker_closes) {
  for (int round = 0; round < 2000; ++round) {
    std::atomic<bool> go{false};
    std::thread dropper;
    {
      manual_worker w;
      std::vector<join_handle<int>> handles;
      for (int i = 0; i < 8; ++i)
        handles.push_back(w.spawn(support::ready_value(i)));
      w.run();
      dropper = std::thread([&go, mine = std::move(handles)]() mutable {
        while (!go) {
        }
        mine.clear();
      });
      go = true;
    }
    dropper.join();
  }
}

}  // namespace
}  // namespace rouse

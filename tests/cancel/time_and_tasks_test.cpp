// Sleeps, timeouts, combinators, scopes, joins and pool jobs, interrupted at each of their points.
#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>

#include "cancel_every_await.hpp"

namespace scenarios {
namespace {

using namespace rouse;

class tasks : public on_each_reactor {};
SCENARIOS_ON_EACH_REACTOR(tasks);

// Counts what is alive: frames that are destroyed give it back.
class alive {
 public:
  explicit alive(int& count) : count_(&count) { ++*count_; }
  alive(alive&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  alive& operator=(alive&&) = delete;
  ~alive() {
    if (count_) --*count_;
  }

 private:
  int* count_;
};

task<int> value_after(nanoseconds d, int value) {
  co_await sleep(d);
  co_return value;
}
task<void> busy(int& count, int rounds) {
  const alive me(count);
  for (int i = 0; i < rounds; ++i) {
    co_await sleep(1s);
    co_await yield_now();
  }
}

TEST_P(tasks, sleep) {
  holds(2, [](trial& run) -> task<void> {
    const instant begin = now();
    auto slept = co_await run.interrupt(sleep(5s));
    run.expect(!slept || now() - begin >= 5s, "woken early");
    co_await sleep(1s);  // the wheel goes on
  });
}

TEST_P(tasks, interval) {
  holds(6, [](trial& run) -> task<void> {
    int ticks = 0;
    auto tick = [](int& n) -> task<void> {
      auto second = every(1s);
      for (; n < 3; ++n)
        co_await second.tick();
    };
    co_await run.interrupt(tick(ticks));
    run.expect(ticks == 3 || run.was_interrupted(), "ticks are missing");
  });
}

TEST_P(tasks, timeout_that_runs_out) {
  holds(4, [](trial& run) -> task<void> {
    int count = 0;
    auto late = co_await run.interrupt(timeout(1500ms, busy(count, 3)).result());
    run.expect(!late || !*late, "did not run out");
    run.expect(count == 0, "what it bounds is left");
  });
}

TEST_P(tasks, timeout_that_does_not) {
  holds(2, [](trial& run) -> task<void> {
    auto soon = co_await run.interrupt(timeout(9s, value_after(1s, 7)).result());
    run.expect(!soon || **soon == 7, "another value");
  });
}

TEST_P(tasks, select_ends_its_losers) {
  holds(2, [](trial& run) -> task<void> {
    int count = 0;
    auto first = co_await run.interrupt(select(busy(count, 9), value_after(2s, 7), sleep(4s)));
    run.expect(!first || first->index() == 1, "another winner");
    run.expect(count == 0, "a loser is left");
  });
}

TEST_P(tasks, select_leaves_a_kept_arm_alone) {
  holds(2, [](trial& run) -> task<void> {
    int count = 0;
    auto kept = busy(count, 2);
    auto pick = [](task<void>& arm) -> task<std::size_t> {
      auto first = co_await select(arm, sleep(1500ms));
      co_return first.index();
    };
    auto index = co_await run.interrupt(pick(kept));
    run.expect(!index || *index == 1, "another winner");
    if (run.was_interrupted() && !index) co_return;  // it may be in the middle of anything
    run.expect(count == 1, "the kept arm is gone");
    co_await std::move(kept);
    run.expect(count == 0, "the kept arm did not end");
  });
}

TEST_P(tasks, when_all_ends_all) {
  holds(4, [](trial& run) -> task<void> {
    int count = 0;
    co_await run.interrupt(when_all(busy(count, 2), busy(count, 1), sleep(1s)));
    run.expect(count == 0, "an arm is left");
  });
}

TEST_P(tasks, scope_ends_with_its_children) {
  holds(8, [](trial& run) -> task<void> {
    int count = 0;
    auto body = [&count](nursery& children) -> task<void> {
      for (int i = 1; i <= 3; ++i) {
        children.spawn(assume_owned(busy(count, i)));
        co_await sleep(300ms);
      }
    };
    co_await run.interrupt(scope(std::move(body)));
    run.expect(count == 0, "a child is left");
  });
}

TEST_P(tasks, scope_whose_child_fails) {
  holds(4, [](trial& run) -> task<void> {
    int count = 0;
    auto fails = []() -> task<void> {
      co_await sleep(500ms);
      throw std::runtime_error("child");
    };
    auto body = [&](nursery& children) -> task<void> {
      children.spawn(assume_owned(busy(count, 5)));
      children.spawn(fails());
      co_await sleep(9s);
    };
    bool failed = false;
    try {
      co_await run.interrupt(scope(std::move(body)));
    } catch (const std::runtime_error&) {
      failed = true;
    }
    run.expect(failed || run.was_interrupted(), "the failure is lost");
    run.expect(count == 0, "a child is left");
  });
}

TEST_P(tasks, supervise_with_room_for_two) {
  holds(8, [](trial& run) -> task<void> {
    int count = 0;
    int most = 0;
    auto body = [&](nursery& children) -> task<void> {
      for (int i = 0; i < 4; ++i) {
        co_await children.room();
        children.spawn(assume_owned(busy(count, 1)));
        co_await yield_now();
        most = std::max(most, count);
      }
    };
    auto ignore = [](std::exception_ptr) {};
    co_await run.interrupt(supervise(std::move(body), ignore, {.children_max = 2}));
    run.expect(most <= 2, "more children than there is room for");
    run.expect(count == 0, "a child is left");
  });
}

TEST_P(tasks, scopes_in_scopes) {
  holds(8, [](trial& run) -> task<void> {
    int count = 0;
    auto inner = [](int& n) -> task<void> {
      auto body = [&n](nursery& children) -> task<void> {
        children.spawn(assume_owned(busy(n, 2)));
        co_await busy(n, 1);
      };
      co_await scope(std::move(body));
    };
    auto outer = [&](nursery& children) -> task<void> {
      children.spawn(assume_owned(inner(count)));
      co_await inner(count);
    };
    co_await run.interrupt(scope(std::move(outer)));
    run.expect(count == 0, "a grandchild is left");
  });
}

TEST_P(tasks, join_ends_the_task_with_its_handle) {
  holds(4, [](trial& run) -> task<void> {
    int count = 0;
    co_await run.interrupt(spawn(assume_owned(busy(count, 2))));
    for (int i = 0; i < 3 && count != 0; ++i)
      co_await yield_now();  // the executor awaits the cancel
    run.expect(count == 0, "the task outlived its handle");
  });
}

TEST_P(tasks, join_that_is_given_up_leaves_the_task_alone) {
  holds(4, [](trial& run) -> task<void> {
    auto handle = spawn(value_after(2s, 7));
    auto wait = [](join_handle<int>& h) -> task<int> {
      const int value = co_await h;
      co_return value;
    };
    auto joined = co_await run.interrupt(wait(handle));
    if (!joined && run.was_interrupted()) {
      auto again = co_await std::move(handle).result();
      run.expect(again && *again == 7, "the result is lost");
    }
  });
}

TEST_P(tasks, finally_cleans_up_after_a_cancel) {
  holds(4, [](trial& run) -> task<void> {
    int count = 0;
    bool begun = false;
    bool cleaned = false;
    auto work = [](int& n, bool& has_begun) -> task<void> {
      has_begun = true;
      co_await busy(n, 1);
    };
    auto clean = [](bool& done) -> task<void> {
      co_await sleep(1s);
      done = true;
    };
    auto clean_up = [&] { return clean(cleaned); };
    co_await run.interrupt(finally(work(count, begun), clean_up));
    run.expect(count == 0, "the work is left");
    run.expect(!begun || cleaned || run.how() == way::destroy, "not cleaned up");
  });
}

/// Holds the jobs of a pool until their tasks have suspended.
class gate {
 public:
  void open() {
    is_open_ = true;
    is_open_.notify_all();
  }
  void pass() const { is_open_.wait(false); }

 private:
  std::atomic<bool> is_open_ = false;
};
/// What others do meanwhile; by then whoever waits for a job has suspended.
task<void> open_soon(std::shared_ptr<gate> g) {
  co_await yield_now();
  g->open();
}

TEST_P(tasks, pool_job) {
  holds(4, [](trial& run) -> task<void> {
    auto held = std::make_shared<gate>();
    auto opening = spawn(open_soon(held));
    auto job = [held, owned = std::make_unique<int>(7)] { return held->pass(), *owned; };
    auto value = co_await run.interrupt(spawn_blocking(std::move(job)));
    run.expect(!value || *value == 7, "another value");
    co_await std::move(opening);
    const int after = co_await spawn_blocking([](int n) { return n; }, 1);  // the pool goes on
    run.expect(after == 1, "the pool is stuck");
  });
}

TEST_P(tasks, pool_jobs_one_after_the_other) {
  holds(12, [](trial& run) -> task<void> {
    auto work = []() -> task<int> {
      int sum = 0;
      for (int i = 0; i < 3; ++i) {
        auto held = std::make_shared<gate>();
        spawn(open_soon(held)).detach();  // also when this body does not live so long
        auto job = [held, i] { return held->pass(), i; };
        sum += co_await spawn_blocking(std::move(job));
      }
      co_return sum;
    };
    auto sum = co_await run.interrupt(work());
    run.expect(!sum || *sum == 3, "another sum");
  });
}

TEST_P(tasks, a_deep_chain) {
  holds(2, [](trial& run) -> task<void> {
    int count = 0;
    struct down {
      static task<void> step(int& n, int levels) {
        const alive me(n);
        if (levels == 0)
          co_await sleep(1s);
        else
          co_await step(n, levels - 1);
      }
    };
    co_await run.interrupt(down::step(count, 1000));
    run.expect(count == 0, "a frame is left");
  });
}

}  // namespace
}  // namespace scenarios

// The shipped executor, run until it is idle, with two tasks that other threads wake, one of them
// in an inbox that holds the other already, and one that another thread hands in; or it goes away
// before. Every wake arrives though the worker was about to sleep, the worker is unparked once per
// sleep, waits for who owes it that, and what is handed in runs or is refused (C13).
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/park/thread_park.hpp>

#include "executor_survivors.hpp"
#include "probe_task.hpp"

#include <optional>

namespace rouse::model {
namespace {

/// A task that is done when it has seen that it was told.
class awaited final : public probe_task::work {
 public:
  void tell(order o) noexcept { told_.store(1, o); }

 private:
  bool poll(probe_task&, context&) override { return told_.load(order::acquire) != 0; }
  atomic<unsigned> told_{0};
};

/// Work that another thread hands in.
class errand {
 public:
  explicit errand(tally& runs) noexcept : runs_(&runs) {}
  poll_result<void> poll(context&) noexcept {
    runs_->add();
    return ready;
  }

 private:
  tally* runs_;
};

class inbox final : public scenario {
 public:
  inbox()
      : executor_(std::make_unique<current_thread_executor>(sleep_)),
        ways_in_{executor_->handle(), executor_->handle()},
        leaves_early_(choose(4) == 0) {
    struct at_home : worker {
      using worker::running_scope;
    };
    const at_home::running_scope here(*executor_);
    for (unsigned i = 0; i < 2; ++i) {
      probe_task& task = probe_task::make(work_[i], *executor_);
      executor_->adopt(task);
      wakers_[i] = waker::of(task);
      late_[i] = waker::of(task);
    }
  }

  void thread(unsigned index) override {
    if (index == 0)
      own();
    else
      other(index - 1);
  }

  void after() override {
    for (const awaited& w : work_) {
      expect(w.destroyed.value() == 1 && w.released.value() == 1, "each task went once");
      if (!leaves_early_) expect(w.failed.value() == 0, "each task saw what it was woken for");
    }
    for (unsigned i = 0; i < 2; ++i)
      expect(errands_[i].value() + refused_[i].value() <= 1, "what was refused did not run");
    if (!leaves_early_) expect(errands_[1].value() == 1, "run() did not end before the errand");
  }

 private:
  void own() {
    if (leaves_early_) {
      for (unsigned turns = choose(4); turns != 0; --turns)
        executor_->turn(nanoseconds(0));
    } else {
      executor_->run();
    }
    executor_.reset();
  }

  void other(unsigned i) {
    const waker late = std::move(late_[1 - i]);  // dropped, perhaps, when all is over
    waker mine = std::move(wakers_[i]);
    if (i == 0) late.wake();
    {
      const executor_handle in = *ways_in_[i];
      ways_in_[i].reset();
      if (!in.spawn(errand(errands_[i]))) refused_[i].add();
    }
    // Of one task only the wake orders it, of the other all that came before is known with it.
    work_[i].tell(i == 0 ? order::relaxed : order::release);
    mine.wake_and_reset();
  }

  thread_park sleep_;
  std::unique_ptr<current_thread_executor> executor_;
  std::optional<executor_handle> ways_in_[2];
  awaited work_[2];
  waker wakers_[2];
  waker late_[2];
  tally refused_[2];
  tally errands_[2];
  const bool leaves_early_;
};

constexpr const char* mutated[] = {"current_thread_executor.cpp", "executor_handle.cpp",
                                   "inject_queue.hpp"};

}  // namespace
}  // namespace rouse::model

int main(int argc, char** argv) {
  using namespace rouse::model;
  return run(
      argc, argv, "inbox", [] -> std::unique_ptr<scenario> { return std::make_unique<inbox>(); },
      {.threads = 3, .executions = 100000, .mutated = mutated, .survivors = executor_survivors});
}

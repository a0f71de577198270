// The shipped executor runs one task, while two other threads wake it, clone and drop its wakers
// and hand some back to the owner; the owner may go away before. No wake is lost (C1), each carries
// what was written before it, also when it coalesces (C2), the task is polled at most once per wake
// (C3), ends once, and its memory goes once, after the last access (M6).
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/park/thread_park.hpp>

#include "probe_task.hpp"

namespace rouse::model {
namespace {

class task_state final : public scenario, probe_task::work {
 public:
  task_state()
      : executor_(std::make_unique<current_thread_executor>(sleep_)),
        task_(&probe_task::make(*this, *executor_)),
        leaves_early_(choose(4) == 0) {
    executor_->adopt(*task_);
    // The owner counts these; so those of other threads go with the other half of the count.
    struct at_home : worker {
      using worker::running_scope;
    };
    const at_home::running_scope here(*executor_);
    for (waker& w : wakers_)
      w = waker::of(*task_);
  }

  void thread(unsigned index) override {
    if (index == 0)
      own();
    else
      wake(index - 1);
  }

  void after() override {
    take_gifts();
    expect(destroyed.value() == 1, "the work ended once");
    expect(released.value() == 1, "the memory went once");
    expect(polls.value() <= 1 + wakes_.value(), "no poll without a wake");
    if (!leaves_early_) expect(failed.value() == 0, "it saw all that was written before the wakes");
  }

 private:
  bool poll(probe_task& self, context& cx) override {
    if (self_wakes_ != 0 && choose(2) == 0) {
      --self_wakes_;
      wakes_.add();
      if (choose(2) == 0)
        cx.wake();
      else
        self.wake();
    }
    is_done_ = told_[0].load(order::relaxed) != 0 && told_[1].load(order::relaxed) != 0;
    return is_done_;
  }

  void wake(unsigned i) {
    waker mine = std::move(wakers_[i]);
    if (choose(2) == 0) {
      wakes_.add();
      mine.wake();  // of nothing new
    }
    told_[i].store(1, order::relaxed);  // only the wake orders it
    wakes_.add();
    if (choose(2) == 0) {
      waker copy = mine;
      copy.wake();
      give(copy);
    } else {
      mine.wake();
    }
  }

  void own() {
    while (!is_done_ && !(leaves_early_ && choose(4) == 0)) {
      executor_->turn(leaves_early_ ? nanoseconds(0) : no_limit);
      take_gifts();
    }
    if (choose(2) == 0) wakers_[2].reset();
    executor_.reset();
    take_gifts();
    wakers_[2].reset();
  }

  // A reference that one thread made and another drops.
  void give(const waker& w) {
    if (choose(2) == 0) return;
    auto* counted = new waker(w);
    if (waker* former = gift_.exchange(counted, order::acq_rel)) delete former;
  }
  void take_gifts() { delete gift_.exchange(nullptr, order::acquire); }

  thread_park sleep_;
  std::unique_ptr<current_thread_executor> executor_;
  probe_task* task_;
  waker wakers_[3];
  atomic<unsigned> told_[2];
  atomic<waker*> gift_{nullptr};
  tally wakes_;
  bool is_done_ = false;  // owner
  unsigned self_wakes_ = 1;
  const bool leaves_early_;
};

constexpr const char* mutated[] = {"worker.cpp", "worker.hpp"};
constexpr survivor survivors[] = {
    {"worker.cpp close compare_exchange_weak without acquire",
     "redundant: the drop_foreign() that ends close() acquires from the same word"},
    {"worker.cpp close compare_exchange_weak without release",
     "redundant: the drop_foreign() that ends close() releases to the same word"},
    {"worker.cpp settle load without acquire",
     "redundant: a drop to zero links, so what the owner sees as zero it has drained by an "
     "acquire"},
    {"worker.cpp end_sleep compare_exchange_strong without acquire",
     "redundant: when it succeeds it reads the owner's own mark"},
};

}  // namespace
}  // namespace rouse::model

int main(int argc, char** argv) {
  using namespace rouse::model;
  return run(argc, argv, "task_state",
             [] -> std::unique_ptr<scenario> { return std::make_unique<task_state>(); },
             {.threads = 3, .executions = 50000, .mutated = mutated, .survivors = survivors});
}

// The shipped executor runs one task, while two other threads wake it, clone and drop its wakers
// and hand some back to the owner; the owner may go away before. No wake is lost (C1), each carries
// what was written before it, also when it coalesces (C2), the task is polled at most once per wake
// (C3), ends once, and its memory goes once, after the last access (M6). A task that stays pending
// ends when its last waker goes, wherever that was made and wherever dropped.
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/park/thread_park.hpp>

#include "executor_survivors.hpp"
#include "probe_task.hpp"

namespace rouse::model {
namespace {

/// References that one thread makes and another drops.
class gift {
 public:
  void give(const waker& w) {
    if (choose(2) != 0) delete slot_.exchange(new waker(w), order::acq_rel);
  }
  void take() { delete slot_.exchange(nullptr, order::acquire); }

 private:
  atomic<waker*> slot_{nullptr};
};

/// A block on the owner's thread, such as the poll of another task of it: what is made and dropped
/// here goes with the owner's half of the count.
struct at_home : worker {
  using worker::running_scope;
};
waker make_at_home(worker& owner, task_header& task) {
  const at_home::running_scope here(owner);
  return waker::of(task);
}

class task_state final : public scenario, probe_task::work {
 public:
  task_state()
      : executor_(std::make_unique<current_thread_executor>(sleep_)),
        task_(&probe_task::make(*this, *executor_)),
        leaves_early_(choose(4) == 0) {
    executor_->adopt(*task_);
    for (waker& w : wakers_)
      w = make_at_home(*executor_, *task_);
  }

  void thread(unsigned index) override {
    if (index == 0)
      own();
    else
      wake(index - 1);
  }

  void after() override {
    take();
    wakers_[2].reset();
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
      for (gift& g : gifts_)
        g.give(copy);
    } else if (choose(2) == 0) {
      mine.wake_and_reset();
    } else {
      mine.wake();
    }
  }

  void own() {
    while (!is_done_ && !(leaves_early_ && choose(4) == 0)) {
      executor_->turn(limit());
      take_at_home();
    }
    take_at_home();
    executor_.reset();
    take();
  }
  // A sleep that runs out may end before the unpark that somebody owes it.
  nanoseconds limit() {
    if (naps_ != 0 && choose(4) != 0) return --naps_, nanoseconds(1000);
    return leaves_early_ ? nanoseconds(0) : no_limit;
  }
  void take() {
    for (gift& g : gifts_)
      g.take();
    if (choose(2) == 0) wakers_[2].reset();
  }
  void take_at_home() {
    const at_home::running_scope here(*executor_);
    take();
  }

  thread_park sleep_;
  std::unique_ptr<current_thread_executor> executor_;
  probe_task* task_;
  waker wakers_[3];
  atomic<unsigned> told_[2];
  gift gifts_[2];
  tally wakes_;
  bool is_done_ = false;  // owner
  unsigned self_wakes_ = 1;
  unsigned naps_ = 3;
  const bool leaves_early_;
};

/// One waker, of which another thread makes more and gives them to the owner. The task is done at
/// once, or stays pending until they are gone.
class handed_back final : public scenario, probe_task::work {
 public:
  handed_back()
      : executor_(std::make_unique<current_thread_executor>(sleep_)),
        task_(&probe_task::make(*this, *executor_)) {
    executor_->adopt(*task_);
    waker_ = make_at_home(*executor_, *task_);
  }
  void thread(unsigned index) override {
    if (index == 0)
      own();
    else if (index == 1)
      give_twice();
  }
  void after() override {
    take();
    if (!completes_)
      expect(failed.value() == 1, "it was ended when nothing could wake it any more");
    expect(destroyed.value() == 1 && released.value() == 1, "and went once");
  }

 private:
  bool poll(probe_task&, context&) override {
    take();
    return completes_;
  }
  void take() {
    for (gift& g : gifts_)
      g.take();
  }
  void own() {
    while (destroyed.value() == 0)
      executor_->turn(no_limit);
    {
      const at_home::running_scope here(*executor_);
      take();
    }
    executor_.reset();
  }
  void give_twice() {
    const waker mine = std::move(waker_);
    mine.wake();
    for (gift& g : gifts_)
      g.give(mine);
    if (choose(2) == 0) mine.wake();
    if (!completes_ || choose(2) == 0) take();  // what the owner has not taken
  }

  thread_park sleep_;
  std::unique_ptr<current_thread_executor> executor_;
  probe_task* task_;
  waker waker_;
  gift gifts_[2];
  const bool completes_ = choose(2) == 0;
};

/// One wake from each thread, and nothing else. Among several, sleeps run out, so that a second
/// unpark may be owed before the first is done.
template <unsigned Wakers>
class plain_wakes final : public scenario, probe_task::work {
 public:
  plain_wakes()
      : executor_(std::make_unique<current_thread_executor>(sleep_)),
        task_(&probe_task::make(*this, *executor_)) {
    executor_->adopt(*task_);
    for (waker& w : wakers_)
      w = make_at_home(*executor_, *task_);
  }
  void thread(unsigned index) override {
    if (index == 0) {
      while (destroyed.value() == 0)
        executor_->turn(Wakers == 1 ? no_limit : nanoseconds(1000));
      executor_.reset();
    } else {
      for (unsigned more = 2 * (Wakers - 1); more != 0; --more)
        wakers_[index - 1].wake();
      told_[index - 1].store(1, order::relaxed);
      wakers_[index - 1].wake_and_reset();
    }
  }
  void after() override { expect(failed.value() == 0 && released.value() == 1, "it went once"); }

 private:
  bool poll(probe_task&, context&) override {
    for (const auto& told : told_)
      if (told.load(order::relaxed) == 0) return false;
    return true;
  }

  thread_park sleep_;
  std::unique_ptr<current_thread_executor> executor_;
  probe_task* task_;
  waker wakers_[Wakers];
  atomic<unsigned> told_[Wakers];
};
std::unique_ptr<scenario> make_one_wake() { return std::make_unique<plain_wakes<1>>(); }

std::unique_ptr<scenario> make_world() {
  switch (choose(4)) {
    case 0: return std::make_unique<handed_back>();
    case 1: return std::make_unique<plain_wakes<2>>();
    default: return std::make_unique<task_state>();
  }
}

constexpr const char* mutated[] = {"worker.cpp", "worker.hpp"};

}  // namespace
}  // namespace rouse::model

int main(int argc, char** argv) {
  using namespace rouse::model;
  return run(argc, argv, "task_state", &make_world,
             {.threads = 3,
              .executions = 100000,
              .small = &make_one_wake,
              .small_preemptions = 3,
              .mutated = mutated,
              .survivors = executor_survivors});
}

// The shipped timer stack on a thread of its own, and two threads that register timers there, give
// them up, move them and hand them another waker, while the stack may go away. A timer that is left
// alone is told once, never early, or that the stack is gone; what is given up is not told after
// the driver has heard of it; every waker and every timer is freed once.
#include <rouse/park/thread_park.hpp>
#include <rouse/time/timer_park.hpp>

#include <tests/model/bell.hpp>
#include <tests/model/checker.hpp>

namespace rouse::model {
namespace {

class timer_mailbox final : public scenario {
 public:
  using stack = timer_park<thread_park>;
  using state = timer_registration::state;

  timer_mailbox()
      : stack_(std::make_unique<stack>()),
        unpark_{stack_->unparker(), stack_->unparker()},
        timers_{stack_->driver().handle(), stack_->driver().handle()},
        leaves_early_(choose(3) == 0) {}

  void thread(unsigned index) override {
    if (index == 0)
      own();
    else
      other(index - 1);
  }

  void after() override {
    for (bell& b : bells_) {
      expect(b.wakes.value() <= 1, "a timer is told once");
      expect(b.held.value() == b.dropped.value(), "every waker is given back");
    }
  }

 private:
  void own() {
    before_ = 1;
    unsigned turns = choose(4);
    while (leaves_early_ ? turns-- != 0 : ended_.load(order::acquire) != 2)
      (void)stack_->park(leaves_early_ ? nanoseconds(0) : no_limit);
    if (!leaves_early_) {
      (void)stack_->park(nanoseconds(0));  // a cancel wakes nobody
      expect(!stack_->driver().has_work(), "nothing is pending");
    }
    stack_.reset();
  }

  void other(unsigned i) {
    timer_handle timers = std::move(timers_[i]);
    const unparker wake = std::move(unpark_[i]);
    use(timers, i);
    timers = timer_handle();
    ended_.fetch_add(1, order::release);
    wake.unpark();
  }

  void use(const timer_handle& timers, unsigned i) {
    bell& mine = bells_[i];
    const result<instant> start = timers.now();
    const instant at = start ? saturating_add(*start, nanoseconds(1000 * choose(2))) : never;
    auto timer = timers.register_at(at, waker::of(mine));
    if (!timer) {
      expect(leaves_early_ && timer.error() == error("", errc::runtime_shut_down), "it is gone");
      expect(!timers.is_open() && mine.wakes.value() == 0, "what was refused is not told");
      return;
    }
    switch (choose(6)) {
      case 0: await(mine, *timer, at); break;
      case 1: look(*timer); break;
      case 2:
        timer->cancel();
        expect(timer->status() == state::none, "cancelled");
        break;
      case 3:  // the reference goes with the timer
        timer->detach();
        mine.await();
        break;
      case 4: {
        const instant later = saturating_add(at, nanoseconds(500));
        if (timer->reset(later))
          await(mine, *timer, later);
        else
          mine.await();  // by the former one, or since there is no timer any more
        break;
      }
      case 5:
        if (timer->set_waker(waker::of(bells_[2 + i]))) {
          await(bells_[2 + i], *timer, at);
          expect(mine.wakes.value() == 0, "the former waker is not called");
        } else {
          mine.await();
          expect(bells_[2 + i].wakes.value() == 0, "the new waker is not called");
        }
        break;
    }
  }

  void await(bell& b, const timer_registration& timer, instant at) {
    b.await();
    const state end = timer.status();
    expect(end == state::fired || (leaves_early_ && end == state::shut_down), "it is over");
    expect(end != state::fired || steady_clock::instance().now() >= at, "never early");
  }

  /// No lock and no wake: the status alone says what has happened.
  void look(const timer_registration& timer) {
    for (unsigned looks = 0; looks != 3; ++looks)
      if (timer.status() != state::waiting) return expect(before_ == 1, "seen with the status");
  }

  unsigned before_ = 0;  // written before the first turn of the stack
  bell bells_[4];
  std::unique_ptr<stack> stack_;
  unparker unpark_[2];
  timer_handle timers_[2];
  atomic<unsigned> ended_{0};
  const bool leaves_early_;
};

/// One timer that is registered and given up, and a stack that goes away.
class timer_pair final : public scenario {
 public:
  void thread(unsigned index) override {
    if (index == 0) {
      (void)stack_->park(nanoseconds(0));
      stack_.reset();
    } else {
      auto timer = timers_.register_at(instant(), waker::of(bell_));
    }
  }
  void after() override {
    expect(bell_.wakes.value() <= 1, "a timer is told once");
    expect(bell_.held.value() == bell_.dropped.value(), "every waker is given back");
  }

 private:
  bell bell_;
  std::unique_ptr<timer_mailbox::stack> stack_ = std::make_unique<timer_mailbox::stack>();
  timer_handle timers_ = stack_->driver().handle();
};

constexpr const char* mutated[] = {"timer_mailbox.hpp", "timer_handle.cpp", "timer_driver.cpp"};

}  // namespace
}  // namespace rouse::model

int main(int argc, char** argv) {
  using namespace rouse::model;
  return run(argc, argv, "timer_mailbox",
             [] -> std::unique_ptr<scenario> { return std::make_unique<timer_mailbox>(); },
             {.threads = 3,
              .executions = 30000,
              .small = [] -> std::unique_ptr<scenario> { return std::make_unique<timer_pair>(); },
              .small_preemptions = 3,
              .mutated = mutated});
}

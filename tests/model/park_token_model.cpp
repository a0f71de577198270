// Two threads unpark a third that parks until it has heard of both, and then goes away: no wake is
// lost, coalesced ones carry their writes too, one token is left at most, and the token is freed
// once. What ends the sleep may be made as late as the first sleep.
#include <rouse/park/thread_park.hpp>

#include <tests/model/checker.hpp>

namespace rouse::model {
namespace {

/// As the reactors do it: what ends a sleep is made when the owner first sleeps.
class late_park {
 public:
  ~late_park() { target_->release(); }
  [[nodiscard]] rouse::unparker unparker() noexcept { return rouse::unparker(*target_); }
  result<park_outcome> park(nanoseconds limit) noexcept {
    if (limit == nanoseconds(0)) return outcome(target_->consume());
    target_->open();
    if (!target_->begin_sleep()) return outcome(true);
    target_->sleep(limit);
    return outcome(target_->end_sleep());
  }

 private:
  class sleeper final : public unpark_target {
   public:
    void open() noexcept {
      if (inner_) return;
      inner_ = std::make_unique<thread_park>();
      wakes_ = inner_->unparker();
    }
    void sleep(nanoseconds limit) noexcept { (void)inner_->park(limit); }

   private:
    void interrupt() noexcept override { wakes_.unpark(); }
    std::unique_ptr<thread_park> inner_;
    rouse::unparker wakes_;
  };
  static park_outcome outcome(bool token) noexcept {
    return token ? park_outcome::woken : park_outcome::timed_out;
  }
  sleeper* target_ = new sleeper;
};

template <class Park>
class park_token final : public scenario {
 public:
  park_token() : sleep_(std::make_unique<Park>()) {
    for (unparker& u : handles_)
      u = sleep_->unparker();
  }
  void thread(unsigned index) override {
    if (index == 0)
      sleeper();
    else
      waker(index - 1);
  }

 private:
  void waker(unsigned i) {
    unparker mine = std::move(handles_[i]);
    const unparker copy = mine;
    mine = unparker();
    told_[i].store(1, order::relaxed);  // only the token orders it
    copy.unpark();
  }
  void sleeper() {
    unsigned naps = 2;  // that may run out
    unsigned looks = 2;
    while (told_[0].load(order::relaxed) == 0 || told_[1].load(order::relaxed) == 0) {
      if (looks != 0 && choose(4) == 0) {
        --looks;
        (void)sleep_->park(nanoseconds(0));
        continue;
      }
      const bool naps_on = naps != 0 && choose(2) == 0;
      if (naps_on) --naps;
      const auto end = sleep_->park(naps_on ? nanoseconds(1000) : no_limit);
      expect(end.has_value(), "park failed");
      expect(naps_on || std::is_same_v<Park, late_park> || *end == park_outcome::woken,
             "a park without limit ran out");
    }
    (void)sleep_->park(nanoseconds(0));
    if (choose(2) == 0) sleep_.reset();
  }

  std::unique_ptr<Park> sleep_;
  unparker handles_[2];
  atomic<unsigned> told_[2];
};

/// The same with one thread that unparks twice.
class park_pair final : public scenario {
 public:
  void thread(unsigned index) override {
    if (index == 0) {
      while (told_.load(order::relaxed) != 2)
        (void)sleep_.park(no_limit);
    } else {
      for (unsigned i = 1; i <= 2; ++i) {
        told_.store(i, order::relaxed);
        handle_.unpark();
      }
    }
  }

 private:
  thread_park sleep_;
  unparker handle_ = sleep_.unparker();
  atomic<unsigned> told_{0};
};

constexpr const char* mutated[] = {"unparker.hpp", "thread_park.cpp"};

}  // namespace
}  // namespace rouse::model

int main(int argc, char** argv) {
  using namespace rouse::model;
  return run(argc, argv, "park_token",
             [] -> std::unique_ptr<scenario> {
               if (choose(2) == 0) return std::make_unique<park_token<late_park>>();
               return std::make_unique<park_token<rouse::thread_park>>();
             },
             {.threads = 3,
              .executions = 50000,
              .small = [] -> std::unique_ptr<scenario> { return std::make_unique<park_pair>(); },
              .mutated = mutated});
}

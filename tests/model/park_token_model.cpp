// Two threads unpark a third that parks until it has heard of both, and then goes away: no wake is
// lost, coalesced ones carry their writes too, one token is left at most, and the token is freed
// once.
#include <rouse/park/thread_park.hpp>

#include <tests/model/checker.hpp>

namespace rouse::model {
namespace {

class park_token final : public scenario {
 public:
  park_token() : sleep_(std::make_unique<thread_park>()) {
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
      expect(naps_on || *end == park_outcome::woken, "a park without limit ran out");
    }
    (void)sleep_->park(nanoseconds(0));
    if (choose(2) == 0) sleep_.reset();
  }

  std::unique_ptr<thread_park> sleep_;
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
constexpr survivor survivors[] = {
    {"unparker.hpp unpark exchange without acquire", "redundant: an unparker reads nothing"},
    {"unparker.hpp begin_sleep compare_exchange_strong without acquire",
     "redundant: when it succeeds it reads the owner's own idle"},
    {"unparker.hpp begin_sleep compare_exchange_strong without release",
     "redundant: nobody reads what the owner wrote before it slept"},
    {"unparker.hpp begin_sleep exchange without release", "redundant: the same"},
    {"unparker.hpp end_sleep exchange without release", "redundant: the same"},
    {"unparker.hpp consume exchange without release", "redundant: the same"},
    {"unparker.hpp is_sleeping load without acquire",
     "redundant: the owner goes on to end_sleep(), which acquires the token"},
};

}  // namespace
}  // namespace rouse::model

int main(int argc, char** argv) {
  using namespace rouse::model;
  return run(argc, argv, "park_token",
             [] -> std::unique_ptr<scenario> { return std::make_unique<park_token>(); },
             {.threads = 3,
              .executions = 50000,
              .small = [] -> std::unique_ptr<scenario> { return std::make_unique<park_pair>(); },
              .mutated = mutated,
              .survivors = survivors});
}

// A reactor that runs on one thread, and two others that have it watch a descriptor, ask again, and
// drop the watch, while the reactor may go away. Who waits is woken, once per question, by the
// readiness or by the end; what is dropped leaves the reactor; every waker, watch and descriptor is
// freed once.
#include <rouse/reactor/handle.hpp>
#include <rouse/reactor/mock/mock_reactor.hpp>

#include <tests/model/bell.hpp>
#include <tests/model/checker.hpp>

namespace rouse::model {
namespace {

const error shut_down("", errc::runtime_shut_down);

class reactor_inbox final : public scenario {
 public:
  reactor_inbox()
      : reactor_(std::make_unique<mock_reactor>()),
        ways_in_{reactor_->handle(), reactor_->handle()},
        leaves_early_(choose(3) == 0) {}

  void thread(unsigned index) override {
    if (index == 0)
      own();
    else
      other(index - 1);
  }

  void after() override {
    for (bell& b : bells_)
      expect(b.held.value() == b.dropped.value(), "every waker is given back");
  }

 private:
  void own() {
    // The descriptors become ready at some turn, and stay so.
    const unsigned ready_at = choose(3);
    const unsigned turns = choose(5);
    for (unsigned turn = 0; leaves_early_ ? turn != turns : !is_over(); ++turn) {
      if (turn == ready_at)
        for (int fd = first_descriptor; fd != first_descriptor + 2; ++fd)
          reactor_->finish(fd);
      const bool waits = turn >= ready_at && !leaves_early_;
      expect(reactor_->park(waits ? no_limit : nanoseconds(0)).has_value(), "park failed");
    }
    if (!leaves_early_) expect(reactor_->source_count() == 0, "nothing is attached");
    reactor_.reset();
  }
  bool is_over() { return ended_.load(order::acquire) == 2 && reactor_->watch_count() == 0; }

  void other(unsigned i) {
    const reactor_handle way_in = std::move(ways_in_[i]);
    bell& mine = bells_[i];
    auto watched = way_in.watch(0, interest::readable, waker::of(mine));
    if (!watched) {
      expect(leaves_early_ && watched.error() == shut_down, "it is gone");
      expect(!way_in.is_alive() && mine.wakes.value() == 0, "what was refused is not woken");
      return;
    }
    switch (choose(4)) {
      case 0: break;  // dropped at once
      case 1: await(mine, *watched); break;
      case 2:
        await(mine, *watched);
        ask_again(*watched, i);
        break;
      case 3: ask_again(*watched, i); break;
    }
    expect(mine.wakes.value() <= 1, "one question, one wake");
    ended_.fetch_add(1, order::release);  // the reactor hears of it by what is dropped now
  }

  void await(bell& b, const registration& watched) {
    b.await();
    expect(watched.is_ready() && b.wakes.value() == 1, "ready");
    const auto status = watched.status();
    expect(status || (leaves_early_ && status.error() == shut_down), "or the reactor is gone");
  }

  void ask_again(registration& watched, unsigned i) {
    bell& second = bells_[2 + i];
    if (choose(2) == 0) {
      watched.arm(waker::of(second));
      // A wake that was under way may have been for the first question.
      second.await();
      expect(second.wakes.value() == 1, "one question, one wake");
      return;
    }
    context cx(second);
    auto answer = watched.poll(cx);
    if (!answer.is_ready()) {
      second.await();
      answer = watched.poll(cx);
      expect(answer.is_ready(), "the wake brings the answer");
    }
    const result<void> status = answer.take();
    expect(status || (leaves_early_ && status.error() == shut_down), "or the reactor is gone");
  }

  bell bells_[4];
  std::unique_ptr<mock_reactor> reactor_;
  reactor_handle ways_in_[2];
  atomic<unsigned> ended_{0};
  const bool leaves_early_;
};

constexpr const char* mutated[] = {"inbox.hpp", "inbox.cpp", "handle.cpp", "mock_reactor.cpp"};

}  // namespace
}  // namespace rouse::model

int main(int argc, char** argv) {
  using namespace rouse::model;
  return run(argc, argv, "reactor_inbox",
             [] -> std::unique_ptr<scenario> { return std::make_unique<reactor_inbox>(); },
             {.threads = 3, .executions = 30000, .mutated = mutated});
}

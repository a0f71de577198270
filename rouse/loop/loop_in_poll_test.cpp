// A phased loop inside somebody else's poll(): nothing is lost between its turns.
#include <rouse/coro/task.hpp>
#include <rouse/loop/on_loop_test.hpp>
#include <rouse/runtime/runtime.hpp>

#include <poll.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace {

using namespace loop_test;
using real = std::chrono::steady_clock;

constexpr auto patience = 10s;  // a lost wake shows as this

class loop_in_poll : public support::each_reactor {
 protected:
  rouse::loop& make() {
    rouse::loop_options options;
    options.runtime.reactor.kind = GetParam();
    loop_.emplace(options);
    return *loop_;
  }
  /// One sleep of the host and one turn of the loop.
  bool round() {
    const auto wait = loop_->begin_wait().value();
    pollfd p{wait.descriptor, POLLIN, 0};
    const int limit = wait.milliseconds();
    const int most = static_cast<int>(std::chrono::milliseconds(patience).count());
    (void)::poll(&p, 1, limit < 0 || limit > most ? most : limit);
    return loop_->run_nowait();
  }
  template <class Done>
  bool run_until(Done done) {
    for (const auto give_up = real::now() + patience; !done(); (void)round())
      if (real::now() >= give_up) return false;
    return true;
  }

  std::optional<rouse::loop> loop_;
};
INSTANTIATE_TEST_SUITE_P(on, loop_in_poll, support::reactors(), support::reactor_name);

TEST_P(loop_in_poll, timers_immediates_and_tasks_go_on) {
  rouse::loop& loop = make();
  lines log;
  const auto start = real::now();
  auto nap = [](rouse::loop& own, lines& to) -> rouse::task<void> {
    co_await own.sleep(20ms);
    to.push_back("task");
  };
  loop.spawn(rouse::assume_owned(nap(loop, log))).detach();
  loop.set_timeout(10ms, [&] {
    log.push_back("timer");
    loop.set_immediate([&] { log.push_back("immediate"); });
  });
  EXPECT_TRUE(run_until([&] { return log.size() == 3; }));
  EXPECT_THAT(log, ::testing::UnorderedElementsAre("timer", "immediate", "task"));  // real time
  EXPECT_GE(real::now() - start, 20ms);
  EXPECT_FALSE(loop.is_alive());
}

TEST_P(loop_in_poll, loses_no_post_in_10000_races) {
  constexpr int rounds = 10'000;
  rouse::loop& loop = make();
  const auto held = loop.hold();
  std::atomic<int> seen{0};
  std::atomic<bool> over{false};
  std::thread other([&, handle = loop.handle()] {
    for (int i = 1; i <= rounds && !over; ++i) {
      EXPECT_TRUE(handle.post([&seen, i] { seen = i; }));
      while (seen < i && !over)
        std::this_thread::yield();
    }
  });
  EXPECT_TRUE(run_until([&] { return seen == rounds; })) << "lost at " << seen;
  over = true;
  other.join();
}

TEST_P(loop_in_poll, a_post_waits_where_a_callback_throws_before_it_is_taken) {
  rouse::loop& loop = make();
  const auto held = loop.hold();
  for (int i = 0; i < 3; ++i)
    (void)loop.begin_wait().value(), (void)loop.run_nowait();
  bool is_called = false;
  const auto hook = loop.add_prepare([] { throw std::runtime_error("first"); });
  EXPECT_TRUE(loop.handle().post([&] { is_called = true; }));
  EXPECT_EQ(loop.begin_wait().value().limit, 0ns);  // and takes the token
  EXPECT_THROW((void)loop.run_nowait(), std::runtime_error);
  EXPECT_TRUE(loop.remove(hook));
  EXPECT_FALSE(is_called);
  EXPECT_EQ(loop.begin_wait().value().limit, 0ns);
  (void)loop.run_nowait();
  EXPECT_TRUE(is_called);
}

}  // namespace

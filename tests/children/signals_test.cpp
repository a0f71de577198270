// Signals as streams, beside each other and beside `rouse::run`.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tests/children/children_on_each_reactor.hpp>
#include <tests/support/sanitized.hpp>

#include <atomic>
#include <csignal>
#include <thread>

namespace children {
namespace {

using process::signals;

std::atomic<int> former_handler_ran = 0;

class process_signals : public children_on_each_reactor {
 protected:
  void SetUp() override {
    children_on_each_reactor::SetUp();
    former_handler_ran = 0;
    struct sigaction counting{};
    counting.sa_handler = [](int number) { former_handler_ran = number; };
    ::sigaction(SIGUSR1, &counting, &former_1_);
    ::sigaction(SIGUSR2, &counting, &former_2_);
  }
  void TearDown() override {
    ::sigaction(SIGUSR1, &former_1_, nullptr);
    ::sigaction(SIGUSR2, &former_2_, nullptr);
    children_on_each_reactor::TearDown();
  }

 private:
  struct sigaction former_1_{};
  struct sigaction former_2_{};
};
CHILDREN_ON_EACH_REACTOR(process_signals);

TEST_P(process_signals, come_one_after_the_other_and_many_of_a_kind_as_one) {
  run([]() -> task<void> {
    auto all = signals({SIGUSR1, SIGUSR2}).value();
    for (int i = 0; i < 3; i++)
      ::raise(SIGUSR2);
    ::raise(SIGUSR1);
    EXPECT_EQ(co_await next(all), SIGUSR1);
    EXPECT_EQ(co_await next(all), SIGUSR2);
    auto silence = co_await timeout(1ms, next(all)).result();
    EXPECT_FALSE(silence) << "no more have come";
    ::raise(SIGUSR2);
    EXPECT_EQ(co_await next(all), SIGUSR2) << "after it was given up";
  }());
  ::raise(SIGUSR1);
  EXPECT_EQ(former_handler_ran, SIGUSR1) << "the former handler is back";
}

TEST_P(process_signals, wake_a_runtime_that_sleeps_from_whatever_thread) {
  run([]() -> task<void> {
    auto one = signals({SIGUSR1}).value();
    auto sender = spawn_blocking([] { ::kill(::getpid(), SIGUSR1); });
    EXPECT_EQ(co_await next(one), SIGUSR1);
    co_await std::move(sender);
  }());
}

TEST_P(process_signals, each_runtime_sees_every_one) {
  run([](reactor_kind kind) -> task<void> {
    auto here = signals({SIGUSR1}).value();
    auto there = spawn_blocking([kind] {
      auto other = runtime::make({.reactor = {.kind = kind}});
      return other->block_on([]() -> task<int> {
        auto own = signals({SIGUSR1}).value();
        ::kill(::getpid(), SIGUSR1);
        auto number = co_await next(own);
        co_return number.value_or(0);
      }());
    });
    EXPECT_EQ(co_await next(here), SIGUSR1);
    EXPECT_EQ(co_await std::move(there), SIGUSR1);
  }(GetParam()));
}

TEST_P(process_signals, what_cannot_be_listened_to_is_told) {
  EXPECT_EQ(signals({SIGUSR1}).error(), errc::no_context);
  run([]() -> task<void> {
    EXPECT_EQ(signals({SIGKILL}).error(), errc::invalid_input);
    EXPECT_EQ(signals({}).error(), errc::invalid_input);
    co_return;
  }());
}

TEST_P(process_signals, tell_of_children_without_taking_their_ends) {
  run([]() -> task<void> {
    auto ends = signals({process::signal_child}).value();
    auto child = co_await command("true").spawn();
    EXPECT_EQ(co_await next(ends), SIGCHLD);
    auto end = co_await child.wait();
    EXPECT_TRUE(end.is_success());
  }());
}

TEST_P(process_signals, the_threads_of_the_pool_block_them) {
  run([]() -> task<void> {
    auto all = signals({SIGUSR1}).value();
    const bool is_blocked =
        co_await spawn_blocking([] { return sys::blocked_signals().has(SIGUSR1); });
    EXPECT_TRUE(is_blocked);
  }());
}

TEST(process_signals, fault_P5_a_storm_of_a_million_is_a_few) {
  constexpr int storm = support::is_sanitized ? 100'000 : 1'000'000;
  auto rt = runtime::make();
  const unsigned heard = rt->block_on([]() -> task<unsigned> {
    auto all = signals({SIGUSR1}).value();
    auto sender = spawn_blocking([] {
      for (int i = 0; i < storm; i++)
        ::kill(::getpid(), SIGUSR1);
      ::kill(::getpid(), SIGUSR1);
    });
    unsigned count = 0;
    while (!sender.is_finished()) {
      auto number = co_await timeout(1ms, next(all)).result();
      count += number.has_value();
    }
    co_await std::move(sender);
    co_return count;
  }());
  EXPECT_GE(heard, 1u);
  EXPECT_LE(heard, static_cast<unsigned>(storm));
}

// ---- beside rouse::run

/// What a child made by fork that runs `main` ends with: its exit code, or 1000 + the signal.
template <class Main>
int code_of(Main main) {
  const int pid = ::fork();
  if (pid == 0) {
    ::alarm(20);
    ::_exit(main());
  }
  int status = 0;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST_P(process_signals, one_that_is_listened_to_does_not_cancel_the_root_of_run) {
  const runtime_options options{.reactor = {.kind = GetParam()}};
  const auto listens = []() -> task<int> {
    auto interrupts = signals({SIGINT}).value();
    ::raise(SIGINT);
    ::raise(SIGINT);
    auto number = co_await next(interrupts);
    co_await sleep(1ms);
    co_return number == SIGINT ? 7 : 1;
  };
  EXPECT_EQ(code_of([&] { return rouse::run(listens(), options); }), 7);
  const auto another = []() -> task<int> {
    auto interrupts = signals({SIGINT}).value();
    ::raise(SIGTERM);
    co_await sleep(1h);
    co_return 1;
  };
  EXPECT_EQ(code_of([&] { return rouse::run(another(), options); }), 128 + SIGTERM);
  const auto no_longer = []() -> task<int> {
    {
      auto interrupts = signals({SIGINT}).value();
    }
    ::raise(SIGINT);
    co_await sleep(1h);
    co_return 1;
  };
  EXPECT_EQ(code_of([&] { return rouse::run(no_longer(), options); }), 128 + SIGINT);
}

}  // namespace
}  // namespace children

// fork() while other threads are inside every part that has a lock. Whatever the moment, neither
// the fork nor the child may wait for a thread that the child has not got.
#include <rouse/base/log.hpp>
#include <rouse/loop.hpp>

#include <tests/children/children_on_each_reactor.hpp>
#include <tests/support/in_fork.hpp>
#include <tests/support/sanitized.hpp>

#include <atomic>
#include <functional>

/// ThreadSanitizer else ends a child that starts threads.
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }

namespace children {
namespace {

using support::in_fork;

struct silent_sink final : log_sink {
  void write(log_level, std::string_view) noexcept override {}
};

class process_fork_storm : public children_on_each_reactor {
 protected:
  /// On a thread of its own, until the storm is over.
  void repeat(std::function<void()> f) {
    threads_.emplace_back([this, f] {
      while (!is_over_)
        f();
    });
  }
  void end() {
    is_over_ = true;
    threads_.clear();
  }
  /// What a child may do with a runtime of its own.
  bool live_again() {
    auto own = runtime::make({.reactor = {.kind = GetParam()}});
    if (!own) return false;
    own->block_on([]() -> task<void> {
      co_await spawn_blocking([] {});
      auto heard = process::signals({SIGUSR2});
      co_await sleep(10us);
    }());
    return own->block_on(command(CHILDREN_NOTHING).run()).status.is_success() &&
           process::orphans() == 0;
  }

 private:
  std::atomic<bool> is_over_ = false;
  std::vector<std::jthread> threads_;
};
CHILDREN_ON_EACH_REACTOR(process_fork_storm);

TEST_P(process_fork_storm, fault_P1_neither_side_waits_for_threads_that_are_not_there) {
  silent_sink silent;
  log_sink* const former = set_log_sink(&silent);
  std::optional<rouse::loop> looped(std::in_place);

  repeat([] {
    if (auto other = runtime::make({.reactor = {.kind = GetParam()}}))
      other->block_on([]() -> task<void> { co_await spawn_blocking([] {}); }());
  });
  repeat([] {
    ROUSE_LOG(warning, "a line of a thread that is not there");
    flush_log();
  });
  repeat([tasks = runtime_->handle(), timers = runtime_->timer().handle(),
          callbacks = looped->handle()] {
    (void)tasks.spawn(yield_now());
    const auto at = timers.register_after(1h, waker());
    (void)callbacks.post([] {});
    std::this_thread::yield();
  });
  repeat([] {
    const auto heard = sys::signal_listener::open({SIGUSR2});
    (void)process::orphans();
  });
  repeat([] { EXPECT_TRUE(in_fork([] { return true; })); });

  const int rounds = support::is_sanitized ? 10 : 25;
  for (int i = 0; i < rounds; i++) {
    for (int j = 0; j < 4; j++)
      runtime_->spawn([]() -> task<void> { co_await spawn_blocking([] {}); }).detach();
    run(yield_now());
    EXPECT_TRUE(in_fork([&] {
      ROUSE_LOG(warning, "a line of the child");
      if (i % 2 == 0) {
        runtime_.reset();
        looped.reset();
      }
      return live_again();
    })) << i;
    run(sleep(0ns));
  }
  end();
  looped.reset();
  runtime_->run();
  set_log_sink(former);
}

}  // namespace
}  // namespace children

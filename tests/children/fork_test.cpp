// fork() without an exec while a runtime runs: the copy in the child says `forked`, can be
// destroyed, and does nothing to the parent's.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <tests/children/children_on_each_reactor.hpp>
#include <tests/support/in_fork.hpp>

#include <set>

namespace children {
namespace {

using support::in_fork;

class process_fork : public children_on_each_reactor {
 protected:
  /// A job of the pool, so that it has a thread, which a copy has not.
  int pooled(int value) {
    auto job = runtime_->blocking().submit([value] { return value; });
    return run(std::move(job.value()));
  }
};
CHILDREN_ON_EACH_REACTOR(process_fork);

/// True when `work` throws errc::forked.
template <class F>
bool says_forked(F work) {
  try {
    work();
  } catch (const io_error& e) {
    return e.reason() == errc::forked;
  }
  return false;
}

TEST_P(process_fork, fault_P1_a_copy_of_the_runtime_says_so_and_can_be_destroyed) {
  EXPECT_EQ(pooled(1), 1);
  runtime_->spawn(sleep(1h)).detach();
  run(sleep(1ms));  // it has waited: a ring that was never opened is nobody's yet
  EXPECT_TRUE(in_fork([&] {
    const bool told = says_forked([&] { runtime_->block_on(sleep(1h)); });
    runtime_.reset();
    return told;
  }));
  run(sleep(1ms));
  EXPECT_EQ(pooled(2), 2) << "the parent's goes on";
}

TEST_P(process_fork, fault_P1_a_copy_of_the_pool_says_so_and_can_be_destroyed) {
  EXPECT_EQ(pooled(1), 1);
  EXPECT_TRUE(in_fork([&] {
    auto job = runtime_->blocking().submit([] { return 2; });
    const bool told = !job && job.error() == errc::forked;
    auto down = runtime_->blocking().shutdown();
    return told && down;
  }));
  EXPECT_EQ(pooled(3), 3);
}

TEST_P(process_fork, fault_P1_at_whatever_moment_of_the_threads_of_its_pool) {
  for (int i = 0; i < 50; i++) {
    for (int j = 0; j < 4; j++) {
      runtime_
          ->spawn([]() -> task<void> {
            for (int k = 0; k < 8; k++)
              co_await spawn_blocking([] {});
          })
          .detach();
    }
    run(yield_now());
    ASSERT_TRUE(in_fork([&] {
      runtime_.reset();
      return true;
    })) << i;
    run(sleep(0ns));
  }
  runtime_->run();
}

TEST_P(process_fork, fault_P1_inside_a_task_as_well) {
  run([]() -> task<void> {
    co_await sleep(1ms);
    EXPECT_TRUE(in_fork([] {
      auto job = current<blocking_pool>::get()->submit([] {});
      return !job && job.error() == errc::forked;
    }));
    EXPECT_TRUE(in_fork([] { return command("true").spawn_here().has_value(); }))
        << "a new program may be started: it needs nothing of the parent's";
    co_await sleep(1ms);
  }());
}

TEST_P(process_fork, fault_P1_a_child_may_have_a_runtime_of_its_own) {
  run(yield_now());
  EXPECT_TRUE(in_fork([&] {
    auto own = runtime::make({.reactor = {.kind = GetParam()}});
    if (!own) return false;
    auto said = own->block_on(command("echo").arg("x").run());
    return said.output == "x\n";
  }));
}

/// Descriptors that an exec would leave open.
std::set<int> left_by_exec() {
  std::set<int> all;
  for (int fd = 3; fd < 1024; fd++) {
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) all.insert(fd);
  }
  return all;
}
const std::set<int> left_at_start = left_by_exec();  // of whoever runs the tests

TEST_P(process_fork, fault_P1_no_descriptor_of_a_runtime_survives_an_exec) {
  run([]() -> task<void> {
    auto ends = net::unix_stream::pair();
    auto hang_ups = process::signals({SIGHUP}).value();
    auto child = co_await command("cat").input(piped).output(piped).spawn();
    co_await sleep(1ms);
    EXPECT_EQ(left_by_exec(), left_at_start);
  }());
}

}  // namespace
}  // namespace children

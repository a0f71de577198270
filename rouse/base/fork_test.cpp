#include <rouse/base/fork.hpp>
#include <rouse/base/log.hpp>

#include <gtest/gtest.h>
#include <tests/support/in_fork.hpp>

#include <atomic>
#include <optional>
#include <thread>

namespace rouse {
namespace {

using support::in_fork;

TEST(fork, is_counted_in_the_child_alone) {
  const unsigned before = fork_count();
  EXPECT_TRUE(in_fork([&] { return fork_count() == before + 1; }));
  EXPECT_EQ(fork_count(), before);
}

std::atomic<bool> forks_now = false;
/// Of handlers the one that came last is called first: ours before those of the mutexes, once there
/// has been one.
void tell_of_forks() {
  [[maybe_unused]] static const int registered =
      pthread_atfork(+[] { forks_now = true; }, nullptr, nullptr);
  forks_now = false;
}

void wait_for(const std::atomic<bool>& flag) {
  while (!flag)
    std::this_thread::yield();
}

// Goal: a fork waits for a lock that another thread holds. The other one writes half, lets go only
// once the fork has begun, and takes its time over it.
TEST(fork_mutex, fault_P1_is_free_in_the_child_and_what_it_guards_whole) {
  fork_mutex lock;
  tell_of_forks();
  int first = 0;
  int second = 0;
  std::atomic<bool> is_half_done = false;
  std::atomic<bool> is_over = false;  // TSan: a thread that has ended in the copy was never joined
  std::thread other([&] {
    {
      const lock_guard guard(lock);
      first = 1;
      is_half_done = true;
      for (int turns = 50; turns != 0; turns -= forks_now)
        std::this_thread::yield();
      second = 1;
    }
    wait_for(is_over);
  });
  wait_for(is_half_done);
  EXPECT_TRUE(in_fork([&] {
    const lock_guard guard(lock);
    return first == 1 && second == 1;
  }));
  is_over = true;
  other.join();
  const lock_guard guard(lock);  // given back here, too
}

TEST(fork_mutex, one_that_is_gone_is_not_taken) {
  std::optional<fork_mutex> gone(std::in_place);
  fork_mutex stays;
  gone->lock();
  gone->unlock();
  gone.reset();
  EXPECT_TRUE(in_fork([&] {
    const lock_guard guard(stays);
    return true;
  }));
}

// Goal: one that is made last and of an earlier rank is taken first, or the fork and the other
// thread would each hold what the other one waits for.
TEST(fork_mutex, fault_P1_those_under_which_others_are_taken_come_first) {
  fork_mutex inner;
  fork_mutex outer(fork_mutex::rank::outer);
  tell_of_forks();
  std::atomic<bool> holds_outer = false;
  std::atomic<bool> is_over = false;
  std::thread other([&] {
    {
      const lock_guard first(outer);
      holds_outer = true;
      for (int turns = 50; turns != 0; turns -= forks_now)
        std::this_thread::yield();
      const lock_guard second(inner);
    }
    wait_for(is_over);
  });
  wait_for(holds_outer);
  EXPECT_TRUE(in_fork([] { return true; }));
  is_over = true;
  other.join();
}

// Goal: a thread that is making what lives for ever as another one forks. The child has not got the
// thread, and would wait for it.
TEST(fork_mutex, fault_P1_a_first_line_of_the_log_may_come_as_another_thread_forks) {
  fork_mutex lock;
  tell_of_forks();
  std::atomic<bool> is_held = false;
  std::atomic<bool> is_over = false;
  std::thread holder([&] {
    {
      const lock_guard guard(lock);
      is_held = true;
      for (int turns = 50; turns != 0; turns -= forks_now)
        std::this_thread::yield();
    }
    wait_for(is_over);
  });
  std::thread first_to_log([&] {
    while (!forks_now)
      std::this_thread::yield();
    flush_log();
    wait_for(is_over);
  });
  wait_for(is_held);
  EXPECT_TRUE(in_fork([] {
    flush_log();
    return true;
  }));
  is_over = true;
  holder.join();
  first_to_log.join();
}

// Goal: the program has handlers of its own, from before there was a runtime.
TEST(fork_mutex, fault_P1_handlers_of_the_program_may_log) {
  [[maybe_unused]] static const int registered = pthread_atfork(flush_log, flush_log, flush_log);
  flush_log();
  EXPECT_TRUE(in_fork([] { return true; }));
}

}  // namespace
}  // namespace rouse

#include <rouse/sys/signals.hpp>

#include <rouse/sys/process.hpp>

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace rouse;

TEST(sys_signals, blocked_ones_are_read_and_the_former_set_comes_back) {
  const bool before = sys::blocked_signals().has(sys::signal_user_1);
  {
    const sys::signal_set set{sys::signal_user_1};
    sys::scoped_signal_block block(set);
    EXPECT_TRUE(sys::blocked_signals().has(sys::signal_user_1));
    auto fd = sys::signal_fd::open(set);
    ASSERT_TRUE(fd);
    EXPECT_EQ(fd->take().value(), std::nullopt);
    sys::raise_in_thread(sys::signal_user_1);
    EXPECT_EQ(fd->take().value(), sys::signal_user_1);
    EXPECT_EQ(fd->take().value(), std::nullopt);
  }
  EXPECT_EQ(sys::blocked_signals().has(sys::signal_user_1), before);
}

TEST(sys_process, ends_of_children_are_taken_once) {
  const int pid = ::fork();
  if (pid == 0) {
    ::pause();
    ::_exit(0);
  }
  auto child = sys::open_process(pid);
  ASSERT_TRUE(child);
  EXPECT_EQ(sys::take_end(child->get()).value(), std::nullopt);
  ASSERT_TRUE(sys::send_signal(child->get(), sys::signal_terminate));
  std::optional<sys::process_end> end;
  while (!end)
    end = sys::take_end(child->get()).value();
  EXPECT_TRUE(end->signalled);
  EXPECT_EQ(end->code, sys::signal_terminate);
  EXPECT_EQ(sys::take_end(child->get()).error().code, ECHILD);
}

}  // namespace

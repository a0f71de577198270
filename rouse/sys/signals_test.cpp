#include <rouse/sys/signals.hpp>

#include <rouse/sys/process.hpp>
#include <rouse/sys/table.hpp>

#include <gtest/gtest.h>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

namespace {

using namespace rouse;

TEST(sys_signals, a_block_ends_with_its_scope) {
  const bool before = sys::blocked_signals().has(sys::signal_user_1);
  {
    sys::scoped_signal_block block({sys::signal_user_1});
    EXPECT_TRUE(sys::blocked_signals().has(sys::signal_user_1));
  }
  EXPECT_EQ(sys::blocked_signals().has(sys::signal_user_1), before);
}

std::atomic<int> former_handler_ran{0};

class signal_catch_test : public testing::Test {
 protected:
  void SetUp() override {
    former_handler_ran = 0;
    struct sigaction counting{};
    counting.sa_handler = [](int number) { former_handler_ran = number; };
    ::sigaction(SIGUSR1, &counting, &old_1_);
    ::sigaction(SIGUSR2, &counting, &old_2_);
  }
  void TearDown() override {
    ::sigaction(SIGUSR1, &old_1_, nullptr);
    ::sigaction(SIGUSR2, &old_2_, nullptr);
  }
  static bool is_readable(int fd) {
    pollfd p{fd, POLLIN, 0};
    return ::poll(&p, 1, 0) == 1;
  }
  static constexpr sys::signal_set both{sys::signal_user_1, sys::signal_user_2};

 private:
  struct sigaction old_1_{};
  struct sigaction old_2_{};
};

TEST_F(signal_catch_test, the_first_one_is_kept_and_the_second_does_what_it_did_before) {
  auto caught = sys::signal_catch::install(both);
  ASSERT_TRUE(caught);
  const sys::descriptor fd = caught->take_fd();
  EXPECT_EQ(caught->caught(), 0);
  EXPECT_FALSE(is_readable(fd.get()));
  ::raise(SIGUSR1);
  EXPECT_EQ(caught->caught(), SIGUSR1);
  EXPECT_TRUE(is_readable(fd.get()));
  EXPECT_EQ(former_handler_ran, 0);
  ::raise(SIGUSR2);
  EXPECT_EQ(caught->caught(), SIGUSR1);
  EXPECT_EQ(former_handler_ran, SIGUSR2);
}

TEST_F(signal_catch_test, whichever_thread_gets_it) {
  auto caught = sys::signal_catch::install(both);
  ASSERT_TRUE(caught);
  std::thread([] { ::raise(SIGUSR2); }).join();
  EXPECT_EQ(caught->caught(), SIGUSR2);
}

TEST_F(signal_catch_test, the_former_handlers_are_back_afterwards_and_a_process_has_one) {
  {
    auto caught = sys::signal_catch::install(both);
    ASSERT_TRUE(caught);
    EXPECT_EQ(sys::signal_catch::install(both).error().code, EBUSY);
  }
  ::raise(SIGUSR1);
  EXPECT_EQ(former_handler_ran, SIGUSR1);
  EXPECT_TRUE(sys::signal_catch::install(both));
}

TEST_F(signal_catch_test, one_that_was_ignored_is_caught_and_the_second_has_its_default_effect) {
  ::signal(SIGUSR1, SIG_IGN);
  {
    auto caught = sys::signal_catch::install(both);
    ASSERT_TRUE(caught);
    ::raise(SIGUSR1);
    EXPECT_EQ(caught->caught(), SIGUSR1);
    struct sigaction now{};
    ::sigaction(SIGUSR1, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_DFL);
  }
  ::raise(SIGUSR1);  // ignored again, else this test ends here
}

TEST_F(signal_catch_test, a_child_without_exec_is_left_alone) {
  auto caught = sys::signal_catch::install(both);
  ASSERT_TRUE(caught);
  const int pid = ::fork();
  if (pid == 0) {
    ::raise(SIGUSR1);
    ::_exit(former_handler_ran == SIGUSR1 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(caught->caught(), 0);
}

TEST_F(signal_catch_test,
       fault_R3_without_a_free_descriptor_it_is_an_error_and_may_be_tried_again) {
  {
    sys::table t = sys::real_table;
    t.eventfd = [](unsigned, int) { return -EMFILE; };
    const sys::scoped_table scope(t);
    EXPECT_EQ(sys::signal_catch::install(both).error().code, EMFILE);
  }
  EXPECT_TRUE(sys::signal_catch::install(both));
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

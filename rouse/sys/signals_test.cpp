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
#include <optional>
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

class signal_listener_test : public signal_catch_test {};

TEST_F(signal_listener_test, each_hears_every_signal_and_many_of_a_kind_as_one) {
  auto one = sys::signal_listener::open(both);
  auto two = sys::signal_listener::open({SIGUSR2});
  ASSERT_TRUE(one && two);
  const sys::descriptor fd_1 = one->take_fd();
  const sys::descriptor fd_2 = two->take_fd();
  for (int i = 0; i < 3; i++)
    ::raise(SIGUSR2);
  ::raise(SIGUSR1);
  EXPECT_TRUE(is_readable(fd_1.get()) && is_readable(fd_2.get()));
  EXPECT_EQ(one->take().bits(), both.bits());
  EXPECT_EQ(two->take().bits(), sys::signal_set{SIGUSR2}.bits());
  EXPECT_FALSE(is_readable(fd_1.get()) || is_readable(fd_2.get()));
  EXPECT_TRUE(one->take().is_empty());
  EXPECT_EQ(former_handler_ran, 0);
}

TEST_F(signal_listener_test, the_former_handler_comes_back_with_the_last_one) {
  {
    auto one = sys::signal_listener::open(both);
    const sys::descriptor fd_1 = one->take_fd();
    {
      auto two = sys::signal_listener::open({SIGUSR1});
      const sys::descriptor fd_2 = two->take_fd();
    }
    ::raise(SIGUSR1);
    EXPECT_EQ(former_handler_ran, 0);
    EXPECT_TRUE(one->take().has(SIGUSR1));
  }
  ::raise(SIGUSR1);
  EXPECT_EQ(former_handler_ran, SIGUSR1);
}

TEST_F(signal_listener_test, a_handler_that_somebody_has_set_since_is_left_alone) {
  {
    auto one = sys::signal_listener::open(both);
    ::signal(SIGUSR1, SIG_IGN);
  }
  ::raise(SIGUSR1);
  EXPECT_EQ(former_handler_ran, 0);
}

TEST_F(signal_listener_test, goes_before_a_catch_whichever_came_first) {
  for (const bool catch_is_first : {true, false}) {
    std::optional<result<sys::signal_catch>> caught;
    if (catch_is_first) caught.emplace(sys::signal_catch::install(both));
    {
      auto one = sys::signal_listener::open({SIGUSR1});
      if (!catch_is_first) caught.emplace(sys::signal_catch::install(both));
      const sys::descriptor fd = one->take_fd();
      ::raise(SIGUSR1);
      EXPECT_TRUE(one->take().has(SIGUSR1));
      EXPECT_EQ((*caught)->caught(), 0);
      ::raise(SIGUSR2);  // nobody listens to that one
      EXPECT_EQ((*caught)->caught(), SIGUSR2);
      ::raise(SIGUSR1);
      EXPECT_TRUE(one->take().has(SIGUSR1)) << "after the catch is over";
      EXPECT_EQ(former_handler_ran, 0);
    }
    ::raise(SIGUSR1);
    EXPECT_EQ(former_handler_ran.exchange(0), SIGUSR1);
    caught.reset();
    ::raise(SIGUSR2);
    EXPECT_EQ(former_handler_ran.exchange(0), SIGUSR2);
  }
}

TEST_F(signal_listener_test, a_catch_goes_on_when_the_listener_goes) {
  auto caught = sys::signal_catch::install(both);
  {
    auto one = sys::signal_listener::open({SIGUSR1});
  }
  ::raise(SIGUSR1);
  EXPECT_EQ(caught->caught(), SIGUSR1);
  EXPECT_EQ(former_handler_ran, 0);
}

TEST_F(signal_listener_test, fault_P1_a_forked_child_hears_nothing_and_may_listen_itself) {
  auto one = sys::signal_listener::open(both);
  const sys::descriptor fd = one->take_fd();
  const int pid = ::fork();
  if (pid == 0) {
    ::raise(SIGUSR1);
    const bool is_as_before = former_handler_ran == SIGUSR1;
    auto own = sys::signal_listener::open({SIGUSR2});
    ::raise(SIGUSR2);
    {
      auto copy = std::move(*one);
    }  // of the parent: nothing happens to ours
    const bool hears = own && own->take().has(SIGUSR2);
    ::raise(SIGUSR2);
    ::_exit(is_as_before && hears && own->take().has(SIGUSR2) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(is_readable(fd.get()));
  EXPECT_TRUE(one->take().is_empty());
}

TEST_F(signal_listener_test, what_cannot_be_heard_is_refused) {
  EXPECT_EQ(sys::signal_listener::open({}).error(), errc::invalid_input);
  for (const int n : {SIGKILL, SIGSTOP, SIGSEGV, SIGFPE, 32, 33})
    EXPECT_EQ(sys::signal_listener::open({n}).error(), errc::invalid_input) << n;
}

TEST_F(signal_listener_test, fault_R3_without_a_free_descriptor_nothing_has_changed) {
  {
    sys::table t = sys::real_table;
    t.eventfd = [](unsigned, int) { return -EMFILE; };
    const sys::scoped_table scope(t);
    EXPECT_EQ(sys::signal_listener::open(both).error().code, EMFILE);
  }
  ::raise(SIGUSR1);
  EXPECT_EQ(former_handler_ran, SIGUSR1);
}

TEST_F(signal_listener_test, fault_P5_a_storm_writes_once_for_each_that_is_taken) {
  auto one = sys::signal_listener::open(both);
  const sys::descriptor fd = one->take_fd();
  for (int i = 0; i < 100'000; i++)
    ::raise(SIGUSR1);
  std::uint64_t count = 0;
  ASSERT_EQ(::read(fd.get(), &count, sizeof count), 8);
  EXPECT_EQ(count, 1u);
  EXPECT_EQ(one->take().bits(), sys::signal_set{SIGUSR1}.bits());
}

TEST_F(signal_listener_test, come_and_go_while_signals_arrive) {
  std::atomic<bool> ends = false;
  auto steady = sys::signal_listener::open({SIGUSR1});
  const sys::descriptor kept = steady->take_fd();
  std::thread storm([&] {
    while (!ends)
      ::raise(SIGUSR1);
  });
  unsigned heard = 0;
  for (int i = 0; i < 300; i++) {
    sys::descriptor fd;  // stays open for as long as the listener lives
    auto one = sys::signal_listener::open(both);
    fd = one->take_fd();
    while (!is_readable(fd.get()))
      std::this_thread::yield();
    heard += one->take().has(SIGUSR1);
  }
  ends = true;
  storm.join();
  EXPECT_EQ(heard, 300u);
  EXPECT_EQ(former_handler_ran, 0);
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

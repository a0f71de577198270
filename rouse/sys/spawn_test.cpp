#include <rouse/sys/spawn.hpp>

#include <rouse/sys/file.hpp>
#include <rouse/sys/process.hpp>
#include <rouse/sys/signals.hpp>

#include <gtest/gtest.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

namespace {

using namespace rouse;

/// An order to run `/bin/sh -c script`, its output to a pipe.
struct shell {
  explicit shell(std::string text) : script(std::move(text)) {
    ends = std::move(sys::open_pipe(false).value());
    passed.push_back({ends.write.get(), 1});
    order.programs = programs;
    order.arguments = arguments;
    order.environment = variables;
  }
  [[nodiscard]] std::expected<sys::spawned, sys::spawn_failure> start() {
    arguments[2] = script.c_str();
    order.passed = passed.data();
    order.passed_count = passed.size();
    auto child = sys::spawn(order);
    ends.write.reset();
    return child;
  }
  /// All that it says, and then it has ended.
  std::string run() {
    auto child = start();
    if (!child) return "not started";
    std::string text;
    char c = 0;
    while (::read(ends.read.get(), &c, 1) == 1)
      text += c;
    sys::wait_for_end(child->process.get());
    return text;
  }

  std::string script;
  const char* programs[2] = {"/bin/sh", nullptr};
  const char* arguments[4] = {"sh", "-c", nullptr, nullptr};
  const char* variables[2] = {"PATH=/usr/bin:/bin", nullptr};
  sys::pipe_ends ends;
  std::vector<sys::passed_descriptor> passed;
  sys::spawn_order order;
};

bool has_zombie() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

TEST(spawn, runs_a_program_and_tells_its_end) {
  shell s("exit 7");
  auto child = s.start();
  ASSERT_TRUE(child);
  pollfd ended{child->process.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&ended, 1, 20'000), 1);
  EXPECT_EQ(sys::take_end(child->process.get()).value(), (sys::process_end{false, 7}));
  EXPECT_FALSE(has_zombie());
}

TEST(spawn, fault_P2_what_cannot_be_executed_is_an_error_here_and_leaves_no_zombie) {
  const sys::signal_set before = sys::blocked_signals();
  shell missing("");
  missing.programs[0] = "/nowhere/at/all";
  auto none = missing.start();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().why.code, ENOENT);
  EXPECT_EQ(none.error().step, sys::spawn_step::exec);
  shell no_program("");
  no_program.programs[0] = "/etc/passwd";
  EXPECT_EQ(no_program.start().error().why.code, EACCES);
  shell no_folder("");
  no_folder.order.folder = "/nowhere";
  auto lost = no_folder.start();
  EXPECT_EQ(lost.error().why.code, ENOENT);
  EXPECT_EQ(lost.error().step, sys::spawn_step::folder);
  shell no_descriptor("");
  no_descriptor.passed.push_back({1000, 5});
  EXPECT_EQ(no_descriptor.start().error().step, sys::spawn_step::descriptors);
  EXPECT_FALSE(has_zombie());
  EXPECT_EQ(sys::blocked_signals().bits(), before.bits());
}

TEST(spawn, several_programs_are_tried_as_in_a_path) {
  shell s("echo found");
  const char* several[] = {"/nowhere/sh", "/etc/passwd", "/etc/passwd/sh", "/bin/sh", nullptr};
  s.order.programs = several;
  EXPECT_EQ(s.run(), "found\n");
  shell refused("");
  const char* two[] = {"/etc/passwd", "/nowhere/sh", nullptr};
  refused.order.programs = two;
  EXPECT_EQ(refused.start().error().why.code, EACCES) << "one was there";
}

TEST(spawn, fault_P5_a_child_has_no_signal_blocked_and_default_actions) {
  const sys::scoped_signal_block block(sys::signal_set{SIGUSR1, SIGTERM});
  struct sigaction ours{}, former_pipe{}, former_user{}, former_hup{};
  ours.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ours, &former_pipe);
  ::sigaction(SIGHUP, &ours, &former_hup);
  ours.sa_handler = [](int) {};
  ::sigaction(SIGUSR2, &ours, &former_user);
  const std::string said = shell("grep -E 'Sig(Blk|Ign)' /proc/self/status").run();
  ::sigaction(SIGPIPE, &former_pipe, nullptr);
  ::sigaction(SIGHUP, &former_hup, nullptr);
  ::sigaction(SIGUSR2, &former_user, nullptr);
  EXPECT_EQ(said,
            "SigBlk:\t0000000000000000\n"
            "SigIgn:\t0000000000000001\n")
      << "SIGHUP, as nohup has it; not SIGPIPE";
}

TEST(spawn, fault_P7_a_child_sees_its_standard_ones_and_those_that_are_named) {
  const sys::descriptor leaky(::open("/dev/null", O_RDONLY));  // not close-on-exec
  const sys::descriptor far(::fcntl(leaky.get(), F_DUPFD, 100));
  shell s("ls /proc/self/fd");
  s.passed.push_back({far.get(), 7});
  // ls opens one more to read the folder: the lowest that is free.
  EXPECT_EQ(s.run(), "0\n1\n2\n3\n7\n");
}

TEST(spawn, descriptors_may_change_places) {
  auto a = sys::open_pipe(false).value();
  auto b = sys::open_pipe(false).value();
  shell s("echo to a >&" + std::to_string(b.write.get()) + "; echo to b >&" +
          std::to_string(a.write.get()));
  s.passed.push_back({a.write.get(), b.write.get()});
  s.passed.push_back({b.write.get(), a.write.get()});
  EXPECT_EQ(s.run(), "");
  char text[16] = {};
  EXPECT_EQ(::read(a.read.get(), text, sizeof text), 5);
  EXPECT_STREQ(text, "to a\n");
  EXPECT_EQ(::read(b.read.get(), text, sizeof text), 5);
  EXPECT_STREQ(text, "to b\n");
}

TEST(spawn, a_group_or_session_of_its_own) {
  shell alone("ps -o pid=,pgid=,sid= -p $$ | awk '{print ($1==$2), ($1==$3)}'");
  EXPECT_EQ(alone.run(), "0 0\n");
  shell group(alone.script);
  group.order.own_group = true;
  EXPECT_EQ(group.run(), "1 0\n");
  shell session(alone.script);
  session.order.own_session = session.order.own_group = true;
  EXPECT_EQ(session.run(), "1 1\n");
}

TEST(spawn, a_group_gets_a_signal_after_its_leader_has_gone_too) {
  shell s("sleep 1000 & exit 0");
  s.order.own_group = true;
  auto child = s.start();
  ASSERT_TRUE(child);
  sys::wait_for_end(child->process.get());
  if (!sys::send_group_signal(child->process.get(), child->pid, SIGKILL)) {
    ::kill(-child->pid, SIGKILL);
    GTEST_SKIP() << "Linux before 6.9";
  }
  char c = 0;
  EXPECT_EQ(::read(s.ends.read.get(), &c, 1), 0) << "the last one that had the pipe is gone";
}

TEST(spawn, fault_P3_the_end_of_a_child_that_somebody_else_took_is_not_known) {
  shell s("exit 3");
  auto child = s.start();
  ASSERT_TRUE(child);
  EXPECT_EQ(::waitpid(child->pid, nullptr, 0), child->pid);
  EXPECT_EQ(sys::take_end(child->process.get()).error().code, ECHILD);
}

}  // namespace

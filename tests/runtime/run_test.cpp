// The one line of main, in child processes: exit codes, what is printed, and signals.
#include <rouse/rouse.hpp>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tests/support/each_reactor.hpp>

#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using namespace rouse;

struct ending {
  int code = -1;     // exit code, or 1000 + signal
  std::string said;  // on stderr
};

enum class more_signals : unsigned char { none, one_when_told, until_it_ends };

/// Runs `main` in a child. With `signal`, sends it once the child has told, and then as many as
/// `again` says.
template <class Main>
ending in_child(Main main, int signal = 0, more_signals again = more_signals::none) {
  int out[2], err[2];
  EXPECT_EQ(::pipe(out), 0);
  EXPECT_EQ(::pipe(err), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    ::dup2(out[1], 1);
    ::dup2(err[1], 2);
    for (const int fd : {out[0], out[1], err[0], err[1]})
      ::close(fd);
    ::_exit(main());
  }
  ::close(out[1]);
  ::close(err[1]);
  char c = 0;
  if (signal != 0) {
    EXPECT_EQ(::read(out[0], &c, 1), 1);
    ::kill(child, signal);
    if (again == more_signals::one_when_told) {
      EXPECT_EQ(::read(out[0], &c, 1), 1);
      ::kill(child, signal);
    }
    siginfo_t ended{};
    while (again == more_signals::until_it_ends &&
           ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT | WNOHANG) == 0 &&
           ended.si_pid == 0)
      ::kill(child, signal);  // two that come at once may count as one
  }
  ending e;
  while (::read(err[0], &c, 1) == 1)
    e.said += c;
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  e.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  ::close(out[0]);
  ::close(err[0]);
  return e;
}

void tell() { EXPECT_EQ(::write(1, ".", 1), 1); }

class process_run : public support::each_reactor {
 protected:
  process_run() { options.reactor.kind = GetParam(); }
  runtime_options options;
};

task<int> gives(int code) {
  co_await yield_now();
  co_return code;
}
task<void> fails_to_connect() { auto stream = co_await net::connect("127.0.0.1:1"); }
task<void> throws() {
  co_await yield_now();
  throw std::runtime_error("no such luck");
}
task<void> waits_for_ever() {
  tell();
  co_await sleep(std::chrono::hours(1));
}
task<void> stops_when_asked() {
  auto asked = stop_requested();
  auto both = co_await when_all(std::move(asked), []() -> task<void> {
    co_await yield_now();
    tell();
  }());
  EXPECT_EQ(std::get<0>(both), SIGTERM);
}
task<void> stops_slowly() {
  auto both = co_await when_all(stop_requested(), []() -> task<void> {
    co_await yield_now();
    tell();
  }());
  (void)both;
  tell();
  co_await sleep(std::chrono::hours(1));
}

TEST_P(process_run, a_task_gives_the_exit_code) {
  EXPECT_EQ(in_child([&] { return run(gives(7), options); }).code, 7);
  EXPECT_EQ(in_child([&] { return run(yield_now(), options); }).code, 0);
}

TEST_P(process_run, an_escaped_exception_is_printed_with_the_place_that_awaited_it) {
  const ending e = in_child([&] { return run(fails_to_connect(), options); });
  EXPECT_EQ(e.code, 1);
  EXPECT_NE(e.said.find("127.0.0.1:1"), std::string::npos) << e.said;
  EXPECT_NE(e.said.find("run_test.cpp:"), std::string::npos) << e.said;
  const ending thrown = in_child([&] { return run(throws(), options); });
  EXPECT_EQ(thrown.code, 1);
  EXPECT_EQ(thrown.said, "rouse: no such luck\n") << "no await of the program's own saw it";
}

TEST_P(process_run, a_signal_cancels_the_root) {
  EXPECT_EQ(in_child([&] { return run(waits_for_ever(), options); }, SIGINT).code, 130);
  EXPECT_EQ(in_child([&] { return run(waits_for_ever(), options); }, SIGTERM).code, 143);
}

TEST_P(process_run, a_root_that_asks_gets_the_first_signal_as_a_request) {
  EXPECT_EQ(in_child([&] { return run(stops_when_asked(), options); }, SIGTERM).code, 0);
}

TEST_P(process_run, a_second_signal_kills_at_once) {
  EXPECT_EQ(
      in_child([&] { return run(stops_slowly(), options); }, SIGTERM, more_signals::one_when_told)
          .code,
      1000 + SIGTERM);
}

TEST_P(process_run, a_second_signal_kills_also_when_the_thread_is_stuck) {
  const auto stuck = []() -> task<void> {
    int nobody_writes[2];
    EXPECT_EQ(::pipe(nobody_writes), 0);
    tell();
    char c = 0;
    EXPECT_EQ(::read(nobody_writes[0], &c, 1), 1);  // for ever, and not in the runtime's hands
    co_return;
  };
  EXPECT_EQ(
      in_child([&] { return run(stuck(), options); }, SIGTERM, more_signals::until_it_ends).code,
      1000 + SIGTERM);
}

TEST_P(process_run, a_signal_that_another_thread_gets_cancels_the_root_too) {
  const auto with_a_thread = [&] {
    std::mutex held;
    held.lock();
    std::thread idle([&] { held.lock(); });  // takes signals, unlike the main thread
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    const int code = run(waits_for_ever(), options);
    held.unlock();
    idle.join();
    return code;
  };
  EXPECT_EQ(in_child(with_a_thread, SIGINT).code, 130);
}

TEST_P(process_run, former_handlers_come_back) {
  const ending e = in_child([&] {
    if (::signal(SIGINT, [](int) { ::_exit(42); }) == SIG_ERR) return 1;
    const int code = run(gives(0), options);
    ::raise(SIGINT);
    return code;
  });
  EXPECT_EQ(e.code, 42);
}

INSTANTIATE_TEST_SUITE_P(on, process_run, support::reactors(), support::reactor_name);

}  // namespace

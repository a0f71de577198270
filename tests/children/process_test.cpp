// Children of a program: how they are started, what they say, and how they end.
#include <rouse/io/stream.hpp>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <tests/children/children_on_each_reactor.hpp>
#include <tests/support/full_size.hpp>
#include <tests/support/open_descriptors.hpp>
#include <tests/support/pattern.hpp>
#include <tests/support/sanitized.hpp>
#include <tests/support/scratch_folder.hpp>

#include <cerrno>
#include <fstream>
#include <span>

namespace children {
namespace {

static_assert(io::async_read<process::pipe_reader> && io::async_write<process::pipe_writer>);
static_assert(io::can_shut_down<process::pipe_writer>);
static_assert(stream<process::signal_stream>);

class process_command : public children_on_each_reactor {};
CHILDREN_ON_EACH_REACTOR(process_command);

TEST_P(process_command, a_child_is_spoken_with_and_waited_for) {
  run([]() -> task<void> {
    auto cat = co_await command("cat").input(piped).output(piped).spawn();
    EXPECT_GT(cat.id(), 0);
    EXPECT_FALSE(cat.errors()) << "was inherited";
    co_await cat.input().write_all("hello\n");
    std::byte bytes[32];
    const std::size_t count = co_await cat.output().read(bytes);
    EXPECT_EQ(io::as_text(std::span(bytes).first(count)), "hello\n");
    EXPECT_EQ(cat.try_wait().value(), std::nullopt);
    cat.input().close();
    EXPECT_EQ(co_await cat.output().read(bytes), 0u) << "the end";
    const exit_status end = co_await cat.wait();
    EXPECT_TRUE(end.is_success()) << end.to_string();
    EXPECT_EQ(co_await cat.wait(), end) << "the same again";
  }());
}

TEST_P(process_command, the_end_says_how) {
  run([]() -> task<void> {
    auto three = co_await shell("exit 3").run();
    EXPECT_EQ(three.status, exit_status::exited(3));
    EXPECT_EQ(three.status.code(), 3);
    auto killed = co_await shell("kill -TERM $$").run();
    EXPECT_EQ(killed.status, exit_status::signalled(SIGTERM));
    EXPECT_FALSE(killed.status.code());
  }());
}

TEST_P(process_command, arguments_arrive_as_they_are) {
  run([]() -> task<void> {
    const std::vector<std::string> odd = {"", "a b", "$HOME", "'\"\\", "*", "\xff\n"};
    auto said = co_await command("/usr/bin/printf").arg("%s|").args(odd).run();
    EXPECT_EQ(said.output, "|a b|$HOME|'\"\\|*|\xff\n|");
  }());
}

TEST_P(process_command, the_environment_is_inherited_changed_or_none) {
  ::setenv("ROUSE_A", "1", 1);
  ::setenv("ROUSE_B", "2", 1);
  run([]() -> task<void> {
    auto env = command("/usr/bin/env");
    env.env("ROUSE_A", "x=y").unset_env("ROUSE_B").env("ROUSE_C", "");
    auto changed = co_await env.run();
    EXPECT_NE(changed.output.find("ROUSE_A=x=y\n"), std::string::npos);
    EXPECT_EQ(changed.output.find("ROUSE_A=1\n"), std::string::npos);
    EXPECT_EQ(changed.output.find("ROUSE_B"), std::string::npos);
    EXPECT_NE(changed.output.find("ROUSE_C=\n"), std::string::npos);
    EXPECT_NE(changed.output.find("PATH="), std::string::npos);
    auto none = co_await command("/usr/bin/env").clear_env().env("ONLY", "1").run();
    EXPECT_EQ(none.output, "ONLY=1\n");
  }());
}

TEST_P(process_command, a_name_is_looked_for_in_the_path_of_the_child) {
  const support::scratch_folder folder;
  std::ofstream(folder / "rouse-hello") << "#!/bin/sh\necho hello\n";
  std::ofstream(folder / "rouse-plain") << "echo hello\n";
  ASSERT_EQ(::chmod((folder / "rouse-hello").c_str(), 0755), 0);
  ASSERT_EQ(::chmod((folder / "rouse-plain").c_str(), 0755), 0);
  run([](std::string path) -> task<void> {
    auto said = co_await command("rouse-hello").env("PATH", "/nowhere:" + path).run();
    EXPECT_EQ(said.output, "hello\n");
    auto elsewhere = co_await command("rouse-hello").run().result();
    EXPECT_EQ(elsewhere.error().code, ENOENT);
    auto empty = co_await command("rouse-hello").env("PATH", "/nowhere:").cwd(path).run();
    EXPECT_EQ(empty.output, "hello\n") << "an empty part is the current folder";
    auto no_shell = co_await command("rouse-plain").env("PATH", path).run().result();
    EXPECT_EQ(no_shell.error().code, ENOEXEC) << "no shell is asked";
  }(folder.path()));
}

TEST_P(process_command, has_a_folder_of_its_own) {
  run([]() -> task<void> {
    auto where = co_await command("/bin/pwd").cwd("/usr/lib").run();
    EXPECT_EQ(where.output, "/usr/lib\n");
  }());
}

TEST_P(process_command, fault_P2_what_cannot_be_started_is_named_and_leaves_nothing) {
  run([]() -> task<void> {
    std::string said;
    try {
      auto child = co_await command("/no/such/program").spawn();
    } catch (const io_error& e) {
      said = e.what();
    }
    EXPECT_NE(said.find("exec"), std::string::npos) << said;
    EXPECT_NE(said.find("/no/such/program"), std::string::npos) << said;
    try {
      auto child = co_await command("/bin/true").cwd("/no/such/folder").spawn();
    } catch (const io_error& e) {
      said = e.what();
    }
    EXPECT_NE(said.find("/no/such/folder"), std::string::npos) << said;
    auto refused = co_await command("/etc/passwd").spawn().result();
    EXPECT_EQ(refused.error().code, EACCES);
    EXPECT_FALSE(has_zombie());
  }());
}

TEST_P(process_command, what_makes_no_sense_is_told) {
  run([]() -> task<void> {
    const auto invalid = [](command c) -> task<bool> {
      auto child = co_await c.spawn().result();
      co_return !child && child.error() == errc::invalid_input;
    };
    EXPECT_TRUE(co_await invalid(command("")));
    EXPECT_TRUE(co_await invalid(command(std::string_view("a\0b", 3))));
    EXPECT_TRUE(co_await invalid(command("true").arg(std::string_view("\0", 1))));
    EXPECT_TRUE(co_await invalid(command("true").env("", "x")));
    EXPECT_TRUE(co_await invalid(command("true").env("A=B", "x")));
    EXPECT_TRUE(co_await invalid(command("true").cwd("")));
    EXPECT_TRUE(co_await invalid(command("true").pass(0, 2)));
    EXPECT_TRUE(co_await invalid(command("true").pass(0, 3).pass(1, 3)));
    EXPECT_TRUE(co_await invalid(command("true").output(process::same_as_output)));
    auto closed = co_await command("true").pass(1000, 3).spawn().result();
    EXPECT_EQ(closed.error().code, EBADF);
  }());
}

TEST_P(process_command, without_a_runtime_there_is_none) {
  auto here = command("true").spawn_here();
  EXPECT_EQ(here.error(), errc::no_context);
}

TEST_P(process_command, spawn_here_is_the_same_at_once) {
  run([]() -> task<void> {
    auto child = command("echo").arg("x").output(piped).spawn_here();
    if (!child) throw_error(child.error());
    const std::string said = co_await all_of(child->output());
    EXPECT_EQ(said, "x\n");
    auto end = co_await child->wait();
    EXPECT_TRUE(end.is_success());
    EXPECT_EQ(command("/no/such").spawn_here().error().code, ENOENT);
  }());
}

TEST_P(process_command, streams_lead_where_they_are_told) {
  const support::scratch_folder folder;
  const int file = ::open((folder / "log").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  run([](int fd) -> task<void> {
    auto both = co_await shell("echo out; echo err >&2").errors(process::same_as_output).run();
    EXPECT_EQ(both.output, "out\nerr\n");
    EXPECT_EQ(both.errors, "");
    auto apart = co_await shell("echo out; echo err >&2").run();
    EXPECT_EQ(apart.output, "out\n");
    EXPECT_EQ(apart.errors, "err\n");
    auto to_file = co_await shell("echo in file").output(process::descriptor(fd)).run();
    EXPECT_EQ(to_file.output, "");
    auto nothing = co_await shell("cat; echo end").output(process::null_device).run();
    EXPECT_TRUE(nothing.status.is_success());
    EXPECT_EQ(nothing.output, "");
  }(file));
  char text[32] = {};
  EXPECT_EQ(::pread(file, text, sizeof text, 0), 8);
  EXPECT_STREQ(text, "in file\n");
  ::close(file);
}

TEST_P(process_command, fault_P7_a_child_sees_its_standard_ones_and_those_that_are_named) {
  const int leaky = ::open("/dev/null", O_RDONLY);  // not close-on-exec
  run([](int fd) -> task<void> {
    auto neighbour = co_await command("cat").input(piped).output(piped).spawn();
    auto seen = co_await command("ls").arg("/proc/self/fd").pass(fd, 9).run();
    EXPECT_EQ(seen.output, "0\n1\n2\n3\n9\n") << "3 is the folder that ls reads";
  }(leaky));
  ::close(leaky);
}

TEST_P(process_command, fault_P5_a_child_has_no_signal_blocked) {
  run([]() -> task<void> {
    const sys::scoped_signal_block block({SIGUSR1});
    auto mask = co_await command("grep").args("SigBlk", "/proc/self/status").run();
    EXPECT_EQ(mask.output, "SigBlk:\t0000000000000000\n");
    auto here = command("grep").args("SigBlk", "/proc/self/status").output(piped).spawn_here();
    auto said = co_await all_of(here->output());
    EXPECT_EQ(said, "SigBlk:\t0000000000000000\n");
    co_await here->wait();
  }());
}

class process_child : public children_on_each_reactor {};
CHILDREN_ON_EACH_REACTOR(process_child);

TEST_P(process_child, signals_reach_it) {
  run([]() -> task<void> {
    auto sleeper = co_await command("sleep").arg("1000").spawn();
    EXPECT_TRUE(sleeper.terminate());
    EXPECT_EQ(co_await sleeper.wait(), exit_status::signalled(SIGTERM));
    EXPECT_EQ(sleeper.kill().error().code, ESRCH);
    auto second = co_await command("sleep").arg("1000").spawn();
    EXPECT_TRUE(second.send_signal(SIGKILL));
    EXPECT_EQ(second.send_signal(4000).error().code, EINVAL);
    EXPECT_EQ(co_await second.wait(), exit_status::signalled(SIGKILL));
    EXPECT_EQ(second.kill_group().error(), errc::invalid_input) << "it leads none";
  }());
}

TEST_P(process_child, a_group_is_reached_as_a_whole) {
  run([]() -> task<void> {
    auto group = co_await shell("sleep 1000 & sleep 1000").output(piped).new_group().spawn();
    EXPECT_TRUE(group.terminate_group());
    EXPECT_EQ(co_await group.wait(), exit_status::signalled(SIGTERM));
    const std::string rest = co_await all_of(group.output());
    EXPECT_EQ(rest, "") << "nobody has the pipe any more";
  }());
}

TEST_P(process_child, fault_P4_dropping_the_handle_kills_it_and_its_group) {
  run([]() -> task<void> {
    process::pipe_reader output;
    {
      auto group =
          co_await shell("sleep 1000 & echo $!; sleep 1000").output(piped).new_group().spawn();
      output = std::move(group.output());
      std::byte bytes[32];
      EXPECT_GT(co_await output.read(bytes), 0u) << "all of it runs";
    }
    const std::string rest = co_await all_of(output);
    EXPECT_EQ(rest, "") << "the whole group is gone";
    co_await no_orphans();
    EXPECT_FALSE(has_children());
  }());
}

TEST_P(process_child, fault_P4_one_that_is_detached_lives_on_and_is_waited_for) {
  run([]() -> task<void> {
    auto child = co_await command("cat").input(piped).output(piped).spawn();
    auto to = std::move(child.input());
    auto from = std::move(child.output());
    const int number = std::move(child).detach();
    EXPECT_EQ(::kill(number, 0), 0);
    EXPECT_EQ(process::orphans(), 1u);
    co_await to.write_all("still here");
    to.close();
    const std::string said = co_await all_of(from);
    EXPECT_EQ(said, "still here");
    co_await no_orphans();
    EXPECT_FALSE(has_children());
  }());
}

TEST_P(process_child, fault_P4_one_that_outlives_its_runtime_is_waited_for_by_the_next_look) {
  int number = -1;
  run([](int& pid) -> task<void> {
    auto child = co_await command("sleep").arg("1000").spawn();
    pid = std::move(child).detach();
  }(number));
  runtime_.reset();
  EXPECT_EQ(process::orphans(), 1u);
  EXPECT_EQ(::kill(number, SIGKILL), 0);
  while (process::orphans() != 0)
    ::usleep(1000);
  EXPECT_FALSE(has_children());
}

TEST_P(process_child, dropped_outside_a_task_it_is_dead_and_gone_at_once) {
  {
    auto child = run(command("sleep").arg("1000").spawn());
  }
  EXPECT_FALSE(has_children());
  auto held = run(command("sleep").arg("1000").spawn());
  runtime_.reset();  // its reactor is gone first
  held = process::child();
  EXPECT_FALSE(has_children());
}

/// Of this process, now.
long resident_kib() {
  std::ifstream statm("/proc/self/statm");
  long all = 0;
  long resident = 0;
  statm >> all >> resident;
  return resident * (::getpagesize() / 1024);
}

enum class way { waited_for, detached, dropped };

/// Short children, eight at a time, of which each in its turn ends one of these ways.
task<void> run_children(std::span<const way> ways, int count) {
  constexpr int side_by_side = 8;
  for (int i = 0; i < count; i += side_by_side) {
    co_await scope([&ways](nursery& all) -> task<void> {
      for (std::size_t j = 0; j < side_by_side; j++) {
        all.spawn(
            [](way how) -> task<void> {
              auto child = co_await command(CHILDREN_NOTHING).spawn();
              if (how == way::waited_for) {
                auto end = co_await child.wait();
                EXPECT_TRUE(end.is_success());
              }
              if (how == way::detached) std::move(child).detach();
            },
            ways[j % ways.size()]);
      }
      co_return;
    });
  }
  co_await no_orphans();
}

/// The first ones show what a runtime needs for it, and the others need no more.
task<void> run_many(std::vector<way> ways) {
  const int count = support::is_full_size() ? 100'000 : support::is_sanitized ? 480 : 2400;
  co_await run_children(ways, 240);
  const std::size_t descriptors = support::open_descriptors();
  const long resident = resident_kib();
  co_await run_children(ways, count);
  EXPECT_FALSE(has_children());
  EXPECT_EQ(support::open_descriptors(), descriptors);
  const long more = resident_kib() - resident;
  ::testing::Test::RecordProperty("more_kib", static_cast<int>(more));
  if (!support::is_sanitized) {  // a sanitizer keeps what is freed
    EXPECT_LT(more, 1024);
  }
}

TEST_P(process_child, fault_P4_thousands_of_short_ones_leave_nothing) {
  run(run_many({way::waited_for}));
}

TEST_P(process_child, fault_P4_nor_do_they_when_half_of_them_are_let_go) {
  run(run_many({way::waited_for, way::detached, way::waited_for, way::dropped}));
}

TEST_P(process_child, fault_P3_its_status_is_unknown_when_somebody_else_took_it) {
  run([]() -> task<void> {
    auto child = co_await command("true").spawn();
    EXPECT_EQ(::waitpid(child.id(), nullptr, 0), child.id());
    auto end = co_await child.wait();
    EXPECT_TRUE(end.is_unknown());
    EXPECT_FALSE(end.is_success());
  }());
}

TEST_P(process_child, fault_P3_and_when_this_process_ignores_SIGCHLD) {
  struct sigaction ignore{}, former{};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGCHLD, &ignore, &former);
  run([]() -> task<void> {
    auto ended = co_await command("true").run();
    EXPECT_TRUE(ended.status.is_unknown());
    auto sleeper = co_await command("sleep").arg("1000").spawn();
    EXPECT_TRUE(sleeper.kill());
    auto end = co_await sleeper.wait();
    EXPECT_TRUE(end.is_unknown());
    auto none = co_await command("/no/such").run().result();
    EXPECT_EQ(none.error().code, ENOENT);
    {
      auto dropped = co_await command("sleep").arg("1000").spawn();
    }
    co_await no_orphans();
  }());
  ::sigaction(SIGCHLD, &former, nullptr);
}

TEST_P(process_child, stop_asks_first_and_kills_after_the_grace) {
  run([]() -> task<void> {
    auto willing = co_await command("sleep").arg("1000").spawn();
    EXPECT_EQ(co_await willing.stop(20s), exit_status::signalled(SIGTERM));
    auto stubborn =
        co_await shell("trap '' TERM; echo ready; exec sleep 1000").output(piped).spawn();
    std::byte bytes[8];
    co_await stubborn.output().read(bytes);
    EXPECT_EQ(co_await stubborn.stop(1ms), exit_status::signalled(SIGKILL));
    EXPECT_EQ(co_await stubborn.stop(1ms), exit_status::signalled(SIGKILL)) << "again";
  }());
}

TEST_P(process_child, fault_P1_a_forked_copy_of_the_handle_does_nothing) {
  run([]() -> task<void> {
    auto child = co_await command("cat").input(piped).output(piped).spawn();
    const int pid = ::fork();
    if (pid == 0) {
      const bool refuses =
          child.kill().error() == errc::forked && child.try_wait().error() == errc::forked;
      {
        auto dropped = std::move(child);
      }
      ::_exit(refuses ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(child.try_wait().value(), std::nullopt) << "it lives";
    co_await child.input().write_all("x");
    std::byte bytes[8];
    EXPECT_EQ(co_await child.output().read(bytes), 1u);
  }());
}

class process_pipes : public children_on_each_reactor {};
CHILDREN_ON_EACH_REACTOR(process_pipes);

TEST_P(process_pipes, fault_P6_much_goes_both_ways_at_once) {
  run([]() -> task<void> {
    const std::string much = support::pattern(3'000'000);
    auto same = co_await command("cat").run(much);
    EXPECT_TRUE(same.output == much);
    auto twice = co_await shell("tee /dev/stderr").run(much);
    EXPECT_TRUE(twice.output == much && twice.errors == much);
  }());
}

TEST_P(process_pipes, fault_P6_a_child_that_reads_no_more_is_an_error_and_no_signal) {
  run([]() -> task<void> {
    auto child = co_await shell("exec 0<&-; echo closed; exec sleep 1000")
                     .input(piped)
                     .output(piped)
                     .spawn();
    std::byte bytes[16];
    co_await child.output().read(bytes);
    auto written = co_await child.input().write_all("x").result();
    EXPECT_EQ(written.error().code, EPIPE);
    auto lazy = co_await shell("head -c 1").run(support::pattern(1'000'000));
    EXPECT_EQ(lazy.output.size(), 1u);
    EXPECT_TRUE(lazy.status.is_success());
  }());
}

TEST_P(process_pipes, fault_P6_wait_does_not_wait_for_who_else_has_the_pipe) {
  run([]() -> task<void> {
    auto child = co_await shell("sleep 1000 & echo $!; exit 4").output(piped).new_group().spawn();
    EXPECT_EQ(co_await child.wait(), exit_status::exited(4));
    std::byte bytes[32];
    const std::size_t count = co_await child.output().read(bytes);
    const int grandchild = std::stoi(std::string(io::as_text(std::span(bytes).first(count))));
    auto silence = co_await timeout(1ms, child.output().read(bytes)).result();
    EXPECT_TRUE(silence.error().is_timed_out()) << "the pipe is still open";
    ::kill(grandchild, SIGKILL);
    EXPECT_EQ(co_await child.output().read(bytes), 0u);
    auto done = co_await shell("sleep 1000 & echo $!").run();
    EXPECT_TRUE(done.status.is_success());
    ::kill(std::stoi(done.output), SIGKILL);
  }());
}

TEST_P(process_pipes, more_than_the_limit_is_an_error_and_not_a_part) {
  run([]() -> task<void> {
    const process::run_options little{.bytes_max = 1000};
    auto exact = co_await command("cat").run(std::string(1000, 'x'), little);
    EXPECT_EQ(exact.output.size(), 1000u);
    auto over = co_await command("cat").run(std::string(1001, 'x'), little).result();
    EXPECT_EQ(over.error(), errc::too_large);
    auto endless = co_await command("yes").run({}, little).result();
    EXPECT_EQ(endless.error(), errc::too_large);
    co_await no_orphans();
  }());
}

TEST_P(process_pipes, a_closed_end_is_told) {
  run([]() -> task<void> {
    auto child = co_await command("cat").input(piped).spawn();
    std::byte bytes[8];
    auto none = co_await child.output().read(bytes).result();
    EXPECT_EQ(none.error(), errc::closed);
    EXPECT_EQ(child.output().try_read(bytes).error(), errc::closed);
    co_await child.input().shutdown();
    auto late = co_await child.input().write_all("x").result();
    EXPECT_EQ(late.error(), errc::closed);
    auto end = co_await child.wait();
    EXPECT_TRUE(end.is_success());
  }());
}

TEST_P(process_pipes, try_read_never_waits) {
  run([]() -> task<void> {
    auto child = co_await command("cat").input(piped).output(piped).spawn();
    std::byte bytes[8];
    EXPECT_EQ(child.output().try_read(bytes).value(), std::nullopt);
    co_await child.input().write_all("abc");
    auto count = child.output().try_read(bytes).value();
    while (!count) {
      co_await sleep(1ms);
      count = child.output().try_read(bytes).value();
    }
    EXPECT_EQ(count, 3u);
    child.input().close();
    co_await child.wait();
    EXPECT_EQ(child.output().try_read(bytes).value(), 0u) << "the end";
  }());
}

}  // namespace
}  // namespace children

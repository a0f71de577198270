#include <rouse/base/io_error.hpp>
#include <rouse/loop/loop_processes.hpp>
#include <rouse/loop/on_loop_test.hpp>
#include <rouse/process/orphans.hpp>

#include <sys/wait.h>
#include <tests/support/open_descriptors.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <thread>

namespace loop_test {
namespace {

using rouse::process::command;
using rouse::process::exit_status;
using rouse::process::piped;

std::string text_of(std::span<const std::byte> piece) {
  return std::string(rouse::io::as_text(piece));
}

/// A script for /bin/sh, each of whose streams is piped.
command piped_shell(std::string_view script) {
  command what("/bin/sh");
  what.args("-c", script).input(piped).output(piped).errors(piped);
  return what;
}

class loop_processes : public on_loop {
 protected:
  void SetUp() override {
    on_loop::SetUp();
    if (!IsSkipped()) make_real();
  }
  void TearDown() override {
    loop_.reset();
    expect_no_child();
  }
  static void expect_no_child() {
    for (int i = 0; rouse::process::orphans() != 0 && i < 2000; ++i)
      std::this_thread::sleep_for(1ms);
    siginfo_t info{};
    EXPECT_NE(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), 0) << "a child is left";
  }
  auto spawn(const command& what) { return it().processes().spawn(what); }
  /// Logs the events of the child, all but its data.
  void tell(const rouse::loop_child& child) {
    child.on_spawn(say("spawn"));
    child.on_exit([this](exit_status end) { log.push_back("exit: " + end.to_string()); });
    child.on_error(
        [this](const rouse::io_error& e) { log.push_back(std::string("error: ") + e.what()); });
    child.on_close(say("close"));
  }
  auto into(std::string& text) {
    return [&text](auto piece) { text += text_of(piece); };
  }
};
INSTANTIATE_TEST_SUITE_P(each, loop_processes, support::reactors(), support::reactor_name);

TEST_P(loop_processes, row_68_a_childs_events_come_in_their_order) {
  const auto child = spawn(piped_shell("read line; echo said $line; exit 3"));
  EXPECT_EQ(child.id(), -1);
  child.on_spawn([&, child] {
    EXPECT_GT(child.id(), 0);
    log.emplace_back("spawn");
  });
  std::string said;
  child.output().on_data(into(said));
  child.output().on_end(say("end"));
  child.output().on_close(say("output closed"));
  child.on_exit([&](exit_status end) { log.push_back("exit: " + end.to_string()); });
  child.on_close(say("close"));
  child.input().end("hello\n");
  EXPECT_EQ(log, lines()) << "nothing before the loop runs";
  it().run();
  // Whether its output or its own end is seen first is the kernel's to say.
  std::erase(log, "end");
  std::erase(log, "output closed");
  EXPECT_EQ(log, (lines{"spawn", "exit: exit code 3", "close"}));
  EXPECT_EQ(said, "said hello\n");
  EXPECT_TRUE(child.is_closed());
}

TEST_P(loop_processes, closes_last_when_its_streams_have_closed) {
  const auto child = spawn(piped_shell("echo out; echo err >&2"));
  child.output().on_data([](auto) {}).on_close(say("stream closed"));
  child.errors().on_data([](auto) {}).on_close(say("stream closed"));
  child.on_close(say("close"));
  it().run();
  EXPECT_EQ(log, (lines{"stream closed", "stream closed", "close"}));
}

TEST_P(loop_processes, tells_how_it_ended_to_the_callback_of_the_call) {
  it().processes().spawn(command("/bin/sh").args("-c", "exit 7"), [&](exit_status end) {
    EXPECT_EQ(end, exit_status::exited(7));
    log.emplace_back("exit");
  });
  it().run();
  EXPECT_EQ(log, lines{"exit"});
}

TEST_P(loop_processes, fault_P2_one_that_cannot_be_started_is_an_error_that_names_it) {
  const auto child = spawn(command("/no/such/program").input(piped).output(piped));
  tell(child);
  child.output().on_data([](auto) {}).on_end(say("end"));
  child.output().on_close(say("output closed"));
  child.input().write("lost");
  it().run();
  EXPECT_EQ(log, (lines{"error: exec /no/such/program: No such file or directory", "output closed",
                        "close"}));
  EXPECT_EQ(child.id(), -1);
  EXPECT_TRUE(child.input().is_closed());
}

TEST_P(loop_processes, fault_P2_a_missing_folder_is_named_too) {
  const auto child = spawn(command("/bin/true").cwd("/no/such/folder"));
  tell(child);
  it().run();
  ASSERT_EQ(log.size(), 2U);
  EXPECT_THAT(log[0], testing::HasSubstr("/no/such/folder"));
  EXPECT_EQ(log[1], "close");
}

TEST_P(loop_processes, fails_the_loop_when_nobody_takes_the_error) {
  const auto child = spawn(command("/no/such/program"));
  try {
    it().run();
    ADD_FAILURE() << "it has not failed";
  } catch (const rouse::io_error& e) {
    EXPECT_EQ(e.reason().code, ENOENT);
  }
  child.on_close(say("close"));
  it().run();
  EXPECT_EQ(log, lines{"close"}) << "the loop goes on";
}

TEST_P(loop_processes, fault_P6_bytes_go_both_ways_with_back_pressure) {
  const auto cat = spawn(command("/bin/cat").input(piped).output(piped));
  const std::string chunk(100'000, 'x');
  std::size_t written = 0;
  int drains = 0;
  const auto input = cat.input();
  const auto feed = [&, input] {
    while (written < 20 * chunk.size()) {
      written += chunk.size();
      if (!input.write(chunk)) return;
    }
    input.end();
  };
  input.on_drain([&] { ++drains, feed(); });
  std::size_t came = 0;
  cat.output().on_data([&](auto piece) { came += piece.size(); });
  tell(cat);
  feed();
  EXPECT_EQ(input.buffered_bytes(), chunk.size()) << "above the high-water mark after one";
  it().run();
  EXPECT_EQ(drains, 20);
  EXPECT_EQ(came, 20 * chunk.size());
  EXPECT_EQ(input.buffered_bytes(), 0U);
  EXPECT_EQ(log, (lines{"spawn", "exit: exit code 0", "close"}));
}

TEST_P(loop_processes, says_drain_at_the_high_water_mark_and_not_below) {
  const auto cat = spawn(command("/bin/cat").input(piped).output(rouse::process::null_device));
  const auto input = cat.input();
  EXPECT_TRUE(input.write(std::string(rouse::loop_child_input::high_water_mark, 'x')));
  EXPECT_FALSE(input.write("x"));
  input.on_drain([&, input] {
    log.push_back("drain " + std::to_string(input.buffered_bytes()));
    EXPECT_TRUE(input.write("more"));
    input.end();
  });
  it().run();
  EXPECT_EQ(log, lines{"drain 0"});
}

TEST_P(loop_processes, fault_P6_a_child_that_closes_its_input_is_an_event) {
  const auto child = spawn(piped_shell("exec <&-; echo closed; exec sleep 100"));
  const auto input = child.input();
  child.output().on_data([&, input](auto) { EXPECT_TRUE(input.write("nobody reads this")); });
  input.on_error([&, child](const rouse::error& why) {
    log.push_back("error " + std::to_string(why.code == EPIPE));
    EXPECT_TRUE(child.input().is_closed());
    EXPECT_FALSE(child.input().write("again"));
    EXPECT_TRUE(child.kill());
  });
  child.on_exit([&](exit_status end) { log.push_back(end.to_string()); });
  it().run();
  EXPECT_EQ(log, (lines{"error 1", "signal 9"}));
}

TEST_P(loop_processes, is_no_error_to_read_less_than_is_written) {
  const auto child = spawn(piped_shell("head -c 1"));
  std::string text;
  child.output().on_data(into(text));
  tell(child);
  child.input().end(std::string(1'000'000, 'y'));
  it().run();
  EXPECT_EQ(text, "y");
  EXPECT_EQ(log, (lines{"spawn", "exit: exit code 0", "close"}));
}

TEST_P(loop_processes, drops_what_nobody_listens_to) {
  const auto child = spawn(piped_shell("echo out; echo err >&2"));
  (void)child.output();  // asked for, and left alone
  tell(child);
  it().run();
  EXPECT_EQ(log, (lines{"spawn", "exit: exit code 0", "close"}));
  EXPECT_TRUE(child.output().is_closed());
  EXPECT_TRUE(child.errors().is_closed());
}

TEST_P(loop_processes, reads_on_after_the_exit_what_a_listener_has_paused) {
  const auto child = spawn(piped_shell("echo late"));
  const auto output = std::make_shared<rouse::loop_flow>(child.output());
  std::string text;
  output->on_data(into(text));
  output->pause();
  child.on_exit([&](exit_status) {
    it().set_timeout(1ms, [&] {
      log.push_back("before: " + text);
      output->resume();
    });
  });
  child.on_close([&] { log.push_back("close: " + text); });
  it().run();
  EXPECT_EQ(log, (lines{"before: ", "close: late\n"}));
}

TEST_P(loop_processes, lets_exit_listeners_still_ask_for_its_output) {
  const auto child = spawn(piped_shell("echo late"));
  std::string text;
  child.on_exit([&, child](exit_status) { child.output().on_data(into(text)); });
  it().run();
  EXPECT_EQ(text, "late\n");
}

TEST_P(loop_processes, gives_the_child_an_end_when_a_stream_is_destroyed) {
  const auto yes = spawn(command("/usr/bin/yes").output(piped).errors(rouse::process::null_device));
  auto output = yes.output();
  output.on_data([output](auto) { output.destroy(); });
  const auto early =
      spawn(command("/usr/bin/yes").output(piped).errors(rouse::process::null_device));
  early.output().destroy();
  const auto ends = [&](exit_status end) {
    log.push_back(end.is_success() ? "success" : "broken pipe");
  };
  yes.on_exit(ends);
  early.on_exit(ends);
  it().run();
  EXPECT_EQ(log, (lines{"broken pipe", "broken pipe"}));
}

TEST_P(loop_processes, streams_that_are_no_pipes_end_at_once) {
  const auto child = spawn(command("/bin/cat").input(piped));
  child.output().on_data([](auto) {}).on_end([&, child] {
    log.emplace_back("end");
    child.input().end();
  });
  tell(child);
  it().run();
  EXPECT_EQ(log, (lines{"spawn", "end", "exit: exit code 0", "close"}));
}

TEST_P(loop_processes, signals_reach_it_also_before_it_runs) {
  const auto early = spawn(command("/bin/sleep").arg("100"));
  EXPECT_TRUE(early.terminate());
  early.on_exit([&](exit_status end) {
    log.push_back(end.to_string());
    const auto late = early.terminate();
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ESRCH);
  });
  early.on_close([&] {
    const auto running = spawn(command("/bin/sleep").arg("100"));
    running.on_spawn([running] { EXPECT_TRUE(running.send_signal(SIGINT)); });
    running.on_exit([&](exit_status end) { log.push_back(end.to_string()); });
  });
  it().run();
  EXPECT_EQ(log, (lines{"signal 15", "signal 2"}));
}

TEST_P(loop_processes, group_signals_reach_its_children) {
  auto what = piped_shell("sleep 100 & echo ready; wait");
  const auto child = spawn(what.new_group());
  child.output().on_data([&, child](auto) { EXPECT_TRUE(child.kill_group()); });
  tell(child);
  const auto alone = spawn(command("/bin/cat").input(piped));
  alone.on_spawn([alone] {
    const auto none = alone.kill_group();
    EXPECT_EQ(none.error(), rouse::errc::invalid_input);
    alone.input().end();
  });
  it().run();
  EXPECT_EQ(log, (lines{"spawn", "exit: signal 9", "close"})) << "the pipe has closed, too";
}

TEST_P(loop_processes, fault_M15_a_child_killed_by_anothers_event_is_told_of_that) {
  const auto one = spawn(command("/bin/cat").input(piped).output(piped));
  const auto two = spawn(command("/bin/cat").input(piped).output(piped));
  const auto pair = {one, two};
  int data = 0;
  for (const rouse::loop_child& child : pair) {
    child.output().on_data([&, one, two](auto) {
      ++data;
      for (const rouse::loop_child& each : {one, two}) {
        each.output().destroy();
        (void)each.kill();
      }
    });
    child.on_exit([&](exit_status end) { log.push_back(end.to_string()); });
    child.on_close(say("close"));
  }
  // Both have written before the loop looks again.
  one.input().write("x");
  two.input().write("x");
  it().set_timeout(20ms, [] { std::this_thread::sleep_for(20ms); });
  it().run();
  EXPECT_EQ(data, 1) << "the other's was in the same batch, and was dropped";
  EXPECT_THAT(log, testing::UnorderedElementsAre("signal 9", "signal 9", "close", "close"));
}

TEST_P(loop_processes, keeps_the_loop_alive_unless_it_is_unrefd) {
  const auto child = spawn(command("/bin/sleep").arg("100"));
  child.unref();
  it().run();
  EXPECT_FALSE(child.is_closed()) << "it was not waited for";
  child.ref();
  EXPECT_TRUE(it().is_alive());
  (void)child.kill();
  tell(child);
  it().run();
  EXPECT_EQ(log.back(), "close");
}

TEST_P(loop_processes, is_killed_when_the_loop_closes) {
  const auto token = std::make_shared<int>();
  rouse::loop_child child = spawn(piped_shell("echo $$; exec sleep 100"));
  child.on_exit([token, child](exit_status) { ADD_FAILURE() << "it was told"; });
  child.input().on_drain([token, child] {});
  child.input().write("waits for ever");
  int id = 0;
  child.output().on_data([&](auto piece) {
    id = std::stoi(text_of(piece));
    it().stop();
  });
  it().run();
  EXPECT_EQ(::kill(id, 0), 0);
  loop_.reset();
  EXPECT_EQ(::kill(id, 0), -1) << "killed, and waited for";
  EXPECT_EQ(token.use_count(), 1) << "and its callbacks are gone";
  EXPECT_TRUE(child.is_closed());
  EXPECT_FALSE(child.kill());
  EXPECT_FALSE(child.input().write("more"));
  EXPECT_TRUE(child.output().is_closed());
}

TEST_P(loop_processes, lives_on_when_it_is_detached) {
  rouse::loop_child child = spawn(command("/bin/sleep").arg("100"));
  child.detach();
  child.on_spawn([&] { it().stop(); });
  it().run();
  loop_.reset();
  EXPECT_EQ(::kill(child.id(), 0), 0);
  ::kill(child.id(), SIGKILL);
}

TEST_P(loop_processes, leaves_no_descriptor_open) {
  const auto before = [&] {
    spawn(piped_shell("true"));
    it().run();
    return open_descriptors();
  }();
  for (int i = 0; i < 8; ++i) {
    const auto child = spawn(piped_shell("cat; echo err >&2"));
    child.input().end("text");
    child.output().on_data([](auto) {});
    child.errors().on_data([](auto) {});
    spawn(command("/no/such/program").output(piped)).on_error([](const rouse::io_error&) {});
  }
  it().run();
  EXPECT_EQ(support::open_descriptors(), before);
}

TEST_P(loop_processes, calls_nothing_after_exit) {
  const auto child = spawn(piped_shell("echo data"));
  child.output().on_data([&](auto) {
    log.emplace_back("data");
    it().exit(5);
  });
  child.on_exit([&](exit_status) { log.emplace_back("exit"); });
  child.on_close(say("close"));
  // The child is looked at only when all of it has come.
  child.on_spawn([] { std::this_thread::sleep_for(50ms); });
  EXPECT_EQ(it().run([] {}), 5);
  std::erase(log, "exit");  // may be seen before the data
  EXPECT_EQ(log, lines{"data"});
}

TEST_P(loop_processes, run_gives_all_that_it_said) {
  it().processes().run(command("/bin/sh").args("-c", "cat; echo err >&2; exit 2"), "text",
                       [&](auto end) {
                         ASSERT_TRUE(end);
                         log.push_back(end->output);
                         log.push_back(end->errors);
                         log.push_back(end->status.to_string());
                       });
  EXPECT_EQ(log, lines());
  it().run();
  EXPECT_EQ(log, (lines{"text", "err\n", "exit code 2"}));
}

TEST_P(loop_processes, run_tells_what_fails) {
  const auto tell_error = [&](auto end) {
    log.push_back(end ? "done" : std::to_string(end.error().code == ENOENT));
  };
  it().processes().run(command("/no/such/program"), "", tell_error);
  rouse::process::run_options little;
  little.bytes_max = 10;
  it().processes().run(command("/bin/cat"), "more than ten", little, [&](auto end) {
    EXPECT_EQ(end.error(), rouse::errc::too_large);
    log.emplace_back("too large");
  });
  it().run();
  EXPECT_THAT(log, testing::UnorderedElementsAre("1", "too large"));
}

TEST_P(loop_processes, run_that_is_cancelled_kills_its_child) {
  const auto id = it().processes().run(command("/bin/sleep").arg("100"), "", [&](auto end) {
    EXPECT_EQ(end.error().code, ECANCELED);
    log.emplace_back("cancelled");
  });
  it().set_timeout(20ms, [&] { EXPECT_TRUE(it().cancel(id)); });
  it().run();
  EXPECT_EQ(log, lines{"cancelled"});
}

// Cancel at every turn: `run` waits for the pool, the pipes and the child.
TEST_P(loop_processes, fault_P4_run_that_is_cancelled_in_any_turn_leaves_no_child) {
  bool is_done_first = false;
  for (int turns = 0; !is_done_first; ++turns) {
    ASSERT_LT(turns, 100);
    int calls = 0;
    const auto id = it().processes().run(command("/bin/cat"), "text", [&](auto end) {
      ++calls;
      if (end)
        EXPECT_EQ(end->output, "text");
      else
        EXPECT_EQ(end.error().code, ECANCELED);
    });
    for (int i = 0; i < turns; ++i)
      (void)it().run_once();
    is_done_first = calls == 1;
    EXPECT_NE(it().cancel(id), is_done_first);
    it().run();
    EXPECT_EQ(calls, 1);
    make_real();  // one that was killed is waited for in the background, which no run waits for
    expect_no_child();
  }
}

TEST_P(loop_processes, fault_P4_a_loop_that_closes_in_any_turn_leaves_no_child) {
  bool has_closed = false;
  for (int turns = 0; !has_closed; ++turns) {
    ASSERT_LT(turns, 100);
    const auto token = std::make_shared<int>();
    const auto child = spawn(piped_shell("read line; echo $line; echo err >&2"));
    child.output().on_data([token, child](auto) {});
    child.errors().on_data([token, child](auto) {});
    child.input().on_drain([token, child] {});
    child.input().end("text\n");
    child.on_close([&, token] { has_closed = true; });
    for (int i = 0; i < turns && !has_closed; ++i)
      (void)it().run_once();
    make_real();
    EXPECT_EQ(token.use_count(), 1) << "after turn " << turns;
    EXPECT_TRUE(child.is_closed());
    expect_no_child();
  }
}

TEST_P(loop_processes, each_run_throws_one_of_what_a_child_leaves_that_cannot_be_started) {
  spawn(command("/no/such/program")).on_close(fail("close"));
  EXPECT_THAT(thrown(), testing::EndsWith("No such file or directory"));
  EXPECT_EQ(thrown(), "close");
  EXPECT_EQ(thrown(), "nothing");
}

TEST_P(loop_processes, refuses_when_the_loop_has_closed) {
  (void)it().close();
  EXPECT_THROW(spawn(command("/bin/true")), rouse::io_error);
}

TEST(handle_of_no_child, is_closed_and_says_so_when_it_is_used) {
  const rouse::loop_child child;
  EXPECT_TRUE(child.is_closed());
  EXPECT_DEATH((void)child.kill(), "a loop_child of no child");
  const rouse::loop_child_input input;
  EXPECT_TRUE(input.is_closed());
  EXPECT_DEATH(input.write("lost"), "a loop_child_input of no child");
}

}  // namespace
}  // namespace loop_test

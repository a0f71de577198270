// Child processes.
#include "program.hpp"

#include <rouse/loop/loop_processes.hpp>

#include <gtest/gtest.h>

#include <csignal>

namespace node_order {

namespace {

using rouse::process::command;
using rouse::process::exit_status;

std::string text_of(const exit_status& status) {
  if (status.signal() == SIGTERM) return "SIGTERM";
  return std::to_string(status.code().value_or(-1));
}

void child_process_ends(script& s) {
  s.loop.processes().spawn(command("/bin/sh").args({"-c", "exit 3"}), [&s](exit_status status) {
    s.log("exit " + text_of(status));
    s.loop.set_timeout(1ms, s.says("timer"));
    s.loop.set_immediate(s.says("immediate"));
    s.loop.next_tick(s.says("tick"));
    s.pass(5ms);
  });
  s.log("main");
}

void child_process_closes(script& s) {
  const rouse::loop_child child =
      s.loop.processes().spawn(command("/bin/sh").args({"-c", "exit 3"}));
  child.on_spawn(s.says("spawn"));
  child.on_exit([&s](exit_status status) { s.log("exit " + text_of(status)); });
  child.on_close(s.says("close"));
  s.log("main");
}

void child_process_speaks(script& s) {
  const rouse::loop_child child = s.loop.processes().spawn(
      command("/bin/sh").args({"-c", "echo hello"}).output(rouse::process::piped));
  child.output().on_data([&s](std::span<const std::byte> b) {
    s.log("data " + std::string(reinterpret_cast<const char*>(b.data()), b.size() - 1));
  });
  child.output().on_end(s.says("end"));
  child.on_close(s.says("close"));
}

void child_process_listens(script& s) {
  const rouse::loop_child child = s.loop.processes().spawn(
      command("/bin/cat").input(rouse::process::piped).output(rouse::process::piped));
  child.output().on_data([&s, child](std::span<const std::byte> b) {
    s.log("data " + std::string(reinterpret_cast<const char*>(b.data()), b.size()));
    child.input().end();
  });
  child.output().on_end(s.says("end"));
  child.on_close(s.says("close"));
  child.input().write("hello");
}

void child_process_is_killed(script& s) {
  const rouse::loop_child child =
      s.loop.processes().spawn(command("/bin/sleep").arg("100"),
                               [&s](exit_status status) { s.log("exit " + text_of(status)); });
  child.on_spawn([&s, child] {
    s.log("killed");
    EXPECT_TRUE(child.terminate());
  });
}

void child_process_missing(script& s) {
  const rouse::loop_child child = s.loop.processes().spawn(command("/nowhere/to/be/found"));
  child.on_error([&s](const rouse::io_error& e) {
    s.log(e.reason() == std::errc::no_such_file_or_directory ? "ENOENT" : "another error");
  });
  child.on_exit([&s](exit_status) { s.log("never: exit"); });
  s.log("main");
}

}  // namespace

std::span<const program> process_programs() {
  static constexpr program all[] = {
      {"child_process_ends", child_process_ends},
      {"child_process_closes", child_process_closes},
      {"child_process_speaks", child_process_speaks},
      {"child_process_listens", child_process_listens},
      {"child_process_is_killed", child_process_is_killed},
      {"child_process_missing", child_process_missing},
  };
  return all;
}

}  // namespace node_order

// Child processes and signals.
#include "program.hpp"

#include <rouse/coro/task.hpp>
#include <rouse/process/command.hpp>
#include <rouse/process/signals.hpp>

#include <gtest/gtest.h>

#include <csignal>

namespace node_order {

namespace {

using rouse::process::child;
using rouse::process::command;
using rouse::process::exit_status;

rouse::task<exit_status> end_of(child& c) {
  const exit_status status = co_await c.wait();
  co_return status;
}
/// Calls `done` when the child has ended; the script keeps it.
void on_exit(script& s, child& c, rouse::callback<void(exit_status)> done) {
  s.loop.call_when_done(rouse::assume_owned(end_of(c)),
                        [done = std::move(done)](rouse::result<exit_status> ended) mutable {
                          done(ended.value_or(exit_status::unknown()));
                        });
}
child& keep_child(script& s, const command& what) {
  return *s.keep(std::make_shared<child>(what.spawn_here().value()));
}
std::string text_of(const exit_status& status) {
  if (status.signal() == SIGTERM) return "SIGTERM";
  return std::to_string(status.code().value_or(-1));
}

void child_process_ends(script& s) {
  child& c = keep_child(s, command("/bin/sh").args({"-c", "exit 3"}));
  on_exit(s, c, [&s](exit_status status) {
    s.log("exit " + text_of(status));
    s.loop.set_timeout(1ms, s.says("timer"));
    s.loop.set_immediate(s.says("immediate"));
    s.loop.next_tick(s.says("tick"));
    s.pass(5ms);
  });
  s.log("main");
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void child_process_speaks(script& s) {
  s.loop.call_when_done(command("/bin/sh").args({"-c", "echo hello; echo there >&2"}).run(),
                        [&s](rouse::result<rouse::process::run_result> done) {
                          s.log("output " + first_line(done->output));
                          s.log("errors " + first_line(done->errors));
                          s.loop.next_tick(s.says("tick"));
                        });
  s.log("main");
}

void child_process_is_killed(script& s) {
  child& c = keep_child(s, command("/bin/sleep").arg("100"));
  on_exit(s, c, [&s](exit_status status) { s.log("exit " + text_of(status)); });
  s.loop.set_timeout(20ms, [&] {
    s.log("killed");
    EXPECT_TRUE(c.terminate());
  });
}

void child_process_missing(script& s) {
  s.loop.call_when_done(command("/nowhere/to/be/found").spawn(), [&s](rouse::result<child> made) {
    s.log(!made && made.error() == std::errc::no_such_file_or_directory ? "ENOENT" : "a child");
  });
  s.log("main");
}

rouse::task<void> call_on_signal(rouse::process::signal_stream arriving,
                                 rouse::callback<void()> f) {
  while (const auto number = co_await rouse::next(arriving))
    f();
}
void on_user_signal(script& s, rouse::callback<void()> f) {
  auto arriving = rouse::process::signals({rouse::process::signal_user_2});
  s.loop
      .spawn(call_on_signal(std::move(arriving).value(), std::move(f)),
             rouse::spawn_options{.background = true})
      .detach();
}

void signal_is_an_event_of_poll(script& s) {
  on_user_signal(s, [&s] {
    s.log("signal");
    s.loop.next_tick(s.says("tick"));
  });
  s.loop.set_immediate(s.says("immediate"));
  std::raise(SIGUSR2);
  s.log("main");
}

void signal_watcher_holds_nothing(script& s) {
  on_user_signal(s, s.says("never"));
  s.loop.on_exit([&s](int code) { s.log("exit " + std::to_string(code)); });
  s.loop.set_timeout(5ms, s.says("timer"));
}

}  // namespace

std::span<const program> process_programs() {
  static constexpr program all[] = {
      {"child_process_ends", child_process_ends},
      {"child_process_speaks", child_process_speaks},
      {"child_process_is_killed", child_process_is_killed},
      {"child_process_missing", child_process_missing},
      {"signal_is_an_event_of_poll", signal_is_an_event_of_poll},
      {"signal_watcher_holds_nothing", signal_watcher_holds_nothing},
  };
  return all;
}

}  // namespace node_order

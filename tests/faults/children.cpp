#include <tests/faults/children.hpp>

#include <rouse/process/command.hpp>
#include <rouse/process/orphans.hpp>
#include <rouse/process/signals.hpp>
#include <rouse/rouse.hpp>

#include <signal.h>

namespace faults {

using namespace rouse;
using namespace std::chrono_literals;
using process::command;
using process::exit_status;
using process::piped;

namespace {

void must(const result<void>& done) {
  if (!done) throw_error(done.error());
}

task<void> speak(outcome& out) {
  auto cat = command("/bin/cat");
  cat.input(piped).output(piped).errors(process::descriptor(2)).pass(2, 7).new_group();
  auto child = co_await cat.spawn();
  co_await child.input().write_all("hello");
  std::array<std::byte, 16> bytes;
  const std::size_t count = co_await child.output().read(bytes);
  if (io::as_text(std::span(bytes).first(count)) != "hello") out.note_wrong("speak", "other bytes");
  must(child.terminate_group());
  const exit_status end = co_await child.wait();
  if (end != exit_status::signalled(SIGTERM)) out.note_wrong("speak", "another end");
}

/// They end themselves, at the latest when their input does: a kill may be what fails.
task<void> let_go() {
  auto cat = command("/bin/cat");
  cat.input(piped).output(process::null_device);
  {
    auto dropped = co_await cat.spawn();
  }
  auto left = co_await cat.spawn();
  std::move(left).detach();
}

task<void> listen(outcome& out) {
  auto listening = process::signals({SIGUSR2});
  if (!listening) throw_error(listening.error());
  auto all = std::move(*listening);
  ::raise(SIGUSR2);
  auto number = co_await next(all);
  if (!number) throw_error(error("signals", errc::closed));
  if (*number != SIGUSR2) out.note_wrong("listen", "another signal");
}

}  // namespace

task<void> run_children(std::string_view text, outcome& out) {
  const char* step = "run";
  try {
    auto same = co_await command("/bin/cat").run(text);
    if (same.output != text || !same.status.is_success()) out.note_wrong(step, "other bytes");
    step = "speak";
    co_await speak(out);
    step = "let go";
    co_await let_go();
    step = "listen";
    co_await listen(out);
    out.note_complete();
  } catch (...) {
    out.note_failure(step, std::current_exception());
  }
}

}  // namespace faults

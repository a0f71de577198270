// Children, interrupted at each point: none is left behind, none becomes a zombie, and no byte of
// what they say is lost.
#include <rouse/process/command.hpp>
#include <rouse/process/orphans.hpp>
#include <rouse/process/signals.hpp>

#include <signal.h>
#include <sys/wait.h>

#include "cancel_every_await.hpp"

namespace scenarios {
namespace {

using namespace rouse;
using process::command;
using process::piped;

class children : public on_each_reactor {};
SCENARIOS_ON_EACH_REACTOR(children);

/// Until what was killed is gone; then nobody may be left, dead or alive.
task<void> expect_no_child(trial& run) {
  while (process::orphans() != 0)
    co_await sleep(1ms);
  siginfo_t child{};
  const bool is_alone = ::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) != 0;
  run.expect(is_alone, "a child is left");
}
/// The same once a job that was abandoned has ended.
task<void> expect_no_late_child(trial& run) {
  for (;;) {
    const blocking_pool_status pool = current<blocking_pool>::get()->status();
    if (pool.running + pool.queued == 0) break;
    co_await sleep(1ms);
  }
  co_await expect_no_child(run);
}

TEST_P(children, spawn_kills_one_that_comes_late) {
  holds(1, [](trial& run) -> task<void> {
    auto cat = command("/bin/cat");
    cat.input(piped);
    {
      auto child = co_await run.interrupt(cat.spawn());
      run.expect(!child || child->id() > 0, "no child");
    }
    co_await expect_no_late_child(run);
  });
}

TEST_P(children, spawn_of_what_is_not_there) {
  holds(1, [](trial& run) -> task<void> {
    auto child = co_await run.interrupt(command("/no/such/program").spawn().result());
    run.expect(!child || child->error().code == ENOENT, "another error");
    co_await expect_no_late_child(run);
  });
}

TEST_P(children, wait_may_be_asked_again) {
  holds(1, [](trial& run) -> task<void> {
    auto child = co_await command("/bin/cat").input(piped).spawn();
    auto close_soon = [](process::child& of) -> task<void> {
      co_await sleep(1ms);
      of.input().close();
    };
    auto both = co_await when_all(run.interrupt(child.wait()), close_soon(child));
    auto end = co_await child.wait();
    run.expect(end.is_success(), "another end");
    run.expect(!std::get<0>(both) || *std::get<0>(both) == end, "two ends");
    co_await expect_no_child(run);
  });
}

TEST_P(children, no_byte_of_what_they_say_is_lost) {
  holds(1, [](trial& run) -> task<void> {
    auto cat = co_await command("/bin/cat").input(piped).output(piped).spawn();
    const std::string text = pattern(3000);
    auto write_soon = [](process::child& to, std::string all) -> task<void> {
      co_await sleep(1ms);
      co_await to.input().write_all(all);
      to.input().close();
    };
    std::byte first[1000];
    auto both = co_await when_all(run.interrupt(cat.output().read(first)), write_soon(cat, text));
    const auto& count = std::get<0>(both);
    std::string said(io::as_text(std::span(first).first(count.value_or(0))));
    for (;;) {
      std::byte more[1000];
      const std::size_t n = co_await cat.output().read(more);
      if (n == 0) break;
      said += io::as_text(std::span(more).first(n));
    }
    run.expect(said == text, "other bytes");
    auto end = co_await cat.wait();
    run.expect(end.is_success(), "another end");
  });
}

TEST_P(children, a_write_goes_on_where_its_cursor_says) {
  holds(1, [](trial& run) -> task<void> {
    auto cat = co_await command("/bin/cat").input(piped).output(piped).spawn();
    const std::string text = pattern(200'000);  // more than the pipes hold
    auto feed = [](trial& of, process::child& to, const std::string& all) -> task<void> {
      std::size_t cursor = 0;
      const auto bytes = io::as_bytes(all);
      co_await of.interrupt(to.input().write_all(bytes, cursor));
      co_await to.input().write_all(bytes, cursor);
      to.input().close();
    };
    auto gather = [](process::child& from) -> task<std::string> {
      io::buffer all;
      co_await io::read_to_end(from.output(), all, 1u << 20);
      co_return std::string(all.text());
    };
    auto both = co_await when_all(feed(run, cat, text), gather(cat));
    run.expect(std::get<1>(both) == text, "other bytes");
    auto end = co_await cat.wait();
    run.expect(end.is_success(), "another end");
  });
}

TEST_P(children, run_is_all_or_nothing) {
  holds(2, [](trial& run) -> task<void> {
    const std::string text = pattern(20'000);
    auto same = co_await run.interrupt(command("/bin/cat").run(text));
    run.expect(!same || same->output == text, "a part for the whole");
    co_await expect_no_late_child(run);
  });
}

TEST_P(children, stop_ends_it_or_leaves_it_to_the_handle) {
  holds(1, [](trial& run) -> task<void> {
    {
      auto cat = co_await command("/bin/cat").input(piped).new_group().spawn();
      auto end = co_await run.interrupt(cat.stop(1s));
      run.expect(!end || end->signal() == SIGTERM, "another end");
    }
    co_await expect_no_child(run);
  });
}

TEST_P(children, no_signal_is_lost) {
  holds(1, [](trial& run) -> task<void> {
    auto all = process::signals({SIGUSR2}).value();
    auto raise_soon = []() -> task<void> {
      co_await sleep(1ms);
      ::raise(SIGUSR2);
    };
    auto both = co_await when_all(run.interrupt(next(all)), raise_soon());
    if (!std::get<0>(both)) {
      auto late = co_await next(all);
      run.expect(late == SIGUSR2, "another signal");
    }
  });
}

}  // namespace
}  // namespace scenarios

// Cancel at every await: runs a scenario once for each point at which its work can be interrupted,
// and looks whether anything was left behind, lost or stuck.
//
//   auto report = rouse::testing::cancel_everywhere([](rouse::testing::trial& run) -> task<void> {
//     mailbox box;                                       // built anew for each run
//     co_await run.interrupt(box.deliver("hello"));      // the work under test
//     run.expect(box.is_consistent(), "half a message"); // holds however far it came
//   });
//   EXPECT_TRUE(report.passed()) << report.message();
//
// docs/cancel-at-every-await.md tells how to use it on one's own code.
#pragma once

#include <rouse/coro/task.hpp>
#include <rouse/reactor/reactor.hpp>
#include <rouse/testing/trial.hpp>

namespace rouse::testing {

/// Trivial members only.
struct cancel_options {
  reactor_kind reactor = reactor_kind::automatic;
  /// Real time without any event after which the runtime's clock moves on to the next deadline:
  /// sleeps cost next to nothing, and what the kernel is busy with comes first.
  nanoseconds quiet = std::chrono::milliseconds(1);
  /// Real time without any event, and without a deadline to move on to, after which a run hangs.
  nanoseconds patience = std::chrono::seconds(5);
  unsigned turns_max = 100'000;  ///< of the executor, in one run: more is a run that never ends
  unsigned points_max = 10'000;  ///< a scenario with more is too long to be run for each of them
  unsigned failures_max = 5;     ///< runs that fail, after which the rest is left out
};

struct cancel_report {
  unsigned points = 0;  ///< of the run that was not interrupted
  unsigned runs = 0;
  unsigned interrupted = 0;           ///< runs in which the work was
  std::vector<std::string> failures;  ///< what failed or was left, and in which run
  std::string backend;                ///< "epoll", "io_uring"

  /// Nothing failed, and there was something to interrupt.
  [[nodiscard]] bool passed() const noexcept { return failures.empty() && interrupted != 0; }
  /// For people: what was done, then the failures, one a line.
  [[nodiscard]] std::string message() const;
};

namespace internal {

/// A scenario without its type.
struct scenario_ref {
  void* scenario;
  task<void> (*begin)(void* scenario, trial& run);
};
cancel_report cancel_everywhere(scenario_ref scenario, const cancel_options& options);

}  // namespace internal

/// Runs `scenario(trial&)`, which gives a `task<void>`, on a fresh runtime of this thread: once to
/// count the points of the work that it gives to `trial::interrupt`, then once per point and way:
/// cancelled, cancelled and polled once more, destroyed. The scenario goes on after that, with the
/// checks of its own.
///
/// A run fails when a `trial::expect` does not hold, when an exception leaves the scenario or a
/// task that nobody joins, when it hangs or never ends, when it leaves tasks, timers, sources,
/// leased buffers or operations in the runtime, and when the process holds more descriptors,
/// threads or frames after it than before.
/// @threads  One that drives no executor. What other threads open and start meanwhile counts as
/// left behind.
template <class Scenario>
  requires std::is_invocable_r_v<task<void>, Scenario&, trial&>
[[nodiscard]] cancel_report cancel_everywhere(Scenario&& scenario,
                                              const cancel_options& options = {}) {
  using type = std::remove_reference_t<Scenario>;
  auto begin = [](void* s, trial& run) -> task<void> { return (*static_cast<type*>(s))(run); };
  return internal::cancel_everywhere(
      {const_cast<void*>(static_cast<const void*>(&scenario)), begin}, options);
}

}  // namespace rouse::testing

#include <rouse/core/describe.hpp>
#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/testing/internal/stage.hpp>

#include <chrono>
#include <cstdio>

namespace rouse::testing::internal {
namespace {

using real_clock = std::chrono::steady_clock;

runtime make_runtime(const cancel_options& options, clock& time, trial& run) {
  runtime_options how;
  how.reactor.kind = options.reactor;
  how.clock = &time;
  how.executor.on_failure = {
      [](void* to, const task_header& t, std::exception_ptr failure) noexcept {
        static_cast<trial*>(to)->fail(describe(t) +
                                      " failed and nobody joins it: " + describe(failure));
      },
      &run};
  auto made = runtime::make(how);
  if (!made) throw_error(made.error());
  return std::move(*made);
}

task<void> play_and_report(scenario_ref scenario, trial& run, bool& ended) {
  std::exception_ptr failure;
  try {
    auto body = scenario.begin(scenario.scenario, run);
    co_await std::move(body);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) run.fail("the scenario threw: " + describe(failure));
  ended = true;
}

}  // namespace

stage::stage(const cancel_options& options, trial& run)
    : options_(options), trial_(run), runtime_(make_runtime(options, clock_, run)) {}

bool stage::play(scenario_ref scenario) {
  if (play_to_rest(scenario)) return true;
  // Said at once: tasks that are torn apart in the middle may assert, and then nobody would know.
  std::fprintf(stderr, "rouse: %s\n", trial_.failures().back().c_str());
  end_pool();
  return false;
}

bool stage::play_to_rest(scenario_ref scenario) {
  bool ended = false;
  auto playing = runtime_.spawn(assume_owned(play_and_report(scenario, trial_, ended)));
  if (!turn_until([&] { return playing.is_finished(); }, "the scenario")) return false;
  if (!ended) {
    trial_.fail("the scenario waits for what nothing can wake any more");
    return false;
  }
  std::move(playing).detach();
  return turn_until([&] { return is_at_rest(); }, "what the scenario left running");
}

template <class F>
bool stage::turn_until(F is_over, const char* what) {
  auto last_event = real_clock::now();
  for (unsigned turns = 0; !is_over(); ++turns) {
    if (turns == options_.turns_max) {
      trial_.fail(std::string(what) + " does not end: " + what_is_left());
      return false;
    }
    // Asked before the turn, which then sees what the pool's last job has posted.
    const bool pool_was_quiet = pool_is_quiet();
    const bool is_alone = pool_was_quiet && !runtime_.reactor().has_work();
    const bool looks_only = is_alone && runtime_.timer().pending_count() != 0;
    if (runtime_.turn(looks_only ? nanoseconds(0) : options_.quiet)) {
      last_event = real_clock::now();
      continue;
    }
    const auto silence = real_clock::now() - last_event;
    const bool may_skip = is_alone || (pool_was_quiet && silence >= options_.quiet);
    if (may_skip && clock_.skip(runtime_.timer())) continue;
    if (silence >= options_.patience) {
      trial_.fail(std::string(what) + " hangs: " + what_is_left());
      return false;
    }
  }
  return true;
}

void stage::end_pool() {
  const auto stuck = runtime_.blocking().shutdown(options_.patience);
  if (!stuck) return trial_.fail("the pool: " + stuck.error().message());
  for (const stuck_job& job : *stuck)
    trial_.fail("job \"" + job.job + "\" of the pool does not end");
}

bool stage::pool_is_quiet() const noexcept {
  const blocking_pool_status pool = runtime_.blocking().status();
  return pool.running == 0 && pool.queued == 0;
}

bool stage::is_at_rest() const noexcept {
  return runtime_.executor().is_idle() && runtime_.timer().pending_count() == 0 &&
         runtime_.reactor().source_count() == 0 && runtime_.reactor().leases_out() == 0 &&
         !runtime_.reactor().has_work() && pool_is_quiet();
}

std::string stage::what_is_left() const {
  std::string text;
  auto add = [&](const std::string& item) { text += (text.empty() ? "" : ", ") + item; };
  runtime_.executor().for_each_task([&](const task_header& t) {
    if (t.completed) return;
    std::string line = describe(t);
    const auto site = trial_.site_of(&t);
    if (site.line() != 0) line += " waits at " + describe(site);
    add(line);
  });
  auto count = [&](std::size_t n, const char* noun) {
    if (n != 0) add(std::to_string(n) + " " + noun);
  };
  count(runtime_.timer().pending_count(), "timers");
  count(runtime_.reactor().source_count(), "sources");
  count(runtime_.reactor().leases_out(), "leased buffers");
  const blocking_pool_status pool = runtime_.blocking().status();
  count(pool.running + pool.queued, "jobs of the pool");
  if (runtime_.reactor().has_work()) add("operations in the reactor");
  return text.empty() ? "nothing" : text;
}

}  // namespace rouse::testing::internal

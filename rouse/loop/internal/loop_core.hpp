// A loop from inside: the stack, the queues, and one function per phase.
#pragma once

#include <rouse/base/io_error.hpp>
#include <rouse/base/list.hpp>
#include <rouse/loop/internal/callback_runner.hpp>
#include <rouse/loop/internal/hooks.hpp>
#include <rouse/loop/internal/immediates.hpp>
#include <rouse/loop/internal/jobs_under_way.hpp>
#include <rouse/loop/internal/loop_mailbox.hpp>
#include <rouse/loop/internal/loop_timers.hpp>
#include <rouse/loop/internal/loop_trace.hpp>
#include <rouse/loop/internal/requests.hpp>
#include <rouse/loop/loop.hpp>

#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

namespace rouse::http {
class client;
}

namespace rouse::internal {

class signal_group;

/// Of what outlives the loop.
struct counted_release {
  void operator()(auto* counted) const noexcept { counted->release(); }
};

class loop_core {
 public:
  explicit loop_core(const loop_options& chosen);
  loop_core(const loop_core&) = delete;
  loop_core& operator=(const loop_core&) = delete;
  /// Uncalled callbacks die, then tasks, then the pool's threads end in the order of their numbers,
  /// then the reactor.
  ~loop_core();

  // ---- a run
  /// What an earlier run, or nobody, has drained.
  void begin_run() noexcept {
    runner.drain();
    runner.start_clock();  // the time between two runs is no callback's
  }
  void run_main(callback<void()>& main) noexcept;
  /// Unless the last turn has not come to its end.
  void begin_turn() noexcept;
  [[nodiscard]] bool goes_on() const noexcept {
    return is_alive() && !is_stopping && !runner.is_interrupted();
  }
  /// True: there is something to go on for again.
  [[nodiscard]] bool run_before_exit() noexcept;
  void run_exit() noexcept;

  // ---- the phases; each does nothing once the loop is interrupted
  /// They begin a turn, if there is anything to begin it for.
  void run_timers() noexcept;
  void run_pending() noexcept;
  void run_hooks(loop_phase phase) noexcept;
  void poll(current_thread_executor::driving& tasks, bool may_wait);
  void run_check() noexcept;
  void run_closing() noexcept;

  /// Something is left that could call back, or throw.
  [[nodiscard]] bool is_alive() const noexcept {
    return alive->refs != 0 || !stack().executor().is_idle() || runner.undrained() != 0 ||
           runner.has_failure();
  }
  /// Queues `f` where its number keeps the loop alive.
  void enqueue(ring<callback<void()>>& queue, callback<void()>&& f) {
    queue.emplace(std::move(f));
    ++alive->refs;
  }
  /// Beside the events that have their places there (closing_place).
  void enqueue_closing(callback<void()>&& f) {
    closing.reserve(closing.size() + promised_closings + 1);
    enqueue(closing, std::move(f));
  }
  /// Where exceptions of callbacks go: the io_error, or what its making throws.
  template <class Subject>
  void fail(const error& why, Subject subject) noexcept {
    try {
      throw_error(why, subject());
    } catch (...) {
      runner.fail(std::current_exception());
    }
  }
  /// From a task: `f` is a callback of the poll phase. The rest is for the log.
  template <class F>
  void call_in_poll(F&& f, const char* what = "callback",
                    const std::source_location* set_at = nullptr) noexcept {
    if (trace.is_on()) [[unlikely]]
      trace.callback(loop_phase::poll, what, set_at);
    runner.call(loop_phase::poll, f);
  }
  [[nodiscard]] instant now() noexcept { return stack().timer().now(); }
  /// How long the poll phase may wait: 0 when something is to be done at once.
  [[nodiscard]] nanoseconds wait_limit() noexcept;
  [[nodiscard]] std::size_t backlog() const noexcept;
  [[nodiscard]] std::size_t pending_events() const noexcept {
    return alive->refs + stack().executor().live_tasks();
  }

  [[nodiscard]] runtime& stack() const noexcept { return *stack_; }

  const loop_options options;
  loop_trace trace;

 private:
  mutable std::optional<runtime> stack_;

 public:
  const std::unique_ptr<alive_count, counted_release> alive;
  callback_runner runner;
  loop_timers timers;
  immediates immediate_queue;
  hooks hook_lists;
  requests request_table;
  jobs_under_way jobs;
  list<signal_group> signals;       // each of another number
  ring<callback<void()>> deferred;  // to the next turn
  ring<callback<void()>> pending;   // in this one
  ring<callback<void()>> closing;
  std::size_t promised_closings = 0;  // places of the queue that handles have
  std::uint64_t closing_seen = 0;     // numbers below have had their order in a closing phase
  ring<callback<void()>> mail;        // taken, and not called yet
  const std::unique_ptr<loop_mailbox, counted_release> mailbox;
  std::vector<callback<void()>> before_exit;
  std::vector<callback<void(int)>> at_exit;
  std::shared_ptr<http::client> http_client;  // null before the first request; they share it
  /// What is told when there is no memory to say it with.
  const io_error no_memory{error("memory", ENOMEM)};
  bool is_stopping = false;
  bool is_turn_open = false;

 private:
  static result<runtime> make_stack(const loop_options& options, loop_core& self);
  void begin_deferred() noexcept;
  /// Calls what stands in the queue now, at most `callbacks_per_phase`.
  void run_queue(ring<callback<void()>>& queue, loop_phase phase) noexcept;
  void begin_phase(loop_phase phase) noexcept {
    if (trace.is_on()) [[unlikely]]
      trace.phase(phase);
  }
};

}  // namespace rouse::internal

// How a loop is put together, and what it counts.
#pragma once

#include <rouse/runtime/runtime.hpp>

#include <cstddef>
#include <cstdint>

namespace rouse {

/// The phases of a turn in their order, and the callbacks that belong to none.
enum class loop_phase : unsigned char {
  main,      ///< the program that `run` was given, before_exit and exit
  timers,    ///< time-outs and intervals that are due
  deferred,  ///< what was put off to this turn: "pending" in Node.js and libuv
  idle,      ///< hooks, every turn
  prepare,   ///< hooks, just before the wait
  poll,      ///< events: I/O, jobs, tasks, other threads
  check,     ///< immediates and hooks, just after the wait
  closing,   ///< what is called when a handle has closed
  tick,      ///< next ticks, between any two callbacks
  microtask,
};
inline constexpr std::size_t loop_phase_count = 10;
/// "timers", "poll", ...
[[nodiscard]] const char* name_of(loop_phase phase) noexcept;

/// Trivial members only.
struct loop_options {
  runtime_options runtime;  ///< the stack and the pool below; on_failure is the loop's own
  /// Where the rules of Node.js are others: delays are whole milliseconds, 1 at least (without it 0
  /// is due at once), what closes together is told last in, first out, and the callbacks of one
  /// signal are one: ticks follow the last, and one that throws silences the next.
  bool node_compatible = false;
  /// Callbacks of one phase before the next phase has its turn; what is left over goes first next
  /// time, and the wait in between is 0. 1 or more.
  unsigned callbacks_per_phase = 1024;
  /// Next ticks and microtasks in one drain before the loop goes on to the next callback; the rest
  /// follows at the next drain. 0: no bound, as in Node.js, so that they can starve the loop.
  unsigned drain_max = 0;
  /// Measure each callback, for loop_metrics::longest_callback: 20-25 ns a callback.
  bool measures = false;
  /// Each line of the log of phases and callbacks; null: none, but ROUSE_TRACE=loop in the
  /// environment writes them to stderr.
  void (*trace)(const char* line, void* data) = nullptr;
  void* trace_data = nullptr;
  /// Called as each turn begins, before its timers, with its number: 1, 2, ...
  void (*on_turn)(std::uint64_t turn, void* data) = nullptr;
  /// Called as the parts end: after the pool's last thread is joined, and after the reactor.
  void (*on_pool_closed)(void* data) = nullptr;
  void (*on_reactor_closed)(void* data) = nullptr;
  void* hook_data = nullptr;  ///< of the three; outlives the loop
};

/// Counters since the start, as a snapshot.
struct loop_metrics {
  std::uint64_t turns = 0;  ///< "ticks" of the loop
  std::uint64_t callbacks[loop_phase_count] = {};
  nanoseconds longest_callback{0};  ///< with the ticks after it; loop_options::measures only
  std::uint64_t longest_drain = 0;  ///< next ticks and microtasks in one go
  std::size_t pending_events = 0;   ///< now: what keeps the loop alive
  std::size_t backlog = 0;          ///< now: callbacks that could run but were left for later

  [[nodiscard]] std::uint64_t in(loop_phase phase) const noexcept {
    return callbacks[static_cast<std::size_t>(phase)];
  }
};

}  // namespace rouse

// The log of phases and callbacks, for teaching and debugging. Off, it costs one predicted branch a
// callback.
//
//   loop     0.021 ms  turn 1, 9 pending
//   loop     0.025 ms    timers
//   loop     0.026 ms      timeout, set at tour.cpp:101
//   loop     0.031 ms        tick
//   loop    12.040 ms      took 12.014 ms
//   loop    12.048 ms    poll waits, at most 988.000 ms
//   loop    13.101 ms    poll, after 1.053 ms
//   loop    13.110 ms      job, set at tour.cpp:95
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/loop/loop_options.hpp>

#include <cstdint>
#include <source_location>

namespace rouse::internal {

class loop_trace {
 public:
  /// The option's sink, or stderr when ROUSE_TRACE names "loop". Its time begins here, on the
  /// loop's clock.
  explicit loop_trace(const loop_options& options) noexcept;

  [[nodiscard]] bool is_on() const noexcept { return sink_ != nullptr; }

  // Only when on.
  void turn(std::uint64_t number, std::size_t pending_events) noexcept;
  void phase(loop_phase phase) noexcept;
  /// One begins: `what` of the phase, set there if that is known.
  void callback(loop_phase phase, const char* what,
                const std::source_location* set_at = nullptr) noexcept;
  /// A task was polled: told where it has called nothing back.
  void polled() noexcept;
  void wait(nanoseconds limit) noexcept;
  void woken() noexcept;
  void note(const char* text) noexcept;

 private:
  void end_callback() noexcept;
  void tell_phase() noexcept;
  /// `depth` words to the right.
  [[gnu::format(printf, 3, 4)]] void line(int depth, const char* format, ...) noexcept;

  void (*sink_)(const char* line, void* data);
  void* data_;
  const clock& clock_;
  instant start_;
  instant begun_;  // the callback that is told, or the wait
  bool is_in_callback_ = false;
  bool is_waiting_ = false;
  bool has_called_ = false;     // since the last task was polled
  bool phase_is_told_ = false;  // a phase is told with its first callback
  loop_phase phase_ = loop_phase::main;
};

}  // namespace rouse::internal

// The log of phases and callbacks, for teaching and debugging. Off, it costs one predicted branch.
#pragma once

#include <rouse/loop/loop_options.hpp>

#include <cstdint>
#include <source_location>

namespace rouse::internal {

class loop_trace {
 public:
  using sink = void (*)(const char* line, void* data);
  /// The option's sink, or stderr when ROUSE_TRACE names "loop".
  loop_trace(sink to, void* data) noexcept;

  [[nodiscard]] bool is_on() const noexcept { return sink_ != nullptr; }

  // Only when on.
  void turn(std::uint64_t number, std::size_t pending_events) noexcept;
  void phase(loop_phase phase) noexcept;
  /// `what`: "timer #3", empty when the phase says it all.
  void callback(loop_phase phase, std::uint64_t number = 0,
                const std::source_location* set_at = nullptr) noexcept;
  void wait(nanoseconds limit) noexcept;
  void note(const char* text) noexcept;

 private:
  [[gnu::format(printf, 2, 3)]] void line(const char* format, ...) noexcept;
  sink sink_;
  void* data_;
  bool phase_is_told_ = false;  // a phase is told with its first callback
  loop_phase phase_ = loop_phase::main;
};

}  // namespace rouse::internal

#include <rouse/loop/internal/loop_trace.hpp>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace rouse {

const char* name_of(loop_phase phase) noexcept {
  switch (phase) {
    case loop_phase::main: return "main";
    case loop_phase::timers: return "timers";
    case loop_phase::deferred: return "pending";
    case loop_phase::idle: return "idle";
    case loop_phase::prepare: return "prepare";
    case loop_phase::poll: return "poll";
    case loop_phase::check: return "check";
    case loop_phase::closing: return "closing";
    case loop_phase::tick: return "tick";
    case loop_phase::microtask: return "microtask";
  }
  ROUSE_UNREACHABLE();
}

namespace internal {
namespace {

/// A list of words: "loop", "loop,x".
bool environment_asks() noexcept {
  const char* said = std::getenv("ROUSE_TRACE");
  std::string_view rest = said ? said : "";
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(','));
    if (word == "loop") return true;
    rest.remove_prefix(word.size() + (word.size() < rest.size()));
  }
  return false;
}

void write_to_stderr(const char* line, void*) { std::fprintf(stderr, "%s\n", line); }

std::string_view last_part(const char* path) noexcept {
  const std::string_view whole = path;
  return whole.substr(whole.rfind('/') + 1);
}

}  // namespace

loop_trace::loop_trace(sink to, void* data) noexcept : sink_(to), data_(data) {
  if (!sink_ && environment_asks()) sink_ = write_to_stderr;
}

void loop_trace::line(const char* format, ...) noexcept {
  char text[256];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  sink_(text, data_);
}

void loop_trace::turn(std::uint64_t number, std::size_t pending_events) noexcept {
  line("loop: turn %llu, %zu pending", static_cast<unsigned long long>(number), pending_events);
}

void loop_trace::phase(loop_phase phase) noexcept {
  phase_ = phase;
  phase_is_told_ = false;
}

void loop_trace::callback(loop_phase phase, std::uint64_t number,
                          const std::source_location* set_at) noexcept {
  const bool between = phase == loop_phase::tick || phase == loop_phase::microtask;
  if (!between && !phase_is_told_) {
    phase_is_told_ = true;
    line("loop:   %s", name_of(phase));
  }
  if (between)
    line("loop:       %s", name_of(phase));
  else if (set_at && number != 0)
    line("loop:     #%llu, set at %s:%u", static_cast<unsigned long long>(number),
         last_part(set_at->file_name()).data(), set_at->line());
  else
    line("loop:     callback");
}

void loop_trace::wait(nanoseconds limit) noexcept {
  if (limit == no_limit)
    line("loop:   poll waits for an event");
  else if (limit.count() > 0)
    line("loop:   poll waits for %.3f ms at most", static_cast<double>(limit.count()) / 1e6);
}

void loop_trace::note(const char* text) noexcept { line("loop: %s", text); }

}  // namespace internal
}  // namespace rouse

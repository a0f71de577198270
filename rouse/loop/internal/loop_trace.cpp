#include <rouse/loop/internal/loop_trace.hpp>

#include <rouse/time/clock.hpp>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

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

/// What a callback may take without a word: less than one frame of a screen, or one round trip.
constexpr nanoseconds worth_telling{1'000'000};

double in_ms(nanoseconds d) noexcept { return static_cast<double>(d.count()) / 1e6; }

void write_to_stderr(const char* line, void*) { std::fprintf(stderr, "%s\n", line); }

std::string_view last_part(const char* path) noexcept {
  const std::string_view whole = path;
  return whole.substr(whole.rfind('/') + 1);
}

}  // namespace

loop_trace::loop_trace(const loop_options& options) noexcept
    : sink_(options.trace),
      data_(options.trace_data),
      clock_(options.runtime.clock ? *options.runtime.clock : steady_clock::instance()) {
  if (!sink_ && environment_asks()) sink_ = write_to_stderr;
  if (sink_) start_ = clock_.now();
}

void loop_trace::line(int depth, const char* format, ...) noexcept {
  char text[256];
  const int head = std::snprintf(text, sizeof text, "loop %9.3f ms  %*s",
                                 in_ms(clock_.now() - start_), 2 * depth, "");
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text + head, sizeof text - static_cast<std::size_t>(head), format, arguments);
  va_end(arguments);
  sink_(text, data_);
}

void loop_trace::turn(std::uint64_t number, std::size_t pending_events) noexcept {
  end_callback();
  line(0, "turn %llu, %zu pending", static_cast<unsigned long long>(number), pending_events);
}

void loop_trace::phase(loop_phase phase) noexcept {
  end_callback();
  phase_ = phase;
  phase_is_told_ = false;
}

void loop_trace::tell_phase() noexcept {
  if (!std::exchange(phase_is_told_, true)) line(1, "%s", name_of(phase_));
}

void loop_trace::callback(loop_phase phase, const char* what,
                          const std::source_location* set_at) noexcept {
  if (phase == loop_phase::tick || phase == loop_phase::microtask) return line(3, "%s", what);
  end_callback();
  tell_phase();
  if (set_at)
    line(2, "%s, set at %s:%u", what, last_part(set_at->file_name()).data(), set_at->line());
  else
    line(2, "%s", what);
  begun_ = clock_.now();
  is_in_callback_ = has_called_ = true;
}

void loop_trace::end_callback() noexcept {
  if (!std::exchange(is_in_callback_, false)) return;
  const nanoseconds took = clock_.now() - begun_;
  if (took >= worth_telling) line(2, "took %.3f ms", in_ms(took));
}

void loop_trace::polled() noexcept {
  end_callback();
  if (std::exchange(has_called_, false)) return;
  tell_phase();
  line(2, "a task");
}

void loop_trace::wait(nanoseconds limit) noexcept {
  phase(loop_phase::poll);
  has_called_ = false;
  is_waiting_ = limit > nanoseconds(0);
  if (!is_waiting_) return;
  if (limit == no_limit)
    line(1, "poll waits for an event");
  else
    line(1, "poll waits, at most %.3f ms", in_ms(limit));
  begun_ = clock_.now();
}

void loop_trace::woken() noexcept {
  if (!std::exchange(is_waiting_, false)) return;
  line(1, "poll, after %.3f ms", in_ms(clock_.now() - begun_));
  phase_is_told_ = true;
}

void loop_trace::note(const char* text) noexcept {
  end_callback();
  line(0, "%s", text);
}

}  // namespace internal
}  // namespace rouse

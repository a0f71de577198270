// Log lines of the library itself: rare, for people, one line each, through a sink that the program
// can replace. Not a logging framework: no categories, no files, no formatting of user types. Each
// call site is rate limited, because what goes wrong once per connection goes wrong ten thousand
// times a second (FAULTS R14).
#pragma once

#include <rouse/base/atomic.hpp>
#include <rouse/base/duration.hpp>

#include <cstddef>
#include <string_view>

namespace rouse {

enum class log_level : unsigned char { debug, info, warning, error, off };

/// "debug", "info", "warning", "error", "off"
[[nodiscard]] const char* name_of(log_level level) noexcept;

/// Where lines go. One line at a time, whatever thread it comes from; `text` is one line of at most
/// `log_line_bytes`, control characters replaced, and lives as long as the call. A line logged from
/// inside goes to stderr. It may not fork().
class log_sink {
 public:
  virtual void write(log_level level, std::string_view text) noexcept = 0;

 protected:
  ~log_sink() = default;
};

inline constexpr std::size_t log_line_bytes = 1024;  // longer lines end in "..."
inline constexpr unsigned log_burst = 5;             // lines per site and window
inline constexpr nanoseconds log_window = std::chrono::seconds(10);

/// Installs `sink` for the whole process (null: stderr, as "rouse: level: text"); gives the former
/// one (null: stderr), which no thread is inside any more. Any thread; not from inside a sink.
log_sink* set_log_sink(log_sink* sink) noexcept;

/// Lines below `level` are neither formatted nor written. At first: info.
void set_log_level(log_level level) noexcept;

/// Writes "N similar lines suppressed" for every site that owes it, without waiting for its next
/// line. Runtimes call it when they end.
void flush_log() noexcept;

namespace internal {

/// One call site: constant-initialised, lives for ever, guarded by the log's lock.
struct log_site {
  instant window_start{};
  unsigned written = 0;          // in this window
  unsigned long suppressed = 0;  // since the last report
  const char* format = "";       // names the site in a report
  log_level level = log_level::info;
  log_site* next_owing = nullptr;
  bool is_owing = false;  // linked
};

extern constinit atomic<unsigned> log_threshold;
[[gnu::cold, gnu::format(printf, 3, 4)]] void log_line(log_site& site, log_level level,
                                                       const char* format, ...) noexcept;

/// For tests: what the rate limit takes for the time. Null: the monotonic clock.
void set_log_clock(instant (*now)()) noexcept;

}  // namespace internal

[[nodiscard]] inline bool is_logged(log_level level) noexcept {
  return static_cast<unsigned>(level) >= internal::log_threshold.load(order::relaxed);
}

}  // namespace rouse

/// Logs one line, printf style; at most `log_burst` lines per `log_window` from one place in the
/// source, then a count of what was suppressed. A macro, because the place needs a static of its
/// own and the arguments must cost nothing when the level is off. Never throws, allocates nothing.
/// @example  `ROUSE_LOG(warning, "accept on %s: %s", address.c_str(), reason.message().c_str());`
#define ROUSE_LOG(level_name, ...)                                                              \
  do {                                                                                          \
    if (::rouse::is_logged(::rouse::log_level::level_name)) [[unlikely]] {                      \
      static constinit ::rouse::internal::log_site rouse_log_site;                              \
      ::rouse::internal::log_line(rouse_log_site, ::rouse::log_level::level_name, __VA_ARGS__); \
    }                                                                                           \
  } while (false)

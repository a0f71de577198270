#include <rouse/base/log.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/base/fork.hpp>

#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace rouse {
namespace internal {

constinit atomic<unsigned> log_threshold{static_cast<unsigned>(log_level::info)};

}  // namespace internal

namespace {

using internal::log_site;

// lint: ok, base lies below sys; set_log_clock() is its seam
instant real_now() { return instant(std::chrono::steady_clock::now().time_since_epoch()); }

/// Everything that lines share. The lock is held while the sink runs: lines do not mix, and a
/// replaced sink is not in use.
struct log_state {
  fork_mutex lock{fork_mutex::rank::outer};
  log_sink* sink ROUSE_GUARDED_BY(lock) = nullptr;
  log_site* owing ROUSE_GUARDED_BY(lock) = nullptr;
  instant (*now)() ROUSE_GUARDED_BY(lock) = &real_now;
};

// Never destroyed: threads that outlive main still log.
log_state& state() noexcept {
  alignas(log_state) static unsigned char storage[sizeof(log_state)];
  static log_state* instance = ::new (static_cast<void*>(storage)) log_state;
  return *instance;
}
[[maybe_unused]] const log_state& made_before_main = state();  // see fork_mutex

constinit thread_local bool is_inside_sink = false;

/// One line being made: printf text, cut at a character's border, without control characters.
class line {
 public:
  void format(const char* text, std::va_list arguments) noexcept {
    const int wanted = std::vsnprintf(text_, sizeof(text_), text, arguments);
    size_ = wanted < 0 ? 0 : static_cast<std::size_t>(wanted);
    if (size_ > log_line_bytes) cut();
    for (std::size_t i = 0; i < size_; ++i)
      if (is_control(text_[i])) text_[i] = '?';
  }
  [[gnu::format(printf, 2, 3)]] void format(const char* text, ...) noexcept {
    std::va_list arguments;
    va_start(arguments, text);
    format(text, arguments);
    va_end(arguments);
  }
  [[nodiscard]] std::string_view view() const noexcept { return {text_, size_}; }

 private:
  // Text of peers and file names gets here: it must not be able to forge a second line or drive the
  // terminal.
  static bool is_control(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  }
  void cut() noexcept {
    size_ = log_line_bytes - 3;
    while (size_ > 0 && (static_cast<unsigned char>(text_[size_]) & 0xc0) == 0x80)
      --size_;  // inside UTF-8
    std::memcpy(text_ + size_, "...", 3);
    size_ += 3;
  }

  char text_[log_line_bytes + 1];
  std::size_t size_ = 0;
};

void write_to_stderr(log_level level, std::string_view text) noexcept {
  // One call, so that lines of several processes do not mix either.
  char whole[log_line_bytes + 32];
  const int size = std::snprintf(whole, sizeof(whole), "rouse: %s: %.*s\n", name_of(level),
                                 static_cast<int>(text.size()), text.data());
  if (size > 0) std::fwrite(whole, 1, static_cast<std::size_t>(size), stderr);
}

void write_line(log_state& log, log_level level, std::string_view text) noexcept
    ROUSE_REQUIRES(log.lock) {
  if (!log.sink) return write_to_stderr(level, text);
  is_inside_sink = true;
  log.sink->write(level, text);
  is_inside_sink = false;
}

void report_suppressed(log_state& log, log_site& site) noexcept ROUSE_REQUIRES(log.lock) {
  line report;
  report.format("%lu similar lines suppressed: \"%s\"", site.suppressed, site.format);
  site.suppressed = 0;
  write_line(log, site.level, report.view());
}

/// Reports and forgets the owing sites whose window is over, or all of them.
void settle(log_state& log, instant now, bool all) noexcept ROUSE_REQUIRES(log.lock) {
  for (log_site** link = &log.owing; *link;) {
    log_site& site = **link;
    if (!all && now - site.window_start < log_window) {
      link = &site.next_owing;
      continue;
    }
    *link = site.next_owing;
    site.is_owing = false;
    if (is_logged(site.level))
      report_suppressed(log, site);
    else
      site.suppressed = 0;
  }
}

/// True when `site` may write a line now; otherwise it owes one more to the next report.
bool admit(log_state& log, log_site& site, instant now) noexcept ROUSE_REQUIRES(log.lock) {
  if (site.written == 0 || now - site.window_start >= log_window) {
    site.window_start = now;
    site.written = 0;
  }
  if (site.written < log_burst) return ++site.written, true;
  ++site.suppressed;
  if (!site.is_owing) {
    site.is_owing = true;
    site.next_owing = log.owing;
    log.owing = &site;
  }
  return false;
}

}  // namespace

const char* name_of(log_level level) noexcept {
  switch (level) {
    case log_level::debug: return "debug";
    case log_level::info: return "info";
    case log_level::warning: return "warning";
    case log_level::error: return "error";
    case log_level::off: return "off";
  }
  ROUSE_UNREACHABLE();
}

void internal::log_line(log_site& site, log_level level, const char* format, ...) noexcept {
  line text;
  std::va_list arguments;
  va_start(arguments, format);
  text.format(format, arguments);
  va_end(arguments);
  if (is_inside_sink) return write_to_stderr(level, text.view());  // the lock is ours already

  log_state& log = state();
  const lock_guard lock(log.lock);
  const instant now = log.now();
  settle(log, now, false);
  site.format = format;
  site.level = level;
  if (admit(log, site, now)) write_line(log, level, text.view());
}

log_sink* set_log_sink(log_sink* sink) noexcept {
  ROUSE_ASSERT(!is_inside_sink);
  log_state& log = state();
  const lock_guard lock(log.lock);
  log_sink* former = log.sink;
  log.sink = sink;
  return former;
}

void set_log_level(log_level level) noexcept {
  internal::log_threshold.store(static_cast<unsigned>(level), order::relaxed);
}

void flush_log() noexcept {
  if (is_inside_sink) return;
  log_state& log = state();
  const lock_guard lock(log.lock);
  settle(log, log.now(), true);
}

void internal::set_log_clock(instant (*now)()) noexcept {
  log_state& log = state();
  const lock_guard lock(log.lock);
  log.now = now ? now : &real_now;
}

}  // namespace rouse

#include "request_log.hpp"

#include <rouse/http/http_date.hpp>
#include <rouse/sys/clock.hpp>

#include <poll.h>
#include <unistd.h>
#include <climits>
#include <cstdio>

namespace tool {
namespace {

constexpr std::size_t target_shown_max = 256;
static_assert(PIPE_BUF >= 4096, "what poll promises to take without waiting: any line of ours");

using record_type = rouse::http::access_record;

bool takes_more(int fd) noexcept {
  pollfd p{fd, POLLOUT, 0};
  return ::poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

template <class... Args>
void append_format(std::string& out, const char* format, Args... args) {
  char text[128];
  const int bytes = std::snprintf(text, sizeof text, format, args...);
  out.append(text, static_cast<std::size_t>(bytes));
}

std::string_view shown(std::string_view text) noexcept {
  return text.empty() ? std::string_view("-") : text.substr(0, target_shown_max);
}

// Quotes and backslashes could end the field early; all else is visible ASCII in a request that
// could be read.
void append_quoted(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
}

void append_cut_mark(std::string& out, std::string_view target) {
  if (target.size() > target_shown_max) out += "...";
}

void append_brief(std::string& out, const record_type& r) {
  out += r.peer.to_string();
  out.append(" ").append(shown(r.method)).append(" ").append(shown(r.target));
  append_cut_mark(out, r.target);
  append_format(out, " %u %llu B %.1f ms\n", static_cast<unsigned>(r.answered),
                static_cast<unsigned long long>(r.bytes),
                static_cast<double>(r.took.count()) / 1e6);
}

// "127.0.0.1:80" and "[::1]:80" without port and brackets.
void append_host(std::string& out, std::string_view peer) {
  peer = peer.substr(0, peer.rfind(':'));
  if (peer.starts_with('[')) peer = peer.substr(1, peer.size() - 2);
  out += peer;
}

void append_common(std::string& out, const record_type& r, std::int64_t unix_ns) {
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto t = rouse::http::to_utc(unix_ns / 1'000'000'000);
  append_host(out, r.peer.to_string());
  append_format(out, " - - [%02u/%s/%04d:%02u:%02u:%02u +0000] \"", t.day, months[t.month - 1],
                static_cast<int>(t.year), t.hour, t.minute, t.second);
  if (r.method.empty()) {
    out += '-';
  } else {
    append_quoted(out, r.method.substr(0, target_shown_max));
    out += ' ';
    append_quoted(out, shown(r.target));
    append_cut_mark(out, r.target);
    append_format(out, " HTTP/1.%d", r.minor_version);
  }
  append_format(out, "\" %u ", static_cast<unsigned>(r.answered));
  if (r.body_bytes == 0)
    out += "-\n";
  else
    append_format(out, "%llu\n", static_cast<unsigned long long>(r.body_bytes));
}

void append_json(std::string& out, const record_type& r, std::int64_t unix_ns) {
  const auto t = rouse::http::to_utc(unix_ns / 1'000'000'000);
  append_format(out, "{\"time\":\"%04d-%02u-%02uT%02u:%02u:%02u.%03dZ\",\"peer\":\"",
                static_cast<int>(t.year), t.month, t.day, t.hour, t.minute, t.second,
                static_cast<int>(unix_ns % 1'000'000'000 / 1'000'000));
  append_quoted(out, r.peer.to_string());
  if (!r.method.empty()) {
    out += "\",\"method\":\"";
    append_quoted(out, r.method.substr(0, target_shown_max));
    out += "\",\"target\":\"";
    append_quoted(out, shown(r.target));
    append_cut_mark(out, r.target);
    append_format(out, "\",\"version\":\"1.%d", r.minor_version);
  }
  append_format(out, "\",\"status\":%u,\"bytes\":%llu,\"body_bytes\":%llu,\"seconds\":%.6f}\n",
                static_cast<unsigned>(r.answered), static_cast<unsigned long long>(r.bytes),
                static_cast<unsigned long long>(r.body_bytes),
                static_cast<double>(r.took.count()) / 1e9);
}

}  // namespace

std::optional<log_format> log_format_of(std::string_view name) noexcept {
  if (name == "brief") return log_format::brief;
  if (name == "common") return log_format::common;
  if (name == "json") return log_format::json;
  if (name == "none") return log_format::none;
  return std::nullopt;
}

void append_log_line(std::string& out, log_format format, const record_type& r,
                     std::int64_t unix_ns) {
  switch (format) {
    case log_format::brief: return append_brief(out, r);
    case log_format::common: return append_common(out, r, unix_ns);
    case log_format::json: return append_json(out, r, unix_ns);
    case log_format::none: return;
  }
}

request_log::~request_log() { tell_dropped(); }

void request_log::record(const record_type& r) noexcept {
  const auto now = rouse::sys::wall_now();
  line_.clear();
  append_log_line(line_, format_, r, now.seconds * 1'000'000'000 + now.nanoseconds);
  write(line_);
}

void request_log::tell_dropped() noexcept {
  if (dropped_ == 0) return;
  std::fprintf(stderr, "rouse: %lu lines of the log were dropped: nobody took them\n", dropped_);
  dropped_ = 0;
}

void request_log::write(std::string_view line) noexcept {
  if (!takes_more(STDOUT_FILENO)) return void(++dropped_);
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    return void(++dropped_);
  tell_dropped();
}

}  // namespace tool

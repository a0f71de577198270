// `rouse bench`: load on an HTTP server, and what came of it.
#pragma once

#include <rouse/base/duration.hpp>

#include <string>
#include <vector>

namespace tool {

struct bench_options {
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  unsigned connections = 10;
  unsigned pipeline = 1;
  double rate = 0;  // 0: closed loop
  rouse::nanoseconds duration = std::chrono::seconds(10);
  bool json = false;
};

/// "10s", "500ms", "2m", "1.5" (seconds); nothing when it is no duration above 0.
[[nodiscard]] bool read_duration(const std::string& text, rouse::nanoseconds& into) noexcept;

/// The exit code: 0; 1 no request was answered, or no connection made; 2 usage; 130 interrupted,
/// with a report of what was measured.
[[nodiscard]] int bench(const bench_options& options);

}  // namespace tool

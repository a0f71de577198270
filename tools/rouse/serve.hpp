// `rouse serve`: the files of a directory over HTTP/1.1.
#pragma once

#include <cstdint>
#include <string>

#include "request_log.hpp"

namespace tool {

struct serve_options {
  std::string directory = ".";
  std::string bind = "127.0.0.1";
  std::uint16_t port = 8080;
  bool port_given = false;  // else the next free one is taken
  log_format log = log_format::brief;
  bool listing = true;
  bool sendfile = false;
  bool precompressed = true;
  double cached_for_s = 0;
  std::string cache_control;
  // Limits; those in seconds may have fractions.
  std::size_t connections_max = 10'000;
  double header_limit_s = 10;
  double request_limit_s = 60;
  double idle_limit_s = 15;
  double write_limit_s = 60;
  double drain_limit_s = 10;
  std::size_t entries_max = 10'000;
};

/// Serves until SIGINT or SIGTERM, then drains. The exit code: 0, or 1 after saying why.
[[nodiscard]] int serve(const serve_options& options);

}  // namespace tool

// `rouse serve`: the files of a directory over HTTP/1.1.
#pragma once

#include <cstdint>
#include <string>

namespace tool {

struct serve_options {
  std::string directory = ".";
  std::string bind = "127.0.0.1";
  std::uint16_t port = 8080;
  bool port_given = false;  // else the next free one is taken
  bool quiet = false;
};

/// Serves until SIGINT or SIGTERM, then drains. The exit code: 0, or 1 after saying why.
[[nodiscard]] int serve(const serve_options& options);

}  // namespace tool

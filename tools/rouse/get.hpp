// `rouse get`: fetches a URL to stdout or a file.
#pragma once

#include <string>
#include <vector>

namespace tool {

struct get_options {
  std::string url;
  std::string output;                // empty: stdout
  std::vector<std::string> headers;  // "Name: value"
  std::string method;                // empty: GET, or POST with data
  std::string data;                  // a body; @FILE: what is in the file
  bool has_data = false;
  bool resume = false;  // needs an output file
  double time_max_s = 0;
  bool silent = false;
  bool include_head = false;
};

/// The exit code: 0; 1 network or file; 2 usage; 22 a status of 400 or above; 28 too slow; 130
/// interrupted.
[[nodiscard]] int get(const get_options& options);

}  // namespace tool

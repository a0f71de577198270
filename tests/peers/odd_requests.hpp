// The requests of odd_requests.txt, whose head says how its lines are read.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace peers {

struct odd_request {
  std::string name;
  std::string section;
  std::string text;  // as in the file, with its escapes
  // Where the servers differ; else empty.
  std::string reason;
  std::string ours;
  std::string theirs;

  /// What goes over the wire to a server whose tag of /file is `etag`.
  [[nodiscard]] std::string bytes(std::string_view etag) const;
};

struct odd_requests {
  std::vector<odd_request> all;
  std::map<std::string, std::string> reasons;
};

/// @errors  throws std::runtime_error with the line that cannot be read.
[[nodiscard]] odd_requests read_odd_requests();

/// The files that the requests ask for, made in `directory`.
void make_site(const std::string& directory);

}  // namespace peers

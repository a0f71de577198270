// The house's include rules: arrows go down as floors.txt says, kernel headers stay in `sys`,
// liburing in reactor/io_uring, costly standard headers out of public headers, and internal/
// belongs to its own module.
#pragma once

#include "source_text.hpp"

#include <map>

namespace workshop {

class floors {
 public:
  /// Reads floors.txt; throws with the line when it makes no sense.
  explicit floors(std::string_view text);

  [[nodiscard]] bool knows(const std::string& module) const { return allowed_.contains(module); }
  /// May a file of `module` include <rouse/`path`>, for example "time/wheel.hpp"?
  [[nodiscard]] bool allow(const std::string& module, std::string_view path) const;

 private:
  std::map<std::string, std::set<std::string>>
      allowed_;  // closed: with what the named ones may include
};

/// `path` is relative to the checkout and decides which rules hold.
[[nodiscard]] std::vector<finding> check_includes(const floors& house, std::string_view path,
                                                  const source_text& source);

}  // namespace workshop

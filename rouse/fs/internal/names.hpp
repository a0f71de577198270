// Parts of paths, and names that nobody else has.
#pragma once

#include <rouse/base/error.hpp>

#include <string>

namespace rouse::fs::internal {

/// "/a/b/c" is "c" in "/a/b"; "c" is in ".".
struct place {
  std::string folder;
  std::string name;
};
[[nodiscard]] place place_of(const std::string& path);
[[nodiscard]] std::string joined(const std::string& folder, std::string_view name);

/// `prefix` and 16 hexadecimal digits from the kernel's generator: the directory of a temporary
/// file is often writable for others, who must not guess it.
[[nodiscard]] result<std::string> random_name(const char* prefix);
/// TMPDIR, else /tmp.
[[nodiscard]] std::string temporary_folder();

}  // namespace rouse::fs::internal

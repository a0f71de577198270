#include <rouse/fs/internal/names.hpp>

#include <rouse/sys/process.hpp>

#include <array>
#include <cstdlib>

namespace rouse::fs::internal {

place place_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

std::string joined(const std::string& folder, std::string_view name) {
  std::string path = folder;
  if (!path.empty() && path.back() != '/') path += '/';
  path += name;
  return path;
}

result<std::string> random_name(const char* prefix) {
  std::array<std::byte, 8> random;
  if (auto filled = sys::random_bytes(random); !filled) return std::unexpected(filled.error());
  std::string name = prefix;
  for (const std::byte b : random) {
    constexpr const char* digits = "0123456789abcdef";
    name += digits[std::to_integer<unsigned>(b) >> 4];
    name += digits[std::to_integer<unsigned>(b) & 15];
  }
  return name;
}

std::string temporary_folder() {
  const char* said = std::getenv("TMPDIR");
  return said && *said ? said : "/tmp";
}

}  // namespace rouse::fs::internal

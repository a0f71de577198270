// What the other end of a descriptor can show.
#pragma once

#include <string>
#include <string_view>

namespace tool {

struct terminal {
  bool is_terminal = false;  ///< else everything is plain
  bool unicode = false;      ///< the locale says UTF-8
  bool color = false;        ///< unless NO_COLOR is set or TERM is dumb
  unsigned columns = 80;
};
/// Asks each time: windows change.
[[nodiscard]] terminal look_at(int fd) noexcept;

/// SGR codes, empty where there is no color.
struct palette {
  std::string_view strong, dim, accent, good, bad, off;
};
[[nodiscard]] palette palette_of(const terminal& t) noexcept;

/// Appends a bar of `cells` columns that is filled to `share` (0..1), in eighths of a column where
/// the terminal has Unicode.
/// @param track  draws the empty part too.
void append_bar(std::string& out, const terminal& t, double share, unsigned cells, bool track);

}  // namespace tool

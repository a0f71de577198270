#include "terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace tool {
namespace {

constexpr unsigned columns_max = 160;  // wider lines are hard to read

bool says_utf8() noexcept {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    const std::string_view text = value;
    return text.find("UTF-8") != text.npos || text.find("utf8") != text.npos;
  }
  return false;
}

bool says_color() noexcept {
  const char* none = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  return !(none && *none) && kind && std::string_view(kind) != "dumb";
}

}  // namespace

terminal look_at(int fd) noexcept {
  terminal t;
  if (::isatty(fd) != 1) return t;
  t.is_terminal = true;
  t.unicode = says_utf8();
  t.color = says_color();
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col != 0)
    t.columns = std::min<unsigned>(size.ws_col, columns_max);
  return t;
}

palette palette_of(const terminal& t) noexcept {
  if (!t.color) return {};
  return {.strong = "\x1b[1m",
          .dim = "\x1b[2m",
          .accent = "\x1b[36m",
          .good = "\x1b[32m",
          .bad = "\x1b[31m",
          .off = "\x1b[0m"};
}

void append_bar(std::string& out, const terminal& t, double share, unsigned cells, bool track) {
  constexpr std::string_view eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  share = std::clamp(share, 0.0, 1.0);
  const auto filled = static_cast<unsigned>(std::lround(share * cells * 8));
  const unsigned whole = t.unicode ? filled / 8 : (filled + 4) / 8;
  const unsigned part = t.unicode ? filled % 8 : 0;
  for (unsigned i = 0; i < whole; ++i)
    out += t.unicode ? "█" : "#";
  out += eighths[part];
  if (!track) return;
  for (unsigned i = whole + (part != 0); i < cells; ++i)
    out += t.unicode ? "░" : ".";
}

}  // namespace tool

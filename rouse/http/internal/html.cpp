#include <rouse/http/internal/html.hpp>

#include <cstddef>
#include <cstdint>

namespace rouse::internal {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

struct code_point {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

// Decodes the first character of `text`, which is not empty; refuses over-long forms, surrogates
// and what is above U+10FFFF.
code_point first_code_point(std::string_view text) noexcept {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {.value = lead, .valid = true};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  std::uint32_t value = lead & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return {};
    value = value << 6 | (next & 0x3fu);
  }
  constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
  return {.value = value, .bytes = size, .valid = true};
}

bool is_shown(std::uint32_t c) noexcept {
  const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
  const bool turns_direction = c == 0x061c || c == 0x200e || c == 0x200f ||
                               (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  return !control && !turns_direction;
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const code_point c = first_code_point(text);
    if (!c.valid || !is_shown(c.value)) {
      out += replacement;
    } else {
      switch (c.value) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        case '\'': out += "&#39;"; break;
        default: out += text.substr(0, c.bytes);
      }
    }
    text.remove_prefix(c.bytes);
  }
}

}  // namespace rouse::internal

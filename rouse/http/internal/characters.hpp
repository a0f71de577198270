// Character classes of RFC 9110 and RFC 3986 as one table of bits, independent of the locale.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rouse::internal {

inline constexpr std::uint8_t class_token = 1;       // a byte of a method or of a field name
inline constexpr std::uint8_t class_unreserved = 2;  // needs no percent in a path segment
inline constexpr std::uint8_t class_hex = 4;
inline constexpr std::uint8_t class_digit = 8;
inline constexpr std::uint8_t class_host = 16;  // a byte of a host name or an IPv4 address

inline constexpr auto character_classes = [] {
  std::array<std::uint8_t, 256> table{};
  auto add = [&](std::string_view bytes, unsigned bits) {
    for (char c : bytes) {
      auto& entry = table[static_cast<unsigned char>(c)];
      entry = static_cast<std::uint8_t>(entry | bits);
    }
  };
  add("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
      class_token | class_unreserved | class_host);
  add("0123456789", class_token | class_unreserved | class_host | class_digit | class_hex);
  add("abcdefABCDEF", class_hex);
  add("!#$%&'*+-.^_`|~", class_token);
  add("-._~", class_unreserved);
  add("-._", class_host);
  return table;
}();

[[nodiscard]] constexpr bool has_class(char c, std::uint8_t bits) noexcept {
  return (character_classes[static_cast<unsigned char>(c)] & bits) != 0;
}

[[nodiscard]] constexpr bool all_have_class(std::string_view text, std::uint8_t bits) noexcept {
  for (char c : text)
    if (!has_class(c, bits)) return false;
  return true;
}

[[nodiscard]] constexpr char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  return true;
}

/// 0..15; `c` has class_hex.
[[nodiscard]] constexpr unsigned hex_value(char c) noexcept {
  return c <= '9' ? static_cast<unsigned>(c - '0')
                  : static_cast<unsigned>(ascii_lower(c) - 'a') + 10;
}

/// Without spaces and tabs at both ends.
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

/// Takes the next element of a comma-separated list off the front of `list`; empty elements come
/// too.
[[nodiscard]] constexpr std::string_view take_list_element(std::string_view& list) noexcept {
  std::size_t comma = list.find(',');
  std::string_view element = list.substr(0, comma);
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return trimmed(element);
}

/// Whether a comma-separated list names `word`, in any case.
[[nodiscard]] constexpr bool list_contains(std::string_view list, std::string_view word) noexcept {
  while (!list.empty())
    if (equal_ignoring_case(take_list_element(list), word)) return true;
  return false;
}

}  // namespace rouse::internal

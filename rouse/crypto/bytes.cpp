#include <rouse/crypto/bytes.hpp>

namespace rouse::crypto {

bytes to_bytes(std::string_view text) {
  const auto all = std::as_bytes(std::span(text));
  return {all.begin(), all.end()};
}

std::string to_hex(std::span<const std::byte> data) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * data.size());
  for (const std::byte b : data) {
    text += digits[std::to_integer<unsigned>(b >> 4)];
    text += digits[std::to_integer<unsigned>(b & std::byte{15})];
  }
  return text;
}

}  // namespace rouse::crypto

// Bytes for transfers.
#pragma once

#include <cstdint>
#include <string>

namespace support {

/// Text that shows where a byte was lost, doubled or moved.
inline std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  std::uint32_t state = 1;
  for (char& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

}  // namespace support

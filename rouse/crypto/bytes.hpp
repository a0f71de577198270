// Bytes that a crypto call takes over or gives back, and how they are read as text.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rouse::crypto {

using bytes = std::vector<std::byte>;

/// The bytes of `text`, copied.
[[nodiscard]] bytes to_bytes(std::string_view text);
/// Two lower-case hexadecimal digits a byte.
[[nodiscard]] std::string to_hex(std::span<const std::byte> data);

}  // namespace rouse::crypto

// Bytes and text: the same memory under the two names that programs use.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace rouse::io {

/// The bytes of `text`, which must outlive the span.
[[nodiscard]] inline std::span<const std::byte> as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// The same bytes as text; no check of its encoding.
[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace rouse::io

// A piece of memory as scattered reads and gathered writes take it: the kernel's iovec without its
// header, so that streams above and system calls below mean the same type.
#pragma once

#include <cstddef>
#include <span>

namespace rouse {

/// Layout of `iovec`.
struct slice {
  const void* data = nullptr;
  std::size_t size = 0;

  constexpr slice() noexcept = default;
  slice(std::span<const std::byte> bytes) noexcept : data(bytes.data()), size(bytes.size()) {}
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept {
    return {static_cast<const std::byte*>(data), size};
  }
};

}  // namespace rouse

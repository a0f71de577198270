// A piece of memory as scattered reads and gathered writes take it: the kernel's iovec without its
// header.
#pragma once

#include <cstddef>
#include <span>

namespace rouse::sys {

/// Layout of `iovec`; an array of these is what `send_vectored` sends.
struct slice {
  const void* data = nullptr;
  std::size_t size = 0;

  constexpr slice() noexcept = default;
  slice(std::span<const std::byte> bytes) noexcept : data(bytes.data()), size(bytes.size()) {}
};

/// More slices than this in one call are not sent by it (IOV_MAX).
inline constexpr std::size_t slices_max = 1024;
/// More bytes than this are not moved by one call (MAX_RW_COUNT).
inline constexpr std::size_t transfer_bytes_max = 0x7ffff000;

}  // namespace rouse::sys

// Gathered writes: what one call takes.
#pragma once

#include <rouse/base/slice.hpp>

namespace rouse::sys {

/// An array of these is what `send_vectored` sends.
using rouse::slice;

/// More slices than this in one call are not moved by it (IOV_MAX).
inline constexpr std::size_t slices_max = 1024;
/// More bytes than this are not moved by one call (MAX_RW_COUNT).
inline constexpr std::size_t transfer_bytes_max = 0x7ffff000;

}  // namespace rouse::sys

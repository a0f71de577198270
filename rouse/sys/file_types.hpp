// Plain data of file calls, shared by the synchronous calls (file.hpp) and by reactors that make
// them in the kernel.
#pragma once

#include <cstdint>

namespace rouse::sys {

/// The directory that a relative path starts from: the process's current one (AT_FDCWD).
inline constexpr int current_directory = -100;

/// Layout of the kernel's `open_how`: flags O_*, permission bits for a new file, RESOLVE_* limits.
struct open_how {
  std::uint64_t flags = 0;
  std::uint64_t mode = 0;
  std::uint64_t resolve = 0;
};

/// The kernel's `struct statx`, 256 bytes; status_of (file.hpp) reads it.
struct alignas(8) raw_status {
  unsigned char bytes[256];
};

}  // namespace rouse::sys

// How many descriptors this process has open.
#pragma once

#include <cstddef>
#include <filesystem>

namespace support {

/// One more than there are otherwise, always the same one: that of the look itself.
inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    (void)entry, ++count;
  return count;
}

}  // namespace support

// The whole of one file into another, by the kernel where it can: it then shares blocks, or copies
// them without a detour through this process.
#pragma once

#include <rouse/fs/operation.hpp>

#include <cstdint>
#include <string>

namespace rouse::fs {

/// Trivial members only.
struct copy_file_options {
  bool replace = true;            ///< false: EEXIST when `to` exists
  std::uint64_t* done = nullptr;  ///< counts along, also when it fails or is cancelled
};

/// Makes or overwrites `to`; gives the bytes copied. A new file gets the permissions of the old
/// one, less the umask. Sizes that lie (/proc) do not matter.
/// @errors  invalid_input: both are the same file, which is left alone; ENOENT, EISDIR, ENOSPC, ...
/// @cancel  Safe; `to` then holds the first part, and the piece under way may still be written.
/// @cost    One job of the pool for each 16 MiB.
[[nodiscard]] operation<std::uint64_t> copy_file(std::string from, std::string to,
                                                 copy_file_options options = {});

}  // namespace rouse::fs

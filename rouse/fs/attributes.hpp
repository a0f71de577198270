// Permissions and times, by name.
#pragma once

#include <rouse/fs/file.hpp>

#include <string>

namespace rouse::fs {

using sys::new_time;
using sys::new_times;

/// Mode bits, 07777; follows symbolic links, which have none themselves. @errors ENOENT, EPERM, ...
[[nodiscard]] operation<void> set_permissions(std::string path, std::uint32_t permissions);
/// Times of access and of change, each to be set, made now, or left alone. @errors as above.
[[nodiscard]] operation<void> set_times(std::string path, new_times times, bool follow = true);

}  // namespace rouse::fs

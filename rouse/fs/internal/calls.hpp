// The steps that files, directories and whole-file calls share: each tries what cannot wait, then
// asks ring or pool.
#pragma once

#include <rouse/fs/open_file.hpp>
#include <rouse/fs/operation.hpp>
#include <rouse/io/buffer.hpp>
#include <rouse/sys/file.hpp>

#include <cstdint>
#include <string>

namespace rouse::fs::internal {

/// A name with a NUL inside would be cut there by the kernel, and mean another file.
[[nodiscard]] inline bool is_path(const std::string& path) noexcept {
  return path.find('\0') == std::string::npos;
}

/// From the caches alone; see must_ask_disk().
[[nodiscard]] result<sys::descriptor> open_cached(const start& at, const std::string& path,
                                                  sys::open_options options);
/// From the disk.
[[nodiscard]] task<result<sys::descriptor>> open(start at, std::string path,
                                                 sys::open_options options);
[[nodiscard]] task<result<sys::file_status>> status(start at, std::string path, bool follow);
/// Appends up to `bytes_max` to `into`; the count is what it grew by. From the caches alone.
[[nodiscard]] result<void> read_cached(int fd, std::uint64_t offset, std::size_t bytes_max,
                                       io::buffer& into);
/// The same from the disk.
[[nodiscard]] task<result<io::buffer>> read(open_file_ref file, std::uint64_t offset,
                                            std::size_t bytes_max, io::buffer into);
[[nodiscard]] task<result<io::buffer>> read_to_end(open_file_ref file, std::uint64_t offset,
                                                   std::size_t bytes_max);

}  // namespace rouse::fs::internal

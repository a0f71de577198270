// The kernel's queue of changes to files and directories (inotify): its calls, and how to read what
// comes out of it.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/sys/descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace rouse::sys {

/// IN_* bits: what to be told of, and what a change says.
struct change {
  static const std::uint32_t created, removed, modified, written, attributes, moved_from, moved_to,
      self_removed, self_moved;
  static const std::uint32_t directory;       ///< the name is one of a directory
  static const std::uint32_t overflow;        ///< the queue was full: changes are lost
  static const std::uint32_t forgotten;       ///< this watch is gone
  static const std::uint32_t unmounted;       ///< and so is its file system
  static const std::uint32_t no_follow;       ///< for add_watch: not what a symbolic link points to
  static const std::uint32_t only_directory;  ///< for add_watch: ENOTDIR unless it is one
};

/// Non-blocking, close-on-exec. Errors: EMFILE (also: too many queues of this user), ENFILE.
[[nodiscard]] result<descriptor> open_watch_queue();
/// The number of the watch: the same for the same file, whatever its name, and its mask is replaced
/// then. Errors: ENOENT, EACCES, ENOSPC (too many watches of this user), ...
[[nodiscard]] result<int> add_watch(int queue, const char* path, std::uint32_t mask);
/// EINVAL: it was gone.
[[nodiscard]] result<void> remove_watch(int queue, int watch);

/// One record. `name` is empty when the watched file itself is meant; it lies in the bytes.
struct change_record {
  int watch = -1;
  std::uint32_t mask = 0;
  std::uint32_t cookie = 0;  ///< joins a moved_from with its moved_to
  std::string_view name;
};
/// A read must have room for this much, or the kernel answers EINVAL.
inline constexpr std::size_t change_bytes_max = 16 + 255 + 1;
/// Takes the first record off `bytes`, which a read of the queue gave; none when they are used up.
[[nodiscard]] std::optional<change_record> take_change(std::span<const std::byte>& bytes) noexcept;

}  // namespace rouse::sys

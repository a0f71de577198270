// Calls on whole files and on names.
#pragma once

#include <rouse/fs/file.hpp>

#include <string>

namespace rouse::fs {

/// The whole content. Sizes that lie (files of /proc) do not matter. @errors too_large beyond
/// `bytes_max`.
/// A regular file: a FIFO or a terminal has no positions, and gives ESPIPE.
[[nodiscard]] operation<std::string> read_file(std::string path, std::size_t bytes_max = SIZE_MAX);
/// Makes or replaces the file with `content`. Not at once: readers may see a part, see
/// replace_file. Errors of closing are reported.
[[nodiscard]] operation<void> write_file(std::string path, std::string content);

[[nodiscard]] operation<file_status> status(std::string path, bool follow = true);
[[nodiscard]] operation<void> remove_file(std::string path);
/// It must be empty.
[[nodiscard]] operation<void> remove_directory(std::string path);
enum class rename_mode : unsigned char {
  replace,     ///< what had the new name is gone, at once
  no_replace,  ///< EEXIST when there is something
  exchange,    ///< both exist and change places, at once
};
/// @errors  ENOENT, EXDEV (another file system), EINVAL (the file system cannot), ...
[[nodiscard]] operation<void> rename(std::string from, std::string to,
                                     rename_mode mode = rename_mode::replace);
[[nodiscard]] operation<void> create_directory(std::string path, std::uint32_t permissions = 0777);

}  // namespace rouse::fs

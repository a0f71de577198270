// A file's content replaced at once: whoever looks, and whatever crashes, finds the old or the new.
//
// A new file beside the old one is written and synced, gets the old one's permissions, is renamed
// over it, and the directory is synced. Refused: an unnamed file, which cannot take a name that is
// in use.
#pragma once

#include <rouse/fs/operation.hpp>

#include <cstdint>
#include <string>

namespace rouse::fs {

/// Trivial members only.
struct replace_options {
  bool sync = true;  ///< false: at once for who looks, but a crash of the machine may lose both
  std::uint32_t permissions = 0666;  ///< of a file that was not there, less the umask
};

/// Makes the file `path`, or replaces what it holds, at once.
///
/// Its permissions are kept, not its owner; other hard links keep the old content; a symbolic link
/// is replaced itself.
/// @errors  those of each step; the old content is then untouched and nothing is left behind. Only
///          an error of the last step, "sync" of the directory, comes after the new content is in
///          place: it may then not survive a crash.
/// @cancel  Safe: old or new, and nothing left behind. One that has begun goes on to its end.
/// @cost    One job of the pool for all of it.
[[nodiscard]] operation<void> replace_file(std::string path, std::string content,
                                           replace_options options = {});

}  // namespace rouse::fs

// Second names, symbolic links, and where they lead.
#pragma once

#include <rouse/fs/operation.hpp>

#include <string>

namespace rouse::fs {

/// A second name of the same file; a symbolic link is named itself. @errors EEXIST, EXDEV (another
/// file system), EPERM (a directory), ...
[[nodiscard]] operation<void> hard_link(std::string existing, std::string path);
/// `path` becomes a link to `target`, which need not exist and counts from where the link lies.
/// @errors EEXIST, ...
[[nodiscard]] operation<void> symbolic_link(std::string target, std::string path);
/// What the link says. @errors EINVAL (no link), ENOENT, ...
[[nodiscard]] operation<std::string> read_link(std::string path);
/// The absolute path of what is there, without symbolic links and dots: one of its names at this
/// moment. Needs /proc. @errors ENOENT, ELOOP, EACCES, ...
[[nodiscard]] operation<std::string> canonical(std::string path);

}  // namespace rouse::fs

// A directory and all that it holds, removed.
#pragma once

#include <rouse/fs/operation.hpp>

#include <string>

namespace rouse::fs {

/// Removes `path`, and when it is a directory all that it holds; symbolic links are removed and
/// never followed, whatever is renamed meanwhile. Nothing there: nothing to do.
/// @errors  the first that a removal gives: what is left is left. too_large beyond 256 levels, each
///          of which costs a descriptor.
/// @cancel  Stops the wait; a removal that has begun goes on.
[[nodiscard]] operation<void> remove_tree(std::string path);

namespace internal {
/// The same on this thread.
result<void> remove_tree_now(const std::string& path);
}  // namespace internal

}  // namespace rouse::fs

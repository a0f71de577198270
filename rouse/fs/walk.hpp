// All that a directory holds, and what its directories hold, one entry after the other. Takes
// `<bits/unique_ptr.h>`: `<memory>` costs 0.4 s to parse.
#pragma once

#include <rouse/fs/file.hpp>
#include <rouse/fs/next.hpp>

#include <bits/unique_ptr.h>

#include <optional>

namespace rouse::fs {

struct walk_entry {
  std::string path;  ///< begins with the path that was given to walk
  file_kind kind = file_kind::unknown;
  unsigned depth = 0;  ///< 0: directly in the directory that is walked
  error failure;       ///< code 0, or why this entry could not be looked at, or not be entered
};

/// Trivial members only.
struct walk_options {
  unsigned depth_max = 1000;  ///< directories at this depth are given and not entered
  bool follow_links = false;  ///< symbolic links count as what they lead to; each directory is
                              ///< entered once, so that a circle ends
  std::size_t directories_max = 100'000;  ///< that wait to be entered; those beyond fail with
                                          ///< too_large
};

namespace internal {
struct walk_state;
}

/// A walk under way. Reads ahead, 256 entries in one job of the pool; holds one open directory.
/// @threads  One at a time. Movable while no next() is pending.
class walker {
 public:
  walker(walker&&) noexcept;
  walker& operator=(walker&&) noexcept;
  ~walker();

  /// The next entry; none at the end. A directory comes before what it holds, else there is no
  /// order. What fails below the top is told in its entry, and the walk goes on.
  /// @errors  of the directory that is walked itself: one that could not be opened is tried again
  /// by
  ///          the next call, one that could not be read is not; no_context, and those of the pool.
  /// @cancel  Safe: no entry is lost.
  [[nodiscard]] next_operation<walker> next() noexcept { return next_operation<walker>(*this); }
  [[nodiscard]] const std::string& path() const noexcept;

  poll_result<result<std::optional<walk_entry>>> poll_next(context& cx);
  void disown() noexcept;

 private:
  friend walker walk(std::string, walk_options);
  explicit walker(std::unique_ptr<internal::walk_state> state) noexcept;
  std::unique_ptr<internal::walk_state> state_;
};

/// Begins at the first next().
/// @example
///   auto files = fs::walk("src");
///   while (auto entry = co_await files.next()) use(entry->path);
[[nodiscard]] walker walk(std::string path, walk_options options = {});

}  // namespace rouse::fs

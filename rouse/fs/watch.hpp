// What changes in a directory, as it changes (inotify).
//
// The kernel's queue is bounded, and so a program that does not keep up is told `rescan`: look at
// everything again. Nothing else is ever left out silently. Takes `<bits/unique_ptr.h>`: `<memory>`
// costs 0.4 s to parse.
#pragma once

#include <rouse/fs/file.hpp>
#include <rouse/fs/next.hpp>

#include <bits/unique_ptr.h>

namespace rouse::fs {

enum class change_kind : unsigned char {
  created,     ///< made, linked, or found in a directory that has just come
  removed,     ///< this name is gone
  modified,    ///< written to, or cut
  written,     ///< closed by one who could write: a good moment to read it
  attributes,  ///< permissions, times, owner, number of links
  moved_from,  ///< renamed away; `move` joins it with its moved_to, if that is watched as well
  moved_to,    ///< and came to this name
  rescan,      ///< changes were lost: what is known must be read anew
  unwatched,   ///< this directory has come but cannot be watched, or not be read: what is told of
               ///< it is not all
  gone,        ///< the watched path itself was removed, renamed or unmounted: the last event
};
[[nodiscard]] const char* name_of(change_kind kind) noexcept;

struct change_event {
  change_kind kind = change_kind::rescan;
  std::string path;  ///< begins with the path that is watched
  bool is_directory = false;
  std::uint32_t move = 0;  ///< the same number in both halves of a rename, else 0
};

/// Trivial members only.
struct watch_options {
  bool recursive = false;              ///< and in the directories below, also those that come later
  std::size_t directories_max = 8192;  ///< beyond: too_large at first, `unwatched` later
};

namespace internal {
struct watch_state;
}

/// A watch that is kept. Made by `watch`.
/// @threads  That of the reactor it was made on. Movable while no next() is pending.
class watcher {
 public:
  watcher(watcher&&) noexcept;
  watcher& operator=(watcher&&) noexcept;
  ~watcher();

  /// The next change, in the order of the kernel. In a directory that has just come, what is found
  /// and what is told may overlap: a `created` can come twice.
  /// @errors  closed after `gone`; EIO, ...; those of the pool when a new directory shall be looked
  ///          at, which the next call then tries again.
  /// @cancel  Safe: no event is lost.
  [[nodiscard]] next_operation<watcher> next() noexcept { return next_operation<watcher>(*this); }
  [[nodiscard]] const std::string& path() const noexcept;

  poll_result<result<change_event>> poll_next(context& cx);
  void disown() noexcept;

 private:
  friend struct internal::watch_state;
  explicit watcher(std::unique_ptr<internal::watch_state> state) noexcept;
  std::unique_ptr<internal::watch_state> state_;
};

/// Watches a directory, or a file: what replaces a file by renaming ends the watch of it, so watch
/// its directory instead.
/// @errors  ENOENT, EACCES, ENOSPC (too many watches of this user), too_large, no_context, ...
[[nodiscard]] operation<watcher> watch(std::string path, watch_options options = {});

}  // namespace rouse::fs

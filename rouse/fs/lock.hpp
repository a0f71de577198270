// Advisory locks of whole files, between programs and within one: they belong to the open file, so
// two that were opened apart exclude each other also here (Linux "open file description" locks).
#pragma once

#include <rouse/fs/file.hpp>

#include <optional>

namespace rouse::fs {

using sys::lock_kind;

/// A lock that is held; ends with this. Move only; any thread.
class [[nodiscard]] file_lock {
 public:
  file_lock(file_lock&&) noexcept = default;
  file_lock& operator=(file_lock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~file_lock() { unlock(); }
  /// Now. A second time it does nothing.
  void unlock() noexcept;

 private:
  friend operation<std::optional<file_lock>> try_lock(const file&, lock_kind);
  explicit file_lock(internal::open_file_ref locked) noexcept : file_(std::move(locked)) {}
  internal::open_file_ref file_;
};

/// None: somebody else has a lock that excludes this one. A shared lock wants a file that is open
/// for reading, an exclusive one for writing. One lock for each open file: asking again changes its
/// kind, and the first file_lock that goes ends it.
/// @errors  EBADF, ENOLCK, ...
[[nodiscard]] operation<std::optional<file_lock>> try_lock(const file& which,
                                                           lock_kind kind = lock_kind::exclusive);
/// Waits until nobody else has a lock that excludes this one. It asks again and again, at most 50
/// ms after the lock became free: a thread that waits in the kernel could not be called back.
/// Nobody is served first.
/// @errors  as above; no_context without a timer.
/// @cancel  Safe: a lock that comes too late is given back.
[[nodiscard]] operation<file_lock> lock(const file& which, lock_kind kind = lock_kind::exclusive);

}  // namespace rouse::fs

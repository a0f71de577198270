// Open files.
#pragma once

#include <rouse/fs/open_file.hpp>
#include <rouse/fs/operation.hpp>
#include <rouse/io/buffer.hpp>
#include <rouse/sys/file.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rouse::fs {

using sys::file_kind;
using sys::file_status;
using open_options = sys::open_options;

class file;

namespace internal {

struct open_request {
  open_request(start from, std::string p, const open_options& o)
      : at(std::move(from)), path(std::move(p)), options(o) {}
  [[nodiscard]] result<file> ask_caches();
  [[nodiscard]] task<result<file>> ask_disk();
  [[nodiscard]] const std::string& subject() const noexcept { return path; }
  start at;
  std::string path;
  open_options options;
};

struct read_vectored_request {
  read_vectored_request(open_file_ref f, std::uint64_t o, std::vector<std::size_t> s)
      : file(std::move(f)), offset(o), sizes(std::move(s)) {}
  [[nodiscard]] result<std::vector<io::buffer>> ask_caches();
  [[nodiscard]] task<result<std::vector<io::buffer>>> ask_disk();
  [[nodiscard]] const std::string& subject() const noexcept { return file.path(); }
  open_file_ref file;
  std::uint64_t offset;
  std::vector<std::size_t> sizes;
};

struct read_request {
  read_request(open_file_ref f, std::uint64_t o, std::size_t max, io::buffer b)
      : file(std::move(f)), offset(o), bytes_max(max), into(std::move(b)) {}
  [[nodiscard]] result<io::buffer> ask_caches();
  [[nodiscard]] task<result<io::buffer>> ask_disk();
  [[nodiscard]] const std::string& subject() const noexcept { return file.path(); }
  open_file_ref file;
  std::uint64_t offset;
  std::size_t bytes_max;
  io::buffer into;
};

}  // namespace internal

using open_operation = cached_operation<internal::open_request>;
using read_operation = cached_operation<internal::read_request>;
using read_vectored_operation = cached_operation<internal::read_vectored_request>;

/// Opens `path`, relative to the working directory. Never waits for the other end of a FIFO: it is
/// opened non-blocking, and never gives the process a controlling terminal.
/// @errors  ENOENT, EACCES, EISDIR, EMFILE, ...
[[nodiscard]] open_operation open(std::string path, open_options options = {});

/// A write's outcome: what was written, and the buffer back.
struct written {
  std::size_t bytes = 0;
  io::buffer buffer;
};

/// The same of several buffers.
struct written_pieces {
  std::size_t bytes = 0;
  std::vector<io::buffer> buffers;
};

/// An open file. Clones nothing, moves freely; the descriptor is closed when the file and its last
/// operation are gone.
/// @threads  One at a time.
class file {
 public:
  /// Adopts a descriptor.
  explicit file(sys::descriptor descriptor, std::string path = {});

  /// Up to `bytes_max` bytes (1 or more) from `offset`; empty at the end. `into` is moved in,
  /// appended to, and comes back.
  [[nodiscard]] read_operation read_at(std::uint64_t offset, std::size_t bytes_max,
                                       io::buffer into = {}) const {
    return read_operation({share(), offset, bytes_max, std::move(into)});
  }
  /// The same into lent memory, with `direct` too. Destroying it before its end waits for the disk:
  /// prefer the owning form.
  [[nodiscard]] operation<std::size_t> read_at(std::uint64_t offset,
                                               std::span<std::byte> lent) const;
  /// Everything from `offset` on. @errors too_large beyond `bytes_max`.
  [[nodiscard]] operation<io::buffer> read_to_end(std::uint64_t offset = 0,
                                                  std::size_t bytes_max = SIZE_MAX) const;
  /// All of `content` at `offset`. `done` counts bytes as they are written, also when it fails or
  /// is cancelled in the middle.
  [[nodiscard]] operation<written> write_all_at(std::uint64_t offset, io::buffer content,
                                                std::size_t* done = nullptr) const;
  /// One buffer for each of `sizes` (1 to 1024 of them), filled from `offset` on, one after the
  /// other; the last ones are shorter or empty where the file ends, or the disk gave less.
  [[nodiscard]] read_vectored_operation read_vectored_at(std::uint64_t offset,
                                                         std::vector<std::size_t> sizes) const {
    return read_vectored_operation({share(), offset, std::move(sizes)});
  }
  /// All of `pieces` (up to 1024), one after the other, at `offset`; else as write_all_at.
  [[nodiscard]] operation<written_pieces> write_all_at(std::uint64_t offset,
                                                       std::vector<io::buffer> pieces,
                                                       std::size_t* done = nullptr) const;

  /// Whether that part can be read without the disk. Does not wait.
  /// @errors  ENOSYS where the kernel cannot tell.
  [[nodiscard]] result<bool> is_cached(std::uint64_t offset, std::uint64_t bytes) const {
    return sys::is_cached(native_handle(), offset, bytes);
  }

  /// Kind, size, times. Asks the open file, which does not wait.
  [[nodiscard]] result<file_status> status() const;
  /// Until the disk has it. A failure is reported once and never turned into success by another try
  /// (FAULTS R11).
  [[nodiscard]] operation<void> sync(bool data_only = false) const;
  [[nodiscard]] operation<void> truncate(std::uint64_t bytes) const;
  [[nodiscard]] operation<void> set_permissions(std::uint32_t permissions) const;
  [[nodiscard]] operation<void> set_times(sys::new_times times) const;
  /// Closes on this thread, as the destructor does, and tells what only that finds out.
  /// @errors  EIO, ENOSPC, EDQUOT (network file systems); EBUSY: an operation that was given up, or
  ///          a lock, still has it, and closes it later.
  result<void> close() && { return std::move(shared_).close(); }

  [[nodiscard]] int native_handle() const noexcept { return shared_.fd(); }
  /// For operations of this module: keeps the descriptor open.
  [[nodiscard]] internal::open_file_ref share() const noexcept {
    ROUSE_ASSERT(shared_);  // not moved from
    return shared_;
  }
  [[nodiscard]] const std::string& path() const noexcept { return shared_.path(); }

 private:
  internal::open_file_ref shared_;
};

}  // namespace rouse::fs

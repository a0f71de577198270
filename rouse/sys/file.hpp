// Files and pipes: calls that may block, for the blocking pool and for start-up. Every path is
// relative to a directory descriptor, so that a server can stay inside its root. Interrupted calls
// are repeated, except close and fsync.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/sys/descriptor.hpp>
#include <rouse/sys/file_types.hpp>
#include <rouse/sys/slice.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rouse::sys {

enum class access : unsigned char { read, write, read_write };

/// How a file is opened. Trivial members only.
struct open_options {
  access mode = access::read;
  bool create = false;     ///< make it when it is missing
  bool exclusive = false;  ///< with create: fail with EEXIST when it is there
  bool truncate = false;
  bool append = false;   ///< every write goes to the end, whatever its offset
  bool unnamed = false;  ///< O_TMPFILE: `path` is the directory that it shall lie in. EOPNOTSUPP or
                         ///< EISDIR where there are none
  bool direct = false;   ///< O_DIRECT: past the page cache; memory, offset and length in blocks
  bool sync_all = false;     ///< O_SYNC: a write is done when the disk has it
  bool sync_data = false;    ///< O_DSYNC: the same, less times
  bool directory = false;    ///< fail with ENOTDIR unless it is one
  bool path_only = false;    ///< O_PATH: a place to start from, not to read
  bool no_follow = false;    ///< fail with ELOOP when the last part is a symbolic link
  bool non_block = false;    ///< do not wait for the other end of a FIFO
  bool no_symlinks = false;  ///< no part may be a symbolic link (RESOLVE_NO_SYMLINKS)
  bool beneath = false;  ///< stay below the directory: no "..", no absolute path, no link out of it
                         ///< (RESOLVE_BENEATH)
  bool cached_only = false;          ///< fail with EAGAIN where the disk would have to be asked
                                     ///< (RESOLVE_CACHED); never waits
  std::uint32_t permissions = 0666;  ///< of a new file, less the umask
};
/// The kernel's form, always with O_CLOEXEC; for reactors.
[[nodiscard]] open_how how_to_open(const open_options& options) noexcept;

/// Errors: ENOENT, EACCES, EXDEV (left the directory), ELOOP, EMFILE, ... Kernels without openat2
/// (before 5.6) serve what needs no limits; limits are then ENOSYS, never ignored.
[[nodiscard]] result<descriptor> open_at(int directory, const char* path,
                                         const open_options& options = {});

/// Opens anew what `fd` refers to, as an open file of its own: its offset and flags are then nobody
/// else's. Needs /proc. Errors: those of open_at; ENXIO (a socket; a pipe without another end).
[[nodiscard]] result<descriptor> reopen(int fd, const open_options& options);

enum class file_kind : unsigned char {
  unknown,
  regular,
  directory,
  symlink,
  fifo,
  socket,
  character_device,
  block_device
};

struct file_status {
  file_kind kind = file_kind::unknown;
  std::uint16_t permissions = 0;  ///< 07777
  std::uint32_t links = 0;
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;     ///< major << 32 | minor
  std::int64_t modified_s = 0;  ///< its content; since 1970
  std::uint32_t modified_ns = 0;
  std::uint32_t changed_ns = 0;
  std::int64_t changed_s = 0;   ///< its content, permissions, owner or links
  std::int64_t accessed_s = 0;  ///< as often as the file system keeps it
  std::uint32_t accessed_ns = 0;
  std::uint32_t created_ns = 0;
  std::int64_t created_s = 0;  ///< 0 where the file system does not know
};
/// STATX_* bits that status_of() reads.
extern const std::uint32_t status_mask;
/// AT_* flags of a status call: for the descriptor itself (empty path), without following the last
/// symbolic link.
extern const std::uint32_t status_of_descriptor;
extern const std::uint32_t status_no_follow;
/// Flag of unlink_at for directories, AT_REMOVEDIR.
extern const std::uint32_t unlink_directory;
/// Flags of rename_at: fail with EEXIST instead of replacing; let both names change places.
extern const std::uint32_t rename_no_replace;
extern const std::uint32_t rename_exchange;

/// Reads the kernel's answer.
[[nodiscard]] file_status status_of(const raw_status& raw) noexcept;
[[nodiscard]] result<file_status> status(int fd);
[[nodiscard]] result<file_status> status_at(int directory, const char* path, bool follow = true);

/// Of a file. Beyond it the calls with an offset say EINVAL: to some of the kernel's the largest
/// one means "where the file position is".
inline constexpr std::uint64_t offset_max = INT64_MAX;

/// Count of bytes, which may be less than asked; 0 at the end.
[[nodiscard]] result<std::size_t> read(int fd, std::span<std::byte> into);
[[nodiscard]] result<std::size_t> write(int fd, std::span<const std::byte> from);
[[nodiscard]] result<std::size_t> read_at(int fd, std::span<std::byte> into, std::uint64_t offset);
/// The same from the page cache only: EAGAIN where it would wait for the disk, EOPNOTSUPP where the
/// file system cannot tell.
[[nodiscard]] result<std::size_t> read_cached_at(int fd, std::span<std::byte> into,
                                                 std::uint64_t offset);
/// Whether all of that part of a file is in the page cache. Errors: ENOSYS before Linux 6.5,
/// EOPNOTSUPP, EBADF.
[[nodiscard]] result<bool> is_cached(int fd, std::uint64_t offset, std::uint64_t bytes);
[[nodiscard]] result<std::size_t> write_at(int fd, std::span<const std::byte> from,
                                           std::uint64_t offset);
/// The same from and to several places, at most slices_max of them.
[[nodiscard]] result<std::size_t> read_vectored_at(int fd, std::span<const slice> into,
                                                   std::uint64_t offset);
[[nodiscard]] result<std::size_t> write_vectored_at(int fd, std::span<const slice> from,
                                                    std::uint64_t offset);
/// Copies in the kernel, from one offset to the other; 0 at the end of `from`, and for files that
/// only say they are empty. Errors: EXDEV, EINVAL, EOPNOTSUPP, EBADF where reading and writing must
/// do it; EFBIG, ENOSPC, ...
[[nodiscard]] result<std::size_t> copy_range(int from, std::uint64_t from_offset, int to,
                                             std::uint64_t to_offset, std::size_t bytes);
/// Not repeated after a failure: the kernel reports lost writes once (FAULTS R11).
[[nodiscard]] result<void> sync(int fd, bool data_only = false);
[[nodiscard]] result<void> truncate(int fd, std::uint64_t bytes);

[[nodiscard]] result<void> unlink_at(int directory, const char* path, std::uint32_t flags = 0);
[[nodiscard]] result<void> rename_at(int old_directory, const char* old_path, int new_directory,
                                     const char* new_path, std::uint32_t flags = 0);
[[nodiscard]] result<void> make_directory_at(int directory, const char* path,
                                             std::uint32_t permissions = 0777);
/// Where a symbolic link points. Errors: EINVAL (no link), ENAMETOOLONG.
[[nodiscard]] result<std::string> read_link_at(int directory, const char* path);

/// A second name. `old_path` itself when it is a symbolic link.
[[nodiscard]] result<void> link_at(int old_directory, const char* old_path, int new_directory,
                                   const char* new_path);
/// A name for an open file that has none (`open_options::unnamed`); needs /proc.
[[nodiscard]] result<void> link_open_file(int fd, int directory, const char* path);
[[nodiscard]] result<void> symbolic_link_at(const char* target, int directory, const char* path);
/// Where the open file is now, without symbolic links; needs /proc.
[[nodiscard]] result<std::string> path_of(int fd);

/// Mode bits, 07777.
[[nodiscard]] result<void> set_permissions(int fd, std::uint32_t permissions);
/// Follows symbolic links.
[[nodiscard]] result<void> set_permissions_at(int directory, const char* path,
                                              std::uint32_t permissions);

/// What becomes of one of a file's times.
struct new_time {
  enum class kind : unsigned char { unchanged, now, given };
  kind what = kind::unchanged;
  std::uint32_t nanoseconds = 0;  ///< of the given one
  std::int64_t seconds = 0;       ///< since 1970
};
struct new_times {
  new_time accessed;
  new_time modified;
};
[[nodiscard]] result<void> set_times(int fd, const new_times& times);
[[nodiscard]] result<void> set_times_at(int directory, const char* path, const new_times& times,
                                        bool follow = true);

enum class lock_kind : unsigned char { shared, exclusive };
/// Advisory locks of the whole file that belong to the open file, not to the process (F_OFD_SETLK).
/// False: somebody else has it. @errors EBADF (not open for what the lock means), ENOLCK, ...
[[nodiscard]] result<bool> try_lock(int fd, lock_kind kind);
[[nodiscard]] result<void> unlock(int fd);

/// Closes, and tells what only closing finds out (EIO, ENOSPC, EDQUOT of network file systems). The
/// descriptor is gone in any case.
[[nodiscard]] result<void> close(descriptor&& fd);

struct pipe_ends {
  descriptor read;
  descriptor write;
};
/// Close-on-exec; non-blocking unless said.
[[nodiscard]] result<pipe_ends> open_pipe(bool non_blocking = true);

/// One call of getdents64; directory.hpp reads what it gives.
[[nodiscard]] result<std::size_t> read_directory(int fd, std::span<std::byte> into);

/// Soft limit of open descriptors, and setting it (at most the hard limit).
[[nodiscard]] result<std::uint64_t> descriptor_limit();
[[nodiscard]] result<void> set_descriptor_limit(std::uint64_t count);

}  // namespace rouse::sys

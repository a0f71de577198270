#include <rouse/sys/file.hpp>

#include <rouse/sys/internal/answer.hpp>
#include <rouse/sys/slice.hpp>
#include <rouse/sys/table.hpp>

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

namespace rouse::sys {
namespace {

using internal::count;
using internal::done;
using internal::failure;
using internal::uninterrupted;

static_assert(sizeof(rouse::sys::open_how) == sizeof(::open_how));

std::size_t capped(std::size_t bytes) noexcept { return std::min(bytes, transfer_bytes_max); }

file_kind kind_of(unsigned mode) noexcept {
  switch (mode & S_IFMT) {
    case S_IFREG: return file_kind::regular;
    case S_IFDIR: return file_kind::directory;
    case S_IFLNK: return file_kind::symlink;
    case S_IFIFO: return file_kind::fifo;
    case S_IFSOCK: return file_kind::socket;
    case S_IFCHR: return file_kind::character_device;
    case S_IFBLK: return file_kind::block_device;
    default: return file_kind::unknown;
  }
}

result<file_status> status_with(int directory, const char* path, unsigned flags) noexcept {
  raw_status raw;
  const int n = uninterrupted([&]() noexcept {
    return calls().statx(directory, path, static_cast<int>(flags), status_mask, &raw);
  });
  if (n < 0) return std::unexpected(failure("stat", n));
  return status_of(raw);
}

/// "/proc/self/fd/7"
std::array<char, 32> own_descriptor(int fd) noexcept {
  std::array<char, 32> path;
  std::snprintf(path.data(), path.size(), "/proc/self/fd/%d", fd);
  return path;
}

struct times_for_kernel {
  explicit times_for_kernel(const new_times& t) noexcept : both{of(t.accessed), of(t.modified)} {}
  static timespec of(const new_time& t) noexcept {
    switch (t.what) {
      case new_time::kind::unchanged: return {0, UTIME_OMIT};
      case new_time::kind::now: return {0, UTIME_NOW};
      case new_time::kind::given: break;
    }
    return {t.seconds, static_cast<long>(t.nanoseconds)};
  }
  timespec both[2];
};

struct flock whole_file(int type) noexcept {
  struct flock range{};
  range.l_type = static_cast<short>(type);
  range.l_whence = SEEK_SET;  // from 0, length 0: to the end, however far that moves
  return range;
}

}  // namespace

constexpr std::uint32_t status_mask = STATX_BASIC_STATS | STATX_BTIME;
constexpr std::uint32_t status_of_descriptor = AT_EMPTY_PATH;
constexpr std::uint32_t status_no_follow = AT_SYMLINK_NOFOLLOW;
constexpr std::uint32_t unlink_directory = AT_REMOVEDIR;
constexpr std::uint32_t rename_no_replace = RENAME_NOREPLACE;
constexpr std::uint32_t rename_exchange = RENAME_EXCHANGE;

open_how how_to_open(const open_options& o) noexcept {
  unsigned flags = O_CLOEXEC;
  if (o.path_only)
    flags |= O_PATH;
  else  // a server that opens a terminal must not get it as its controlling one
    flags |= O_NOCTTY | (o.mode == access::read    ? O_RDONLY
                         : o.mode == access::write ? O_WRONLY
                                                   : O_RDWR);
  if (o.create) flags |= O_CREAT;
  if (o.exclusive) flags |= O_EXCL;
  if (o.truncate) flags |= O_TRUNC;
  if (o.append) flags |= O_APPEND;
  if (o.unnamed) flags |= O_TMPFILE;
  if (o.direct) flags |= O_DIRECT;
  if (o.sync_all) flags |= O_SYNC;
  if (o.sync_data) flags |= O_DSYNC;
  if (o.directory) flags |= O_DIRECTORY;
  if (o.no_follow) flags |= O_NOFOLLOW;
  if (o.non_block) flags |= O_NONBLOCK;
  open_how how;
  how.flags = flags;
  // openat2 refuses a mode where nothing is made
  how.mode = o.create || o.unnamed ? o.permissions & 07777 : 0;
  if (o.no_symlinks) how.resolve |= RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  if (o.beneath) how.resolve |= RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (o.cached_only) how.resolve |= RESOLVE_CACHED;
  return how;
}

result<descriptor> open_at(int directory, const char* path, const open_options& options) {
  constexpr int races_max = 100;  // RESOLVE_BENEATH says EAGAIN when a rename went by; one who
                                  // renames for ever gets it too
  const open_how how = how_to_open(options);
  int fd = -EAGAIN;
  for (int i = 0; i < races_max && fd == -EAGAIN; i++) {
    fd = uninterrupted([&]() noexcept { return calls().openat2(directory, path, &how); });
    if (how.resolve == 0 || options.cached_only) break;
  }
  if (fd == -ENOSYS && how.resolve == 0)
    fd = uninterrupted([&]() noexcept {
      return calls().openat(directory, path, static_cast<int>(how.flags),
                            static_cast<unsigned>(how.mode));
    });
  if (fd < 0) return std::unexpected(failure("open", fd));
  return descriptor(fd);
}

result<descriptor> reopen(int fd, const open_options& options) {
  return open_at(current_directory, own_descriptor(fd).data(), options);
}

file_status status_of(const raw_status& raw) noexcept {
  struct statx x;
  std::memcpy(&x, &raw, sizeof x);
  file_status s;
  s.kind = kind_of(x.stx_mode);
  s.permissions = static_cast<std::uint16_t>(x.stx_mode & 07777);
  s.links = x.stx_nlink;
  s.user = x.stx_uid;
  s.group = x.stx_gid;
  s.size_bytes = x.stx_size;
  s.inode = x.stx_ino;
  s.device = std::uint64_t{x.stx_dev_major} << 32 | x.stx_dev_minor;
  s.modified_s = x.stx_mtime.tv_sec;
  s.modified_ns = x.stx_mtime.tv_nsec;
  s.changed_s = x.stx_ctime.tv_sec;
  s.changed_ns = x.stx_ctime.tv_nsec;
  s.accessed_s = x.stx_atime.tv_sec;
  s.accessed_ns = x.stx_atime.tv_nsec;
  if (x.stx_mask & STATX_BTIME) {
    s.created_s = x.stx_btime.tv_sec;
    s.created_ns = x.stx_btime.tv_nsec;
  }
  return s;
}

result<file_status> status(int fd) { return status_with(fd, "", status_of_descriptor); }
result<file_status> status_at(int directory, const char* path, bool follow) {
  return status_with(directory, path, follow ? 0 : status_no_follow);
}

result<std::size_t> read(int fd, std::span<std::byte> into) {
  return count("read", uninterrupted([&]() noexcept {
                 return calls().read(fd, into.data(), capped(into.size()));
               }));
}
result<std::size_t> write(int fd, std::span<const std::byte> from) {
  return count("write", uninterrupted([&]() noexcept {
                 return calls().write(fd, from.data(), capped(from.size()));
               }));
}
result<std::size_t> read_at(int fd, std::span<std::byte> into, std::uint64_t offset) {
  if (offset > offset_max) return std::unexpected(error("read", EINVAL));
  return count("read", uninterrupted([&]() noexcept {
                 return calls().pread(fd, into.data(), capped(into.size()), offset);
               }));
}
result<bool> is_cached(int fd, std::uint64_t offset, std::uint64_t bytes) {
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (bytes == 0) return true;
  const std::uint64_t pages = (offset + bytes - 1) / page - offset / page + 1;
  const auto cached =
      count("cachestat",
            uninterrupted([&]() noexcept { return calls().pages_cached(fd, offset, bytes); }));
  if (!cached) return std::unexpected(cached.error());
  return *cached >= pages;
}
result<std::size_t> read_cached_at(int fd, std::span<std::byte> into, std::uint64_t offset) {
  if (offset > offset_max) return std::unexpected(error("read", EINVAL));
  return count("read", uninterrupted([&]() noexcept {
                 return calls().pread_cached(fd, into.data(), capped(into.size()), offset);
               }));
}
result<std::size_t> write_at(int fd, std::span<const std::byte> from, std::uint64_t offset) {
  if (offset > offset_max) return std::unexpected(error("write", EINVAL));
  return count("write", uninterrupted([&]() noexcept {
                 return calls().pwrite(fd, from.data(), capped(from.size()), offset);
               }));
}
result<std::size_t> read_vectored_at(int fd, std::span<const slice> into, std::uint64_t offset) {
  if (offset > offset_max) return std::unexpected(error("read", EINVAL));
  const auto pieces = static_cast<int>(std::min(into.size(), slices_max));
  return count("read", uninterrupted([&]() noexcept {
                 return calls().preadv(fd, into.data(), pieces, offset);
               }));
}
result<std::size_t> write_vectored_at(int fd, std::span<const slice> from, std::uint64_t offset) {
  if (offset > offset_max) return std::unexpected(error("write", EINVAL));
  const auto pieces = static_cast<int>(std::min(from.size(), slices_max));
  return count("write", uninterrupted([&]() noexcept {
                 return calls().pwritev(fd, from.data(), pieces, offset);
               }));
}
result<std::size_t> copy_range(int from, std::uint64_t from_offset, int to, std::uint64_t to_offset,
                               std::size_t bytes) {
  return count("copy", uninterrupted([&]() noexcept {
                 return calls().copy_range(from, &from_offset, to, &to_offset, capped(bytes));
               }));
}
result<void> sync(int fd, bool data_only) { return done("sync", calls().fsync(fd, data_only)); }
result<void> truncate(int fd, std::uint64_t bytes) {
  return done("truncate", uninterrupted([&]() noexcept { return calls().ftruncate(fd, bytes); }));
}

result<void> unlink_at(int directory, const char* path, std::uint32_t flags) {
  return done("unlink", calls().unlinkat(directory, path, static_cast<int>(flags)));
}
result<void> rename_at(int old_directory, const char* old_path, int new_directory,
                       const char* new_path, std::uint32_t flags) {
  return done("rename", calls().renameat(old_directory, old_path, new_directory, new_path, flags));
}
result<void> make_directory_at(int directory, const char* path, std::uint32_t permissions) {
  return done("mkdir", calls().mkdirat(directory, path, permissions));
}

result<std::string> read_link_at(int directory, const char* path) {
  char target[PATH_MAX];
  const long n = calls().readlinkat(directory, path, target, sizeof target);
  if (n < 0) return std::unexpected(failure("readlink", n));
  if (n == static_cast<long>(sizeof target))
    return std::unexpected(error("readlink", ENAMETOOLONG));
  return std::string(target, static_cast<std::size_t>(n));
}

result<void> link_at(int old_directory, const char* old_path, int new_directory,
                     const char* new_path) {
  return done("link", calls().linkat(old_directory, old_path, new_directory, new_path, 0));
}
result<void> link_open_file(int fd, int directory, const char* path) {
  return done("link", calls().linkat(current_directory, own_descriptor(fd).data(), directory, path,
                                     AT_SYMLINK_FOLLOW));
}
result<void> symbolic_link_at(const char* target, int directory, const char* path) {
  return done("symlink", calls().symlinkat(target, directory, path));
}
result<std::string> path_of(int fd) {
  return read_link_at(current_directory, own_descriptor(fd).data());
}

result<void> set_permissions(int fd, std::uint32_t permissions) {
  return done("chmod", calls().fchmod(fd, permissions & 07777));
}
result<void> set_permissions_at(int directory, const char* path, std::uint32_t permissions) {
  return done("chmod", calls().fchmodat(directory, path, permissions & 07777));
}
result<void> set_times(int fd, const new_times& times) {
  const times_for_kernel two(times);
  return done("set times", calls().utimensat(fd, nullptr, two.both, 0));
}
result<void> set_times_at(int directory, const char* path, const new_times& times, bool follow) {
  const times_for_kernel two(times);
  return done("set times",
              calls().utimensat(directory, path, two.both, follow ? 0 : AT_SYMLINK_NOFOLLOW));
}

result<bool> try_lock(int fd, lock_kind kind) {
  struct flock whole = whole_file(kind == lock_kind::shared ? F_RDLCK : F_WRLCK);
  const int n = uninterrupted(
      [&]() noexcept { return calls().fcntl(fd, F_OFD_SETLK, reinterpret_cast<long>(&whole)); });
  if (n == -EAGAIN || n == -EACCES) return false;
  if (n < 0) return std::unexpected(failure("lock", n));
  return true;
}
result<void> unlock(int fd) {
  struct flock whole = whole_file(F_UNLCK);
  return done("unlock", calls().fcntl(fd, F_OFD_SETLK, reinterpret_cast<long>(&whole)));
}

result<void> close(descriptor&& fd) {
  const int n = calls().close(descriptor(std::move(fd)).release());
  // EINTR: the number is free all the same, and whether something was lost nobody can say
  if (n == -EINTR) return {};
  return done("close", n);
}

result<pipe_ends> open_pipe(bool non_blocking) {
  int pair[2];
  const int n = calls().pipe(pair, O_CLOEXEC | (non_blocking ? O_NONBLOCK : 0));
  if (n < 0) return std::unexpected(failure("pipe", n));
  return pipe_ends{descriptor(pair[0]), descriptor(pair[1])};
}

result<std::size_t> read_directory(int fd, std::span<std::byte> into) {
  return count("readdir", calls().getdents(fd, into.data(), into.size()));
}

result<std::uint64_t> descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::unexpected(error("getrlimit", errno));
  return limit.rlim_cur;
}

result<void> set_descriptor_limit(std::uint64_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::unexpected(error("getrlimit", errno));
  limit.rlim_cur = count;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return std::unexpected(error("setrlimit", errno));
  return {};
}

}  // namespace rouse::sys

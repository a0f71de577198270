// The fault seam: every system call that Rouse makes goes through one table of function pointers,
// so that a test can make any of them fail, be interrupted or come up short, without a special
// build. A call costs one plain load and one indirect jump more than libc's. Refused: LD_PRELOAD
// (does not see static or inlined calls) and virtual classes (one per call family).
#pragma once

#include <rouse/base/atomic.hpp>

#include <cstddef>
#include <cstdint>

namespace rouse::sys {

struct open_how;
struct raw_status;
struct spawn_answer;
struct spawn_order;

/// Where the ring asks the seam before it goes on; the answer is 0 or the negative errno to
/// pretend.
enum class ring_step : unsigned char { setup, registration, enter };

/// Each answers what the kernel answers, or a negative errno (not -1 and `errno`). Pointers to
/// kernel structures are void*, so that no kernel header is needed here; their types are those of
/// the man pages.
struct table {
  // descriptors
  int (*close)(int fd);
  int (*duplicate)(int fd);  ///< F_DUPFD_CLOEXEC
  int (*fcntl)(int fd, int command, long argument);
  long (*read)(int fd, void* into, std::size_t bytes);
  long (*write)(int fd, const void* from, std::size_t bytes);
  int (*pipe)(int* pair, int flags);
  int (*poll)(int fd, short events, int ms);  ///< the events seen, 0 at the time-out
  // sockets
  int (*socket)(int domain, int type, int protocol);
  int (*socketpair)(int domain, int type, int protocol, int* pair);
  int (*bind)(int fd, const void* address, unsigned bytes);
  int (*listen)(int fd, int backlog);
  int (*accept)(int fd, void* address, unsigned* bytes, int flags);  ///< accept4
  int (*connect)(int fd, const void* address, unsigned bytes);
  long (*recv)(int fd, void* into, std::size_t bytes, int flags);
  long (*send)(int fd, const void* from, std::size_t bytes, int flags);
  long (*sendmsg)(int fd, const void* message, int flags);
  long (*sendfile)(int fd, int file, std::uint64_t offset, std::size_t bytes);
  int (*shutdown)(int fd, int how);
  int (*getsockopt)(int fd, int level, int name, void* value, unsigned* bytes);
  int (*setsockopt)(int fd, int level, int name, const void* value, unsigned bytes);
  int (*getsockname)(int fd, void* address, unsigned* bytes);
  int (*getpeername)(int fd, void* address, unsigned* bytes);
  // queues
  int (*epoll_create)(int flags);
  int (*epoll_ctl)(int queue, int command, int fd, void* event);
  int (*epoll_wait)(int queue, void* events, int events_max, int ms);
  int (*epoll_pwait2)(int queue, void* events, int events_max, const void* timespec);
  int (*eventfd)(unsigned count, int flags);
  // files
  int (*openat2)(int directory, const char* path, const open_how* how);
  int (*openat)(int directory, const char* path, int flags, unsigned mode);
  int (*statx)(int directory, const char* path, int flags, unsigned mask, raw_status* into);
  long (*pread)(int fd, void* into, std::size_t bytes, std::uint64_t offset);
  long (*pread_cached)(int fd, void* into, std::size_t bytes,
                       std::uint64_t offset);  ///< RWF_NOWAIT: -EAGAIN off the page cache
  long (*pages_cached)(int fd, std::uint64_t offset,
                       std::uint64_t bytes);  ///< cachestat(2): pages that are in the page cache
  long (*pwrite)(int fd, const void* from, std::size_t bytes, std::uint64_t offset);
  long (*preadv)(int fd, const void* iovecs, int count, std::uint64_t offset);
  long (*pwritev)(int fd, const void* iovecs, int count, std::uint64_t offset);
  long (*copy_range)(int from, std::uint64_t* from_offset, int to, std::uint64_t* to_offset,
                     std::size_t bytes);  ///< copy_file_range
  int (*fsync)(int fd, bool data_only);
  int (*ftruncate)(int fd, std::uint64_t bytes);
  long (*getdents)(int fd, void* into, std::size_t bytes);
  int (*unlinkat)(int directory, const char* path, int flags);
  int (*renameat)(int old_directory, const char* old_path, int new_directory, const char* new_path,
                  unsigned flags);
  int (*mkdirat)(int directory, const char* path, unsigned mode);
  long (*readlinkat)(int directory, const char* path, char* into, std::size_t bytes);
  int (*linkat)(int old_directory, const char* old_path, int new_directory, const char* new_path,
                int flags);
  int (*symlinkat)(const char* target, int directory, const char* path);
  int (*fchmod)(int fd, unsigned mode);
  int (*fchmodat)(int directory, const char* path, unsigned mode);
  int (*utimensat)(int directory, const char* path, const void* two_timespecs,
                   int flags);  ///< path null: the descriptor itself
  int (*inotify_init)(int flags);
  int (*inotify_add_watch)(int queue, const char* path, unsigned mask);
  int (*inotify_rm_watch)(int queue, int watch);
  // time, signals, processes
  int (*clock_gettime)(int clock, void* timespec);
  int (*signal_mask)(int how, const void* set, void* old_set);
  int (*spawn)(const spawn_order* order, spawn_answer* into);  ///< all up to and with the exec
  int (*pidfd_open)(int pid, unsigned flags);
  int (*pidfd_send_signal)(int pidfd, int signal, unsigned flags);
  int (*waitid)(int pidfd, void* siginfo, int options);  ///< P_PIDFD
  long (*getrandom)(void* into, std::size_t bytes);
  // names; answers EAI_*, not an errno
  int (*getaddrinfo)(const char* host, const char* service, const void* hints, void** found);
  void (*freeaddrinfo)(void* found);

  // The ring makes its calls through liburing, so it asks here instead. Null: nobody wants to know.
  int (*ring_gate)(ring_step step) = nullptr;
  /// What a completion shall say; `code` is the rouse opcode. A descriptor or buffer that came with
  /// it is released first when the answer is negative and the result was not.
  int (*ring_completion)(unsigned char code, int result) = nullptr;

  /// False when `recv` of this table may answer less than was there without having emptied the
  /// socket. Readiness reactors otherwise take a short read for "empty".
  bool short_read_means_empty = true;
};

/// The real calls.
extern const table real_table;

namespace internal {
extern atomic<const table*> active_table;
}

/// The table in force. Any thread.
[[nodiscard]] inline const table& calls() noexcept {
  // acquire: pairs with the release in scoped_table, so that a table is seen filled
  return *internal::active_table.load(order::acquire);
}

/// Puts `replacement` in force for the whole process, until the end of the block; then the former
/// one again. Blocks nest. Other threads may be inside a replaced call when the block ends: let
/// them come to rest before `replacement` dies.
/// @example  `sys::table t = sys::real_table; t.close = [](int) { return -EIO; }; sys::scoped_table
/// s(t);`
class scoped_table {
 public:
  explicit scoped_table(const table& replacement) noexcept
      // acq_rel: pairs with the acquire in calls()
      : former_(internal::active_table.exchange(&replacement, order::acq_rel)) {}
  scoped_table(const scoped_table&) = delete;
  scoped_table& operator=(const scoped_table&) = delete;
  ~scoped_table() { internal::active_table.store(former_, order::release); }

 private:
  const table* former_;
};

}  // namespace rouse::sys

#include <rouse/sys/table.hpp>

#include <rouse/sys/file_types.hpp>
#include <rouse/sys/internal/spawn_process.hpp>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

// Numbers that are newer than the headers of some distributions; the same on all architectures.
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

namespace rouse::sys {
namespace {

/// libc's -1 and errno as one number.
template <class T>
T answer(T value) noexcept {
  return value < 0 ? static_cast<T>(-errno) : value;
}
int answer_int(long value) noexcept { return static_cast<int>(answer(value)); }

static_assert(sizeof(raw_status) == sizeof(struct statx) &&
              alignof(raw_status) == alignof(struct statx));
static_assert(current_directory == AT_FDCWD);

sockaddr* as_address(void* p) noexcept { return static_cast<sockaddr*>(p); }
const sockaddr* as_address(const void* p) noexcept { return static_cast<const sockaddr*>(p); }

}  // namespace

constexpr table real_table{
    .close = [](int fd) { return answer(::close(fd)); },
    .duplicate = [](int fd) { return answer(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); },
    .fcntl = [](int fd, int command,
                long argument) { return answer(::fcntl(fd, command, argument)); },
    .read = [](int fd, void* into,
               std::size_t bytes) { return static_cast<long>(answer(::read(fd, into, bytes))); },
    .write = [](int fd, const void* from,
                std::size_t bytes) { return static_cast<long>(answer(::write(fd, from, bytes))); },
    .pipe = [](int* pair, int flags) { return answer(::pipe2(pair, flags)); },
    .poll =
        [](int fd, short events, int ms) {
          pollfd p{fd, events, 0};
          const int n = answer(::poll(&p, 1, ms));
          return n <= 0 ? n : int{p.revents};
        },
    .socket = [](int domain, int type,
                 int protocol) { return answer(::socket(domain, type, protocol)); },
    .socketpair = [](int domain, int type, int protocol,
                     int* pair) { return answer(::socketpair(domain, type, protocol, pair)); },
    .bind = [](int fd, const void* address,
               unsigned bytes) { return answer(::bind(fd, as_address(address), bytes)); },
    .listen = [](int fd, int backlog) { return answer(::listen(fd, backlog)); },
    .accept = [](int fd, void* address, unsigned* bytes,
                 int flags) { return answer(::accept4(fd, as_address(address), bytes, flags)); },
    .connect = [](int fd, const void* address,
                  unsigned bytes) { return answer(::connect(fd, as_address(address), bytes)); },
    .recv = [](int fd, void* into, std::size_t bytes,
               int flags) { return static_cast<long>(answer(::recv(fd, into, bytes, flags))); },
    .send = [](int fd, const void* from, std::size_t bytes,
               int flags) { return static_cast<long>(answer(::send(fd, from, bytes, flags))); },
    .sendmsg =
        [](int fd, const void* message, int flags) {
          return static_cast<long>(
              answer(::sendmsg(fd, static_cast<const msghdr*>(message), flags)));
        },
    .sendfile =
        [](int fd, int file, std::uint64_t offset, std::size_t bytes) {
          auto at = static_cast<off_t>(offset);
          return static_cast<long>(answer(::sendfile(fd, file, &at, bytes)));
        },
    .shutdown = [](int fd, int how) { return answer(::shutdown(fd, how)); },
    .getsockopt =
        [](int fd, int level, int name, void* value, unsigned* bytes) {
          return answer(::getsockopt(fd, level, name, value, bytes));
        },
    .setsockopt =
        [](int fd, int level, int name, const void* value, unsigned bytes) {
          return answer(::setsockopt(fd, level, name, value, bytes));
        },
    .getsockname =
        [](int fd, void* address, unsigned* bytes) {
          return answer(::getsockname(fd, as_address(address), bytes));
        },
    .getpeername =
        [](int fd, void* address, unsigned* bytes) {
          return answer(::getpeername(fd, as_address(address), bytes));
        },
    .epoll_create = [](int flags) { return answer(::epoll_create1(flags)); },
    .epoll_ctl =
        [](int queue, int command, int fd, void* event) {
          return answer(::epoll_ctl(queue, command, fd, static_cast<epoll_event*>(event)));
        },
    .epoll_wait =
        [](int queue, void* events, int events_max, int ms) {
          return answer(::epoll_wait(queue, static_cast<epoll_event*>(events), events_max, ms));
        },
    .epoll_pwait2 =
        [](int queue, void* events, int events_max, const void* timespec) {
          return answer_int(
              ::syscall(SYS_epoll_pwait2, queue, events, events_max, timespec, nullptr, 0));
        },
    .eventfd = [](unsigned count, int flags) { return answer(::eventfd(count, flags)); },
    .openat2 =
        [](int directory, const char* path, const open_how* how) {
          return answer_int(::syscall(SYS_openat2, directory, path, how, sizeof *how));
        },
    .openat = [](int directory, const char* path, int flags,
                 unsigned mode) { return answer(::openat(directory, path, flags, mode)); },
    .statx =
        [](int directory, const char* path, int flags, unsigned mask, raw_status* into) {
          return answer(
              ::statx(directory, path, flags, mask, reinterpret_cast<struct statx*>(into)));
        },
    .pread =
        [](int fd, void* into, std::size_t bytes, std::uint64_t offset) {
          return static_cast<long>(answer(::pread(fd, into, bytes, static_cast<off_t>(offset))));
        },
    .pread_cached =
        [](int fd, void* into, std::size_t bytes, std::uint64_t offset) noexcept {
          const iovec piece{into, bytes};
          return static_cast<long>(
              answer(::preadv2(fd, &piece, 1, static_cast<off_t>(offset), RWF_NOWAIT)));
        },
    .pages_cached =
        [](int fd, std::uint64_t offset, std::uint64_t bytes) {
          constexpr long cachestat = 451;  // Linux 6.5; the headers here are older
          const std::uint64_t range[2] = {offset, bytes};
          std::uint64_t counts[5] = {};
          const int n = answer_int(::syscall(cachestat, fd, range, counts, 0));
          return n < 0 ? n : static_cast<long>(counts[0]);
        },
    .pwrite =
        [](int fd, const void* from, std::size_t bytes, std::uint64_t offset) {
          return static_cast<long>(answer(::pwrite(fd, from, bytes, static_cast<off_t>(offset))));
        },
    .preadv =
        [](int fd, const void* iovecs, int count, std::uint64_t offset) {
          return static_cast<long>(answer(
              ::preadv(fd, static_cast<const iovec*>(iovecs), count, static_cast<off_t>(offset))));
        },
    .pwritev =
        [](int fd, const void* iovecs, int count, std::uint64_t offset) {
          return static_cast<long>(answer(
              ::pwritev(fd, static_cast<const iovec*>(iovecs), count, static_cast<off_t>(offset))));
        },
    .copy_range =
        [](int from, std::uint64_t* from_offset, int to, std::uint64_t* to_offset,
           std::size_t bytes) {
          // the offsets are loff_t, which the kernel refuses when negative
          return static_cast<long>(
              answer(::syscall(SYS_copy_file_range, from, from_offset, to, to_offset, bytes, 0)));
        },
    .fsync = [](int fd,
                bool data_only) { return answer(data_only ? ::fdatasync(fd) : ::fsync(fd)); },
    .ftruncate =
        [](int fd, std::uint64_t bytes) {
          return answer(::ftruncate(fd, static_cast<off_t>(bytes)));
        },
    .getdents =
        [](int fd, void* into, std::size_t bytes) {
          return answer(::syscall(SYS_getdents64, fd, into, bytes));
        },
    .unlinkat = [](int directory, const char* path,
                   int flags) { return answer(::unlinkat(directory, path, flags)); },
    .renameat =
        [](int old_directory, const char* old_path, int new_directory, const char* new_path,
           unsigned flags) {
          return answer_int(
              ::syscall(SYS_renameat2, old_directory, old_path, new_directory, new_path, flags));
        },
    .mkdirat = [](int directory, const char* path,
                  unsigned mode) { return answer(::mkdirat(directory, path, mode)); },
    .readlinkat =
        [](int directory, const char* path, char* into, std::size_t bytes) {
          return static_cast<long>(answer(::readlinkat(directory, path, into, bytes)));
        },
    .linkat =
        [](int old_directory, const char* old_path, int new_directory, const char* new_path,
           int flags) {
          return answer(::linkat(old_directory, old_path, new_directory, new_path, flags));
        },
    .symlinkat = [](const char* target, int directory,
                    const char* path) { return answer(::symlinkat(target, directory, path)); },
    .fchmod = [](int fd, unsigned mode) { return answer(::fchmod(fd, mode)); },
    .fchmodat = [](int directory, const char* path,
                   unsigned mode) { return answer(::fchmodat(directory, path, mode, 0)); },
    .utimensat =
        [](int directory, const char* path, const void* two_timespecs, int flags) {
          // not libc's, which refuses a null path
          return answer_int(::syscall(SYS_utimensat, directory, path, two_timespecs, flags));
        },
    .inotify_init = [](int flags) { return answer(::inotify_init1(flags)); },
    .inotify_add_watch =
        [](int queue, const char* path, unsigned mask) {
          return answer(::inotify_add_watch(queue, path, mask));
        },
    .inotify_rm_watch = [](int queue,
                           int watch) { return answer(::inotify_rm_watch(queue, watch)); },
    .clock_gettime =
        [](int clock, void* timespec) {
          return answer(::clock_gettime(clock, static_cast<struct timespec*>(timespec)));
        },
    .signal_mask =
        [](int how, const void* set, void* old_set) {
          // pthread_sigmask answers the errno itself
          return -::pthread_sigmask(how, static_cast<const sigset_t*>(set),
                                    static_cast<sigset_t*>(old_set));
        },
    .spawn = internal::spawn_process,
    .pidfd_open = [](int pid,
                     unsigned flags) { return answer_int(::syscall(SYS_pidfd_open, pid, flags)); },
    .pidfd_send_signal =
        [](int pidfd, int signal, unsigned flags) {
          return answer_int(::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, flags));
        },
    .waitid =
        [](int pidfd, void* siginfo, int options) {
          constexpr auto by_pidfd = static_cast<idtype_t>(3);  // P_PIDFD, newer than some headers
          return answer(::waitid(by_pidfd, static_cast<id_t>(pidfd),
                                 static_cast<siginfo_t*>(siginfo), options));
        },
    .getrandom =
        [](void* into, std::size_t bytes) {
          return static_cast<long>(answer(::getrandom(into, bytes, 0)));
        },
    .getaddrinfo =
        [](const char* host, const char* service, const void* hints, void** found) {
          return ::getaddrinfo(host, service, static_cast<const addrinfo*>(hints),
                               reinterpret_cast<addrinfo**>(found));
        },
    .freeaddrinfo = [](void* found) { ::freeaddrinfo(static_cast<addrinfo*>(found)); },
};

namespace internal {
constinit atomic<const table*> active_table{&real_table};
}

}  // namespace rouse::sys

// Goal: whatever a system call answers, and whenever it does, a program on this library ends each
// of its exchanges exactly or with an error that says what failed; it never hangs, leaks, crashes,
// or takes a part for the whole. Method: each call that the scenarios make fails once, with each
// errno that its man page names, at its first to eighth occurrence (under a sanitizer: to fourth),
// and the rest goes on.
#include <tests/faults/fault_test.hpp>
#include <tests/support/sanitized.hpp>

#include <cerrno>
#include <iterator>
#include <vector>

namespace faults {
namespace {

using rouse::opcode;
using rouse::reactor_kind;
using rouse::sys::ring_step;
using rouse::sys::table;

// ---- the matrix

// Where a call is made: bits in the order of `all_places`. A row that names a place at which the
// call is not made is a failure.
enum places : unsigned {
  echo_epoll = 1,
  echo_ring = 2,
  serve_epoll = 4,
  serve_ring = 8,
  cold_epoll = 16,
  cold_ring = 32,
  store_epoll = 64,
  store_ring = 128,
  tend_epoll = 256,
  tend_ring = 512,
  host_epoll = 1024,
  host_ring = 2048,
  child_epoll = 4096,
  child_ring = 8192,
  sockets_epoll = 1 << 14,  // from here on in callbacks
  sockets_ring = 1 << 15,
  papers_epoll = 1 << 16,
  papers_ring = 1 << 17,
  http_epoll = 1 << 18,
  http_ring = 1 << 19,
  family_epoll = 1 << 20,
  family_ring = 1 << 21,
  queues_epoll = 1 << 22,
  queues_ring = 1 << 23,
  watch_epoll = 1 << 24,
  watch_ring = 1 << 25,
  crypto_epoll = 1 << 26,
  crypto_ring = 1 << 27,
  nets_epoll = echo_epoll | serve_epoll | cold_epoll,
  nets_ring = echo_ring | serve_ring | cold_ring,
  nets = nets_epoll | nets_ring,
  serves = nets & ~(echo_epoll | echo_ring),
  stores = store_epoll | store_ring,
  files = serves | stores,
  tends = tend_epoll | tend_ring,
  hosts = host_epoll | host_ring,
  children = child_epoll | child_ring,
  on_epoll = nets_epoll | store_epoll | tend_epoll | host_epoll | child_epoll,
  on_ring = nets_ring | store_ring | tend_ring | host_ring | child_ring,
  everywhere = on_epoll | on_ring,
  loop_nets_epoll = sockets_epoll | http_epoll,
  loop_nets_ring = sockets_ring | http_ring,
  loop_nets = loop_nets_epoll | loop_nets_ring,
  papers = papers_epoll | papers_ring,
  families = family_epoll | family_ring,
  watches = watch_epoll | watch_ring,
  loops_epoll = loop_nets_epoll | papers_epoll | family_epoll | queues_epoll | crypto_epoll,
  loops_ring = loop_nets_ring | papers_ring | family_ring | queues_ring | crypto_ring,
  loops = loops_epoll | loops_ring,
  by_chance = 1u << 30,  // only if a thread of the pool is slower than the runtime
  must_tell = 1u << 31,  // an error that nothing may make up for
};

struct row {
  const char* call;
  void (*inject)(table&) noexcept;
  unsigned places;
  std::vector<int> errnos;
};

// What is left out, and why:
//   EAGAIN where the call then waits for an edge: the kernel says it only when an edge will come,
//   and a lie about that must hang.
//   EBADF of close: the descriptor was somebody else's, a bug that stops a debug build
//   (sys/descriptor.cpp); its death test is below.
//   clock_gettime: stops the process, see below (FAULTS T9).
//   ENOENT of statx, and in `tend` of getdents, unlinkat and inotify_add_watch: the entry is gone,
//   so its page rightly lacks it, nothing is left to remove, and nothing will happen in it.
//   EINPROGRESS and EALREADY of connect: as EAGAIN.
//   signal_mask: fails for bugs only, which stop a debug build.
//   read of `tend`: its queue of changes is read beside an eventfd; integration/fs_watch_test.cpp.
//   EAGAIN and EINTR are all that read and write of an eventfd can answer.
//   ECHILD of waitid: nobody else waits here, so a zombie would rightly stay. EPIPE of write in
//   `child`: then a child reads no more, and what it answers is a part.
const std::vector<row>& matrix() {
  static const std::vector<row> rows = {
      {"close", inject_close, everywhere, {EINTR, EIO, ENOSPC, EDQUOT}},
      {"duplicate", inject<&table::duplicate>, everywhere, {EBADF, EINVAL, EMFILE}},
      {"read", inject<&table::read>, nets_ring, {EAGAIN, EINTR}},
      {"write", inject<&table::write>, serves | by_chance, {EAGAIN, EINTR}},
      {"socket",
       inject<&table::socket>,
       nets,
       {EACCES, EAFNOSUPPORT, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPROTONOSUPPORT}},
      {"bind",
       inject<&table::bind>,
       nets,
       {EACCES, EADDRINUSE, EADDRNOTAVAIL, EBADF, EFAULT, EINVAL, ENOTSOCK}},
      {"listen", inject<&table::listen>, nets, {EADDRINUSE, EBADF, ENOTSOCK, EOPNOTSUPP}},
      {"accept",
       inject<&table::accept>,
       nets_epoll,
       {EBADF,       ECONNABORTED, EFAULT,          EINTR,           EINVAL,     EMFILE,
        ENFILE,      ENOBUFS,      ENOMEM,          ENOTSOCK,        EOPNOTSUPP, EPERM,
        EPROTO,      ENETDOWN,     ENOPROTOOPT,     EHOSTDOWN,       ENONET,     EHOSTUNREACH,
        ENETUNREACH, ENOSR,        ESOCKTNOSUPPORT, EPROTONOSUPPORT, ETIMEDOUT}},
      {"connect",
       inject<&table::connect>,
       nets_epoll,
       {EACCES, EPERM, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, EBADF, ECONNREFUSED, EFAULT,
        EINTR, EISCONN, ENETUNREACH, ENOTSOCK, EPROTOTYPE, ETIMEDOUT}},
      {"recv",
       inject<&table::recv>,
       nets,
       {EBADF, ECONNREFUSED, ECONNRESET, EFAULT, EINTR, EINVAL, ENOMEM, ENOTCONN, ENOTSOCK,
        ETIMEDOUT}},
      {"send",
       inject<&table::send>,
       nets,
       {EACCES, EALREADY, EBADF, ECONNRESET, EDESTADDRREQ, EFAULT, EINTR, EINVAL, EISCONN, EMSGSIZE,
        ENOBUFS, ENOMEM, ENOTCONN, ENOTSOCK, EOPNOTSUPP, EPIPE}},
      {"sendmsg",
       inject<&table::sendmsg>,
       serves,
       {EACCES, EALREADY, EBADF, ECONNRESET, EDESTADDRREQ, EFAULT, EINTR, EINVAL, EISCONN, EMSGSIZE,
        ENOBUFS, ENOMEM, ENOTCONN, ENOTSOCK, EOPNOTSUPP, EPIPE}},
      {"sendfile",
       inject<&table::sendfile>,
       serve_epoll | serve_ring,
       {EBADF, ECONNRESET, EFAULT, EINTR, EINVAL, EIO, ENOMEM, ENOTCONN, EOVERFLOW, EPIPE, ESPIPE}},
      {"pages_cached",
       inject<&table::pages_cached>,
       serves,
       {EBADF, EFAULT, EINTR, EINVAL, ENOSYS, EOPNOTSUPP}},
      {"shutdown", inject<&table::shutdown>, nets, {EBADF, EINVAL, ENOTCONN, ENOTSOCK}},
      {"setsockopt",
       inject<&table::setsockopt>,
       nets,
       {EBADF, EFAULT, EINVAL, ENOPROTOOPT, ENOTSOCK}},
      {"getsockname",
       inject<&table::getsockname>,
       nets,
       {EBADF, EFAULT, EINVAL, ENOBUFS, ENOTSOCK}},
      {"getpeername",
       inject<&table::getpeername>,
       nets,
       {EBADF, EFAULT, EINVAL, ENOBUFS, ENOTCONN, ENOTSOCK}},
      {"epoll_create", inject<&table::epoll_create>, on_epoll, {EINVAL, EMFILE, ENFILE, ENOMEM}},
      {"epoll_ctl",
       inject<&table::epoll_ctl>,
       on_epoll,
       {EBADF, EEXIST, EINVAL, ELOOP, ENOENT, ENOMEM, ENOSPC, EPERM}},
      {"epoll_wait",
       inject<&table::epoll_wait>,
       cold_epoll | store_epoll | tend_epoll | host_epoll,
       {EBADF, EFAULT, EINTR, EINVAL}},
      {"epoll_pwait2",
       inject<&table::epoll_pwait2>,
       on_epoll & ~host_epoll,
       {EBADF, EFAULT, EINTR, EINVAL, ENOSYS, EPERM}},
      {"poll", inject<&table::poll>, hosts, {EFAULT, EINTR, EINVAL, ENOMEM}},
      {"eventfd", inject<&table::eventfd>, everywhere, {EINVAL, EMFILE, ENFILE, ENODEV, ENOMEM}},
      {"openat2",
       inject<&table::openat2>,
       files,
       {EACCES,  EAGAIN, EBADF,      EBUSY,        EDQUOT, EEXIST, EFAULT,  EFBIG,  EINTR,  EINVAL,
        EISDIR,  ELOOP,  EMFILE,     ENAMETOOLONG, ENFILE, ENODEV, ENOENT,  ENOMEM, ENOSPC, ENOSYS,
        ENOTDIR, ENXIO,  EOPNOTSUPP, EOVERFLOW,    EPERM,  EROFS,  ETXTBSY, EXDEV,  E2BIG}},
      {"statx",
       inject<&table::statx>,
       files,
       {EACCES, EBADF, EFAULT, EINTR, EINVAL, EIO, ELOOP, ENAMETOOLONG, ENOMEM, ENOTDIR}},
      {"pread",
       inject<&table::pread>,
       cold_epoll | store_epoll,
       {EBADF, EFAULT, EINTR, EINVAL, EIO, EISDIR, ENXIO, EOVERFLOW, ESPIPE}},
      {"pread_cached",
       inject<&table::pread_cached>,
       files,
       {EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EIO, EISDIR, ENOSYS, ENXIO, EOPNOTSUPP, EOVERFLOW,
        ESPIPE}},
      {"getdents", inject<&table::getdents>, files, {EBADF, EFAULT, EINVAL, EIO, ENOENT, ENOTDIR}},
      {"pwrite",
       inject<&table::pwrite>,
       store_epoll,
       {EBADF, EDESTADDRREQ, EDQUOT, EFAULT, EFBIG, EINTR, EINVAL, EIO, ENOSPC, ENXIO, EOVERFLOW,
        EPERM, ESPIPE}},
      {"fsync",
       inject<&table::fsync>,
       store_epoll | must_tell,
       {EBADF, EDQUOT, EINTR, EINVAL, EIO, ENOSPC, EROFS}},
      {"ftruncate",
       inject<&table::ftruncate>,
       stores,
       {EBADF, EFBIG, EINTR, EINVAL, EIO, EPERM, EROFS, ETXTBSY}},
      {"unlinkat",
       inject<&table::unlinkat>,
       stores | must_tell,
       {EACCES, EBADF, EBUSY, EFAULT, EINVAL, EIO, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM,
        ENOTDIR, ENOTEMPTY, EPERM, EROFS}},
      {"renameat",
       inject<&table::renameat>,
       stores | must_tell,
       {EACCES, EBADF, EBUSY, EDQUOT, EEXIST, EFAULT, EINVAL, EISDIR, ELOOP, EMLINK, ENAMETOOLONG,
        ENOENT, ENOMEM, ENOSPC, ENOTDIR, ENOTEMPTY, EPERM, EROFS, EXDEV}},
      {"mkdirat",
       inject<&table::mkdirat>,
       stores | must_tell,
       {EACCES, EBADF, EDQUOT, EEXIST, EFAULT, EINVAL, ELOOP, EMLINK, ENAMETOOLONG, ENOENT, ENOMEM,
        ENOSPC, ENOTDIR, EPERM, EROFS}},
      // A few of each for `tend`, which makes the same calls from other places.
      {"openat2",
       inject<&table::openat2>,
       tends,
       {EACCES, EINTR, EMFILE, ENOENT, ENOSPC, EOPNOTSUPP}},
      {"statx", inject<&table::statx>, tends, {EACCES, EINTR, EIO}},
      {"pread", inject<&table::pread>, tend_epoll, {EINTR, EIO}},
      {"pwrite", inject<&table::pwrite>, tends, {EDQUOT, EINTR, EIO, ENOSPC}},
      {"fsync", inject<&table::fsync>, tends | must_tell, {EINTR, EIO, ENOSPC}},
      {"getdents", inject<&table::getdents>, tends, {EIO, ENOTDIR}},
      {"unlinkat", inject<&table::unlinkat>, tends, {EACCES, EBUSY, EIO, ENOTEMPTY}},
      {"renameat", inject<&table::renameat>, tends, {EACCES, EIO, ENOSPC, EXDEV}},
      {"mkdirat", inject<&table::mkdirat>, tends | must_tell, {EACCES, ENOSPC}},
      {"read", inject<&table::read>, tends, {EINTR}},
      {"getrandom", inject<&table::getrandom>, tends, {EFAULT, EINTR, EINVAL, ENOSYS}},
      {"preadv",
       inject<&table::preadv>,
       tends,
       {EBADF, EFAULT, EINTR, EINVAL, EIO, EISDIR, ENXIO, EOPNOTSUPP, EOVERFLOW, ESPIPE}},
      {"pwritev",
       inject<&table::pwritev>,
       tends,
       {EBADF, EDQUOT, EFAULT, EFBIG, EINTR, EINVAL, EIO, ENOSPC, EOPNOTSUPP, EPERM, ESPIPE}},
      {"copy_range",
       inject<&table::copy_range>,
       tends,
       {EBADF, EFBIG, EINTR, EINVAL, EIO, EISDIR, ENOMEM, ENOSPC, ENOSYS, EOPNOTSUPP, EOVERFLOW,
        EPERM, ETXTBSY, EXDEV}},
      {"linkat",
       inject<&table::linkat>,
       tends | must_tell,
       {EACCES, EDQUOT, EEXIST, EFAULT, EIO, ELOOP, EMLINK, ENAMETOOLONG, ENOENT, ENOMEM, ENOSPC,
        ENOTDIR, EPERM, EROFS, EXDEV}},
      {"symlinkat",
       inject<&table::symlinkat>,
       tends | must_tell,
       {EACCES, EDQUOT, EEXIST, EFAULT, EIO, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOSPC, ENOTDIR,
        EPERM, EROFS}},
      {"readlinkat",
       inject<&table::readlinkat>,
       tends | must_tell,
       {EACCES, EFAULT, EINVAL, EIO, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR}},
      {"fchmod", inject<&table::fchmod>, tends | must_tell, {EBADF, EIO, EPERM, EROFS}},
      {"fchmodat",
       inject<&table::fchmodat>,
       tends | must_tell,
       {EACCES, EFAULT, EIO, ELOOP, ENAMETOOLONG, ENOENT, ENOMEM, ENOTDIR, EPERM, EROFS}},
      {"utimensat",
       inject<&table::utimensat>,
       tends | must_tell,
       {EACCES, EBADF, EFAULT, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM, EROFS, ESRCH}},
      {"fcntl", inject<&table::fcntl>, tends, {EAGAIN, EBADF, EINTR, EINVAL, ENOLCK}},
      {"inotify_init",
       inject<&table::inotify_init>,
       tends | must_tell,
       {EINVAL, EMFILE, ENFILE, ENOMEM}},
      {"inotify_add_watch",
       inject<&table::inotify_add_watch>,
       tends,
       {EACCES, EBADF, EFAULT, EINVAL, ENAMETOOLONG, ENOMEM, ENOSPC}},
      {"spawn",
       inject<&table::spawn>,
       children | must_tell,
       {E2BIG, EACCES, EAGAIN, EINVAL, EIO, EISDIR, ELOOP, EMFILE, ENAMETOOLONG, ENFILE, ENOENT,
        ENOEXEC, ENOMEM, ENOSYS, ENOTDIR, EPERM, ETXTBSY}},
      {"pipe",
       inject<&table::pipe>,
       children | must_tell,
       {EFAULT, EINVAL, EMFILE, ENFILE, ENOMEM}},
      {"fcntl", inject<&table::fcntl>, children | must_tell, {EBADF, EINVAL}},
      {"openat2",
       inject<&table::openat2>,
       children,
       {EACCES, EINTR, EMFILE, ENFILE, ENOENT, ENOMEM}},
      {"waitid", inject<&table::waitid>, children, {EINTR, EINVAL}},
      {"pidfd_send_signal",
       inject<&table::pidfd_send_signal>,
       children,
       {EBADF, EINVAL, EPERM, ESRCH}},
      {"read", inject<&table::read>, children, {EINTR, EIO}},
      {"write", inject<&table::write>, children, {EINTR}},
      // In callbacks the same calls, and what is told of them takes other ways: a few of each.
      {"close", inject_close, loops, {EIO}},
      {"duplicate", inject<&table::duplicate>, loops, {EMFILE}},
      {"eventfd", inject<&table::eventfd>, loops, {EMFILE}},
      {"epoll_create", inject<&table::epoll_create>, loops_epoll, {EMFILE}},
      {"epoll_ctl", inject<&table::epoll_ctl>, loops_epoll, {ENOMEM}},
      {"epoll_pwait2", inject<&table::epoll_pwait2>, loops_epoll, {EBADF, EINTR}},
      {"socket", inject<&table::socket>, loop_nets, {EMFILE}},
      {"bind", inject<&table::bind>, loop_nets, {EADDRINUSE}},
      {"listen", inject<&table::listen>, loop_nets, {EADDRINUSE}},
      {"accept", inject<&table::accept>, loop_nets_epoll, {ECONNABORTED, EINVAL, EMFILE, ENOMEM}},
      {"connect", inject<&table::connect>, loop_nets_epoll, {ECONNREFUSED, EINTR}},
      {"recv", inject<&table::recv>, loop_nets, {ECONNRESET, EINTR, ENOMEM}},
      {"send", inject<&table::send>, loop_nets, {ECONNRESET, EINTR, EPIPE}},
      {"shutdown", inject<&table::shutdown>, loop_nets, {ENOTCONN}},
      {"setsockopt", inject<&table::setsockopt>, loop_nets, {ENOPROTOOPT}},
      {"getsockname", inject<&table::getsockname>, loop_nets, {ENOBUFS}},
      {"getpeername", inject<&table::getpeername>, loop_nets, {ENOTCONN}},
      {"openat2", inject<&table::openat2>, papers, {EACCES, EMFILE}},
      {"statx", inject<&table::statx>, papers, {EIO}},
      {"pread", inject<&table::pread>, papers_epoll, {EIO}},
      {"pread_cached", inject<&table::pread_cached>, papers, {EIO}},
      {"pwrite", inject<&table::pwrite>, papers_epoll, {EINTR, ENOSPC}},
      {"fsync", inject<&table::fsync>, papers_epoll | must_tell, {EIO}},
      {"getdents", inject<&table::getdents>, papers, {EIO}},
      {"unlinkat", inject<&table::unlinkat>, papers | must_tell, {EACCES}},
      {"renameat", inject<&table::renameat>, papers | must_tell, {EACCES}},
      {"mkdirat", inject<&table::mkdirat>, papers | must_tell, {ENOSPC}},
      {"copy_range", inject<&table::copy_range>, papers, {EIO}},
      {"inotify_init", inject<&table::inotify_init>, watches | must_tell, {EMFILE}},
      {"inotify_add_watch", inject<&table::inotify_add_watch>, watches | must_tell, {ENOSPC}},
      {"epoll_ctl", inject<&table::epoll_ctl>, watch_epoll, {ENOMEM}},
      {"ring_readable", inject_completion<opcode::readable>, watch_ring, {ENOMEM}},
      {"spawn", inject<&table::spawn>, families | must_tell, {EAGAIN}},
      {"pipe", inject<&table::pipe>, families | must_tell, {EMFILE}},
      {"fcntl", inject<&table::fcntl>, families | must_tell, {EINVAL}},
      {"waitid", inject<&table::waitid>, families, {EINTR, EINVAL}},
      {"pidfd_send_signal", inject<&table::pidfd_send_signal>, families, {EPERM}},
      {"read", inject<&table::read>, families, {EINTR, EIO}},
      {"write", inject<&table::write>, families, {EINTR}},
      {"ring_setup", inject_step<ring_step::setup>, loops_ring, {ENOMEM}},
      {"ring_register", inject_step<ring_step::registration>, loops_ring, {ENOMEM}},
      {"ring_enter", inject_step<ring_step::enter>, loops_ring, {EBADF, EBUSY}},
      {"ring_accept", inject_completion<opcode::accept>, loop_nets_ring, {EINVAL, EMFILE}},
      {"ring_connect", inject_completion<opcode::connect>, loop_nets_ring, {ECONNREFUSED, EINTR}},
      {"ring_open", inject_completion<opcode::open>, papers_ring, {EACCES}},
      {"ring_read", inject_completion<opcode::read_at>, papers_ring, {EIO}},
      {"ring_write", inject_completion<opcode::write_at>, papers_ring, {ENOSPC}},
      {"ring_sync", inject_completion<opcode::sync>, papers_ring | must_tell, {EIO}},
      {"ring_readable", inject_completion<opcode::readable>, loop_nets_ring, {ENOMEM}},
      {"ring_writable", inject_completion<opcode::writable>, sockets_ring, {ENOMEM}},
      {"ring_setup",
       inject_step<ring_step::setup>,
       on_ring,
       {EFAULT, EINVAL, EMFILE, ENFILE, ENOMEM, ENOSYS, ENXIO, EPERM}},
      {"ring_register",
       inject_step<ring_step::registration>,
       on_ring,
       {EACCES, EBADF, EBADFD, EBUSY, EFAULT, EINVAL, EMFILE, ENOMEM, ENXIO, EPERM}},
      {"ring_enter",
       inject_step<ring_step::enter>,
       on_ring,
       {EAGAIN, EBADF, EBADFD, EBADR, EBUSY, EEXIST, EFAULT, EINTR, EINVAL, ENXIO, EOPNOTSUPP,
        EOWNERDEAD}},
      {"ring_accept",
       inject_completion<opcode::accept>,
       nets_ring,
       {EAGAIN, EBADF, ECANCELED, ECONNABORTED, EFAULT, EINTR, EINVAL, EMFILE, ENFILE, ENOBUFS,
        ENOMEM, ENOTSOCK, EOPNOTSUPP, EPERM, EPROTO, ENETDOWN, ENETUNREACH}},
      {"ring_connect",
       inject_completion<opcode::connect>,
       nets_ring,
       {EACCES,  EPERM,       EADDRINUSE,   EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN,   EALREADY,
        EBADF,   ECANCELED,   ECONNREFUSED, EFAULT,        EINPROGRESS,  EINTR,    EINVAL,
        EISCONN, ENETUNREACH, ENOTSOCK,     EOPNOTSUPP,    EPROTOTYPE,   ETIMEDOUT}},
      {"ring_open",
       inject_completion<opcode::open>,
       cold_ring | store_ring | tend_ring,
       {EACCES, EAGAIN, ECANCELED, EINTR, EINVAL, EISDIR, ELOOP, EMFILE, ENAMETOOLONG, ENFILE,
        ENOENT, ENOMEM, ENOTDIR, ENXIO, EOPNOTSUPP, EPERM, EXDEV}},
      {"ring_read",
       inject_completion<opcode::read_at>,
       cold_ring | store_ring | tend_ring,
       {EAGAIN, EBADF, ECANCELED, EFAULT, EINTR, EINVAL, EIO, EISDIR, ENXIO, EOPNOTSUPP,
        EOVERFLOW}},
      {"ring_write",
       inject_completion<opcode::write_at>,
       store_ring | tend_ring,
       {EAGAIN, EBADF, ECANCELED, EDQUOT, EFAULT, EFBIG, EINTR, EINVAL, EIO, ENOSPC, EOPNOTSUPP,
        EPERM}},
      {"ring_sync",
       inject_completion<opcode::sync>,
       store_ring | must_tell,
       {EBADF, ECANCELED, EDQUOT, EINTR, EIO, ENOSPC, EROFS}},
      {"ring_readable",
       inject_completion<opcode::readable>,
       nets_ring | host_ring,
       {EBADF, ECANCELED, EINVAL, ENOMEM}},
      {"ring_writable",
       inject_completion<opcode::writable>,
       echo_ring | host_ring,
       {EBADF, ECANCELED, EINVAL, ENOMEM}},
  };
  return rows;
}

// ---- one entry, one errno, one occurrence at a time

struct cell {
  place where;
  unsigned row;
};

class fault_every_call : public fault, public ::testing::WithParamInterface<cell> {
 protected:
  fault_every_call() : fault(GetParam().where.which, GetParam().where.on) {}
};

TEST_P(fault_every_call, ends_in_success_or_in_a_clear_error) {
  constexpr long occurrences = support::is_sanitized ? 4 : 8;  // a sanitizer is slow
  const row& r = matrix()[GetParam().row];
  table broken = beneath;
  r.inject(broken);
  for (const int code : r.errnos) {
    for (long n = 1; n <= occurrences; n++) {
      const current_trial trial("%s on %s: %s answers %s at call %ld", name_of(which_),
                                rouse::name_of(on_), r.call, ::strerrorname_np(code), n);
      plan.fail(code, n);
      bool is_told = false;
      const auto judge = [&](scenario which, const outcome& out) {
        is_told = !out.failures().empty();
        return complaint_about_end(which, out);
      };
      const std::string complaint = attempt(broken, judge);
      if (!plan.has_failed()) {
        EXPECT_TRUE(n > 1 || (r.places & by_chance)) << "never made: " << trial.text();
        break;
      }
      EXPECT_EQ(complaint, "") << trial.text();
      EXPECT_TRUE(is_told || !(r.places & must_tell)) << "kept secret: " << trial.text();
    }
    const current_trial trial("%s on %s after %s answered %s", name_of(which_), rouse::name_of(on_),
                              r.call, ::strerrorname_np(code));
    EXPECT_EQ(attempt(beneath, complaint_about_success), "") << trial.text();
  }
}

std::vector<cell> all_cells() {
  std::vector<cell> cells;
  for (unsigned i = 0; i < matrix().size(); i++)
    for (unsigned p = 0; p < std::size(all_places); p++)
      if ((matrix()[i].places & 1u << p) != 0) cells.push_back({all_places[p], i});
  return cells;
}

INSTANTIATE_TEST_SUITE_P(with, fault_every_call, ::testing::ValuesIn(all_cells()),
                         [](const auto& c) {
                           return name_of(c.param.where) + "_" + matrix()[c.param.row].call;
                         });

// ---- what may end the process

TEST(fault_T9_death, a_clock_that_fails_stops_the_scenario_with_a_message) {
  EXPECT_DEATH(
      {
        beneath = rouse::sys::real_table;
        table broken = beneath;
        inject<&table::clock_gettime>(broken);
        plan.fail(EINVAL, 5);
        const rouse::sys::scoped_table in_force(broken);
        outcome out;
        run(scenario::echo, reactor_kind::epoll, out);
      },
      "clock_failed == 0");
}

#ifndef NDEBUG
TEST(fault_death, a_descriptor_that_somebody_else_closed_stops_a_debug_build) {
  EXPECT_DEATH(
      {
        beneath = rouse::sys::real_table;
        table broken = beneath;
        inject_close(broken);
        plan.fail(EBADF, 1);
        const rouse::sys::scoped_table in_force(broken);
        outcome out;
        run(scenario::echo, reactor_kind::epoll, out);
      },
      "descriptor.cpp");
}
#endif

}  // namespace
}  // namespace faults

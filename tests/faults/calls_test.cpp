// Goal: whatever a system call answers, and whenever it does, a program on this library ends each
// of its exchanges exactly or with an error that says what failed; it never hangs, leaks, crashes,
// or takes a part for the whole. Method: each call that the scenarios make fails once, with each
// errno that its man page names, at its first to eighth occurrence, and the rest goes on.
#include <tests/faults/fault_test.hpp>

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
  on_epoll = echo_epoll | serve_epoll | cold_epoll,
  on_ring = echo_ring | serve_ring | cold_ring,
  files = serve_epoll | serve_ring | cold_epoll | cold_ring,
  everywhere = on_epoll | on_ring,
  by_chance = 64,  // only if a thread of the pool is slower than the runtime
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
//   ENOENT of statx: the entry is gone, so its page rightly lacks it.
//   EINPROGRESS and EALREADY of connect: as EAGAIN.
//   EAGAIN and EINTR are all that read and write of an eventfd can answer.
const std::vector<row>& matrix() {
  static const std::vector<row> rows = {
      {"close", inject_close, everywhere, {EINTR, EIO, ENOSPC, EDQUOT}},
      {"duplicate", inject<&table::duplicate>, everywhere, {EBADF, EINVAL, EMFILE}},
      {"read", inject<&table::read>, on_ring, {EAGAIN, EINTR}},
      {"write", inject<&table::write>, files | by_chance, {EAGAIN, EINTR}},
      {"socket",
       inject<&table::socket>,
       everywhere,
       {EACCES, EAFNOSUPPORT, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPROTONOSUPPORT}},
      {"bind",
       inject<&table::bind>,
       everywhere,
       {EACCES, EADDRINUSE, EADDRNOTAVAIL, EBADF, EFAULT, EINVAL, ENOTSOCK}},
      {"listen", inject<&table::listen>, everywhere, {EADDRINUSE, EBADF, ENOTSOCK, EOPNOTSUPP}},
      {"accept",
       inject<&table::accept>,
       on_epoll,
       {EBADF,       ECONNABORTED, EFAULT,          EINTR,           EINVAL,     EMFILE,
        ENFILE,      ENOBUFS,      ENOMEM,          ENOTSOCK,        EOPNOTSUPP, EPERM,
        EPROTO,      ENETDOWN,     ENOPROTOOPT,     EHOSTDOWN,       ENONET,     EHOSTUNREACH,
        ENETUNREACH, ENOSR,        ESOCKTNOSUPPORT, EPROTONOSUPPORT, ETIMEDOUT}},
      {"connect",
       inject<&table::connect>,
       on_epoll,
       {EACCES, EPERM, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN, EBADF, ECONNREFUSED, EFAULT,
        EINTR, EISCONN, ENETUNREACH, ENOTSOCK, EPROTOTYPE, ETIMEDOUT}},
      {"recv",
       inject<&table::recv>,
       everywhere,
       {EBADF, ECONNREFUSED, ECONNRESET, EFAULT, EINTR, EINVAL, ENOMEM, ENOTCONN, ENOTSOCK,
        ETIMEDOUT}},
      {"send",
       inject<&table::send>,
       everywhere,
       {EACCES, EALREADY, EBADF, ECONNRESET, EDESTADDRREQ, EFAULT, EINTR, EINVAL, EISCONN, EMSGSIZE,
        ENOBUFS, ENOMEM, ENOTCONN, ENOTSOCK, EOPNOTSUPP, EPIPE}},
      {"shutdown", inject<&table::shutdown>, everywhere, {EBADF, EINVAL, ENOTCONN, ENOTSOCK}},
      {"setsockopt",
       inject<&table::setsockopt>,
       everywhere,
       {EBADF, EFAULT, EINVAL, ENOPROTOOPT, ENOTSOCK}},
      {"getsockname",
       inject<&table::getsockname>,
       everywhere,
       {EBADF, EFAULT, EINVAL, ENOBUFS, ENOTSOCK}},
      {"getpeername",
       inject<&table::getpeername>,
       everywhere,
       {EBADF, EFAULT, EINVAL, ENOBUFS, ENOTCONN, ENOTSOCK}},
      {"epoll_create", inject<&table::epoll_create>, on_epoll, {EINVAL, EMFILE, ENFILE, ENOMEM}},
      {"epoll_ctl",
       inject<&table::epoll_ctl>,
       on_epoll,
       {EBADF, EEXIST, EINVAL, ELOOP, ENOENT, ENOMEM, ENOSPC, EPERM}},
      {"epoll_wait", inject<&table::epoll_wait>, cold_epoll, {EBADF, EFAULT, EINTR, EINVAL}},
      {"epoll_pwait2",
       inject<&table::epoll_pwait2>,
       on_epoll,
       {EBADF, EFAULT, EINTR, EINVAL, ENOSYS, EPERM}},
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
       cold_epoll,
       {EBADF, EFAULT, EINTR, EINVAL, EIO, EISDIR, ENXIO, EOVERFLOW, ESPIPE}},
      {"pread_cached",
       inject<&table::pread_cached>,
       files,
       {EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EIO, EISDIR, ENOSYS, ENXIO, EOPNOTSUPP, EOVERFLOW,
        ESPIPE}},
      {"getdents", inject<&table::getdents>, files, {EBADF, EFAULT, EINVAL, EIO, ENOENT, ENOTDIR}},
      {"ring_setup",
       inject_step<ring_step::setup>,
       on_ring,
       {EFAULT, EINVAL, EMFILE, ENFILE, ENOMEM, ENOSYS, ENXIO, EPERM}},
      {"ring_enter",
       inject_step<ring_step::enter>,
       on_ring,
       {EAGAIN, EBADF, EBADFD, EBADR, EBUSY, EEXIST, EFAULT, EINTR, EINVAL, ENXIO, EOPNOTSUPP,
        EOWNERDEAD}},
      {"ring_accept",
       inject_completion<opcode::accept>,
       on_ring,
       {EAGAIN, EBADF, ECANCELED, ECONNABORTED, EFAULT, EINTR, EINVAL, EMFILE, ENFILE, ENOBUFS,
        ENOMEM, ENOTSOCK, EOPNOTSUPP, EPERM, EPROTO, ENETDOWN, ENETUNREACH}},
      {"ring_connect",
       inject_completion<opcode::connect>,
       on_ring,
       {EACCES,  EPERM,       EADDRINUSE,   EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN,   EALREADY,
        EBADF,   ECANCELED,   ECONNREFUSED, EFAULT,        EINPROGRESS,  EINTR,    EINVAL,
        EISCONN, ENETUNREACH, ENOTSOCK,     EOPNOTSUPP,    EPROTOTYPE,   ETIMEDOUT}},
      {"ring_open",
       inject_completion<opcode::open>,
       cold_ring,
       {EACCES, EAGAIN, ECANCELED, EINTR, EINVAL, EISDIR, ELOOP, EMFILE, ENAMETOOLONG, ENFILE,
        ENOENT, ENOMEM, ENOTDIR, ENXIO, EOPNOTSUPP, EPERM, EXDEV}},
      {"ring_read",
       inject_completion<opcode::read_at>,
       cold_ring,
       {EAGAIN, EBADF, ECANCELED, EFAULT, EINTR, EINVAL, EIO, EISDIR, ENXIO, EOPNOTSUPP,
        EOVERFLOW}},
      {"ring_readable",
       inject_completion<opcode::readable>,
       on_ring,
       {EBADF, ECANCELED, EINVAL, ENOMEM}},
      {"ring_writable",
       inject_completion<opcode::writable>,
       echo_ring,
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
  constexpr long occurrences = 8;
  const row& r = matrix()[GetParam().row];
  table broken = beneath;
  r.inject(broken);
  for (const int code : r.errnos) {
    for (long n = 1; n <= occurrences; n++) {
      const current_trial trial("%s on %s: %s answers %s at call %ld", name_of(which_),
                                rouse::name_of(on_), r.call, ::strerrorname_np(code), n);
      plan.fail(code, n);
      const std::string complaint = attempt(broken, complaint_about_end);
      if (!plan.has_failed()) {
        EXPECT_TRUE(n > 1 || (r.places & by_chance)) << "never made: " << trial.text();
        break;
      }
      EXPECT_EQ(complaint, "") << trial.text();
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

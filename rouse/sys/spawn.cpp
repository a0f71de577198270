#include <rouse/sys/spawn.hpp>

#include <rouse/sys/internal/answer.hpp>
#include <rouse/sys/internal/spawn_process.hpp>
#include <rouse/sys/table.hpp>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

// libc's clone by its other name: a sanitizer that owns the first one takes it for a fork, whose
// child has memory of its own.
extern "C" int __clone(int (*)(void*), void*, int, void*, ...) noexcept;

namespace rouse::sys {

const char* name_of(spawn_step step) noexcept {
  switch (step) {
    case spawn_step::start: return "start a process";
    case spawn_step::group: return "make a process group";
    case spawn_step::folder: return "change folder";
    case spawn_step::descriptors: return "pass descriptors";
    case spawn_step::exec: return "exec";
  }
  return "?";
}

std::expected<spawned, spawn_failure> spawn(const spawn_order& order) noexcept {
  spawn_answer answer;
  const int n = calls().spawn(&order, &answer);
  if (n < 0) return std::unexpected(spawn_failure{error(name_of(answer.step), -n), answer.step});
  return spawned{answer.pid, descriptor(answer.process_fd)};
}

std::vector<std::string> environment() {
  std::vector<std::string> all;
  for (char** e = environ; e && *e; ++e)
    all.emplace_back(*e);
  return all;
}

namespace internal {
namespace {

constexpr int signal_max = 64;
constexpr std::size_t kernel_set_bytes = 8;

/// Of the kernel, whose first word is the handler on every architecture; zeros are the default
/// action.
struct kernel_action {
  std::uintptr_t words[4] = {};
};
constexpr std::uintptr_t by_default = 0;
constexpr std::uintptr_t ignored = 1;

/// Shared by parent and child.
struct birth {
  const spawn_order* order;
  spawn_step step = spawn_step::start;
  int failure = 0;
};

// ---- In the child, on memory that belongs to the parent. Kernel calls only, and none through
// libc's wrappers, since the sanitizers' versions of those would note for the parent what happens
// in the child. No instrumentation: what it notes of this stack would stay, too.
#define ROUSE_IN_CHILD __attribute__((no_sanitize("address", "thread", "undefined")))

/// Between the unblocking of signals and the exec no handler of the parent's may run on its memory.
ROUSE_IN_CHILD void reset_signals() noexcept {
  for (int n = 1; n <= signal_max; n++) {
    kernel_action now;
    if (::syscall(SYS_rt_sigaction, n, nullptr, &now, kernel_set_bytes) != 0) continue;
    if (now.words[0] == by_default || (now.words[0] == ignored && n != SIGPIPE)) continue;
    const kernel_action reset;
    ::syscall(SYS_rt_sigaction, n, &reset, nullptr, kernel_set_bytes);
  }
}

/// Each where it is wanted. Sources that lie among the targets move out of the way first.
ROUSE_IN_CHILD bool place_descriptors(const spawn_order& order) noexcept {
  int above = 3;
  for (std::size_t i = 0; i < order.passed_count; i++)
    if (order.passed[i].as >= above) above = order.passed[i].as + 1;
  for (std::size_t i = 0; i < order.passed_count; i++) {
    passed_descriptor& one = order.passed[i];
    if (one.fd >= above) continue;
    one.fd = static_cast<int>(::syscall(SYS_fcntl, one.fd, F_DUPFD_CLOEXEC, above));
    if (one.fd < 0) return false;
  }
  for (std::size_t i = 0; i < order.passed_count; i++)
    if (::syscall(SYS_dup3, order.passed[i].fd, order.passed[i].as, 0) < 0) return false;
  return true;
}

ROUSE_IN_CHILD void close_range(unsigned first, unsigned last) noexcept {
  if (first > last || ::syscall(SYS_close_range, first, last, 0) == 0) return;
  rlimit limit{};  // before Linux 5.9, or refused
  if (::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &limit) != 0) limit.rlim_cur = 1024;
  for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++)
    ::syscall(SYS_close, fd);
}

ROUSE_IN_CHILD void close_others(const spawn_order& order) noexcept {
  unsigned from = 3;
  for (;;) {  // from one that stays to the next
    unsigned next = ~0u;
    for (std::size_t i = 0; i < order.passed_count; i++) {
      const auto kept = static_cast<unsigned>(order.passed[i].as);
      if (kept >= from && kept < next) next = kept;
    }
    close_range(from, next == ~0u ? next : next - 1);
    if (next == ~0u) return;
    from = next + 1;
  }
}

/// As execvp looks through PATH: what is not there is passed over, and that one of several may not
/// be executed is told rather than that the others are not there.
ROUSE_IN_CHILD int try_programs(const spawn_order& order) noexcept {
  int failure = ENOENT;
  bool was_refused = false;
  for (const char* const* p = order.programs; *p; ++p) {
    ::syscall(SYS_execve, *p, order.arguments, order.environment);
    failure = errno;
    was_refused |= failure == EACCES;
    const bool may_go_on =
        failure == EACCES || failure == ENOENT || failure == ENOTDIR || failure == ESTALE;
    if (!may_go_on) return failure;
  }
  return was_refused ? EACCES : failure;
}

ROUSE_IN_CHILD int live(const spawn_order& order, spawn_step& step) noexcept {
  reset_signals();
  step = spawn_step::group;
  if (order.own_session && ::syscall(SYS_setsid) < 0) return errno;
  if (order.own_group && !order.own_session && ::syscall(SYS_setpgid, 0, 0) < 0) return errno;
  step = spawn_step::folder;
  if (order.folder && ::syscall(SYS_chdir, order.folder) < 0) return errno;
  step = spawn_step::descriptors;
  if (!place_descriptors(order)) return errno;
  close_others(order);
  step = spawn_step::exec;
  const std::uint64_t none = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, kernel_set_bytes);
  return try_programs(order);
}

ROUSE_IN_CHILD int child_main(void* shared) noexcept {
  birth& b = *static_cast<birth*>(shared);
  b.failure = live(*b.order, b.step);
  for (;;)
    ::syscall(SYS_exit_group, 127);
}
#undef ROUSE_IN_CHILD

}  // namespace

int spawn_process(const spawn_order* order, spawn_answer* into) noexcept {
  constexpr std::size_t stack_bytes = 16 * 1024;
  alignas(16) std::byte stack[stack_bytes];  // of the child; we stand still while it is in use
  birth shared{order};
  // All of them, also those that libc keeps for itself: a handler must not run in the child.
  const std::uint64_t all = ~std::uint64_t{0};
  std::uint64_t former = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &former, kernel_set_bytes);
  into->pid = ::__clone(child_main, stack + stack_bytes,
                        CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &shared, &into->process_fd);
  const int no_child = into->pid < 0 ? errno : 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &former, nullptr, kernel_set_bytes);
  if (no_child != 0) return -no_child;
  if (shared.failure == 0) return 0;
  constexpr auto by_pidfd = static_cast<idtype_t>(3);  // P_PIDFD, newer than some headers
  siginfo_t gone{};
  while (::waitid(by_pidfd, static_cast<id_t>(into->process_fd), &gone, WEXITED) < 0 &&
         errno == EINTR) {
  }
  ::close(into->process_fd);
  *into = {-1, -1, shared.step};
  return -shared.failure;
}

}  // namespace internal

}  // namespace rouse::sys

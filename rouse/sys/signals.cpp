#include <rouse/sys/signals.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/sys/internal/answer.hpp>
#include <rouse/sys/table.hpp>

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace rouse::sys {
namespace {

static_assert(signal_hang_up == SIGHUP && signal_interrupt == SIGINT && signal_kill == SIGKILL &&
              signal_user_1 == SIGUSR1 && signal_user_2 == SIGUSR2 &&
              signal_broken_pipe == SIGPIPE && signal_terminate == SIGTERM);
constexpr int signal_max = 64;

sigset_t native(const signal_set& signals) noexcept {
  sigset_t set;
  ::sigemptyset(&set);
  for (int n = 1; n <= signal_max; n++)
    if (signals.has(n)) ::sigaddset(&set, n);  // refuses the two that libc keeps for itself
  return set;
}

signal_set from_native(const sigset_t& set) noexcept {
  signal_set signals;
  for (int n = 1; n <= signal_max; n++)
    if (::sigismember(&set, n) == 1) signals.add(n);
  return signals;
}

}  // namespace

scoped_signal_block::scoped_signal_block(const signal_set& signals) noexcept {
  const sigset_t set = native(signals);
  sigset_t old;
  if (calls().signal_mask(SIG_BLOCK, &set, &old) == 0) former_ = from_native(old);
}

void scoped_signal_block::restore() noexcept {
  if (former_) set_blocked_signals(*former_);
  former_.reset();
}

signal_set blocked_signals() noexcept {
  sigset_t set;
  ::sigemptyset(&set);
  (void)calls().signal_mask(SIG_BLOCK, nullptr, &set);
  return from_native(set);
}

void set_blocked_signals(const signal_set& signals) noexcept {
  const sigset_t set = native(signals);
  [[maybe_unused]] const int n = calls().signal_mask(SIG_SETMASK, &set, nullptr);
  ROUSE_DEBUG_ASSERT(n == 0);
}

result<signal_fd> signal_fd::open(const signal_set& signals) {
  const sigset_t set = native(signals);
  const int fd = calls().signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) return std::unexpected(internal::failure("signalfd", fd));
  signal_fd s;
  s.fd_.reset(fd);
  return s;
}

result<std::optional<int>> signal_fd::take_from(int fd) noexcept {
  signalfd_siginfo info{};
  const long n =
      internal::uninterrupted([&]() noexcept { return calls().read(fd, &info, sizeof info); });
  if (n == -EAGAIN) return std::optional<int>();
  if (n < 0) return std::unexpected(internal::failure("signalfd", n));
  return std::optional<int>(static_cast<int>(info.ssi_signo));
}

void raise_in_process(int signal) noexcept { ::kill(::getpid(), signal); }
void raise_in_thread(int signal) noexcept { ::raise(signal); }

}  // namespace rouse::sys

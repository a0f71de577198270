#include <rouse/sys/signals.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/base/atomic.hpp>
#include <rouse/sys/internal/answer.hpp>
#include <rouse/sys/table.hpp>

#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

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

namespace {

// What the handler works with, which can run at any moment on any thread: only atomics, and calls
// that POSIX allows there.
struct catcher {
  atomic<bool> in_use{false};
  atomic<int> caught{0};
  atomic<int> handlers{0};  // running now
  atomic<int> fd{-1};       // -1: nobody catches
  int process = 0;
  signal_set signals;
  struct sigaction former[signal_max + 1] = {};

  void restore(bool for_the_second = false) noexcept {
    struct sigaction by_default = {};
    by_default.sa_handler = SIG_DFL;
    for (int n = 1; n <= signal_max; n++) {
      if (!signals.has(n)) continue;
      const bool was_ignored = former[n].sa_handler == SIG_IGN;
      ::sigaction(n, for_the_second && was_ignored ? &by_default : &former[n], nullptr);
    }
  }
};
constinit catcher the_catcher;

void on_signal(int number) {
  catcher& c = the_catcher;
  const int kept_errno = errno;
  // seq_cst, with the destructor, which takes fd away and then waits until no handler runs: either
  // it waits for this one, or this one finds no fd. So nothing is written to a number used anew.
  c.handlers.fetch_add(1, order::seq_cst);
  const int fd = c.fd.load(order::seq_cst);
  int none = 0;
  if (fd < 0) {  // it came as the catch ended: the former handler, which is back, has it
    ::raise(number);
  } else if (c.process != ::getpid()) {  // a child without exec: as if we were not there
    c.restore();
    ::raise(number);
  } else if (c.caught.compare_exchange_strong(none, number, order::acq_rel)) {
    c.restore(true);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(fd, &one, sizeof one);
  }
  c.handlers.fetch_sub(1, order::seq_cst);
  errno = kept_errno;
}

}  // namespace

result<signal_catch> signal_catch::install(const signal_set& signals) {
  catcher& c = the_catcher;
  // acquire: pairs with the destructor of the one before
  if (c.in_use.exchange(true, order::acquire)) return std::unexpected(error("signals", EBUSY));
  const int fd = calls().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) {
    c.in_use.store(false, order::release);
    return std::unexpected(internal::failure("eventfd", fd));
  }
  c.caught.store(0, order::relaxed);
  c.process = ::getpid();
  c.signals = {};
  struct sigaction ours{};
  ours.sa_handler = on_signal;
  ours.sa_mask = native(signals);
  ours.sa_flags = SA_RESTART;
  for (int n = 1; n <= signal_max; n++) {
    if (signals.has(n) && ::sigaction(n, nullptr, &c.former[n]) == 0) c.signals.add(n);
  }
  c.fd.store(fd, order::seq_cst);
  for (int n = 1; n <= signal_max; n++)
    if (c.signals.has(n)) ::sigaction(n, &ours, nullptr);
  return signal_catch(descriptor(fd));
}

signal_catch::~signal_catch() {
  if (!installed_) return;
  catcher& c = the_catcher;
  c.restore();
  c.fd.store(-1, order::seq_cst);
  while (c.handlers.load(order::seq_cst) != 0)
    ::sched_yield();
  c.in_use.store(false, order::release);
}

int signal_catch::caught() const noexcept { return the_catcher.caught.load(order::acquire); }

void raise_in_process(int signal) noexcept { ::kill(::getpid(), signal); }
void raise_in_thread(int signal) noexcept { ::raise(signal); }

}  // namespace rouse::sys

#include <rouse/sys/signals.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/base/atomic.hpp>
#include <rouse/base/fork.hpp>
#include <rouse/sys/internal/answer.hpp>
#include <rouse/sys/table.hpp>

#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <new>

namespace rouse::sys {
namespace {

static_assert(signal_hang_up == SIGHUP && signal_interrupt == SIGINT && signal_quit == SIGQUIT &&
              signal_kill == SIGKILL && signal_child == SIGCHLD && signal_continue == SIGCONT &&
              signal_window == SIGWINCH && signal_user_1 == SIGUSR1 && signal_user_2 == SIGUSR2 &&
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

namespace internal {

/// Of one listener. Once made it stays for the process, free between two listeners: the handler may
/// look at it at any moment.
struct signal_post {
  atomic<signal_post*> next{nullptr};  // constant once it is in the list
  atomic<int> fd{-1};                  // -1: free, or about to be
  atomic<std::uint64_t> wanted{0};     // bits of a signal_set
  atomic<std::uint64_t> arrived{0};    // likewise; not yet taken
  unsigned generation = 0;             // counts listeners; under the lock
};

}  // namespace internal

namespace {

using internal::signal_post;

void on_signal(int number);

bool is_ours(const struct sigaction& action) noexcept { return action.sa_handler == on_signal; }
constexpr std::uint64_t bit_of(int number) noexcept { return std::uint64_t{1} << (number - 1); }

// What the handler works with, which can run at any moment on any thread: only atomics, and calls
// that POSIX allows there.
//
// Listeners come first: a signal that one of them wants is not caught. A signal has our handler
// while somebody wants it. Whoever comes says so before the handler is set, and whoever goes puts
// the former one back before it says so; thus a handler that finds nobody came as the last one
// went, and sends the signal on to the former one.
struct station {
  atomic<signal_post*> first{nullptr};
  atomic<int> listeners[signal_max + 1] = {};
  struct sigaction former[signal_max + 1] = {};  // valid where ours is set
  atomic<unsigned> handlers_set{0};              // release: pairs with the handler's acquire
  atomic<int> handlers{0};                       // running now
  atomic<int> process{0};

  // Of the one signal_catch.
  bool catch_exists = false;
  atomic<int> caught{0};
  atomic<int> catch_fd{-1};  // -1: nobody catches
  atomic<std::uint64_t> catch_wanted{0};

  [[nodiscard]] bool catches(int number) const noexcept {
    return catch_fd.load(order::seq_cst) >= 0 && caught.load(order::seq_cst) == 0 &&
           (catch_wanted.load(order::seq_cst) & bit_of(number)) != 0;
  }
  void set_handler(int number) noexcept {
    struct sigaction ours{};
    ours.sa_handler = on_signal;
    ::sigfillset(&ours.sa_mask);
    ours.sa_flags = SA_RESTART;
    ::sigaction(number, &ours, nullptr);
  }
  /// Under the lock. Whoever wants it has said so.
  void begin(int number) noexcept {
    struct sigaction now{};
    if (::sigaction(number, nullptr, &now) != 0) return;
    if (!is_ours(now)) former[number] = now;
    handlers_set.fetch_add(1, order::release);
    set_handler(number);
  }
  /// Under the lock. The former handler is back unless somebody wants the signal, or somebody else
  /// has set another one since.
  void end(int number) noexcept {
    if (listeners[number].load(order::seq_cst) != 0 || catches(number)) return;
    struct sigaction now{};
    if (::sigaction(number, nullptr, &now) == 0 && is_ours(now))
      ::sigaction(number, &former[number], nullptr);
  }
  /// seq_cst, with the handler: either this waits for it, or it finds what was taken away gone. So
  /// nothing is written to a number used anew.
  void wait_for_handlers() const noexcept {
    while (handlers.load(order::seq_cst) != 0)
      ::sched_yield();
  }
  /// Under the lock. In a child made by fork what the parent had set up is undone first.
  void enter_process() noexcept {
    const int here = ::getpid();
    if (process.load(order::relaxed) == here) return;
    for (signal_post* p = first.load(order::relaxed); p; p = p->next.load(order::relaxed))
      free(*p);
    catch_exists = false;
    catch_fd.store(-1, order::seq_cst);
    for (int n = 1; n <= signal_max; n++) {
      listeners[n].store(0, order::seq_cst);
      end(n);
    }
    handlers.store(0, order::seq_cst);
    process.store(here, order::seq_cst);
  }
  static void free(signal_post& p) noexcept {
    p.wanted.store(0, order::seq_cst);
    p.fd.store(-1, order::seq_cst);
    p.generation++;
  }
  /// Under the lock. Null: no memory.
  signal_post* take_post() noexcept {
    for (signal_post* p = first.load(order::relaxed); p; p = p->next.load(order::relaxed))
      if (p->fd.load(order::relaxed) < 0) return p;
    auto* fresh = new (std::nothrow) signal_post;
    if (!fresh) return nullptr;
    fresh->next.store(first.load(order::relaxed), order::relaxed);
    first.store(fresh, order::release);  // pairs with the handler's acquire
    return fresh;
  }

  // ---- The handler's.
  bool tell_listeners(int number) noexcept {
    bool is_heard = false;
    for (signal_post* p = first.load(order::acquire); p; p = p->next.load(order::relaxed)) {
      if ((p->wanted.load(order::seq_cst) & bit_of(number)) == 0) continue;
      const int fd = p->fd.load(order::seq_cst);
      if (fd < 0) continue;
      is_heard = true;
      const bool is_known =
          (p->arrived.fetch_or(bit_of(number), order::seq_cst) & bit_of(number)) != 0;
      if (!is_known) ring(fd);
    }
    return is_heard;
  }
  bool tell_catch(int number) noexcept {
    const int fd = catch_fd.load(order::seq_cst);
    if (fd < 0 || (catch_wanted.load(order::seq_cst) & bit_of(number)) == 0) return false;
    int none = 0;
    if (!caught.compare_exchange_strong(none, number, order::seq_cst)) return true;
    // The former handlers are back for the second one, but for those that are listened to; who
    // began to listen meanwhile may have set ours before we took it away.
    for (int n = 1; n <= signal_max; n++) {
      if ((catch_wanted.load(order::relaxed) & bit_of(n)) == 0 ||
          listeners[n].load(order::seq_cst) != 0)
        continue;
      struct sigaction by_default = {};
      by_default.sa_handler = SIG_DFL;
      const bool was_ignored = former[n].sa_handler == SIG_IGN;
      ::sigaction(n, was_ignored ? &by_default : &former[n], nullptr);
      if (listeners[n].load(order::seq_cst) != 0) set_handler(n);
    }
    ring(fd);
    return true;
  }
  static void ring(int fd) noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(fd, &one, sizeof one);
  }
};
constinit station the_station;

/// Of all but the handler.
fork_mutex& station_lock() noexcept {
  static auto* const lock = new fork_mutex;  // outlives every thread
  return *lock;
}
[[maybe_unused]] const fork_mutex& made_before_main = station_lock();  // see fork_mutex

void on_signal(int number) {
  station& s = the_station;
  const int kept_errno = errno;
  (void)s.handlers_set.load(order::acquire);  // what begin() wrote before it set this handler
  if (s.process.load(order::relaxed) !=
      ::getpid()) {  // a child without exec: as if we were not there
    ::sigaction(number, &s.former[number], nullptr);
    ::raise(number);
  } else {
    s.handlers.fetch_add(1, order::seq_cst);
    if (!s.tell_listeners(number) && !s.tell_catch(number)) ::raise(number);
    s.handlers.fetch_sub(1, order::seq_cst);
  }
  errno = kept_errno;
}

constexpr signal_set never_heard{SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE,
                                 SIGILL,  SIGTRAP, SIGABRT, 32,     33};

}  // namespace

result<signal_catch> signal_catch::install(const signal_set& signals) {
  station& s = the_station;
  const lock_guard guard(station_lock());
  s.enter_process();
  if (s.catch_exists) return std::unexpected(error("signals", EBUSY));
  const int fd = calls().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return std::unexpected(internal::failure("eventfd", fd));
  s.catch_exists = true;
  s.caught.store(0, order::relaxed);
  s.catch_wanted.store(signals.bits(), order::seq_cst);
  s.catch_fd.store(fd, order::seq_cst);
  for (int n = 1; n <= signal_max; n++)
    if (signals.has(n)) s.begin(n);
  return signal_catch(descriptor(fd));
}

signal_catch::~signal_catch() {
  station& s = the_station;
  if (!installed_) return;
  const lock_guard guard(station_lock());
  if (s.process.load(order::relaxed) != ::getpid()) return;
  const auto wanted = signal_set::from_bits(s.catch_wanted.exchange(0, order::seq_cst));
  for (int n = 1; n <= signal_max; n++) {
    if (!wanted.has(n)) continue;
    s.end(n);
    // For the second one, an ignored signal was given its default action.
    const bool was_caught = s.caught.load(order::relaxed) != 0;
    if (was_caught && s.former[n].sa_handler == SIG_IGN && s.listeners[n].load(order::relaxed) == 0)
      ::sigaction(n, &s.former[n], nullptr);
  }
  s.catch_fd.store(-1, order::seq_cst);
  s.wait_for_handlers();
  s.catch_exists = false;
}

int signal_catch::caught() const noexcept { return the_station.caught.load(order::acquire); }

result<signal_listener> signal_listener::open(const signal_set& signals) {
  if (signals.is_empty() || (signals.bits() & never_heard.bits()) != 0)
    return std::unexpected(error("signals", errc::invalid_input));
  station& s = the_station;
  const lock_guard guard(station_lock());
  s.enter_process();
  signal_post* post = s.take_post();
  if (!post) return std::unexpected(error("signals", ENOMEM));
  const int fd = calls().eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return std::unexpected(internal::failure("eventfd", fd));
  signal_listener fresh;
  fresh.fd_.reset(fd);
  fresh.number_ = fd;
  fresh.generation_ = post->generation;
  fresh.post_ = post;
  post->arrived.store(0, order::relaxed);
  post->fd.store(fd, order::seq_cst);
  post->wanted.store(signals.bits(), order::seq_cst);
  for (int n = 1; n <= signal_max; n++) {
    if (!signals.has(n)) continue;
    s.listeners[n].fetch_add(1, order::seq_cst);
    s.begin(n);
  }
  return fresh;
}

signal_listener::~signal_listener() {
  if (!post_) return;
  station& s = the_station;
  const lock_guard guard(station_lock());
  const bool is_copy =  // of a parent's
      s.process.load(order::relaxed) != ::getpid() || post_->generation != generation_;
  if (is_copy) return;
  const auto wanted = signal_set::from_bits(post_->wanted.load(order::relaxed));
  for (int n = 1; n <= signal_max; n++) {
    if (!wanted.has(n)) continue;
    s.listeners[n].fetch_sub(1, order::seq_cst);
    s.end(n);
  }
  station::free(*post_);
  s.wait_for_handlers();
}

signal_set signal_listener::take() noexcept {
  // First emptied, then asked: what comes in between is noted with a new edge.
  std::uint64_t count = 0;
  (void)internal::uninterrupted(
      [&]() noexcept { return calls().read(number_, &count, sizeof count); });
  return signal_set::from_bits(post_->arrived.exchange(0, order::seq_cst));
}

void raise_in_process(int signal) noexcept { ::kill(::getpid(), signal); }
void raise_in_thread(int signal) noexcept { ::raise(signal); }

}  // namespace rouse::sys

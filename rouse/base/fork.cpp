#include <rouse/base/atomic.hpp>
#include <rouse/base/fork.hpp>

#include <new>

namespace rouse {
namespace {

constinit atomic<unsigned> forks{0};

struct mutexes {
  mutex lock;
  list<fork_mutex> by_rank[fork_mutex::ranks] ROUSE_GUARDED_BY(lock);

  void lock_all() noexcept ROUSE_NO_THREAD_SAFETY_ANALYSIS {
    lock.lock();
    for (list<fork_mutex>& rank : by_rank)
      for (fork_mutex* one = rank.front(); one; one = rank.next(*one))
        one->lock();
  }
  void unlock_all() noexcept ROUSE_NO_THREAD_SAFETY_ANALYSIS {
    for (list<fork_mutex>& rank : by_rank)
      for (fork_mutex* one = rank.front(); one; one = rank.next(*one))
        one->unlock();
    lock.unlock();
  }
};
mutexes& the_mutexes() noexcept {
  alignas(mutexes) static unsigned char memory[sizeof(mutexes)];
  static auto* const all = ::new (static_cast<void*>(memory)) mutexes;  // outlives every thread
  return *all;
}

void before_fork() noexcept { the_mutexes().lock_all(); }
void after_fork() noexcept { the_mutexes().unlock_all(); }
void in_child() noexcept {
  forks.fetch_add(1, order::relaxed);
  after_fork();
}

// Before main: handlers that the program sets come before ours in front of a fork, and after ours
// behind it, and so find every lock free and the fork counted.
[[maybe_unused]] const int registered = pthread_atfork(before_fork, after_fork, in_child);

}  // namespace

unsigned fork_count() noexcept { return forks.load(order::relaxed); }

fork_mutex::fork_mutex(rank r) noexcept {
  mutexes& m = the_mutexes();
  const lock_guard guard(m.lock);
  m.by_rank[static_cast<unsigned char>(r)].push_back(*this);
}

fork_mutex::~fork_mutex() {
  const lock_guard guard(the_mutexes().lock);
  unlink();
}

}  // namespace rouse

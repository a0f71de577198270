#include <rouse/base/atomic.hpp>
#include <rouse/base/fork.hpp>

#include <new>

namespace rouse {
namespace {

constinit atomic<unsigned> forks{0};

struct mutexes {
  mutex lock;
  list<fork_mutex> all ROUSE_GUARDED_BY(lock);  // by rank
};
mutexes& the_mutexes() noexcept {
  alignas(mutexes) static unsigned char memory[sizeof(mutexes)];
  static auto* const all = ::new (static_cast<void*>(memory)) mutexes;  // outlives every thread
  return *all;
}

void before_fork() noexcept ROUSE_NO_THREAD_SAFETY_ANALYSIS {
  mutexes& m = the_mutexes();
  m.lock.lock();
  for (fork_mutex* one = m.all.front(); one; one = m.all.next(*one))
    one->lock();
}
void after_fork() noexcept ROUSE_NO_THREAD_SAFETY_ANALYSIS {
  mutexes& m = the_mutexes();
  for (fork_mutex* one = m.all.front(); one; one = m.all.next(*one))
    one->unlock();
  m.lock.unlock();
}
void in_child() noexcept {
  forks.fetch_add(1, order::relaxed);
  after_fork();
}

}  // namespace

unsigned fork_count() noexcept { return forks.load(order::relaxed); }

unsigned watch_forks() noexcept {
  static const int registered = pthread_atfork(before_fork, after_fork, in_child);
  (void)registered;
  return fork_count();
}

fork_mutex::fork_mutex(rank r) noexcept : rank_(r) {
  (void)watch_forks();
  mutexes& m = the_mutexes();
  const lock_guard guard(m.lock);
  fork_mutex* later = m.all.front();
  while (later && later->rank_ <= r)
    later = m.all.next(*later);
  later ? m.all.insert_before(*later, *this) : m.all.push_back(*this);
}

fork_mutex::~fork_mutex() {
  const lock_guard guard(the_mutexes().lock);
  unlink();
}

}  // namespace rouse

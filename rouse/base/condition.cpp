#include <rouse/base/condition.hpp>

#include <ctime>

namespace rouse {

condition::condition() noexcept {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&native_, &attributes);
  pthread_condattr_destroy(&attributes);
}

void condition::wait(mutex& m) noexcept { pthread_cond_wait(&native_, &m.native_); }

bool condition::wait_for(mutex& m, nanoseconds limit) noexcept {
  constexpr nanoseconds day = std::chrono::hours(24);
  if (limit == no_limit) return wait(m), true;
  if (limit > day) limit = day;  // far below any overflow of timespec; callers loop
  timespec until{};
  clock_gettime(CLOCK_MONOTONIC, &until);  // lint: ok, the whole class is a door
  const long long at = static_cast<long long>(until.tv_nsec) + limit.count();
  until.tv_sec += at / 1'000'000'000;
  until.tv_nsec = at % 1'000'000'000;
  return pthread_cond_timedwait(&native_, &m.native_, &until) == 0;
}

}  // namespace rouse

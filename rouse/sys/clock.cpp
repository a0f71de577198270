#include <rouse/sys/clock.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/sys/table.hpp>

#include <time.h>

namespace rouse::sys {
namespace {

timespec read_clock(clockid_t clock) noexcept {
  timespec t{};
  const int clock_failed = calls().clock_gettime(clock, &t);
  ROUSE_ASSERT(clock_failed == 0);  // FAULTS T9: without time nothing can go on
  return t;
}

nanoseconds as_duration(const timespec& t) noexcept {
  return nanoseconds(std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec);
}

}  // namespace

instant monotonic_now() noexcept { return instant(as_duration(read_clock(CLOCK_MONOTONIC))); }
wall_time wall_now() noexcept {
  const timespec t = read_clock(CLOCK_REALTIME);
  return {t.tv_sec, static_cast<std::uint32_t>(t.tv_nsec)};
}
nanoseconds process_cpu_time() noexcept {
  return as_duration(read_clock(CLOCK_PROCESS_CPUTIME_ID));
}
nanoseconds thread_cpu_time() noexcept { return as_duration(read_clock(CLOCK_THREAD_CPUTIME_ID)); }

}  // namespace rouse::sys

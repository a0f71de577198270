// Clocks and order statistics for benchmarks that measure themselves.
#pragma once

#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

inline std::int64_t read_clock(clockid_t id) {
  timespec t{};
  clock_gettime(id, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}
/// Of this thread, ns.
inline std::int64_t cpu_ns() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
/// The clock that rouse::now() reads.
inline std::int64_t now_ns() { return read_clock(CLOCK_MONOTONIC); }

inline void sleep_until_ns(std::int64_t at) {
  const timespec t{.tv_sec = at / 1'000'000'000, .tv_nsec = at % 1'000'000'000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr);
}

/// The value that the share `p` of all lies below or at.
inline std::int64_t percentile(std::vector<std::int64_t>& all, double p) {
  const auto at = static_cast<long>(p * static_cast<double>(all.size() - 1));
  std::nth_element(all.begin(), all.begin() + at, all.end());
  return all[static_cast<std::size_t>(at)];
}

}  // namespace bench

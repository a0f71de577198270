// Durations and instants. The only file that takes `<bits/chrono.h>` (0.07 s to parse) instead of
// `<chrono>` (0.40 s).
#pragma once

#include <bits/chrono.h>

namespace rouse {

using std::chrono::nanoseconds;

/// A point on the runtime's monotonic clock, real or manual.
using instant = std::chrono::time_point<std::chrono::steady_clock, nanoseconds>;

/// "However long it takes": never reaches a system call, and a timer that never fires.
inline constexpr nanoseconds no_limit = nanoseconds::max();
inline constexpr instant never = instant::max();

/// `at + d`, held at the ends instead of wrapping; a negative `d` counts as 0.
[[nodiscard]] constexpr instant saturating_add(instant at, nanoseconds d) noexcept {
  if (d.count() <= 0) return at;
  nanoseconds::rep sum = 0;
  if (__builtin_add_overflow(at.time_since_epoch().count(), d.count(), &sum)) return never;
  return instant(nanoseconds(sum));
}

/// Time from `from` to `to`, 0 when `to` has passed, `no_limit` when `to` is `never`.
[[nodiscard]] constexpr nanoseconds time_left(instant from, instant to) noexcept {
  if (to == never) return no_limit;
  nanoseconds::rep left = 0;
  if (to <= from) return nanoseconds(0);
  if (__builtin_sub_overflow(to.time_since_epoch().count(), from.time_since_epoch().count(), &left))
    return no_limit;
  return nanoseconds(left);
}

}  // namespace rouse

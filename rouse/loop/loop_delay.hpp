// A delay as callers of set_timeout give it: any duration, also fractions of a millisecond,
// negative, endless, or no number at all.
#pragma once

#include <rouse/base/duration.hpp>

#include <concepts>
#include <cstdint>

namespace rouse {

class loop_delay {
 public:
  /// Saturates where nanoseconds end: such a timer never fires.
  template <class Rep, class Period>
  constexpr loop_delay(std::chrono::duration<Rep, Period> d) noexcept {
    if constexpr (std::floating_point<Rep>) {
      const auto ns = std::chrono::duration<long double, std::nano>(d).count();
      if (ns != ns)
        is_number_ = false;
      else if (ns >= static_cast<long double>(no_limit.count()))
        delay_ = no_limit;
      else if (ns > 0)
        delay_ = nanoseconds(static_cast<nanoseconds::rep>(ns));
    } else {
      using from = std::chrono::duration<std::int64_t, Period>;  // no_limit fits no narrower one
      if (d <= d.zero()) return;
      if constexpr (std::ratio_greater_v<Period, std::nano>) {
        if (from(d) > std::chrono::duration_cast<from>(no_limit)) {
          delay_ = no_limit;
          return;
        }
      }
      delay_ = std::chrono::duration_cast<nanoseconds>(d);
    }
  }

  /// At least 0; 0 for what is negative or no number.
  [[nodiscard]] constexpr nanoseconds exact() const noexcept { return delay_; }
  /// By the rule of Node.js: whole milliseconds; below 1, above 2^31-1 or no number means 1.
  [[nodiscard]] constexpr nanoseconds as_in_node() const noexcept {
    constexpr std::int64_t ms_max = 2147483647;
    const std::int64_t ms = delay_.count() / 1'000'000;
    if (!is_number_ || ms < 1 || ms > ms_max) return nanoseconds(1'000'000);
    return nanoseconds(ms * 1'000'000);
  }

 private:
  nanoseconds delay_{0};
  bool is_number_ = true;
};

}  // namespace rouse

// The kernel's clocks.
#pragma once

#include <rouse/base/duration.hpp>

#include <cstdint>

namespace rouse::sys {

/// CLOCK_MONOTONIC: never goes back, stands still while the machine sleeps. 17-23 ns.
[[nodiscard]] instant monotonic_now() noexcept;

/// Wall-clock time since 1970, UTC; may jump.
struct wall_time {
  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;
};
[[nodiscard]] wall_time wall_now() noexcept;
/// CPU time that this process, or this thread, has used.
[[nodiscard]] nanoseconds process_cpu_time() noexcept;
[[nodiscard]] nanoseconds thread_cpu_time() noexcept;

}  // namespace rouse::sys

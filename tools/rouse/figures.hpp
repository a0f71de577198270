// Numbers as people read them.
#pragma once

#include <rouse/base/duration.hpp>

#include <cstdint>
#include <string>

namespace tool {

/// "812 B", "1.2 KiB", "34 MiB"
[[nodiscard]] std::string size_text(std::uint64_t bytes);
/// "1.2 MiB/s"
[[nodiscard]] std::string rate_text(double bytes_per_second);
/// "0:07", "12:34", "1:02:03"
[[nodiscard]] std::string clock_text(rouse::nanoseconds d);
/// Three digits and a unit: "812 ns", "1.23 µs", "45.6 ms", "7.89 s". "us" without Unicode.
[[nodiscard]] std::string latency_text(std::uint64_t ns, bool unicode);
/// "1,234,567"
[[nodiscard]] std::string count_text(std::uint64_t n);

}  // namespace tool

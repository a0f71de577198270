// What a run of load looks like: for people, and as JSON.
#pragma once

#include "bench.hpp"
#include "load.hpp"
#include "terminal.hpp"

#include <string>

namespace tool {

[[nodiscard]] std::string report_text(const bench_options& options, const load_result& r,
                                      const terminal& t);
/// One object; times are nanoseconds, names stay.
[[nodiscard]] std::string report_json(const bench_options& options, const load_result& r);
/// The line while it runs.
[[nodiscard]] std::string report_line(const load_result& r, rouse::instant now,
                                      rouse::nanoseconds duration, const terminal& t);

}  // namespace tool

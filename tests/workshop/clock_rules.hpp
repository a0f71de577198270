// Time has two doors, so that a simulated world can own it: rouse/time/clock.hpp and, below that,
// the table of sys (rouse/sys/clock.hpp). This finds who asks the kernel or the standard library
// instead.
#pragma once

#include "source_text.hpp"

namespace workshop {

/// `path` is relative to the checkout. Free are sys, where the door is; rouse/testing, which
/// watches real threads; and tests, benchmarks and examples. `// lint: ok, why` excuses a line.
[[nodiscard]] std::vector<finding> check_clocks(std::string_view path, const source_text& source);

}  // namespace workshop

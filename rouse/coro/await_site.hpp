// Where awaiting failed last: so that the report of an escaped exception can name the line.
#pragma once

#include <source_location>

namespace rouse {

/// The place of the last `co_await` on this thread that threw; line 0 when none has.
[[nodiscard]] std::source_location last_failed_await() noexcept;

}  // namespace rouse

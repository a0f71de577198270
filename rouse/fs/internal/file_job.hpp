// What the jobs of this module are to the pool: a stuck disk must not hold every thread.
#pragma once

#include <rouse/executor/blocking_pool/blocking_pool.hpp>

namespace rouse::fs::internal {

inline constexpr job_options file_job{.name = "file operation", .kind = job_class::files};

}  // namespace rouse::fs::internal

// Stands in for rouse/base/fork.hpp in models, where nobody forks.
#pragma once

#include <rouse/base/mutex.hpp>

namespace rouse {

constexpr unsigned fork_count() noexcept { return 0; }
using fork_mutex = mutex;

}  // namespace rouse

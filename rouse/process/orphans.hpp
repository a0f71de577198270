// Children whose handles are gone. None becomes a zombie that stays: a task of the executor in the
// background waits for it, as long as there is one.
//
// Refused: a thread that reaps (nobody asked for one, DESIGN decision 20), SIGCHLD (belongs to the
// whole process), and SA_NOCLDWAIT (takes the statuses of everybody's children).
#pragma once

#include <cstddef>

namespace rouse::process {

/// How many children nobody has a handle of that have not been let go: they live on detached, or
/// were killed a moment ago. Looks first after those that no executor waits for, as every spawn
/// does. Any thread.
[[nodiscard]] std::size_t orphans() noexcept;

}  // namespace rouse::process

// What the table's `spawn` really does.
#pragma once

#include <rouse/sys/spawn.hpp>

namespace rouse::sys::internal {

int spawn_process(const spawn_order* order, spawn_answer* into) noexcept;

}  // namespace rouse::sys::internal

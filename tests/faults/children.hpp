// What a program does with other programs: runs one to its end, speaks with one and stops it, drops
// one, leaves one alone; and listens to a signal.
#pragma once

#include <rouse/coro/task.hpp>

#include <tests/faults/scenario.hpp>

#include <string_view>

namespace faults {

[[nodiscard]] rouse::task<void> run_children(std::string_view text, outcome& out);

}  // namespace faults

// The scenario `host`: a runtime inside poll(), and in it a guest that knows callbacks only.
#pragma once

#include <rouse/runtime/runtime.hpp>

#include <tests/faults/scenario.hpp>

#include <string_view>

namespace faults {

/// A timer starts a guest that sends `text` through a pair of sockets, as far as they take it at a
/// time, and reads it at the other end.
void run_hosted(rouse::runtime& rt, std::string_view text, rouse::nanoseconds hang_limit,
                outcome& out);

}  // namespace faults

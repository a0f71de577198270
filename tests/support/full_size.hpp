// How much a test does where the contract names a number that takes minutes.
#pragma once

#include <cstdlib>

namespace support {

/// True when tests are to run with the numbers that the contracts name: ROUSE_FULL is set, as
/// `./dev test --full` does. Else some of them take less.
inline bool is_full_size() { return std::getenv("ROUSE_FULL") != nullptr; }

}  // namespace support

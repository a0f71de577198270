// What a job of the pool blocks on. Jobs of one class may all be stuck behind one slow thing, a
// name server or a network disk; a class that holds only some of the threads leaves the others to
// the rest.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rouse {

/// `general` is what computes, and what nobody has sorted.
enum class job_class : std::uint8_t { general, files, names };
inline constexpr std::size_t job_classes = 3;

}  // namespace rouse

// What becomes of a child when its handle goes.
//
// Whoever holds the descriptor of a child that has not been waited for also holds a *place*, taken
// before the child was made: room in the list of those that no executor waits for. So letting go of
// one needs no memory.
#pragma once

#include <rouse/reactor/source.hpp>
#include <rouse/sys/descriptor.hpp>

namespace rouse::process::internal {

/// Throws std::bad_alloc.
void take_place();
void give_place_back() noexcept;

enum class fate : unsigned char { was_killed, lives_on };

/// Takes over the place. On the reactor's thread. In a task's poll it is left to a task in the
/// background; elsewhere the other one's words hold.
void abandon(source process, fate how) noexcept;
/// Where no executor can wait: waits for one that was killed, on the spot; one that lives on is
/// looked after by `orphans()`.
void abandon(sys::descriptor process, fate how) noexcept;

}  // namespace rouse::process::internal

// What becomes of a child when its handle goes.
#pragma once

#include <rouse/reactor/source.hpp>
#include <rouse/sys/descriptor.hpp>

namespace rouse::process::internal {

enum class fate : unsigned char { was_killed, lives_on };

/// On the reactor's thread. In a task's poll it is left to a task in the background; elsewhere the
/// other one's words hold.
void abandon(source process, fate how) noexcept;
/// Where no executor can wait: waits for one that was killed, on the spot; one that lives on is
/// looked after by `orphans()`.
void abandon(sys::descriptor process, fate how) noexcept;

}  // namespace rouse::process::internal

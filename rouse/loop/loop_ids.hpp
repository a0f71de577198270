// What the loop's registrations are called afterwards. An id may outlive what it names: then it
// names nothing, and whatever is asked of it does nothing and says so.
#pragma once

#include <cstdint>

namespace rouse {

namespace internal {
/// A place and the serial number of what stood there.
struct slot_id {
  std::uint32_t index = 0;
  std::uint32_t serial = 0;  // 0: nothing
  friend bool operator==(const slot_id&, const slot_id&) = default;
};
}  // namespace internal

/// A time-out or an interval.
struct timer_id : internal::slot_id {};
/// An idle, prepare or check hook.
struct hook_id : internal::slot_id {};
/// Work whose end calls back.
struct request_id : internal::slot_id {};
struct immediate_id {
  std::uint64_t number = 0;  // 0: nothing
  friend bool operator==(const immediate_id&, const immediate_id&) = default;
};

}  // namespace rouse

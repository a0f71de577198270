// The simplest bottom park: the thread sleeps on a condition until somebody unparks it. For
// executors without I/O, for background threads, and for tests of every layer above.
#pragma once

#include <rouse/park/park.hpp>

namespace rouse {

/// Blocks its thread, nothing else. One thread parks; any unparks, also after this object is gone.
/// May move while nobody parks. Allocates once, at construction.
class thread_park {
 public:
  /// Throws std::bad_alloc.
  thread_park();
  thread_park(thread_park&&) noexcept = default;
  thread_park& operator=(thread_park&&) noexcept = default;

  /// Blocks until a token is available and consumes it, at most for `limit` (0: only looks,
  /// no_limit: no bound). Never spurious, never fails.
  result<park_outcome> park(nanoseconds limit) noexcept;
  [[nodiscard]] rouse::unparker unparker() const noexcept { return handle_; }
  /// Nothing can be registered here.
  [[nodiscard]] bool has_work() const noexcept { return false; }

 private:
  class sleeper;
  explicit thread_park(sleeper* fresh) noexcept;

  sleeper* sleeper_;  // kept alive by handle_
  rouse::unparker handle_;
};
static_assert(park<thread_park>);

}  // namespace rouse

// A condition variable on the monotonic clock, beside mutex.hpp the other door that a model checker
// replaces.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/base/mutex.hpp>

namespace rouse {

/// Waits may end spuriously: always wait in a loop over the condition itself.
class condition {
 public:
  condition() noexcept;
  condition(const condition&) = delete;
  condition& operator=(const condition&) = delete;
  ~condition() { pthread_cond_destroy(&native_); }

  /// Waits for a notify; `m` is held before and after, released in between.
  void wait(mutex& m) noexcept ROUSE_REQUIRES(m);
  /// The same for at most `limit`; `no_limit` waits without one. False when the time ran out.
  bool wait_for(mutex& m, nanoseconds limit) noexcept ROUSE_REQUIRES(m);
  void notify_one() noexcept { pthread_cond_signal(&native_); }
  void notify_all() noexcept { pthread_cond_broadcast(&native_); }

 private:
  pthread_cond_t native_;
};

}  // namespace rouse

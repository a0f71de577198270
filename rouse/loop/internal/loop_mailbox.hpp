// What other threads have posted, under one lock that is held for a push.
#pragma once

#include <rouse/base/atomic.hpp>
#include <rouse/base/fork.hpp>
#include <rouse/loop/internal/ring.hpp>
#include <rouse/loop/loop_handle.hpp>
#include <rouse/park/unparker.hpp>

namespace rouse::internal {

class loop_mailbox {
 public:
  explicit loop_mailbox(unparker wake) noexcept : wake_(std::move(wake)) {}

  [[nodiscard]] loop_handle handle() noexcept {
    retain();
    return loop_handle(this);
  }
  void retain() noexcept { references_.fetch_add(1, order::relaxed); }
  void release() noexcept {
    // acq_rel: the last one sees what the others did
    if (references_.fetch_sub(1, order::acq_rel) == 1) delete this;
  }

  result<void> post(callback<void()>&& f);
  /// The loop: a glance without the lock. An unpark follows the first post since the last take, so
  /// none is missed for longer than one wait.
  [[nodiscard]] bool has_mail() const noexcept { return has_mail_.load(order::relaxed); }
  /// The loop: moves what has come into the ring, which is empty.
  void take(ring<callback<void()>>& into) noexcept;
  /// The loop, at its end: refuses from now on, and destroys what was left.
  void close() noexcept;

 private:
  ~loop_mailbox() = default;

  const unparker wake_;
  atomic<long> references_{1};
  atomic<bool> has_mail_{false};  // written under the lock
  fork_mutex lock_;
  bool is_closed_ ROUSE_GUARDED_BY(lock_) = false;
  ring<callback<void()>> mail_ ROUSE_GUARDED_BY(lock_);
};

}  // namespace rouse::internal

// The way into a loop from other threads.
#pragma once

#include <rouse/base/callback.hpp>
#include <rouse/base/error.hpp>

#include <utility>

namespace rouse {

namespace internal {
class loop_mailbox;
}

/// Clonable, any thread, also after the loop has closed. Does not keep the loop alive: whoever
/// waits for messages holds a `loop::hold`.
class loop_handle {
 public:
  loop_handle(const loop_handle& other) noexcept;
  loop_handle(loop_handle&& other) noexcept : mailbox_(std::exchange(other.mailbox_, nullptr)) {}
  loop_handle& operator=(loop_handle other) noexcept {
    std::swap(mailbox_, other.mailbox_);
    return *this;
  }
  ~loop_handle();

  /// Has `f` called on the loop's thread, in the poll phase: first in, first out. Every call is
  /// delivered, and what is posted before the loop closes and not called by then is destroyed
  /// there.
  /// @errors  closed. Throws std::bad_alloc.
  /// @cost    One lock; one unpark when the loop had taken everything.
  [[nodiscard("what could not be posted is not called")]] result<void> post(
      callback<void()> f) const;

 private:
  friend class internal::loop_mailbox;
  explicit loop_handle(internal::loop_mailbox* counted) noexcept : mailbox_(counted) {}
  internal::loop_mailbox* mailbox_;
};

}  // namespace rouse

// A wake-up between threads that a readiness queue or a ring can wait on.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/sys/descriptor.hpp>

namespace rouse::sys {

/// An eventfd, non-blocking and close-on-exec.
class event_fd {
 public:
  event_fd() noexcept = default;
  /// Errors: EMFILE, ENFILE, ENOMEM.
  static result<event_fd> open();

  [[nodiscard]] int get() const noexcept { return fd_.get(); }
  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
  /// Makes it readable, with a fresh edge for edge-triggered waiters each time. Any thread. A full
  /// counter is no error: it is emptied, so that the edge comes.
  void signal() noexcept;
  /// Makes it unreadable again.
  void drain() noexcept;

 private:
  descriptor fd_;
};

}  // namespace rouse::sys

// The floor of a foreign wake: a thread that sleeps in epoll or in a ring until an eventfd is
// written.
#pragma once

#include <memory>

namespace bench {

class bare_sleeper {
 public:
  enum class over : unsigned char { epoll, ring };
  bare_sleeper(over what, int event);
  bare_sleeper(const bare_sleeper&) = delete;
  bare_sleeper& operator=(const bare_sleeper&) = delete;
  ~bare_sleeper();
  /// Until the event has been written; what only interrupts a wait, such as the end of a ring that
  /// was closed before, does not count.
  void wait();

 private:
  struct ring;
  int event_;
  int epoll_ = -1;
  std::unique_ptr<ring> ring_;
};

/// False where rings are denied.
[[nodiscard]] bool has_ring();

}  // namespace bench

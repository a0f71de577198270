// The kernel's readiness queue. Edge-triggered only: a descriptor is added once, for both
// directions.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/base/error.hpp>
#include <rouse/sys/descriptor.hpp>

#include <cstdint>

namespace rouse::sys {

/// Bits of an event.
inline constexpr std::uint32_t event_in = 0x001;
inline constexpr std::uint32_t event_urgent = 0x002;
inline constexpr std::uint32_t event_out = 0x004;
inline constexpr std::uint32_t event_error = 0x008;
inline constexpr std::uint32_t event_hang_up = 0x010;
inline constexpr std::uint32_t event_peer_closed = 0x2000;

/// Layout of the kernel's `epoll_event` on this architecture.
#if defined(__x86_64__)
struct [[gnu::packed]] ready_event {
#else
struct ready_event {
#endif
  std::uint32_t events;
  std::uint64_t key;
};

/// One epoll instance. Not thread-safe in its C++ part; the kernel's object is.
class epoll {
 public:
  epoll() noexcept = default;
  /// Errors: EMFILE, ENFILE, ENOMEM.
  static result<epoll> open();

  explicit operator bool() const noexcept { return static_cast<bool>(queue_); }
  /// Readable, for another queue or poll(), while there are events that no wait() has given out.
  [[nodiscard]] int get() const noexcept { return queue_.get(); }
  /// Adds `fd`, edge-triggered: reading, peer close, urgent data, and writing. Errors: EPERM (a
  /// regular file), ENOSPC, ENOMEM.
  [[nodiscard]] result<void> add(int fd, std::uint64_t key) noexcept;
  /// The same for reading only, for wake-up descriptors.
  [[nodiscard]] result<void> add_readable(int fd, std::uint64_t key) noexcept;
  /// Must come before the close, or a duplicate of the descriptor keeps events coming.
  void remove(int fd) noexcept;
  /// Up to `count` events into `events`; how many. Waits at most `limit` (0: not at all), never
  /// less unless something happened. Where the kernel lacks nanosecond waits they are rounded up to
  /// milliseconds. Errors: EINTR comes through.
  [[nodiscard]] result<unsigned> wait(ready_event* events, unsigned count,
                                      nanoseconds limit) noexcept;

 private:
  int wait_raw(ready_event* events, int count, nanoseconds limit) noexcept;
  descriptor queue_;
  bool milliseconds_only_ = false;  // epoll_pwait2 came with Linux 5.11
};

}  // namespace rouse::sys

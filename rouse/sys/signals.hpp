// Signals as something to read, and which of them a thread takes.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/sys/descriptor.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>

namespace rouse::sys {

inline constexpr int signal_hang_up = 1;
inline constexpr int signal_interrupt = 2;
inline constexpr int signal_kill = 9;
inline constexpr int signal_user_1 = 10;
inline constexpr int signal_user_2 = 12;
inline constexpr int signal_broken_pipe = 13;
inline constexpr int signal_terminate = 15;

/// Signals 1 to 64.
class signal_set {
 public:
  constexpr signal_set() noexcept = default;
  constexpr signal_set(std::initializer_list<int> numbers) noexcept {
    for (const int n : numbers)
      add(n);
  }
  static constexpr signal_set all() noexcept {
    signal_set s;
    s.bits_ = ~std::uint64_t{0};
    return s;
  }
  constexpr void add(int number) noexcept { bits_ |= std::uint64_t{1} << (number - 1); }
  constexpr void remove(int number) noexcept { bits_ &= ~(std::uint64_t{1} << (number - 1)); }
  [[nodiscard]] constexpr bool has(int number) const noexcept { return bits_ >> (number - 1) & 1; }

 private:
  std::uint64_t bits_ = 0;
};

/// Blocks `signals` on this thread, besides those that are; the former set comes back at the end of
/// the block. Threads made inside inherit it.
class scoped_signal_block {
 public:
  explicit scoped_signal_block(const signal_set& signals) noexcept;
  scoped_signal_block(const scoped_signal_block&) = delete;
  scoped_signal_block& operator=(const scoped_signal_block&) = delete;
  ~scoped_signal_block() { restore(); }
  /// The former set back now.
  void restore() noexcept;

 private:
  std::optional<signal_set> former_;
};
/// What this thread blocks.
[[nodiscard]] signal_set blocked_signals() noexcept;
void set_blocked_signals(const signal_set& signals) noexcept;

/// Blocked signals, readable as records: a signalfd.
class signal_fd {
 public:
  signal_fd() noexcept = default;
  /// Close-on-exec, non-blocking. The signals must be blocked, or their handlers get them instead.
  static result<signal_fd> open(const signal_set& signals);

  explicit operator bool() const noexcept { return static_cast<bool>(fd_); }
  [[nodiscard]] int get() const noexcept { return fd_.get(); }
  [[nodiscard]] descriptor release() noexcept { return std::move(fd_); }
  /// The next signal that has come; none: nothing. Never waits.
  [[nodiscard]] result<std::optional<int>> take() noexcept { return take_from(fd_.get()); }
  /// The same for a descriptor that was released, into a source for example.
  [[nodiscard]] static result<std::optional<int>> take_from(int fd) noexcept;

 private:
  descriptor fd_;
};

/// Sends `signal` to this process (kill) or to this very thread.
void raise_in_process(int signal) noexcept;
void raise_in_thread(int signal) noexcept;

}  // namespace rouse::sys

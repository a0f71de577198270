// Signals as something to wait for, and which of them a thread takes.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/sys/descriptor.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <utility>

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

/// Catches the first of some signals, whichever thread gets it. From that moment on the former
/// handlers are back, so that a second one ends a process whose threads are stuck.
///
/// A handler and not a signalfd, because that wants the signals blocked in every thread, also in
/// those that others have started, and then nothing can end a loop that never looks. One at a time
/// in a process. A signal that was ignored, as shells do for what they start in the background, is
/// caught too, and a second one then has its default effect. A child made by fork is not caught
/// for: what it gets does what it did before.
class signal_catch {
 public:
  /// Errors: EBUSY: the process has one already; EMFILE, ENFILE.
  static result<signal_catch> install(const signal_set& signals);
  signal_catch(signal_catch&& other) noexcept
      : fd_(std::move(other.fd_)), installed_(std::exchange(other.installed_, false)) {}
  signal_catch& operator=(signal_catch&&) = delete;
  /// The former handlers are back.
  ~signal_catch();

  /// Readable once a signal has been caught. Must stay open for as long as this lives.
  [[nodiscard]] descriptor take_fd() noexcept { return std::move(fd_); }
  /// The number of the signal that was caught; 0: none yet.
  [[nodiscard]] int caught() const noexcept;

 private:
  explicit signal_catch(descriptor fd) noexcept : fd_(std::move(fd)) {}
  descriptor fd_;
  bool installed_ = true;
};

/// Sends `signal` to this process (kill) or to this very thread.
void raise_in_process(int signal) noexcept;
void raise_in_thread(int signal) noexcept;

}  // namespace rouse::sys

// Signals as something to wait for, and which of them a thread takes.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/sys/descriptor.hpp>

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <utility>

namespace rouse::sys {

namespace internal {
struct signal_post;
}

inline constexpr int signal_hang_up = 1;
inline constexpr int signal_interrupt = 2;
inline constexpr int signal_quit = 3;
inline constexpr int signal_kill = 9;
inline constexpr int signal_user_1 = 10;
inline constexpr int signal_user_2 = 12;
inline constexpr int signal_broken_pipe = 13;
inline constexpr int signal_terminate = 15;
inline constexpr int signal_child = 17;
inline constexpr int signal_continue = 18;
inline constexpr int signal_window = 28;  ///< the terminal has another size

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
  [[nodiscard]] constexpr bool is_empty() const noexcept { return bits_ == 0; }
  /// The lowest number, which it has no longer. @pre  not empty
  constexpr int take_first() noexcept {
    const int number = std::countr_zero(bits_) + 1;
    remove(number);
    return number;
  }
  constexpr void add(const signal_set& others) noexcept { bits_ |= others.bits_; }
  /// Bit n-1 for signal n.
  [[nodiscard]] constexpr std::uint64_t bits() const noexcept { return bits_; }
  static constexpr signal_set from_bits(std::uint64_t bits) noexcept {
    signal_set s;
    s.bits_ = bits;
    return s;
  }

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
/// for: what it gets does what it did before. What a signal_listener wants goes there and not here.
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

/// Hears every arrival of some signals, for as long as it lives. Any number of them in a process,
/// each of which hears each signal; one that is not looked at for a while hears several of a kind
/// as one. With the last that wants a signal its former handler comes back.
///
/// The handler notes the number and writes to an eventfd, once for each that has not been taken
/// yet, whatever comes. A child made by fork hears nothing: what it gets does what it did before.
class signal_listener {
 public:
  /// Errors: invalid_input: none is asked for, or one that cannot be caught (SIGKILL, SIGSTOP), or
  /// tells of a fault of the thread that gets it (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP,
  /// SIGABRT), or belongs to libc; EMFILE, ENFILE, ENOMEM.
  static result<signal_listener> open(const signal_set& signals);
  signal_listener(signal_listener&& other) noexcept
      : fd_(std::move(other.fd_)),
        number_(other.number_),
        generation_(other.generation_),
        post_(std::exchange(other.post_, nullptr)) {}
  signal_listener& operator=(signal_listener&&) = delete;
  ~signal_listener();

  /// Readable once something has come. Must stay open for as long as this lives.
  [[nodiscard]] descriptor take_fd() noexcept { return std::move(fd_); }
  /// What has come since the last time.
  [[nodiscard]] signal_set take() noexcept;

 private:
  signal_listener() noexcept = default;
  descriptor fd_;
  int number_ = -1;  // of the descriptor
  unsigned generation_ = 0;
  internal::signal_post* post_ = nullptr;
};

/// Sends `signal` to this process (kill) or to this very thread.
void raise_in_process(int signal) noexcept;
void raise_in_thread(int signal) noexcept;

}  // namespace rouse::sys

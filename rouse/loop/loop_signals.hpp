// Signals in callbacks: `process::signals`, as Node.js has them.
#pragma once

#include <rouse/loop/loop.hpp>
#include <rouse/process/signals.hpp>

#include <utility>

namespace rouse {

namespace internal {
class signal_watch;
}

/// What `on` gives: the handle of one registration; copies are handles of the same. May outlive it
/// and the loop: then it does nothing. Letting go of all of them removes nothing.
/// @threads  The loop's.
class loop_signal {
 public:
  loop_signal() noexcept = default;  ///< of nothing
  loop_signal(const loop_signal& other) noexcept;
  loop_signal(loop_signal&& other) noexcept : watch_(std::exchange(other.watch_, nullptr)) {}
  loop_signal& operator=(loop_signal other) noexcept {
    std::swap(watch_, other.watch_);
    return *this;
  }
  ~loop_signal();

  /// Its callback is not called after this, also for a signal that has arrived. With the last one
  /// of a signal, what happened at that signal before happens again.
  void remove() const noexcept;
  /// Whether it keeps its loop alive; at first it does not.
  void ref() const noexcept;
  void unref() const noexcept;
  [[nodiscard]] bool is_active() const noexcept;

 private:
  friend internal::signal_watch;
  explicit loop_signal(internal::signal_watch& counted) noexcept : watch_(&counted) {}
  internal::signal_watch* watch_ = nullptr;
};

/// `loop.signals()`. A light object: the loop, seen from here.
/// @threads  The loop's.
class loop_signals {
 public:
  explicit loop_signals(loop& of) noexcept : loop_(&of) {}

  /// Calls `f` in the poll phase for each signal `number` (SIGHUP, process::signal_hang_up) that
  /// the loop sees from now on. Several of that number that come before it looks are one; any
  /// number of registrations, in any loops of the process, are each told: those of one loop in the
  /// order in which they were made. While there is one, the signal does nothing else
  /// (process/signals.hpp).
  ///
  /// It does not keep the loop alive unless `ref()` is called.
  /// @errors  throws io_error: invalid_input, for one that cannot be caught or tells of a fault;
  ///          EMFILE, ENFILE, ENOMEM; closed, once the loop has closed.
  /// @example
  ///   auto hang_up = loop.signals().on(SIGHUP, [&](int) { reload(); });
  loop_signal on(int number, callback<void(int number)> f);

 private:
  loop* loop_;
};

inline loop_signals loop::signals() noexcept { return loop_signals(*this); }

}  // namespace rouse

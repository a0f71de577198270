// The mark "this thread drives an executor": a second executor on the same thread would block the
// first, so entering twice is an error that names both call sites, never a deadlock.
#pragma once

#include <rouse/base/error.hpp>

#include <source_location>

namespace rouse {

/// Holds the mark for a block; released on scope exit, also by an exception.
class enter {
 public:
  /// @errors  would_block_runtime when this thread has the mark already.
  [[nodiscard]] static result<enter> try_enter(
      std::source_location site = std::source_location::current()) noexcept;
  /// The same, throwing an io_error whose text names both sites.
  [[nodiscard]] static enter enter_or_throw(
      std::source_location site = std::source_location::current());

  enter(enter&& other) noexcept;
  enter& operator=(enter&&) = delete;
  ~enter();

  /// Runs `callback(argument)` when the mark is released, last registered first. At most 8.
  void on_exit(void (*callback)(void*), void* argument) noexcept;
  /// Keeps the mark on the thread for ever; the callbacks are dropped unrun.
  void make_permanent() && noexcept;

  [[nodiscard]] static bool is_entered() noexcept;
  /// Where this thread entered; only when is_entered().
  [[nodiscard]] static std::source_location entered_at() noexcept;

 private:
  enter() noexcept = default;
  struct exit_call {
    void (*callback)(void*);
    void* argument;
  };
  static constexpr unsigned exit_calls_max = 8;
  exit_call calls_[exit_calls_max] = {};
  unsigned count_ = 0;
  bool holds_ = true;
};

/// A blocking section: takes the mark off this thread for a block, so that another executor may run
/// inside, then restores it.
class leave {
 public:
  leave() noexcept;
  leave(const leave&) = delete;
  leave& operator=(const leave&) = delete;
  ~leave();

 private:
  bool was_entered_;
  std::source_location site_;
};

}  // namespace rouse

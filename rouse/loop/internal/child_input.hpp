// What waits to be read by a child, and the write that is under way. Part of child_state, whose
// task polls it.
#pragma once

#include <rouse/loop/internal/event_slot.hpp>
#include <rouse/loop/internal/loop_core.hpp>
#include <rouse/process/pipe.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace rouse::internal {

class child_input {
 public:
  event_slot<void()> on_drain;
  event_slot<void(const error&)> on_error;

  // ---- What callers ask for; the task is to be woken.
  bool write(std::span<const std::byte> bytes);
  void end() noexcept { wants_end_ = true; }
  void destroy() noexcept { wants_close_ = true; }
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_ || wants_close_; }
  [[nodiscard]] std::size_t buffered() const noexcept {
    return sending_.size() - cursor_ + queued_.size();
  }

  // ---- The task.
  /// The child runs; it is no pipe when the command does not say so.
  void open(process::pipe_writer pipe) noexcept;
  /// Writes what waits. True: something was called.
  bool poll(context& cx, loop_core& core);
  void close() noexcept;
  void drop_callbacks() noexcept {
    on_drain.reset();
    on_error.reset();
  }

 private:
  bool fail(const error& why, loop_core& core);

  process::pipe_writer pipe_;
  std::string sending_;     // lent to writing_
  std::size_t cursor_ = 0;  // of sending_: is in the pipe
  std::string queued_;
  std::optional<process::pipe_write<true>> writing_;
  bool wants_drain_ = false;
  bool wants_end_ = false;
  bool wants_close_ = false;
  bool is_closed_ = false;
};

}  // namespace rouse::internal

// `command.spawn()`.
//
// The exec is waited for, since only it tells whether there is a child at all; that takes 0.1 to 1
// ms, more when the program must come from a disk. So it is a job of the blocking pool, as opening
// a file is: a loop that serves others does not stand still for it, and what the child inherits
// from a thread (its processors, its niceness) is not what a runtime's thread was set to.
#pragma once

#include <rouse/process/child.hpp>

#include <bits/unique_ptr.h>

namespace rouse::process {

class command;

namespace internal {
struct launch_plan;
struct spawn_state;
using launch_plan_ptr = std::unique_ptr<launch_plan>;
}  // namespace internal

/// Starts the child and gives its handle.
/// @errors  what exec says of the program (ENOENT, EACCES, ENOEXEC, E2BIG, ...) and chdir of the
///          folder, of which the exception's text names the one that failed; invalid_input: an
///          empty name, a NUL in a text, a number that is passed twice; EBADF: a lent descriptor is
///          not open; EAGAIN, ENOMEM, EMFILE; no_context: no reactor or blocking pool on this
///          thread.
/// @cancel  Safe: a child that has begun meanwhile is killed, and let go.
/// @cost    A job of the blocking pool and a dozen allocations.
class [[nodiscard]] spawn_operation : public fallible<spawn_operation> {
 public:
  spawn_operation(spawn_operation&&) noexcept;
  ~spawn_operation();
  poll_result<rouse::result<child>> poll(context& cx);
  poll_result<void> poll_cancel(context& cx) noexcept;
  void disown() noexcept;
  /// The program, or the folder when that is what failed.
  [[nodiscard]] const std::string& subject() const noexcept;

 private:
  friend command;
  explicit spawn_operation(internal::launch_plan_ptr plan);
  std::unique_ptr<internal::spawn_state> state_;
};

}  // namespace rouse::process

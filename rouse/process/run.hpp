// `command.run(input)`: a child from its start to its end, with all that it said.
#pragma once

#include <rouse/process/spawn.hpp>

namespace rouse::process {

/// Trivial members only.
struct run_options {
  /// Of each of its two streams. One that says more is killed, and the run fails: a part is never
  /// taken for the whole.
  std::size_t bytes_max = 16u << 20;
};

struct run_result {
  exit_status status = exit_status::unknown();
  std::string output;
  std::string errors;
};

namespace internal {
struct run_state;
}

/// Starts it, feeds it, reads both its streams side by side (so nobody waits for the other with a
/// full pipe), and waits for its end. A child that reads no more than it needs is no error.
///
/// The streams are read until the child has ended and what it had written is there; a process that
/// it left behind with the same pipes is not waited for.
/// @errors  as spawn_operation; too_large.
/// @cancel  Safe: the child is killed.
class [[nodiscard]] run_operation : public fallible<run_operation> {
 public:
  run_operation(run_operation&&) noexcept;  // before the first poll
  ~run_operation();
  poll_result<rouse::result<run_result>> poll(context& cx);
  poll_result<void> poll_cancel(context& cx) noexcept;
  void disown() noexcept;
  [[nodiscard]] const std::string& subject() const noexcept;

 private:
  friend command;
  run_operation(spawn_operation start, std::string_view input, run_options options);
  std::unique_ptr<internal::run_state> state_;
};

}  // namespace rouse::process

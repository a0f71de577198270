// A running child process: its end, its signals, and our ends of its standard streams.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/coro/fallible_task.hpp>
#include <rouse/process/exit_status.hpp>
#include <rouse/process/pipe.hpp>

namespace rouse::process {

class child;
namespace internal {
struct launched;
[[nodiscard]] result<child> take_over(launched fresh);
}  // namespace internal

/// `child.wait()`.
class [[nodiscard]] wait_operation : public fallible<wait_operation> {
 public:
  wait_operation(wait_operation&&) noexcept = default;  // before the first poll
  poll_result<rouse::result<exit_status>> poll(context& cx) noexcept;
  poll_result<void> poll_cancel(context& cx) noexcept { return readable_.poll_cancel(cx); }
  void disown() noexcept { readable_.disown(); }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] std::string subject() const;

 private:
  friend child;
  explicit wait_operation(child& of) noexcept : of_(&of) {}
  child* of_;
  operation readable_;
};

/// The handle of one. Dropping it kills the child, and the group that it leads, with SIGKILL, and
/// sees that no zombie stays (orphans.hpp); `detach()` lets it live. One that has ended is only let
/// go.
///
/// In a process made by fork() it belongs to the parent: operations say `forked`, and dropping it
/// does nothing.
/// @threads  That of the reactor it was made on; one wait at a time. Movable while nothing is
///           pending. Outside a task, dropping a child that has not ended waits until it is dead.
class [[nodiscard("dropping a child kills it: keep it, or call detach()")]] child {
 public:
  child() noexcept = default;  ///< none; only to be assigned to
  child(child&& other) noexcept { take(other); }
  child& operator=(child&& other) noexcept {
    if (this != &other) {
      let_go();
      take(other);
    }
    return *this;
  }
  ~child() { let_go(); }

  explicit operator bool() const noexcept { return static_cast<bool>(process_); }
  /// Its number; another process's may it be once it has ended and was waited for.
  [[nodiscard]] int id() const noexcept { return pid_; }
  /// "sort", say: for messages.
  [[nodiscard]] std::string subject() const { return "process " + std::to_string(pid_); }

  /// Our ends of what was `piped`; others are no pipe. They may be moved out.
  [[nodiscard]] pipe_writer& input() noexcept { return input_; }
  [[nodiscard]] pipe_reader& output() noexcept { return output_; }
  [[nodiscard]] pipe_reader& errors() noexcept { return errors_; }

  /// Waits until it has ended, and gives how: at once, and always the same, after that. Says
  /// nothing of its pipes: they may hold bytes that it wrote, and others may have them open.
  /// @errors  forked; closed: no child.
  /// @cancel  Safe.
  [[nodiscard]] wait_operation wait() noexcept { return wait_operation(*this); }
  /// The same without waiting; none while it runs.
  [[nodiscard]] result<std::optional<exit_status>> try_wait() noexcept;

  /// @errors  ESRCH: it has ended and was waited for; EPERM: it runs as another user; EINVAL: no
  /// such signal; forked; closed.
  result<void> send_signal(int number) noexcept;
  result<void> kill() noexcept;       ///< SIGKILL
  result<void> terminate() noexcept;  ///< SIGTERM, a request
  /// To all of the group that it leads. Since Linux 6.9 also those that are left of it when the
  /// child has been waited for.
  /// @errors  as send_signal; invalid_input: it leads none.
  result<void> send_group_signal(int number) noexcept;
  result<void> kill_group() noexcept;
  result<void> terminate_group() noexcept;
  /// Asks it, and its group, to end (SIGTERM), kills it when it has not after `grace`, and waits.
  [[nodiscard]] fallible_task<exit_status> stop(nanoseconds grace);

  /// Lets it live on without a handle; gives its number. Its pipes are closed unless they were
  /// moved out. It is waited for in the background.
  int detach() && noexcept;

 private:
  friend wait_operation;
  friend result<child> internal::take_over(internal::launched fresh);
  [[nodiscard]] result<void> usable(const char* operation) const noexcept;
  void take(child& other) noexcept;
  void let_go() noexcept;
  /// True when it has ended.
  bool has_ended() noexcept;

  source process_;
  int pid_ = -1;
  unsigned forks_ = 0;  // when it was made
  bool leads_group_ = false;
  std::optional<exit_status> status_;
  pipe_writer input_;
  pipe_reader output_;
  pipe_reader errors_;
};

}  // namespace rouse::process

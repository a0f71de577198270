// A child process in callbacks: what Node calls a ChildProcess.
#pragma once

#include <rouse/base/callback.hpp>
#include <rouse/base/io_error.hpp>
#include <rouse/loop/loop_child_input.hpp>
#include <rouse/loop/loop_flow.hpp>
#include <rouse/process/exit_status.hpp>

#include <utility>

namespace rouse {

namespace internal {
class child_state;
}

/// A handle; copies are handles of the same child. The child lives until it ends, whoever holds a
/// handle, and is killed when the loop closes unless it is detached.
///
/// Events come in this order: on_spawn, on_exit, on_close; or on_error, on_close, when it could not
/// be started. What it says comes between on_spawn and on_close: the last of it may come after
/// on_exit. Each is called in the poll phase, on_close in the closing phase, and none before the
/// call that made the handle has returned. Callbacks are destroyed with the close event, so they
/// may hold a handle of their own child.
/// @threads  The loop's.
class loop_child {
 public:
  loop_child() noexcept = default;  ///< of no child: closed, and only to be assigned to
  loop_child(const loop_child& other) noexcept;
  loop_child(loop_child&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  loop_child& operator=(loop_child other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~loop_child();

  /// It runs: it has its id.
  const loop_child& on_spawn(callback<void()> f) const;
  /// It has ended.
  const loop_child& on_exit(callback<void(process::exit_status)> f) const;
  /// It could not be started; the text names the program, or the folder when that is what failed
  /// (and memory, when there was none for it). Without it the error goes where exceptions of
  /// callbacks go.
  const loop_child& on_error(callback<void(const io_error&)> f) const;
  /// It has ended, and so have its piped streams.
  const loop_child& on_close(callback<void()> f) const;

  /// What it reads, writes as output and writes as errors, where its command says `piped`; other
  /// streams end at once. What is not listened to (`on_data`) when it has exited is dropped. A
  /// process that it left behind with the same pipe keeps that open.
  [[nodiscard]] loop_child_input input() const noexcept;
  [[nodiscard]] loop_flow output() const;
  [[nodiscard]] loop_flow errors() const;

  /// Before on_spawn it is sent as soon as it runs; then no error is told.
  /// @errors  ESRCH: it has ended; EPERM: it runs as another user; EINVAL: no such signal.
  result<void> send_signal(int number) const;
  result<void> kill() const;       ///< SIGKILL
  result<void> terminate() const;  ///< SIGTERM, a request
  /// To all of the group that it leads (`command::new_group`).
  /// @errors  as send_signal; invalid_input: it leads none.
  result<void> send_group_signal(int number) const;
  result<void> kill_group() const;
  result<void> terminate_group() const;

  /// It lives on when the loop closes. Its events come all the same while the loop runs.
  void detach() const noexcept;
  /// Whether it keeps its loop alive; it does at first. Its streams that are listened to do so
  /// themselves.
  void ref() const noexcept;
  void unref() const noexcept;

  explicit operator bool() const noexcept { return state_ != nullptr; }
  /// Its number, from on_spawn on; another process may have it after on_exit. -1: it has not begun.
  [[nodiscard]] int id() const noexcept;
  /// The close event is due, or has been.
  [[nodiscard]] bool is_closed() const noexcept;
  friend bool operator==(const loop_child&, const loop_child&) noexcept = default;

 private:
  friend internal::child_state;
  explicit loop_child(internal::child_state& counted) noexcept : state_(&counted) {}
  [[nodiscard]] internal::child_state& state() const noexcept;
  internal::child_state* state_ = nullptr;
};

}  // namespace rouse

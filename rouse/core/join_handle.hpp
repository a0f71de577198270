// The way back to a spawned task's result.
#pragma once

#include <rouse/core/task_cell.hpp>
#include <rouse/core/worker.hpp>

namespace rouse {

/// Owns the right to a task's outcome. Awaiting it gives the value, throws what the task threw, or
/// an io_error: ECANCELED after an abort, `abandoned` when nothing could wake the task any more,
/// `runtime_shut_down` when its runtime went first, `would_deadlock` at once when a task awaits
/// itself.
///
/// Destroying the handle cancels the task and its executor awaits that; `detach()` lets it run on.
/// Awaited and polled on the thread of the task's executor only (`wrong_thread` elsewhere);
/// destroyed, aborted and detached on any. One awaiter at a time: the latest to poll is woken.
/// @cancel  Safe: cancelling the wait leaves the task and its result alone.
template <class T>
class [[nodiscard(
    "dropping a join_handle cancels the task: keep it, or call detach()")]] join_handle
    : public fallible<join_handle<T>> {
 public:
  join_handle() noexcept = default;
  /// For executors: `task` is adopted and marked joined.
  explicit join_handle(internal::new_task<T> task) noexcept
      : header_(task.header), end_(task.end) {}
  join_handle(join_handle&& other) noexcept
      : header_(std::exchange(other.header_, nullptr)), end_(std::exchange(other.end_, nullptr)) {}
  join_handle& operator=(join_handle&& other) noexcept {
    if (this != &other) {
      reset();
      header_ = std::exchange(other.header_, nullptr);
      end_ = std::exchange(other.end_, nullptr);
    }
    return *this;
  }
  ~join_handle() { reset(); }

  poll_result<result<T>> poll(context& cx) {
    if (!poll_end(cx)) return pending;
    return take_end();
  }
  bool poll_end(context& cx) noexcept {
    ROUSE_ASSERT(header_ != nullptr);
    if (!worker::is_mine(*header_) && !is_closed()) [[unlikely]]
      return true;
    if (header_->completed || header_->running) return true;
    header_->joiner = cx.borrow_waker();
    return false;
  }
  result<T> take_end() {
    if (!worker::is_mine(*header_) && !is_closed()) [[unlikely]]
      return std::unexpected(error("join", errc::wrong_thread));
    if (!header_->completed) return std::unexpected(error("join", errc::would_deadlock));
    ROUSE_ASSERT(end_ != nullptr);  // taken once
    return std::exchange(end_, nullptr)->take_result();
  }
  void disown() noexcept {
    if (header_ && worker::is_mine(*header_) && !header_->completed) header_->joiner = nullptr;
  }
  poll_result<void> poll_cancel(context&) noexcept {
    disown();
    return ready;
  }

  /// Asks the task to end; its awaiter then sees ECANCELED. Idempotent, any thread.
  void abort() noexcept {
    if (header_) worker::abort(*header_);
  }
  /// Lets the task run on without us; a failure then goes to the runtime's handler.
  void detach() && noexcept {
    if (task_header* t = std::exchange(header_, nullptr)) worker::unjoin(*t, false);
  }
  /// True when the result is there. The executor's thread.
  [[nodiscard]] bool is_finished() const noexcept { return header_ && header_->completed; }
  [[nodiscard]] const char* name() const noexcept {
    return header_ && header_->name ? header_->name : "";
  }

 private:
  [[nodiscard]] bool is_closed() const noexcept {
    return header_->foreign.load(order::acquire) & task_header::closed;
  }
  void reset() noexcept {
    task_header* t = std::exchange(header_, nullptr);
    if (!t) return;
    if (end_)
      worker::unjoin(*t, true);
    else
      worker::forget(*t);
  }
  task_header* header_ = nullptr;
  outcome<T>* end_ = nullptr;  // null when the outcome has been taken
};

}  // namespace rouse

// A loop's child: what its handles share with the task that starts it, writes to it and waits for
// its end.
//
//   starting --> running --> ended --> closed: no stream is read any more, the close event is due
//        \____ failed ____/
//
// What it says is read by the tasks of its flows, each of which begins when somebody asks for it.
#pragma once

#include <rouse/loop/internal/child_input.hpp>
#include <rouse/loop/internal/close_event.hpp>
#include <rouse/loop/internal/closing_place.hpp>
#include <rouse/loop/internal/state_task.hpp>
#include <rouse/loop/loop_child.hpp>
#include <rouse/process/command.hpp>
#include <rouse/sync/notify.hpp>

#include <array>
#include <optional>
#include <vector>

namespace rouse::internal {

class child_state {
 public:
  static loop_child start(loop& on, const process::command& what, loop::site at);

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

  event_slot<void()> on_spawn;
  event_slot<void(process::exit_status)> on_exit;
  event_slot<void(const io_error&)> on_error;
  event_slot<void()> on_close;
  child_input input;
  /// After the close event nothing is kept that might hold a handle of ours.
  template <class S>
  void set(event_slot<S>& slot, callback<S>&& f) {
    if (!is_over_) slot.set(std::move(f));
  }

  [[nodiscard]] loop_child_input input_handle() noexcept {
    retain();
    return loop_child_input(*this);
  }
  enum stream_index : unsigned char { output, errors };
  [[nodiscard]] loop_flow flow_of(stream_index i);
  enum class target : unsigned char { child, group };
  result<void> send_signal(int number, target to);
  void detach() noexcept { is_detached_ = true; }
  void set_ref(bool refd) noexcept;
  [[nodiscard]] int id() const noexcept { return id_; }
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }
  void wake() const noexcept { task_.wake(); }

 private:
  class pieces;
  struct stream {
    process::pipe_reader pipe;
    std::optional<loop_flow> flow;  // once it was asked for
    bool is_read = false;           // the flow's task has the pipe, and closes it
    sync::local_notify begun;
  };
  struct early_signal {
    int number;
    target to;
  };

  child_state(loop& on, const process::command& what, loop::site at);
  ~child_state() { link_->release(); }
  [[nodiscard]] loop_core& core() const noexcept { return *link_->core; }

  friend state_task<child_state>;
  friend close_event<child_state>;
  bool run(context& cx);
  void end_task() noexcept {
    task_.reset();
    if (!is_closed_) abandon();
  }
  void call_on_close() {
    if (on_close) on_close();
  }
  /// True: something was called, or may have been.
  bool run_process(context& cx) noexcept;
  bool run_start(context& cx);
  bool run_wait(context& cx);
  void begin(process::child fresh);
  void fail(const error& why, std::string_view subject) noexcept;
  void end_streams() noexcept;
  [[nodiscard]] bool is_any_read() const noexcept;
  void close() noexcept;
  /// The loop ends: no event any more.
  void abandon() noexcept;
  void let_go() noexcept;
  void drop_callbacks() noexcept;

  long references_ = 1;
  loop* const loop_;  // as long as the link has its core
  alive_count* const link_;
  const loop::site at_;
  loop_hold hold_;
  closing_place last_;
  waker task_;
  std::optional<process::spawn_operation> starting_;
  process::child child_;  // while it runs, and until it is closed
  std::optional<process::wait_operation> waiting_;
  std::array<stream, 2> streams_;
  std::vector<early_signal> early_;
  int id_ = -1;
  bool has_begun_ = false;
  bool has_ended_ = false;  // or could not be started
  bool is_detached_ = false;
  bool is_closed_ = false;
  bool is_over_ = false;  // the close event has been
};

}  // namespace rouse::internal

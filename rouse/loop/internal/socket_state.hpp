// A loop's socket: what is shared by its handles and by the task that moves its bytes.
//
//   connecting --> open --> ended on one side --> ended on both
//        |           |              |                  |
//        +-----------+--------------+------------------+--> closed: close() takes the socket out of
//                                       the kernel, and queues the close event
//
// One task per socket reads and writes. What a callback asks for while that task runs, the task
// does before it sleeps; what is asked at other times wakes it.
#pragma once

#include <rouse/core/waker.hpp>
#include <rouse/loop/internal/close_event.hpp>
#include <rouse/loop/internal/closing_place.hpp>
#include <rouse/loop/internal/event_slot.hpp>
#include <rouse/loop/internal/loop_core.hpp>
#include <rouse/loop/internal/state_task.hpp>
#include <rouse/loop/loop_socket.hpp>
#include <rouse/net/connect.hpp>
#include <rouse/net/tcp_stream.hpp>
#include <rouse/net/unix_stream.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace rouse::internal {

class socket_state {
 public:
  using any_stream = std::variant<std::monostate, net::tcp_stream, net::unix_stream>;

  /// A connection that was accepted.
  static loop_socket open(loop_core& core, any_stream stream, const loop_socket_options& options);
  /// One to be made; `where` is a TCP address or name, or "unix:...".
  static loop_socket connect(loop_core& core, std::string where,
                             const loop_socket_options& options);

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

  bool write(std::span<const std::byte> bytes, callback<void(result<void>)>&& sent);
  void end();
  void destroy();
  void pause() noexcept { flow_ = flow::paused; }
  void resume() noexcept;
  void set_ref(bool refd);
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }
  [[nodiscard]] loop_socket handle() noexcept {
    retain();
    return loop_socket(*this);
  }
  [[nodiscard]] std::size_t buffered() const noexcept {
    return sending_.size() + queued_.size() - cursor_;
  }

  event_slot<void()> on_connect;
  event_slot<void(std::span<const std::byte>)> on_data;
  event_slot<void()> on_drain;
  event_slot<void()> on_end;
  event_slot<void(const error&)> on_error;
  event_slot<void(bool)> on_close;
  /// After the close event nothing is kept that might hold a handle of ours.
  template <class S>
  void set(event_slot<S>& slot, callback<S>&& f) {
    if (!is_over_) slot.set(std::move(f));
  }
  void begin_flow() noexcept;
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  net::address peer;

 private:
  enum class flow : unsigned char { untouched, flowing, paused };
  struct sent_call {
    std::uint64_t upto;  // called when so many bytes are written
    callback<void(result<void>)> f;
  };

  socket_state(loop_core& core, const loop_socket_options& options)
      : link_(core.alive.get()), options_(options), hold_(*core.alive), last_(core) {
    link_->retain();
  }
  ~socket_state() { link_->release(); }
  loop_socket start(loop_core& core);
  [[nodiscard]] loop_core& core() const noexcept { return *link_->core; }

  friend state_task<socket_state>;
  friend close_event<socket_state>;
  bool run(context& cx);
  void end_task() noexcept {
    if (!is_closed_) abandon();
    task_.reset();
  }
  void call_on_close();
  void run_open(context& cx);
  void run_connect(context& cx);
  void take(any_stream connected) noexcept;
  [[nodiscard]] bool run_reads(context& cx);
  [[nodiscard]] bool run_writes(context& cx);
  std::size_t write_now(std::span<const std::byte> bytes);
  /// All is sent, and more may be written.
  [[nodiscard]] bool has_to_drain() const noexcept {
    return wants_drain_ && on_drain && !wants_end_ && buffered() == 0;
  }
  /// run_writes() would find something: to send, to say, or to tell.
  [[nodiscard]] bool has_writes() const noexcept {
    return buffered() != 0 || wants_end_ || wants_drain_ || !sent_.is_empty() || early_failure_;
  }
  /// A write is sent that somebody wants to know of, or all are.
  [[nodiscard]] bool has_to_tell() noexcept;
  /// One such call.
  void tell_sent();
  [[nodiscard]] bool goes_on() const noexcept;
  bool shut_down(context& cx);
  void fail(const error& why) noexcept;
  /// As soon as the task is not using what is to be closed.
  void close(bool failed) noexcept;
  void close_now() noexcept;
  void end_writes(const error& why) noexcept;
  void tell_unsent();
  /// The loop ends: no event any more.
  void abandon() noexcept;
  void release_stream() noexcept;
  void drop_callbacks() noexcept;
  void wake() noexcept {
    if (!running_in_) task_.wake();
  }
  [[nodiscard]] std::string subject() const;

  long references_ = 1;
  alive_count* const link_;
  const loop_socket_options options_;
  loop_hold hold_;
  closing_place last_;
  waker task_;
  std::string where_;  // to be connected to; empty once that has begun
  std::variant<std::monostate, net::connect_operation, net::connect_unix_operation> connecting_;
  any_stream stream_;
  net::stream* open_ = nullptr;
  std::optional<net::read_operation> reading_;
  std::optional<net::write_some_operation> writing_;
  std::string sending_;     // lent to writing_ from cursor_ on
  std::size_t cursor_ = 0;  // of sending_: handed to the kernel
  std::string queued_;
  std::uint64_t accepted_bytes_ = 0;  // by write()
  ring<sent_call> sent_;
  context* running_in_ = nullptr;  // the poll of the task
  std::optional<error> early_failure_;
  std::optional<error> unsaid_;  // why the peer cannot be told of our end
  std::optional<error> unsent_;  // why what is not sent never will be
  flow flow_ = flow::untouched;
  bool wants_drain_ = false;
  bool wants_end_ = false;      // end() was called
  bool has_shut_down_ = false;  // and done
  bool has_ended_ = false;      // the peer has finished
  bool has_failed_ = false;     // the close event will say so
  bool wants_close_ = false;    // when the task stops running
  bool is_closed_ = false;
  bool is_over_ = false;  // the close event has been
};

}  // namespace rouse::internal

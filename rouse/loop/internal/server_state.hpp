// A loop's listening socket: what is shared by its handles and by the task that accepts.
#pragma once

#include <rouse/core/waker.hpp>
#include <rouse/loop/internal/event_slot.hpp>
#include <rouse/loop/internal/loop_core.hpp>
#include <rouse/loop/internal/socket_state.hpp>
#include <rouse/loop/internal/state_task.hpp>
#include <rouse/loop/loop_server.hpp>
#include <rouse/net/tcp_listener.hpp>
#include <rouse/net/unix_listener.hpp>

#include <optional>
#include <variant>

namespace rouse::internal {

template <class Listener, class Stream>
struct listening {
  Listener listener;
  std::optional<net::accept_operation<Stream>> accepting;
};

class server_state {
 public:
  using tcp = listening<net::tcp_listener, net::tcp_stream>;
  using local = listening<net::unix_listener, net::unix_stream>;
  using any_listener = std::variant<std::monostate, tcp, local>;

  static loop_server open(loop_core& core, any_listener from, callback<void(loop_socket)>&& f,
                          const loop_socket_options& options);

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }
  void close(callback<void()>&& closed);
  void set_ref(bool refd);
  [[nodiscard]] bool is_closed() const noexcept { return is_closed_; }
  [[nodiscard]] net::address local_address() const;
  void set_on_error(callback<void(const error&)>&& f) {
    if (!is_closed_) on_error_.set(std::move(f));
  }

 private:
  server_state(loop_core& core, any_listener&& from, callback<void(loop_socket)>&& f,
               const loop_socket_options& options)
      : link_(core.alive.get()), hold_(*core.alive), options_(options), listener_(std::move(from)) {
    link_->retain();
    on_connection_.set(std::move(f));
  }
  ~server_state() { link_->release(); }
  friend state_task<server_state>;
  bool run(context& cx);
  void end_task() noexcept {
    is_closed_ = true;
    end();
  }
  template <class Listening>
  bool accept_from(Listening& l, context& cx);
  bool fail(const error& why, context& cx);
  void end() noexcept;

  long references_ = 1;
  alive_count* const link_;
  loop_hold hold_;
  const loop_socket_options options_;
  waker task_;
  any_listener listener_;
  event_slot<void(loop_socket)> on_connection_;
  event_slot<void(const error&)> on_error_;
  bool is_running_ = false;
  bool is_closed_ = false;
};

}  // namespace rouse::internal

// A listening socket in callbacks, TCP or Unix: what Node calls a net.Server.
#pragma once

#include <rouse/base/callback.hpp>
#include <rouse/base/error.hpp>
#include <rouse/loop/loop_socket.hpp>
#include <rouse/net/address.hpp>

#include <utility>

namespace rouse {

namespace internal {
class server_state;
}

/// A handle; copies are handles of the same server. The loop's thread only. It listens until
/// `close`, whoever holds a handle.
class loop_server {
 public:
  loop_server() noexcept = default;  ///< of no server: closed, and only to be assigned to
  loop_server(const loop_server& other) noexcept;
  loop_server(loop_server&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  loop_server& operator=(loop_server other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~loop_server();

  /// Accepting fails for good; the server closes. Without it the error goes where exceptions of
  /// callbacks go. So does in any case that there was no memory for a connection (ENOMEM), which
  /// may be closed then; the server goes on.
  const loop_server& on_error(callback<void(const error&)> f) const;
  /// Accepts no further connection; `closed` is called in the next closing phase. Those that were
  /// accepted live on.
  void close(callback<void()> closed = {}) const;
  /// Whether the server keeps its loop alive; it does at first.
  void ref() const;
  void unref() const;

  explicit operator bool() const noexcept { return state_ != nullptr; }
  [[nodiscard]] bool is_closed() const noexcept;
  /// Where it listens, with the port that port 0 has become. Names nothing once it is closed.
  [[nodiscard]] net::address local_address() const;

 private:
  friend internal::server_state;
  explicit loop_server(internal::server_state& counted) noexcept : state_(&counted) {}
  [[nodiscard]] internal::server_state& state() const noexcept;
  internal::server_state* state_ = nullptr;
};

}  // namespace rouse

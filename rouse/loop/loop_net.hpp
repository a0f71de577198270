// Sockets of a loop: `loop.net().connect(...)`, `loop.net().listen(...)`.
#pragma once

#include <rouse/loop/loop.hpp>
#include <rouse/loop/loop_server.hpp>
#include <rouse/loop/loop_socket.hpp>
#include <rouse/net/tcp_listener.hpp>

#include <string>

namespace rouse {

/// What `loop.net()` gives; lives as long as its loop.
/// @example
///   auto server = loop.net().listen("127.0.0.1:7000", [](rouse::loop_socket client) {
///     client.on_data([client](auto bytes) { client.write(bytes); });
///   });
class loop_net {
 public:
  explicit loop_net(loop& of) noexcept : loop_(&of) {}

  /// Connects to "host:port", names included, or "unix:/path", "unix:@abstract". Failures come as
  /// on_error.
  loop_socket connect(std::string where, const loop_socket_options& options = {}) const;
  loop_socket connect(std::string where, callback<void()> connected,
                      const loop_socket_options& options = {}) const;
  /// Listens at "address:port", port 0 for one that is free, or at "unix:/path"; and calls
  /// `connected` with each connection.
  /// @errors  throws io_error: EADDRINUSE, EACCES, invalid_input, ...
  loop_server listen(std::string_view where, callback<void(loop_socket)> connected,
                     const loop_socket_options& options = {}) const;
  /// The same on a socket that listens already, made or adopted where this loop's parts are
  /// current.
  loop_server listen(net::tcp_listener on, callback<void(loop_socket)> connected,
                     const loop_socket_options& options = {}) const;

 private:
  loop* loop_;
};

inline loop_net loop::net() noexcept { return loop_net(*this); }

}  // namespace rouse

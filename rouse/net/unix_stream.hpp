// A Unix stream connection.
#pragma once

#include <rouse/net/stream.hpp>

namespace rouse::net {

/// The process at the other end, as the kernel saw it when the connection was made.
struct peer_credentials {
  int pid = 0;  ///< may have been reused since
  unsigned uid = 0;
  unsigned gid = 0;
};

/// A stream over a Unix socket: `net::connect_unix` and `unix_listener::accept` make one.
class unix_stream : public stream {
 public:
  unix_stream() noexcept = default;  ///< no connection; only to be assigned to
  unix_stream(unix_stream&&) noexcept = default;
  unix_stream& operator=(unix_stream&&) noexcept = default;
  /// For listeners and connects.
  unix_stream(source connected, address peer) noexcept
      : stream(std::move(connected), std::move(peer)) {}

  /// Two connected ends in this process. @errors  no_context, EMFILE, ...
  [[nodiscard]] static result<std::pair<unix_stream, unix_stream>> pair() noexcept;
  /// Takes over a connected Unix stream socket. @errors  as tcp_stream::adopt.
  [[nodiscard]] static result<unix_stream> adopt(int fd) noexcept;

  [[nodiscard]] result<peer_credentials> credentials() const noexcept;
};

}  // namespace rouse::net

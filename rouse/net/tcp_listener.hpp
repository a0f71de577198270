// Where TCP connections arrive.
#pragma once

#include <rouse/net/listener.hpp>
#include <rouse/net/tcp_stream.hpp>

namespace rouse::net {

struct listen_options {
  int backlog =
      1024;  ///< connections that the kernel holds until they are accepted; capped by somaxconn
  bool reuse_address = true;  ///< listen again at once after a restart
  bool reuse_port = false;  ///< several listeners share the port, connections are spread over them
  bool ipv6_only = false;   ///< `[::]` takes IPv4 too unless set
  std::size_t receive_buffer_bytes = 0;  ///< of accepted connections; 0: the system's default
  std::size_t send_buffer_bytes = 0;     ///< likewise
};

/// `net::listen` makes one. Accepted connections have TCP_NODELAY on.
/// @example  `for (;;) clients.spawn(serve((co_await listener.accept()).stream));`
class tcp_listener : public listener {
 public:
  tcp_listener() noexcept = default;  ///< listens nowhere; only to be assigned to
  tcp_listener(tcp_listener&&) noexcept = default;
  tcp_listener& operator=(tcp_listener&&) noexcept = default;

  /// Listens at an IPv4 or IPv6 address, port 0 for one that is free. Does not wait; `net::listen`
  /// also takes names.
  /// @errors  no_context, invalid_input (no IP address), EADDRINUSE, EADDRNOTAVAIL, EACCES, EMFILE,
  /// ...
  [[nodiscard]] static result<tcp_listener> bind(const address& at,
                                                 const listen_options& options = {}) noexcept;
  /// Takes over a listening TCP socket; its options stay as they are. Closed when that fails.
  /// @errors  no_context, invalid_input (no listening TCP socket), ENOTSOCK, ENOMEM.
  [[nodiscard]] static result<tcp_listener> adopt(int fd) noexcept;

  /// Waits for the next connection. Connections that died in the backlog are skipped; with no
  /// descriptors left the reactor sheds or pauses, and says so in its metrics.
  /// @cancel  Safe: a connection that came late is kept for the next accept.
  [[nodiscard]] accept_operation<tcp_stream> accept() noexcept { return {*this, source_kind::tcp}; }

  /// Closes now; connections that nobody accepted are reset.
  void close() noexcept { source_.close(); }
  /// Detaches and gives the descriptor to the caller; connections that a cancelled accept left are
  /// closed.
  [[nodiscard]] int release() noexcept { return source_.release().release(); }

 private:
  explicit tcp_listener(source from) noexcept : listener(std::move(from)) {}
};

}  // namespace rouse::net

// A TCP connection.
#pragma once

#include <rouse/net/stream.hpp>

namespace rouse::net {

/// Probes of an idle connection. Whole seconds; the kernel rounds nothing for us, so 1 s is the
/// least.
struct keep_alive_options {
  unsigned idle_s = 60;     ///< silence before the first probe
  unsigned between_s = 10;  ///< between probes
  unsigned probes = 6;      ///< unanswered, then the connection fails with ETIMEDOUT
};

/// A stream over TCP: `net::connect` and `tcp_listener::accept` make one. TCP_NODELAY is on from
/// the start.
class tcp_stream : public stream {
 public:
  tcp_stream() noexcept = default;  ///< no connection; only to be assigned to
  tcp_stream(tcp_stream&&) noexcept = default;
  tcp_stream& operator=(tcp_stream&&) noexcept = default;
  /// For listeners and connects.
  tcp_stream(source connected, address peer) noexcept
      : stream(std::move(connected), std::move(peer)) {}

  /// Takes over a connected TCP socket, blocking or not; its options stay as they are. Closed when
  /// that fails.
  /// @errors  no_context (no reactor on this thread), invalid_input (no TCP stream), ENOTCONN,
  /// ENOTSOCK, ENOMEM.
  [[nodiscard]] static result<tcp_stream> adopt(int fd) noexcept;

  result<void> set_nodelay(
      bool on) noexcept;  ///< off: small writes wait for acknowledgements (Nagle)
  [[nodiscard]] result<bool> nodelay() const noexcept;
  result<void> set_keep_alive(keep_alive_options options = {}) noexcept;
  result<void> clear_keep_alive() noexcept;
  /// What close() does with bytes that are not yet acknowledged: 0 throws them away and resets the
  /// connection. Other values would let close() wait for as long, on this thread, and are refused:
  /// await the peer's end instead.
  result<void> set_linger_zero(bool on) noexcept;
  /// How long sent bytes may stay unacknowledged before the connection fails with ETIMEDOUT;
  /// rounded up to milliseconds, 0 for the system's default.
  result<void> set_user_timeout(nanoseconds longest) noexcept;
};

}  // namespace rouse::net

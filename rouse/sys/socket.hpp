// Making sockets, naming them, and their options. Moving bytes through them is the reactor's matter
// (nonblocking.hpp).
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/sys/address.hpp>
#include <rouse/sys/descriptor.hpp>

#include <cstddef>

namespace rouse::sys {

enum class socket_type : unsigned char { stream, datagram, sequenced };

/// Close-on-exec and non-blocking. Errors: EMFILE, ENFILE, EAFNOSUPPORT, ...
[[nodiscard]] result<descriptor> open_socket(address_family family, socket_type type);
struct socket_pair {
  descriptor first;
  descriptor second;
};
/// Two connected Unix sockets, close-on-exec and non-blocking.
[[nodiscard]] result<socket_pair> open_socket_pair(socket_type type = socket_type::stream);

[[nodiscard]] result<void> bind(int fd, const socket_address& to);
[[nodiscard]] result<void> listen(int fd, int backlog);
enum class shutdown_side : unsigned char { receive, send, both };
[[nodiscard]] result<void> shutdown(int fd, shutdown_side side);

[[nodiscard]] result<socket_address> local_address(int fd);
[[nodiscard]] result<socket_address> peer_address(int fd);
struct peer_credentials {
  int pid = 0;
  unsigned uid = 0;
  unsigned gid = 0;
};
/// Of a Unix socket's peer, when it connected (SO_PEERCRED).
[[nodiscard]] result<peer_credentials> credentials_of_peer(int fd);
/// SO_ERROR, taken: 0 or an errno.
[[nodiscard]] result<int> take_error(int fd);

/// What a descriptor that somebody hands us is (SO_DOMAIN, SO_TYPE, SO_ACCEPTCONN). Errors:
/// ENOTSOCK.
struct socket_facts {
  address_family family = address_family::none;
  socket_type type = socket_type::stream;
  bool is_listening = false;
};
[[nodiscard]] result<socket_facts> facts_of(int fd);

[[nodiscard]] result<void> set_no_delay(int fd, bool on);
[[nodiscard]] result<bool> no_delay(int fd);
[[nodiscard]] result<void> set_reuse_address(int fd, bool on);
[[nodiscard]] result<void> set_reuse_port(int fd, bool on);
[[nodiscard]] result<void> set_ipv6_only(int fd, bool on);
/// Zero-second linger: the close sends RST. `seconds` < 0 turns lingering off.
[[nodiscard]] result<void> set_linger(int fd, int seconds);
[[nodiscard]] result<void> set_keep_alive(int fd, bool on);
/// Idle seconds before the first probe, seconds between probes, probes before the connection is
/// given up.
[[nodiscard]] result<void> set_keep_alive_times(int fd, int idle_s, int between_s, int probes);
/// Milliseconds that sent data may stay unacknowledged (TCP_USER_TIMEOUT); 0: the system's default.
[[nodiscard]] result<void> set_user_timeout(int fd, unsigned ms);
/// The kernel doubles what it is given.
[[nodiscard]] result<void> set_receive_buffer(int fd, int bytes);
[[nodiscard]] result<void> set_send_buffer(int fd, int bytes);
[[nodiscard]] result<int> receive_buffer(int fd);
[[nodiscard]] result<int> send_buffer(int fd);

/// O_NONBLOCK.
[[nodiscard]] result<void> set_nonblocking(int fd, bool on);
[[nodiscard]] result<bool> is_nonblocking(int fd);
/// A second descriptor for the same thing, close-on-exec.
[[nodiscard]] result<descriptor> duplicate(int fd);

}  // namespace rouse::sys

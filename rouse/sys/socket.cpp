#include <rouse/sys/socket.hpp>

#include <rouse/sys/internal/answer.hpp>
#include <rouse/sys/table.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace rouse::sys {
namespace {

using internal::done;
using internal::failure;

int native(address_family family) noexcept {
  switch (family) {
    case address_family::ipv4: return AF_INET;
    case address_family::ipv6: return AF_INET6;
    case address_family::unix_path: return AF_UNIX;
    case address_family::none: break;
  }
  return AF_UNSPEC;
}

int native(socket_type type) noexcept {
  switch (type) {
    case socket_type::stream: return SOCK_STREAM;
    case socket_type::datagram: return SOCK_DGRAM;
    case socket_type::sequenced: return SOCK_SEQPACKET;
  }
  return SOCK_STREAM;
}

result<descriptor> own(const char* operation, int fd) noexcept {
  if (fd < 0) return std::unexpected(failure(operation, fd));
  return descriptor(fd);
}

template <class T>
result<void> set(int fd, int level, int name, const T& value) noexcept {
  return done("setsockopt", calls().setsockopt(fd, level, name, &value, sizeof value));
}

result<int> get(int fd, int level, int name) noexcept {
  int value = 0;
  unsigned bytes = sizeof value;
  if (const int n = calls().getsockopt(fd, level, name, &value, &bytes); n < 0)
    return std::unexpected(failure("getsockopt", n));
  return value;
}

template <class Call>
result<socket_address> name_of(const char* operation, int fd, Call call) noexcept {
  socket_address a;
  unsigned bytes = socket_address::bytes_max;
  if (const int n = call(fd, a.data(), &bytes); n < 0)
    return std::unexpected(failure(operation, n));
  a.set_size(bytes);
  return a;
}

}  // namespace

result<descriptor> open_socket(address_family family, socket_type type) {
  return own("socket",
             calls().socket(native(family), native(type) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

result<socket_pair> open_socket_pair(socket_type type) {
  int pair[2];
  const int n = calls().socketpair(AF_UNIX, native(type) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
  if (n < 0) return std::unexpected(failure("socketpair", n));
  return socket_pair{descriptor(pair[0]), descriptor(pair[1])};
}

result<void> bind(int fd, const socket_address& to) {
  return done("bind", calls().bind(fd, to.data(), to.size()));
}
result<void> listen(int fd, int backlog) { return done("listen", calls().listen(fd, backlog)); }
result<void> shutdown(int fd, shutdown_side side) {
  const int how = side == shutdown_side::receive ? SHUT_RD
                  : side == shutdown_side::send  ? SHUT_WR
                                                 : SHUT_RDWR;
  return done("shutdown", calls().shutdown(fd, how));
}

result<socket_address> local_address(int fd) {
  return name_of("getsockname", fd, calls().getsockname);
}
result<socket_address> peer_address(int fd) {
  return name_of("getpeername", fd, calls().getpeername);
}
result<peer_credentials> credentials_of_peer(int fd) {
  ucred native{};
  unsigned bytes = sizeof native;
  if (const int n = calls().getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &native, &bytes); n < 0)
    return std::unexpected(failure("getsockopt", n));
  return peer_credentials{native.pid, native.uid, native.gid};
}
result<int> take_error(int fd) { return get(fd, SOL_SOCKET, SO_ERROR); }

result<socket_facts> facts_of(int fd) {
  const auto domain = get(fd, SOL_SOCKET, SO_DOMAIN);
  if (!domain) return std::unexpected(domain.error());
  const auto type = get(fd, SOL_SOCKET, SO_TYPE);
  if (!type) return std::unexpected(type.error());
  const auto listening = get(fd, SOL_SOCKET, SO_ACCEPTCONN);
  if (!listening) return std::unexpected(listening.error());
  socket_facts facts;
  facts.family = *domain == AF_INET    ? address_family::ipv4
                 : *domain == AF_INET6 ? address_family::ipv6
                 : *domain == AF_UNIX  ? address_family::unix_path
                                       : address_family::none;
  facts.type = *type == SOCK_DGRAM       ? socket_type::datagram
               : *type == SOCK_SEQPACKET ? socket_type::sequenced
                                         : socket_type::stream;
  facts.is_listening = *listening != 0;
  return facts;
}

result<void> set_no_delay(int fd, bool on) { return set(fd, IPPROTO_TCP, TCP_NODELAY, int{on}); }
result<bool> no_delay(int fd) {
  const auto value = get(fd, IPPROTO_TCP, TCP_NODELAY);
  if (!value) return std::unexpected(value.error());
  return *value != 0;
}
result<void> set_reuse_address(int fd, bool on) {
  return set(fd, SOL_SOCKET, SO_REUSEADDR, int{on});
}
result<void> set_reuse_port(int fd, bool on) { return set(fd, SOL_SOCKET, SO_REUSEPORT, int{on}); }
result<void> set_ipv6_only(int fd, bool on) { return set(fd, IPPROTO_IPV6, IPV6_V6ONLY, int{on}); }
result<void> set_linger(int fd, int seconds) {
  return set(fd, SOL_SOCKET, SO_LINGER, linger{seconds >= 0, seconds >= 0 ? seconds : 0});
}
result<void> set_keep_alive(int fd, bool on) { return set(fd, SOL_SOCKET, SO_KEEPALIVE, int{on}); }
result<void> set_keep_alive_times(int fd, int idle_s, int between_s, int probes) {
  if (auto ok = set(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle_s); !ok) return ok;
  if (auto ok = set(fd, IPPROTO_TCP, TCP_KEEPINTVL, between_s); !ok) return ok;
  return set(fd, IPPROTO_TCP, TCP_KEEPCNT, probes);
}
result<void> set_user_timeout(int fd, unsigned ms) {
  return set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, ms);
}
result<void> set_receive_buffer(int fd, int bytes) { return set(fd, SOL_SOCKET, SO_RCVBUF, bytes); }
result<void> set_send_buffer(int fd, int bytes) { return set(fd, SOL_SOCKET, SO_SNDBUF, bytes); }
result<int> receive_buffer(int fd) { return get(fd, SOL_SOCKET, SO_RCVBUF); }
result<int> send_buffer(int fd) { return get(fd, SOL_SOCKET, SO_SNDBUF); }

result<bool> is_nonblocking(int fd) {
  const int flags = calls().fcntl(fd, F_GETFL, 0);
  if (flags < 0) return std::unexpected(failure("fcntl", flags));
  return (flags & O_NONBLOCK) != 0;
}

result<void> set_nonblocking(int fd, bool on) {
  const int flags = calls().fcntl(fd, F_GETFL, 0);
  if (flags < 0) return std::unexpected(failure("fcntl", flags));
  const int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  return wanted == flags ? result<void>() : done("fcntl", calls().fcntl(fd, F_SETFL, wanted));
}

result<descriptor> duplicate(int fd) { return own("dup", calls().duplicate(fd)); }

}  // namespace rouse::sys

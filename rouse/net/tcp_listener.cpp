#include <rouse/net/tcp_listener.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/net/internal/attach.hpp>
#include <rouse/net/internal/native_address.hpp>
#include <rouse/reactor/reactor.hpp>

#include <algorithm>
#include <climits>

namespace rouse::net {
namespace {

int clamp_bytes(std::size_t bytes) noexcept {
  return static_cast<int>(std::min<std::size_t>(bytes, static_cast<std::size_t>(INT_MAX / 2)));
}

/// What accepted connections inherit (TCP_NODELAY, buffers) is set here once, not at each accept.
result<void> prepare(int fd, const address& at, const listen_options& options) noexcept {
  if (options.reuse_address)
    if (auto set = sys::set_reuse_address(fd, true); !set) return set;
  if (options.reuse_port)
    if (auto set = sys::set_reuse_port(fd, true); !set) return set;
  if (at.is_ipv6())
    if (auto set = sys::set_ipv6_only(fd, options.ipv6_only); !set) return set;
  if (options.receive_buffer_bytes)
    if (auto set = sys::set_receive_buffer(fd, clamp_bytes(options.receive_buffer_bytes)); !set)
      return set;
  if (options.send_buffer_bytes)
    if (auto set = sys::set_send_buffer(fd, clamp_bytes(options.send_buffer_bytes)); !set)
      return set;
  if (auto set = sys::set_no_delay(fd, true); !set) return set;
  if (auto bound = sys::bind(fd, internal::to_native(at)); !bound) return bound;
  return sys::listen(fd, options.backlog);
}

}  // namespace

result<tcp_listener> tcp_listener::bind(const address& at, const listen_options& options) noexcept {
  ROUSE_ASSERT(options.backlog > 0);
  if (!at.is_ip()) return std::unexpected(error("listen: no IP address", errc::invalid_input));
  const auto here = internal::current_reactor("listen");
  if (!here) return std::unexpected(here.error());
  const auto family = at.is_ipv4() ? sys::address_family::ipv4 : sys::address_family::ipv6;
  auto fd = sys::open_socket(family, sys::socket_type::stream);
  if (!fd) return std::unexpected(fd.error());
  if (auto ready = prepare(fd->get(), at, options); !ready) return std::unexpected(ready.error());
  auto attached = (*here)->attach(std::move(*fd), source_kind::listener);
  if (!attached) return std::unexpected(attached.error());
  return tcp_listener(std::move(*attached));
}

result<tcp_listener> tcp_listener::adopt(int fd) noexcept {
  auto attached = internal::adopt_listener(sys::descriptor(fd), false);
  if (!attached) return std::unexpected(attached.error());
  return tcp_listener(std::move(*attached));
}

}  // namespace rouse::net

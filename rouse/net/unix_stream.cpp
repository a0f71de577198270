#include <rouse/net/unix_stream.hpp>

#include <rouse/net/internal/attach.hpp>
#include <rouse/reactor/reactor.hpp>

namespace rouse::net {

result<std::pair<unix_stream, unix_stream>> unix_stream::pair() noexcept {
  const auto here = internal::current_reactor("socketpair");
  if (!here) return std::unexpected(here.error());
  auto ends = sys::open_socket_pair();
  if (!ends) return std::unexpected(ends.error());
  auto first = (*here)->attach(std::move(ends->first), source_kind::stream);
  if (!first) return std::unexpected(first.error());
  auto second = (*here)->attach(std::move(ends->second), source_kind::stream);
  if (!second) return std::unexpected(second.error());
  return std::pair(unix_stream(std::move(*first), address::unix_unnamed()),
                   unix_stream(std::move(*second), address::unix_unnamed()));
}

result<unix_stream> unix_stream::adopt(int fd) noexcept {
  auto adopted = internal::adopt_stream(sys::descriptor(fd), true);
  if (!adopted) return std::unexpected(adopted.error());
  return unix_stream(std::move(adopted->attached), std::move(adopted->peer));
}

result<peer_credentials> unix_stream::credentials() const noexcept {
  const auto native = sys::credentials_of_peer(fd());
  if (!native) return std::unexpected(native.error());
  return peer_credentials{native->pid, native->uid, native->gid};
}

}  // namespace rouse::net

#include <rouse/net/internal/attach.hpp>

#include <rouse/core/current.hpp>
#include <rouse/net/internal/native_address.hpp>
#include <rouse/reactor/reactor.hpp>

namespace rouse::net::internal {
namespace {

result<void> check(int fd, bool unix_domain, bool listening) noexcept {
  const auto facts = sys::facts_of(fd);
  if (!facts) return std::unexpected(error("adopt", facts.error().code));
  const bool is_unix = facts->family == sys::address_family::unix_path;
  const bool is_ip =
      facts->family == sys::address_family::ipv4 || facts->family == sys::address_family::ipv6;
  if (!(unix_domain ? is_unix : is_ip) || facts->type != sys::socket_type::stream)
    return std::unexpected(error("adopt: another kind of socket", errc::invalid_input));
  if (facts->is_listening != listening)
    return std::unexpected(
        error(listening ? "adopt: the socket does not listen" : "adopt: the socket listens",
              errc::invalid_input));
  return {};
}

}  // namespace

result<reactor*> current_reactor(const char* operation) noexcept {
  reactor* here = current<reactor>::get();
  if (!here) return std::unexpected(error(operation, errc::no_context));
  return here;
}

result<adopted> adopt_stream(sys::descriptor fd, bool unix_domain) noexcept {
  const auto here = current_reactor("adopt");
  if (!here) return std::unexpected(here.error());
  if (auto fits = check(fd.get(), unix_domain, false); !fits) return std::unexpected(fits.error());
  const auto peer = sys::peer_address(fd.get());
  if (!peer) return std::unexpected(error("adopt", peer.error().code));
  auto attached =
      (*here)->attach(std::move(fd), unix_domain ? source_kind::stream : source_kind::tcp);
  if (!attached) return std::unexpected(attached.error());
  return adopted{std::move(*attached), from_native(*peer)};
}

result<source> adopt_listener(sys::descriptor fd, bool unix_domain) noexcept {
  const auto here = current_reactor("adopt");
  if (!here) return std::unexpected(here.error());
  if (auto fits = check(fd.get(), unix_domain, true); !fits) return std::unexpected(fits.error());
  return (*here)->attach(std::move(fd), source_kind::listener);
}

address peer_of(int fd) noexcept {
  const auto native = sys::peer_address(fd);
  return native ? from_native(*native) : address();
}

}  // namespace rouse::net::internal

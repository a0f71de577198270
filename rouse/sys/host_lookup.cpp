#include <rouse/sys/host_lookup.hpp>

#include <rouse/sys/table.hpp>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace rouse::sys {
namespace {

int native(address_family family) noexcept {
  switch (family) {
    case address_family::ipv4: return AF_INET;
    case address_family::ipv6: return AF_INET6;
    default: return AF_UNSPEC;
  }
}

error why(int code, int errno_value) noexcept {
  switch (code) {
    case EAI_NONAME:
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
    case EAI_ADDRFAMILY:
#endif
      return {"resolve", errc::host_not_found};
    case EAI_AGAIN: return {"resolve: no answer from the name servers", EAGAIN};
    case EAI_MEMORY: return {"resolve", ENOMEM};
    case EAI_SYSTEM: return {"resolve", errno_value ? errno_value : EIO};
    default: return {"resolve: the name servers failed", EIO};
  }
}

void set_port(sockaddr* to, std::uint16_t port) noexcept {
  if (to->sa_family == AF_INET) reinterpret_cast<sockaddr_in*>(to)->sin_port = htons(port);
  if (to->sa_family == AF_INET6) reinterpret_cast<sockaddr_in6*>(to)->sin6_port = htons(port);
}

}  // namespace

result<std::size_t> look_up_host(const char* host, std::uint16_t port, address_family family,
                                 std::span<socket_address> into) noexcept {
  addrinfo hints{};
  hints.ai_family = native(family);
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  errno = 0;
  const int code = calls().getaddrinfo(host, nullptr, &hints, reinterpret_cast<void**>(&found));
  if (code != 0) return std::unexpected(why(code, errno));
  std::size_t count = 0;
  for (const addrinfo* a = found; a && count < into.size(); a = a->ai_next) {
    if (a->ai_family != AF_INET && a->ai_family != AF_INET6) continue;
    set_port(a->ai_addr, port);
    into[count++] = socket_address::from_native(a->ai_addr, a->ai_addrlen);
  }
  calls().freeaddrinfo(found);
  if (count == 0) return std::unexpected(error("resolve", errc::host_not_found));
  return count;
}

}  // namespace rouse::sys

#include <rouse/sys/address.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>

namespace rouse::sys {
namespace {

static_assert(socket_address::bytes_max == sizeof(sockaddr_storage));
static_assert(socket_address::path_bytes_max == sizeof(sockaddr_un::sun_path) - 1);
constexpr std::size_t path_at = offsetof(sockaddr_un, sun_path);

template <class Native>
Native view(const void* bytes) noexcept {
  Native n;
  std::memcpy(&n, bytes, sizeof n);
  return n;
}

}  // namespace

socket_address socket_address::ipv4(std::span<const std::uint8_t, 4> bytes,
                                    std::uint16_t port) noexcept {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  std::memcpy(&in.sin_addr, bytes.data(), bytes.size());
  return from_native(&in, sizeof in);
}

socket_address socket_address::ipv6(std::span<const std::uint8_t, 16> bytes, std::uint16_t port,
                                    std::uint32_t scope) noexcept {
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  in.sin6_scope_id = scope;
  std::memcpy(&in.sin6_addr, bytes.data(), bytes.size());
  return from_native(&in, sizeof in);
}

socket_address socket_address::loopback_v4(std::uint16_t port) noexcept {
  constexpr std::uint8_t bytes[4] = {127, 0, 0, 1};
  return ipv4(bytes, port);
}

result<socket_address> socket_address::unix_path(std::string_view path) noexcept {
  const bool abstract = !path.empty() && path.front() == '\0';
  if (path.empty() || (!abstract && path.find('\0') != std::string_view::npos))
    return std::unexpected(error("address", errc::invalid_input));
  if (path.size() > path_bytes_max) return std::unexpected(error("address", errc::too_large));
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, path.data(), path.size());
  // an abstract name is exactly its bytes; a path ends with a NUL
  return from_native(&un, static_cast<unsigned>(path_at + path.size() + (abstract ? 0 : 1)));
}

socket_address socket_address::from_native(const void* native, unsigned bytes) noexcept {
  socket_address a;
  a.set_size(bytes);
  std::memcpy(a.bytes_, native, a.size_);
  return a;
}

address_family socket_address::family() const noexcept {
  if (size_ < sizeof(sa_family_t)) return address_family::none;
  switch (view<sa_family_t>(bytes_)) {
    case AF_INET: return address_family::ipv4;
    case AF_INET6: return address_family::ipv6;
    case AF_UNIX: return address_family::unix_path;
    default: return address_family::none;
  }
}

std::uint16_t socket_address::port() const noexcept {
  switch (family()) {
    case address_family::ipv4: return ntohs(view<sockaddr_in>(bytes_).sin_port);
    case address_family::ipv6: return ntohs(view<sockaddr_in6>(bytes_).sin6_port);
    default: return 0;
  }
}

std::uint32_t socket_address::scope() const noexcept {
  return family() == address_family::ipv6 ? view<sockaddr_in6>(bytes_).sin6_scope_id : 0;
}

std::span<const std::uint8_t> socket_address::ip() const noexcept {
  switch (family()) {
    case address_family::ipv4: return {bytes_ + offsetof(sockaddr_in, sin_addr), 4};
    case address_family::ipv6: return {bytes_ + offsetof(sockaddr_in6, sin6_addr), 16};
    default: return {};
  }
}

std::string_view socket_address::path() const noexcept {
  if (family() != address_family::unix_path || size_ <= path_at) return {};
  const char* p = reinterpret_cast<const char*>(bytes_) + path_at;
  const std::size_t bytes = size_ - path_at;
  if (*p == '\0') return {p, bytes};
  return {p, ::strnlen(p, bytes)};
}

}  // namespace rouse::sys

#include <rouse/net/internal/native_address.hpp>

#include <cstring>

namespace rouse::net::internal {

sys::socket_address to_native(const address& a) noexcept {
  switch (a.family()) {
    case address_family::none: break;
    case address_family::ipv4: return sys::socket_address::ipv4(a.bytes().first<4>(), a.port());
    case address_family::ipv6:
      return sys::socket_address::ipv6(a.bytes().first<16>(), a.port(), a.scope());
    case address_family::unix_domain: {
      char path[address::path_bytes_max];
      std::size_t size = 0;
      if (a.is_abstract()) path[size++] = '\0';
      std::memcpy(path + size, a.path().data(), a.path().size());
      size += a.path().size();
      if (auto native = sys::socket_address::unix_path({path, size})) return *native;
      break;
    }
  }
  return {};
}

address from_native(const sys::socket_address& native) noexcept {
  switch (native.family()) {
    case sys::address_family::none: break;
    case sys::address_family::ipv4: {
      const auto ip = native.ip();
      return address::ipv4(ip[0], ip[1], ip[2], ip[3], native.port());
    }
    case sys::address_family::ipv6:
      return address::ipv6(native.ip().first<16>(), native.port(), native.scope());
    case sys::address_family::unix_path: {
      const std::string_view path = native.path();
      if (path.empty()) return address::unix_unnamed();
      auto named =
          path[0] == '\0' ? address::unix_abstract(path.substr(1)) : address::unix_path(path);
      if (named) return std::move(*named);
      break;
    }
  }
  return {};
}

}  // namespace rouse::net::internal

// Where a socket is or shall be: IPv4, IPv6 or a Unix path, in the kernel's own form but without its headers.
#pragma once

#include <rouse/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rouse::sys {

enum class address_family : unsigned char { none, ipv4, ipv6, unix_path };

/// A socket address by value: 128 bytes, trivially copyable, laid out as the kernel wants it.
class socket_address {
 public:
  static constexpr unsigned bytes_max = 128;  // sizeof(sockaddr_storage)

  socket_address() noexcept = default;
  /// `host_order` is 0x7f000001 for 127.0.0.1.
  static socket_address ipv4(std::uint32_t host_order, std::uint16_t port) noexcept;
  /// `bytes` are 16 in network order; `scope` is the interface index of a link-local address.
  static socket_address ipv6(const unsigned char* bytes, std::uint16_t port, std::uint32_t scope = 0) noexcept;
  /// A numeric address, "127.0.0.1" or "::1" (no brackets, no names). Errors: invalid_input.
  static result<socket_address> parse(std::string_view numeric, std::uint16_t port) noexcept;
  /// A path of 1 to 107 bytes, or an abstract name when its first byte is NUL. Errors: invalid_input, too_large.
  static result<socket_address> unix_path(std::string_view path) noexcept;
  /// A copy of a `sockaddr` of `bytes` bytes.
  static socket_address from_native(const void* native, unsigned bytes) noexcept;

  [[nodiscard]] address_family family() const noexcept;
  [[nodiscard]] std::uint16_t port() const noexcept;  ///< 0 when the family has none
  void set_port(std::uint16_t port) noexcept;
  /// The path of a Unix address; empty for an unnamed one and for other families.
  [[nodiscard]] std::string_view path() const noexcept;
  /// "127.0.0.1:80", "[::1]:80", "unix:/run/x", "unix:@abstract", "unix:" (unnamed) or "" (none).
  [[nodiscard]] std::string text() const;

  /// For the kernel: a `sockaddr*` and its length.
  [[nodiscard]] const void* data() const noexcept { return bytes_; }
  [[nodiscard]] void* data() noexcept { return bytes_; }
  [[nodiscard]] unsigned size() const noexcept { return size_; }
  void set_size(unsigned bytes) noexcept { size_ = bytes < bytes_max ? bytes : bytes_max; }

  friend bool operator==(const socket_address& a, const socket_address& b) noexcept;

 private:
  alignas(8) unsigned char bytes_[bytes_max] = {};
  unsigned size_ = 0;
};

}  // namespace rouse::sys

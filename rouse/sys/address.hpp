// Socket addresses in the kernel's own form but without its headers. `net::address` is what people
// use; it is translated to and from this one where a call is made.
#pragma once

#include <rouse/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rouse::sys {

enum class address_family : unsigned char { none, ipv4, ipv6, unix_path };

/// A `sockaddr_storage` and its length by value; trivially copyable.
class socket_address {
 public:
  static constexpr unsigned bytes_max = 128;       ///< sizeof(sockaddr_storage)
  static constexpr unsigned path_bytes_max = 107;  ///< of a Unix path or abstract name

  socket_address() noexcept = default;
  /// `bytes` are 4 in network order.
  static socket_address ipv4(std::span<const std::uint8_t, 4> bytes, std::uint16_t port) noexcept;
  /// `bytes` are 16 in network order; `scope` is the interface index of a link-local address.
  static socket_address ipv6(std::span<const std::uint8_t, 16> bytes, std::uint16_t port,
                             std::uint32_t scope = 0) noexcept;
  static socket_address loopback_v4(std::uint16_t port) noexcept;
  /// A path, or an abstract name when the first byte is NUL. Errors: invalid_input (empty, NUL
  /// inside a path), too_large.
  static result<socket_address> unix_path(std::string_view path) noexcept;
  /// A copy of a `sockaddr` of `bytes` bytes.
  static socket_address from_native(const void* native, unsigned bytes) noexcept;

  [[nodiscard]] address_family family() const noexcept;
  [[nodiscard]] std::uint16_t port() const noexcept;   ///< 0 when the family has none
  [[nodiscard]] std::uint32_t scope() const noexcept;  ///< IPv6 only
  /// 4 or 16 bytes in network order; empty for other families.
  [[nodiscard]] std::span<const std::uint8_t> ip() const noexcept;
  /// The path, or the abstract name with its leading NUL; empty when unnamed and for other
  /// families.
  [[nodiscard]] std::string_view path() const noexcept;

  /// For the kernel: a `sockaddr*` and its length.
  [[nodiscard]] const void* data() const noexcept { return bytes_; }
  [[nodiscard]] void* data() noexcept { return bytes_; }
  [[nodiscard]] unsigned size() const noexcept { return size_; }
  void set_size(unsigned bytes) noexcept { size_ = bytes < bytes_max ? bytes : bytes_max; }

 private:
  alignas(8) unsigned char bytes_[bytes_max] = {};
  unsigned size_ = 0;
};

}  // namespace rouse::sys

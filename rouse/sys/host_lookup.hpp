// Names to addresses by the system's resolver. Blocks for as long as name servers like: for the
// blocking pool.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/sys/address.hpp>

#include <cstddef>
#include <span>

namespace rouse::sys {

/// Addresses of a TCP service at `host`, the preferred ones first (RFC 6724), written to `into`;
/// gives how many.
/// @param host    NUL-terminated; a name, or a numeric address with a scope by name.
/// @param family  none: any.
/// @errors  host_not_found, EAGAIN (no answer from the name servers), EIO (they failed), ENOMEM.
[[nodiscard]] result<std::size_t> look_up_host(const char* host, std::uint16_t port,
                                               address_family family,
                                               std::span<socket_address> into) noexcept;

}  // namespace rouse::sys

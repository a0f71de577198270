// Between net::address and the kernel's form of it.
#pragma once

#include <rouse/net/address.hpp>
#include <rouse/sys/address.hpp>

namespace rouse::net::internal {

[[nodiscard]] sys::socket_address to_native(const address& a) noexcept;
/// Names nothing when the family is none of ours, or when there is no memory for a Unix name.
[[nodiscard]] address from_native(const sys::socket_address& native) noexcept;

}  // namespace rouse::net::internal

// Host names to addresses, on the blocking pool.
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/net/address.hpp>

#include <vector>

namespace rouse::net {

namespace internal {
class resolve_state;
}

/// `net::resolve(...)`.
class [[nodiscard]] resolve_operation : public fallible<resolve_operation> {
 public:
  resolve_operation(resolve_operation&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)) {}
  ~resolve_operation();
  poll_result<rouse::result<std::vector<address>>> poll(context& cx);
  poll_result<void> poll_cancel(context& cx) noexcept;
  void disown() noexcept;
  [[nodiscard]] std::string subject() const;

 private:
  friend resolve_operation resolve(std::string_view, std::uint16_t, address_family);
  explicit resolve_operation(internal::resolve_state* state) noexcept : state_(state) {}
  internal::resolve_state* state_;
};

/// Addresses of `host` at `port`, the preferred ones first (RFC 6724), at most 32. Numeric
/// addresses are answered at once.
///
/// @param host    a name that check_host_name accepts, or a numeric address; `fe80::1%eth0` too.
/// @param family  ipv4 or ipv6 alone; none: both.
/// @errors  invalid_input before any query, host_not_found, EAGAIN (no answer from the name
/// servers), EIO (they failed),
///          no_context (no blocking pool on this thread).
/// @cancel  Safe: the look-up is abandoned, and its thread comes back when the name servers answer
/// or give up.
[[nodiscard]] resolve_operation resolve(std::string_view host, std::uint16_t port,
                                        address_family family = address_family::none);

}  // namespace rouse::net

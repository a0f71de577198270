// Host names in callbacks: `net::resolve`, under the name of Node.js.
#pragma once

#include <rouse/loop/loop.hpp>
#include <rouse/net/address.hpp>

#include <string_view>
#include <vector>

namespace rouse {

/// Trivial members only.
struct look_up_options {
  std::uint16_t port = 0;                                  ///< of the addresses that are given
  net::address_family family = net::address_family::none;  ///< ipv4 or ipv6 alone; none: both
};

/// `loop.names()`. A light object: the loop, seen from here.
/// @threads  The loop's.
class loop_names {
 public:
  explicit loop_names(loop& of) noexcept : loop_(&of) {}

  /// Addresses of `host`, the preferred ones first; a numeric one is its own address.
  /// @returns  what `loop::cancel` takes.
  /// @errors   As net::resolve, to `done`. Throws io_error(closed) once the loop has closed.
  request_id look_up(std::string_view host, callback<void(result<std::vector<net::address>>)> done,
                     loop::site at = loop::site::current()) {
    return look_up(host, look_up_options(), std::move(done), at);
  }
  request_id look_up(std::string_view host, const look_up_options& options,
                     callback<void(result<std::vector<net::address>>)> done,
                     loop::site at = loop::site::current());

 private:
  loop* loop_;
};

inline loop_names loop::names() noexcept { return loop_names(*this); }

}  // namespace rouse

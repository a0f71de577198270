// Descriptors become sources of this thread's reactor.
#pragma once

#include <rouse/net/address.hpp>
#include <rouse/reactor/source.hpp>
#include <rouse/sys/socket.hpp>

namespace rouse::net::internal {

/// The reactor of this thread. @errors  no_context.
[[nodiscard]] result<reactor*> current_reactor(const char* operation) noexcept;

struct adopted {
  source attached;
  address peer;
};
/// Checks that `fd` is a connected stream of TCP (`unix_domain` false) or Unix, and attaches it.
[[nodiscard]] result<adopted> adopt_stream(sys::descriptor fd, bool unix_domain) noexcept;
/// The same for a listening socket.
[[nodiscard]] result<source> adopt_listener(sys::descriptor fd, bool unix_domain) noexcept;

/// Who is at the other end; names nothing when it is gone already.
[[nodiscard]] address peer_of(int fd) noexcept;

}  // namespace rouse::net::internal

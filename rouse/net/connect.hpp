// Connecting, by address or by name.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/core/pollable.hpp>
#include <rouse/net/tcp_stream.hpp>
#include <rouse/net/unix_stream.hpp>

namespace rouse::net {

struct connect_options {
  nanoseconds within =
      std::chrono::seconds(30);  ///< longest wait for all of it: the look-up and every address
  nanoseconds stagger = std::chrono::milliseconds(
      250);  ///< head start of an address before the next one is tried beside it
  const address* from = nullptr;  ///< local address; copied by the call; null: the kernel chooses
  std::size_t receive_buffer_bytes = 0;  ///< 0: the system's default
  std::size_t send_buffer_bytes = 0;     ///< likewise
};

namespace internal {

class connect_state;

/// Owns the connecting; the same for TCP and Unix.
class connect_base {
 public:
  connect_base(connect_base&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  ~connect_base();
  poll_result<void> poll_cancel(context& cx) noexcept;
  void disown() noexcept;
  [[nodiscard]] std::string subject() const;

 protected:
  connect_base(result<endpoint> where, const connect_options& options, bool unix_domain);
  poll_result<rouse::result<source>> poll_source(context& cx);
  [[nodiscard]] address peer() const noexcept;

 private:
  connect_state* state_;
};

}  // namespace internal

template <class Stream>
class [[nodiscard]] basic_connect_operation : public internal::connect_base,
                                              public fallible<basic_connect_operation<Stream>> {
 public:
  basic_connect_operation(rouse::result<endpoint> where, const connect_options& options)
      : connect_base(std::move(where), options, std::is_same_v<Stream, unix_stream>) {}
  poll_result<rouse::result<Stream>> poll(context& cx) {
    auto answer = poll_source(cx);
    if (!answer.is_ready()) return pending;
    auto connected = answer.take();
    if (!connected) return std::unexpected(connected.error());
    return rouse::result<Stream>(Stream(std::move(*connected), peer()));
  }
};
using connect_operation = basic_connect_operation<tcp_stream>;
using connect_unix_operation = basic_connect_operation<unix_stream>;

/// Connects over TCP: `"127.0.0.1:80"`, `"[::1]:80"`, `"example.org:80"`, `":80"` (this machine). A
/// name's addresses are tried in the resolver's order, families taking turns, each with a head
/// start before the next joins it (RFC 8305); the first that answers wins. TCP_NODELAY is on.
///
/// @errors  invalid_input (with the bad part), host_not_found, no_context, ETIMEDOUT (`within` ran
/// out), and when every address
///          failed the last one's: ECONNREFUSED, ENETUNREACH, EADDRNOTAVAIL, ...
/// @cancel  Safe; sockets under way are closed.
/// @cost    One allocation for the operation, one per address tried; names need the blocking pool.
/// @example `auto stream = co_await net::connect("example.org:80", {.within = 5s});`
[[nodiscard]] connect_operation connect(std::string_view where,
                                        const connect_options& options = {});
[[nodiscard]] connect_operation connect(endpoint where, const connect_options& options = {});

/// Connects to a Unix socket: a path, `"unix:/path"` or `"unix:@abstract"`. When the listener's
/// backlog is full (EAGAIN, and no event will ever tell) it is tried again until `within` runs out.
/// @errors  ENOENT, ECONNREFUSED (nobody listens), EACCES, ETIMEDOUT, ...
[[nodiscard]] connect_unix_operation connect_unix(std::string_view where,
                                                  const connect_options& options = {});
[[nodiscard]] connect_unix_operation connect_unix(const address& where,
                                                  const connect_options& options = {});

}  // namespace rouse::net

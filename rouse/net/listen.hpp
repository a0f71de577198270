// Listening, by address or by name.
#pragma once

#include <rouse/net/resolve.hpp>
#include <rouse/net/tcp_listener.hpp>
#include <rouse/net/unix_listener.hpp>

#include <optional>

namespace rouse::net {

/// `net::listen(...)`.
class [[nodiscard]] listen_operation : public fallible<listen_operation> {
 public:
  listen_operation(rouse::result<endpoint> where, const listen_options& options) noexcept
      : where_(std::move(where)), options_(options) {}
  poll_result<rouse::result<tcp_listener>> poll(context& cx);
  poll_result<void> poll_cancel(context& cx) noexcept;
  void disown() noexcept;
  [[nodiscard]] std::string subject() const;

 private:
  rouse::result<endpoint> where_;
  listen_options options_;
  std::optional<resolve_operation> lookup_;
  bool cancelled_ = false;
};

/// `net::listen_unix(...)`.
class [[nodiscard]] listen_unix_operation : public fallible<listen_unix_operation> {
 public:
  listen_unix_operation(rouse::result<address> where, const unix_listen_options& options) noexcept
      : where_(std::move(where)), options_(options) {}
  poll_result<rouse::result<unix_listener>> poll(context& cx) noexcept;
  [[nodiscard]] std::string subject() const;

 private:
  rouse::result<address> where_;
  unix_listen_options options_;
};

/// Listens over TCP: `"127.0.0.1:7000"`, `"[::1]:7000"`, `":7000"` (every local address, IPv6 and
/// IPv4), `"localhost:7000"` (the first address of the name that can be had). Port 0 takes one that
/// is free: ask `local_address()`.
///
/// @errors  invalid_input (with the bad part), EADDRINUSE, EADDRNOTAVAIL, EACCES, host_not_found,
/// no_context, ...
/// @example `auto listener = co_await net::listen("127.0.0.1:7000", {.backlog = 64});`
[[nodiscard]] listen_operation listen(std::string_view where, const listen_options& options = {});
[[nodiscard]] listen_operation listen(endpoint where, const listen_options& options = {});

/// Listens at a path, `"unix:/path"` or `"unix:@abstract"`; see unix_listener::bind.
[[nodiscard]] listen_unix_operation listen_unix(std::string_view where,
                                                const unix_listen_options& options = {});
[[nodiscard]] listen_unix_operation listen_unix(const address& where,
                                                const unix_listen_options& options = {});

}  // namespace rouse::net

#include <rouse/net/listen.hpp>

namespace rouse::net {
namespace {

bool is_family_missing(const error& e) noexcept {
  return e == std::errc::address_family_not_supported || e == std::errc::address_not_available;
}

}  // namespace

poll_result<rouse::result<tcp_listener>> listen_operation::poll(context& cx) {
  if (!where_) return std::unexpected(where_.error());
  if (cancelled_ && !lookup_) return pending;
  if (where_->is_resolved()) return tcp_listener::bind(where_->resolved(), options_);
  if (where_->is_any_host()) {  // IPv6 takes IPv4 along, unless this machine has no IPv6
    auto both = tcp_listener::bind(address::any_v6(where_->port()), options_);
    if (both || options_.ipv6_only || !is_family_missing(both.error())) return both;
    return tcp_listener::bind(address::any_v4(where_->port()), options_);
  }
  if (!lookup_) lookup_.emplace(resolve(where_->host(), where_->port()));
  auto answer = lookup_->poll(cx);
  if (!answer.is_ready()) return pending;
  auto found = answer.take();
  if (!found) return std::unexpected(found.error());
  error last("listen", errc::host_not_found);
  for (const address& at : *found) {
    auto made = tcp_listener::bind(at, options_);
    if (made) return made;
    last = made.error();
  }
  return std::unexpected(last);
}

poll_result<void> listen_operation::poll_cancel(context& cx) noexcept {
  cancelled_ = true;
  if (lookup_) return lookup_->poll_cancel(cx);
  return ready;
}

void listen_operation::disown() noexcept {
  if (lookup_) lookup_->disown();
}

std::string listen_operation::subject() const {
  return where_ ? where_->to_string() : std::string();
}

poll_result<rouse::result<unix_listener>> listen_unix_operation::poll(context&) noexcept {
  if (!where_) return std::unexpected(where_.error());
  return unix_listener::bind(*where_, options_);
}

std::string listen_unix_operation::subject() const {
  return where_ ? where_->to_string() : std::string();
}

listen_operation listen(std::string_view where, const listen_options& options) {
  return {endpoint::parse(where), options};
}
listen_operation listen(endpoint where, const listen_options& options) {
  return {std::move(where), options};
}

listen_unix_operation listen_unix(std::string_view where, const unix_listen_options& options) {
  return {where.starts_with("unix:") ? address::parse(where) : address::unix_path(where), options};
}
listen_unix_operation listen_unix(const address& where, const unix_listen_options& options) {
  return {where, options};
}

}  // namespace rouse::net

#include <rouse/net/listener.hpp>

#include <rouse/net/internal/attach.hpp>
#include <rouse/net/internal/native_address.hpp>
#include <rouse/reactor/reactor.hpp>

namespace rouse::net {
namespace {

/// What accept passes on about a connection that died in the backlog, or about the network behind
/// it (accept(2)); the listener itself is well, so the next connection is asked for.
bool concerns_one_connection(int code) noexcept {
  switch (code) {
    case EINTR:
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH: return true;
    default: return false;
  }
}

}  // namespace

namespace internal {

std::string accept_base::subject() const { return from_->subject(); }

poll_result<rouse::result<accepted_source>> accept_base::poll_source(context& cx) noexcept {
  for (;;) {
    if (operation_.is_idle()) operation_.accept(from_->source_);
    if (!operation_.poll(cx)) return pending;
    if (operation_.result() >= 0) break;
    const error failed = operation_.failure();
    if (!concerns_one_connection(failed.code)) return std::unexpected(failed);
    operation_.reset();
  }
  sys::descriptor fd = operation_.take_descriptor();
  reactor* owner = from_->source_.owner();
  if (!owner) return std::unexpected(error("accept", errc::runtime_shut_down));
  address peer = peer_of(fd.get());
  auto connected = owner->attach(std::move(fd), kind_);
  if (!connected) return std::unexpected(error("accept", connected.error().code));
  return rouse::result<accepted_source>(accepted_source{std::move(*connected), std::move(peer)});
}

}  // namespace internal

result<address> listener::local_address() const noexcept {
  const auto native = sys::local_address(fd());
  if (!native) return std::unexpected(native.error());
  return internal::from_native(*native);
}

std::string listener::subject() const {
  const auto here = local_address();
  return here ? here->to_string() : std::string();
}

}  // namespace rouse::net

#include <rouse/http/reply.hpp>

#include <rouse/http/internal/client_exchange.hpp>

namespace rouse::http {

reply::reply(client_exchange* owned) noexcept : exchange_(owned) {}
reply::reply(reply&&) noexcept = default;
reply& reply::operator=(reply&&) noexcept = default;
reply::~reply() = default;

const response& reply::head() const noexcept { return exchange_->head(); }
const url& reply::where() const noexcept { return exchange_->where(); }
body_reader reply::body() noexcept { return body_reader(*exchange_); }
const trailers& reply::trailers() const noexcept { return exchange_->trailers(); }

std::optional<std::string_view> reply::trailer(std::string_view name) const noexcept {
  return exchange_->trailers().find(name);
}

}  // namespace rouse::http

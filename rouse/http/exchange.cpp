#include <rouse/http/exchange.hpp>

namespace rouse::http {

task<result<void>> exchange::flush() {
  has_sent_ = true;
  if (out_->empty()) co_return result<void>();
  sent_ += out_->size() - earlier_;
  earlier_ = 0;
  auto sent = co_await peer_->write_all(io::as_bytes(*out_), {.within = write_limit_}).result();
  out_->clear();
  if (!sent) co_return std::unexpected(sent.error());
  co_return result<void>();
}

task<result<void>> exchange::send(std::span<const std::byte> bytes) {
  auto before = co_await flush();
  if (!before) co_return std::unexpected(before.error());
  auto sent = co_await peer_->write_all(bytes, {.within = write_limit_}).result();
  if (!sent) co_return std::unexpected(sent.error());
  sent_ += bytes.size();
  co_return result<void>();
}

}  // namespace rouse::http

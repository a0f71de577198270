#include <rouse/crypto/operation.hpp>

namespace rouse::crypto {

poll_result<rouse::result<bytes>> operation::poll(context& cx) {
  auto polled = job_.poll(cx);
  if (!polled.is_ready()) return pending;
  auto ended = polled.take();  // how the job ended, around what it computed
  if (!ended) return rouse::result<bytes>(std::unexpected(ended.error()));
  return std::move(*ended);
}

}  // namespace rouse::crypto

#include <rouse/http/output.hpp>

#include <rouse/base/assert.hpp>

namespace rouse::http {

task<result<void>> output::flush() {
  if (text_.empty()) co_return result<void>();
  has_sent_ = true;
  auto sent = co_await to_->write_all(io::as_bytes(text_), {.within = within_}).result();
  if (!sent) co_return std::unexpected(sent.error());
  note_sent();
  co_return result<void>();
}

task<result<void>> output::send(std::span<const std::byte> bytes, std::string_view tail) {
  has_sent_ = true;
  const net::slice parts[] = {io::as_bytes(text_), bytes, io::as_bytes(tail)};
  auto sent =
      co_await to_->write_all(std::span<const net::slice>(parts), {.within = within_}).result();
  if (!sent) co_return std::unexpected(sent.error());
  note_sent(bytes.size() + tail.size());
  co_return result<void>();
}

task<result<std::size_t>> output::send_file(int file, std::uint64_t offset, std::size_t bytes) {
  ROUSE_ASSERT(text_.empty());
  has_sent_ = true;
  auto sent = co_await to_->send_file(file, offset, bytes, {.within = within_}).result();
  if (sent) note_sent(*sent);
  co_return sent;
}

}  // namespace rouse::http

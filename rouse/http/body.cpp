#include <rouse/http/body.hpp>

#include <rouse/http/internal/characters.hpp>
#include <rouse/http/response.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace rouse::http {
namespace {

task<result<std::size_t>> read_into(body_source& from, std::span<const std::byte>& rest,
                                    std::span<std::byte> into) {
  if (rest.empty()) {
    auto piece = co_await from.next();
    if (!piece) co_return std::unexpected(piece.error());
    rest = *piece;
  }
  const std::size_t bytes = std::min(rest.size(), into.size());
  if (bytes != 0) std::memcpy(into.data(), rest.data(), bytes);
  rest = rest.subspan(bytes);
  co_return bytes;
}

task<result<std::string>> read_whole(body_source& from, std::size_t bytes_max) {
  std::string all;
  if (const std::uint64_t* length = from.length()) {
    if (*length > bytes_max) co_return std::unexpected(error("read body", errc::too_large));
    all.reserve(static_cast<std::size_t>(*length));
  }
  for (;;) {
    auto piece = co_await from.next();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return std::move(all);
    if (piece->size() > bytes_max - all.size())
      co_return std::unexpected(error("read body", errc::too_large));
    all.append(io::as_text(*piece));
  }
}

task<result<std::uint64_t>> drop_rest(body_source& from, std::uint64_t bytes_max) {
  std::uint64_t dropped = 0;
  for (;;) {
    auto piece = co_await from.next();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return dropped;
    dropped += piece->size();
    if (dropped > bytes_max) co_return std::unexpected(error("skip body", errc::too_large));
  }
}

}  // namespace

fallible_task<std::span<const std::byte>> body_reader::read() const {
  return {from_->next(), from_->subject()};
}

fallible_task<std::size_t> body_reader::read(std::span<std::byte> into) {
  return {read_into(*from_, rest_, into), from_->subject()};
}

fallible_task<std::string> body_reader::read_to_end(std::size_t bytes_max) const {
  return {read_whole(*from_, bytes_max), from_->subject()};
}

fallible_task<std::uint64_t> body_reader::skip(std::uint64_t bytes_max) const {
  return {drop_rest(*from_, bytes_max), from_->subject()};
}

fallible_task<void> body_writer::write(std::span<const std::byte> bytes) {
  return {send(bytes), to_->stream().subject()};
}

task<result<void>> body_writer::send(std::span<const std::byte> bytes) {
  const bool too_many = framing_ == body_framing::length && bytes.size() > length_ - bytes_;
  if (finished_ || failed_ || too_many)
    co_return std::unexpected(error("write body", errc::invalid_input));
  if (bytes.empty()) co_return result<void>();  // an empty chunk would be the last
  bytes_ += bytes.size();
  if (framing_ == body_framing::nothing) co_return result<void>();
  std::string_view tail;
  if (framing_ == body_framing::chunked) {
    char size[16];
    const auto [end, ec] = std::to_chars(size, size + sizeof size, bytes.size(), 16);
    to_->text().append(size, end).append("\r\n");
    tail = "\r\n";
  }
  failed_ = true;  // until it is known to be sent, also when this is cancelled
  auto sent = co_await to_->send(bytes, tail);
  failed_ = !sent;
  co_return sent;
}

result<void> body_writer::trailer(std::string_view name, std::string_view value) {
  const bool allowed = !finished_ && framing_ == body_framing::chunked && is_trailer_name(name) &&
                       is_field_value(value);
  if (!allowed) return std::unexpected(error("trailer", errc::invalid_input));
  trailers_.append(name).append(": ").append(value).append("\r\n");
  return {};
}

result<void> body_writer::finish() {
  if (finished_) return {};
  if (failed_ || (framing_ == body_framing::length && bytes_ != length_))
    return std::unexpected(error("finish body", errc::invalid_input));
  finished_ = true;
  if (framing_ == body_framing::chunked)
    to_->text().append("0\r\n").append(trailers_).append("\r\n");
  return {};
}

bool is_trailer_name(std::string_view name) noexcept {
  constexpr std::string_view refused[] = {"authorization",
                                          "age",
                                          "cache-control",
                                          "connection",
                                          "content-encoding",
                                          "content-length",
                                          "content-range",
                                          "content-type",
                                          "cookie",
                                          "date",
                                          "expect",
                                          "expires",
                                          "host",
                                          "if-match",
                                          "if-modified-since",
                                          "if-none-match",
                                          "if-range",
                                          "if-unmodified-since",
                                          "keep-alive",
                                          "location",
                                          "max-forwards",
                                          "pragma",
                                          "proxy-authenticate",
                                          "proxy-authorization",
                                          "range",
                                          "retry-after",
                                          "set-cookie",
                                          "te",
                                          "trailer",
                                          "transfer-encoding",
                                          "upgrade",
                                          "vary",
                                          "www-authenticate"};
  if (name.empty() || !internal::all_have_class(name, internal::class_token)) return false;
  return std::ranges::none_of(
      refused, [&](std::string_view r) { return internal::equal_ignoring_case(name, r); });
}

}  // namespace rouse::http

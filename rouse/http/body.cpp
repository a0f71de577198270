#include <rouse/http/body.hpp>

#include <rouse/http/internal/characters.hpp>
#include <rouse/http/response.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace rouse::http {
namespace {

// Asked for in one go: how much of a file is looked up in the page cache, and how much of what is
// not there is read into memory.
constexpr std::size_t piece_bytes_max = 1024 * 1024;
constexpr std::size_t copied_bytes_max = 128 * 1024;

error too_large(body_source& from, const char* what) noexcept {
  from.note_too_large();
  return error(what, errc::too_large);
}

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
    if (*length > bytes_max) co_return std::unexpected(too_large(from, "read body"));
    all.reserve(static_cast<std::size_t>(*length));
  }
  for (;;) {
    auto piece = co_await from.next();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return std::move(all);
    if (piece->size() > bytes_max - all.size())
      co_return std::unexpected(too_large(from, "read body"));
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
    if (dropped > bytes_max) co_return std::unexpected(too_large(from, "skip body"));
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

bool body_writer::takes(std::uint64_t bytes) const noexcept {
  if (finished_ || failed_) return false;
  return framing_ != body_framing::length || bytes <= length_ - bytes_;
}

void body_writer::open_chunk(std::uint64_t bytes) {
  if (framing_ != body_framing::chunked) return;
  char size[16];
  const auto [end, ec] = std::to_chars(size, size + sizeof size, bytes, 16);
  to_->text().append(size, end).append("\r\n");
}

std::string_view body_writer::chunk_end() const noexcept {
  return framing_ == body_framing::chunked ? std::string_view("\r\n") : std::string_view();
}

task<result<void>> body_writer::send(std::span<const std::byte> bytes) {
  if (!takes(bytes.size())) co_return std::unexpected(error("write body", errc::invalid_input));
  if (bytes.empty()) co_return result<void>();  // an empty chunk would be the last
  bytes_ += bytes.size();
  if (framing_ == body_framing::nothing) co_return result<void>();
  open_chunk(bytes.size());
  failed_ = true;  // until it is known to be sent, also when this is cancelled
  auto sent = co_await to_->send(bytes, chunk_end());
  failed_ = !sent;
  co_return sent;
}

result<void> body_writer::gather(std::string_view bytes) {
  if (!takes(bytes.size())) return std::unexpected(error("write body", errc::invalid_input));
  bytes_ += bytes.size();
  if (bytes.empty() || framing_ == body_framing::nothing) return {};
  open_chunk(bytes.size());
  to_->text().append(bytes).append(chunk_end());
  return {};
}

fallible_task<void> body_writer::write_file(const fs::file& from, std::uint64_t offset,
                                            std::uint64_t bytes, file_copy how) {
  return {send_file(from, offset, bytes, how), to_->stream().subject()};
}

task<result<void>> body_writer::send_file(fs::file from, std::uint64_t offset, std::uint64_t bytes,
                                          file_copy how) {
  if (!takes(bytes)) co_return std::unexpected(error("write body", errc::invalid_input));
  if (bytes == 0) co_return result<void>();
  bytes_ += bytes;
  if (framing_ == body_framing::nothing) co_return result<void>();
  open_chunk(bytes);
  failed_ = true;
  io::buffer piece;
  while (bytes != 0) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, piece_bytes_max));
    const bool fits = to_->text().size() + want <= gather_bytes_max;
    const bool cached =
        !fits && how == file_copy::none && from.is_cached(offset, want).value_or(false);
    std::size_t count = 0;
    if (cached) {
      auto flushed = co_await to_->flush();
      if (!flushed) co_return std::unexpected(flushed.error());
      auto sent = co_await to_->send_file(from.native_handle(), offset, want);
      if (!sent) co_return std::unexpected(sent.error());
      count = *sent;
    } else {
      const std::size_t read_max = std::min(want, copied_bytes_max);
      auto got = co_await from.read_at(offset, read_max, std::move(piece)).result();
      if (!got) co_return std::unexpected(got.error());
      piece = std::move(*got);
      count = piece.size();
      if (fits) {
        to_->text().append(piece.text());
      } else {
        auto sent = co_await to_->send(piece.bytes());
        if (!sent) co_return std::unexpected(sent.error());
      }
      piece.clear();
    }
    if (count == 0) co_return std::unexpected(error("read", errc::end_of_stream));  // it has shrunk
    offset += count;
    bytes -= count;
  }
  to_->text().append(chunk_end());
  failed_ = false;
  co_return result<void>();
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

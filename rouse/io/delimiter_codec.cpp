#include <rouse/io/delimiter_codec.hpp>

#include <rouse/base/assert.hpp>

namespace rouse::io {
namespace {

error too_large() noexcept { return error("frame", errc::too_large); }

}  // namespace

delimiter_codec::delimiter_codec(std::string delimiter, std::size_t frame_bytes_max)
    : delimiter_(std::move(delimiter)), frame_bytes_max_(frame_bytes_max) {
  ROUSE_ASSERT(!delimiter_.empty());
}

result<std::optional<std::string>> delimiter_codec::decode(buffer& input,
                                                           std::size_t& searched) const {
  const std::string_view text = input.text();
  // It may have begun before what is new.
  const std::size_t overlap = delimiter_.size() - 1;
  const std::size_t end = text.find(delimiter_, searched > overlap ? searched - overlap : 0);
  if (end == std::string_view::npos) {
    if (text.size() > overlap && text.size() - overlap > frame_bytes_max_)
      return std::unexpected(too_large());
    searched = text.size();
    return std::nullopt;
  }
  if (end > frame_bytes_max_) return std::unexpected(too_large());
  std::string message(text.substr(0, end));
  input.consume(end + delimiter_.size());
  return message;
}

result<std::optional<std::string>> delimiter_codec::decode_end(buffer& input) const {
  if (input.is_empty()) return std::nullopt;
  if (input.size() > frame_bytes_max_) return std::unexpected(too_large());
  std::string message(input.text());
  input.clear();
  return message;
}

result<void> delimiter_codec::encode(std::string_view message, buffer& output) const {
  if (message.size() > frame_bytes_max_) return std::unexpected(too_large());
  // Also one that only begins inside would be found too early.
  std::string whole(message);
  whole += delimiter_;
  if (whole.find(delimiter_) != message.size())
    return std::unexpected(error("frame", errc::invalid_input));
  output.append(whole);
  return {};
}

result<std::optional<std::string>> line_codec::decode(buffer& input, std::size_t& searched) const {
  const std::string_view text = input.text();
  const std::size_t end = text.find('\n', searched);
  if (end == std::string_view::npos) {
    const std::size_t certain = text.size() - (text.ends_with('\r') ? 1 : 0);
    if (certain > line_bytes_max_) return std::unexpected(too_large());
    searched = text.size();
    return std::nullopt;
  }
  std::string_view line = text.substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > line_bytes_max_) return std::unexpected(too_large());
  std::string message(line);
  input.consume(end + 1);
  return message;
}

result<std::optional<std::string>> line_codec::decode_end(buffer& input) const {
  if (input.is_empty()) return std::nullopt;
  if (input.size() > line_bytes_max_) return std::unexpected(too_large());
  std::string message(input.text());
  input.clear();
  return message;
}

result<void> line_codec::encode(std::string_view line, buffer& output) const {
  if (line.size() > line_bytes_max_) return std::unexpected(too_large());
  if (line.find('\n') != line.npos || line.ends_with('\r'))
    return std::unexpected(error("line", errc::invalid_input));
  output.append(line);
  output.append(writes_crlf_ ? "\r\n" : "\n");
  return {};
}

}  // namespace rouse::io

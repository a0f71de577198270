// Messages with their length in front: any bytes, as long as the reader allows.
#pragma once

#include <rouse/base/assert.hpp>
#include <rouse/io/codec.hpp>

#include <cstdint>

namespace rouse::io {

/// Trivial members only. A stream that ends within a message is end_of_stream.
struct length_codec {
  using frame = buffer;
  using frame_view = std::span<const std::byte>;

  std::size_t frame_bytes_max = 1u << 20;  ///< more: too_large, in both directions
  unsigned length_bytes = 4;               ///< 1 to 8, of the number in front
  bool is_little_endian = false;

  result<std::optional<frame>> decode(buffer& input, std::size_t&) const {
    ROUSE_ASSERT(length_bytes >= 1 && length_bytes <= 8);
    const auto bytes = input.bytes();
    if (bytes.size() < length_bytes) return std::nullopt;
    std::uint64_t length = 0;
    for (unsigned i = 0; i < length_bytes; i++)
      length = length << 8 | std::to_integer<unsigned>(bytes[place_of(i)]);
    if (length > frame_bytes_max) return std::unexpected(error("frame", errc::too_large));
    const auto content = bytes.subspan(length_bytes);
    if (content.size() < length) return std::nullopt;
    buffer message;
    message.append(content.first(static_cast<std::size_t>(length)));
    input.consume(length_bytes + static_cast<std::size_t>(length));
    return message;
  }
  result<std::optional<frame>> decode_end(buffer& input) const {
    if (input.is_empty()) return std::nullopt;
    return std::unexpected(error("frame", errc::end_of_stream));
  }
  result<void> encode(frame_view message, buffer& output) const {
    ROUSE_ASSERT(length_bytes >= 1 && length_bytes <= 8);
    const bool fits = length_bytes == 8 || message.size() >> (8 * length_bytes) == 0;
    if (message.size() > frame_bytes_max || !fits)
      return std::unexpected(error("frame", errc::too_large));
    auto room = output.prepare(length_bytes + message.size());
    for (unsigned i = 0; i < length_bytes; i++)
      room[place_of(length_bytes - 1 - i)] = static_cast<std::byte>(message.size() >> (8 * i));
    output.commit(length_bytes);
    output.append(message);
    return {};
  }

 private:
  /// Where the i-th byte of the number lies, the highest first.
  [[nodiscard]] unsigned place_of(unsigned i) const noexcept {
    return is_little_endian ? length_bytes - 1 - i : i;
  }
};

}  // namespace rouse::io

// Messages that end with a delimiter: lines, and what ends otherwise.
#pragma once

#include <rouse/io/codec.hpp>

#include <string>
#include <string_view>

namespace rouse::io {

/// Any delimiter of 1 byte or more, which is not part of the message. The last message need not
/// have one.
class delimiter_codec {
 public:
  using frame = std::string;
  using frame_view = std::string_view;

  /// @param frame_bytes_max  more: too_large, in both directions; what was read stays in the
  ///                         reader, and its memory is bounded by this and one piece.
  delimiter_codec(std::string delimiter, std::size_t frame_bytes_max);

  result<std::optional<frame>> decode(buffer& input, std::size_t& searched) const;
  result<std::optional<frame>> decode_end(buffer& input) const;
  /// @errors  invalid_input: the message has the delimiter inside; too_large.
  result<void> encode(frame_view message, buffer& output) const;

 private:
  std::string delimiter_;
  std::size_t frame_bytes_max_;
};

/// Lines end with "\n" or "\r\n", which are not part of them; the last one need not.
class line_codec {
 public:
  using frame = std::string;
  using frame_view = std::string_view;
  static constexpr std::size_t line_bytes_default = 64 * 1024;

  /// @param line_bytes_max  without the end of the line; more: too_large, in both directions.
  /// @param writes_crlf     what this side ends its lines with.
  explicit line_codec(std::size_t line_bytes_max = line_bytes_default,
                      bool writes_crlf = false) noexcept
      : line_bytes_max_(line_bytes_max), writes_crlf_(writes_crlf) {}

  result<std::optional<frame>> decode(buffer& input, std::size_t& searched) const;
  result<std::optional<frame>> decode_end(buffer& input) const;
  /// @errors  invalid_input: it would be read as another line, or as two; too_large.
  result<void> encode(frame_view line, buffer& output) const;

 private:
  std::size_t line_bytes_max_;
  bool writes_crlf_;
};

}  // namespace rouse::io

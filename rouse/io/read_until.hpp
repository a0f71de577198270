// One piece of text up to its end, out of a buffered reader.
#pragma once

#include <rouse/io/delimiter_codec.hpp>
#include <rouse/io/frame_reader.hpp>

namespace rouse::io {

/// What comes before `delimiter`, which is taken and not given; the rest when the stream ends
/// first; none at its end.
/// @errors  too_large: `bytes_max` bytes came without it, and stay in the reader.
/// @cancel  Safe: what has come stays in the reader.
template <async_read S>
[[nodiscard]] auto read_until(buffered_reader<S>& from, std::string delimiter,
                              std::size_t bytes_max) {
  return next_frame_operation<S, delimiter_codec>(from,
                                                  delimiter_codec(std::move(delimiter), bytes_max));
}

/// The next line without its "\n" or "\r\n"; none at the end of the stream. @errors, @cancel as
/// above.
template <async_read S>
[[nodiscard]] auto read_line(buffered_reader<S>& from,
                             std::size_t bytes_max = line_codec::line_bytes_default) {
  return next_frame_operation<S, line_codec>(from, line_codec(bytes_max));
}

}  // namespace rouse::io

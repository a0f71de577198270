// What a codec is: how messages lie in a stream of bytes, one after the other.
//
// A codec says how one message is taken off the front of a buffer, and put at the back of one; that
// bytes come in pieces, and that streams end, is the business of frame_reader and frame_writer.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/io/buffer.hpp>

#include <concepts>
#include <optional>

namespace rouse::io {

/// `decode(input, searched)`: the first message, taken off `input`; none while it is not whole, and
/// then nothing is taken. `searched` is the codec's own note of how far it has looked in vain; 0
/// for a new message. `decode_end(input)`: the stream has ended; the last message, or none when
/// `input` is empty.
template <class C>
concept frame_decoder = requires(C& c, buffer& input, std::size_t& searched) {
  typename C::frame;
  { c.decode(input, searched) } -> std::same_as<result<std::optional<typename C::frame>>>;
  { c.decode_end(input) } -> std::same_as<result<std::optional<typename C::frame>>>;
};

/// `encode(message, output)`: all of it at the back of `output`, or an error and nothing.
template <class C>
concept frame_encoder =
    requires(const C& c, const typename C::frame_view& message, buffer& output) {
      { c.encode(message, output) } -> std::same_as<result<void>>;
    };

}  // namespace rouse::io

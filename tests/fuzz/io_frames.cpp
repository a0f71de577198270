// Fuzz target: a byte that chooses the codec and its cap, then the bytes of a stream. The messages
// are the same however the bytes are cut, none is over the cap, what waits in the buffer is
// bounded, and what can be written again reads back as the same.
#include <rouse/base/assert.hpp>
#include <rouse/io/delimiter_codec.hpp>
#include <rouse/io/length_codec.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using namespace rouse::io;

namespace {

struct messages {
  std::vector<std::string> all;
  int failure = 0;
  friend bool operator==(const messages&, const messages&) = default;
};

std::string text_of(const std::string& message) { return message; }
std::string text_of(const buffer& message) { return std::string(message.text()); }

/// True when there was one.
template <class Answer>
bool take(Answer answer, std::size_t bytes_max, messages& into) {
  if (!answer) {
    into.failure = answer.error().code;
    return false;
  }
  if (!*answer) return false;
  into.all.push_back(text_of(**answer));
  ROUSE_ASSERT(into.all.back().size() <= bytes_max);
  return true;
}

template <class Codec>
messages read_all(const Codec& codec, std::string_view stream, std::size_t piece,
                  std::size_t bytes_max) {
  constexpr std::size_t mark_bytes_max = 8;  // a length, or a delimiter
  messages found;
  buffer input;
  std::size_t searched = 0;
  for (std::size_t at = 0; at < stream.size() && found.failure == 0; at += piece) {
    input.append(stream.substr(at, piece));
    while (take(codec.decode(input, searched), bytes_max, found))
      searched = 0;
    if (found.failure == 0) ROUSE_ASSERT(input.size() <= bytes_max + mark_bytes_max);
  }
  while (found.failure == 0 && take(codec.decode_end(input), bytes_max, found)) {
  }
  return found;
}

rouse::result<void> write(const length_codec& codec, const std::string& text, buffer& out) {
  return codec.encode(as_bytes(text), out);
}
template <class Codec>
rouse::result<void> write(const Codec& codec, const std::string& text, buffer& out) {
  return codec.encode(text, out);
}

template <class Codec>
void check(const Codec& codec, std::string_view stream, std::size_t bytes_max) {
  const messages whole =
      read_all(codec, stream, std::max<std::size_t>(stream.size(), 1), bytes_max);
  for (const std::size_t piece : {1, 2, 7})
    ROUSE_ASSERT(read_all(codec, stream, piece, bytes_max) == whole);
  messages written;
  buffer out;
  for (const std::string& text : whole.all)
    if (write(codec, text, out)) written.all.push_back(text);
  ROUSE_ASSERT(read_all(codec, out.text(), std::max<std::size_t>(out.size(), 1), bytes_max) ==
               written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t bytes_max = data[0] >> 3;
  switch (data[0] & 7) {
    case 0: check(line_codec(bytes_max), stream, bytes_max); break;
    case 1: check(line_codec(bytes_max, true), stream, bytes_max); break;
    case 2: check(delimiter_codec("-", bytes_max), stream, bytes_max); break;
    case 3: check(delimiter_codec("--", bytes_max), stream, bytes_max); break;
    case 4: check(delimiter_codec("-a-a", bytes_max), stream, bytes_max); break;
    default: {
      const unsigned width = 1 + data[0] % 8;
      const length_codec codec{bytes_max, width, (data[0] & 8) != 0};
      check(codec, stream, bytes_max);
    }
  }
  return 0;
}

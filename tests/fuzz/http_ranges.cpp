// A byte for the size of a resource, then the bytes of a Range field: no part lies outside,
// together they are never more than the whole, and several of them, framed as one body, are read
// back by another reader as what they were.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <rouse/http/ranges.hpp>

namespace {

using namespace rouse::http;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

/// A reader of multipart/byteranges that knows nothing of the writer: RFC 2046 and RFC 9110.
struct part {
  std::string head;
  std::string body;
};
std::vector<part> read_parts(std::string_view body, std::string_view boundary) {
  std::vector<part> parts;
  const std::string delimiter = "\r\n--" + std::string(boundary);
  std::string text = "\r\n" + std::string(body);  // the first delimiter may stand at the beginning
  std::size_t at = text.find(delimiter);
  require(at == 0, "nothing stands before the first part");
  for (;;) {
    at += delimiter.size();
    if (text.compare(at, 2, "--") == 0) {
      require(text.substr(at + 2) == "\r\n", "nothing stands after the last part");
      return parts;
    }
    require(text.compare(at, 2, "\r\n") == 0, "a delimiter ends its line");
    const std::size_t head_end = text.find("\r\n\r\n", at);
    require(head_end != std::string::npos, "a part has a head");
    const std::size_t next = text.find(delimiter, head_end + 4);
    require(next != std::string::npos, "a part ends");
    parts.push_back(
        {text.substr(at + 2, head_end - at), text.substr(head_end + 4, next - head_end - 4)});
    at = next;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint64_t whole = data[0] == 255 ? UINT64_MAX : data[0];
  const std::string_view field(reinterpret_cast<const char*>(data) + 1, size - 1);
  const range_set asked(field, whole);
  require(asked.asked() == range_set::kind::parts || asked.parts().empty(), "parts when asked for");
  if (asked.asked() != range_set::kind::parts) return 0;
  require(!asked.parts().empty() && asked.parts().size() <= ranges_max, "one to eight parts");
  require(field.size() >= 6, "a unit is named");
  std::uint64_t sum = 0;
  for (const byte_range& r : asked.parts()) {
    require(r.first <= r.last && r.last < whole, "a part is inside");
    require(!__builtin_add_overflow(sum, r.size(), &sum) && sum <= whole,
            "not more than the whole");
  }
  if (whole == UINT64_MAX) return 0;

  std::string content;
  for (std::uint64_t i = 0; i < whole; ++i)
    content += static_cast<char>('\n' + i % 17);  // line ends and dashes are in it too
  const multipart_ranges framing("0123456789abcdef", "text/plain", asked.parts(), whole);
  std::string body;
  for (std::size_t i = 0; i < asked.parts().size(); ++i) {
    framing.append_part_head(body, i);
    body += content.substr(asked.parts()[i].first, asked.parts()[i].size());
  }
  framing.append_end(body);
  require(body.size() == framing.content_length(), "as long as it says");
  const std::vector<part> read = read_parts(body, "0123456789abcdef");
  require(read.size() == asked.parts().size(), "as many parts as were written");
  for (std::size_t i = 0; i < read.size(); ++i) {
    const byte_range& r = asked.parts()[i];
    require(read[i].body == content.substr(r.first, r.size()), "the bytes of a part");
    const std::string range = "Content-Range: bytes " + std::to_string(r.first) + "-" +
                              std::to_string(r.last) + "/" + std::to_string(whole);
    require(read[i].head.find(range) != std::string::npos, "a part says where it is from");
  }
  return 0;
}

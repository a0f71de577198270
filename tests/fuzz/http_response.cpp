// Any bytes from a server: the parser says the same however they are cut, and what it lets pass
// keeps every limit. The first byte chooses which method is answered.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <rouse/http/parse_transcript_test.hpp>

namespace {

using namespace rouse::http;
using namespace rouse::http::testing;

constexpr response_limits small_limits = {.status_line_bytes_max = 32,
                                          .header_line_bytes_max = 64,
                                          .head_bytes_max = 160,
                                          .header_count_max = 4,
                                          .body_bytes_max = 64,
                                          .framing_bytes_max = 48,
                                          .trailer_bytes_max = 40};

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void require_same(const transcript& a, const transcript& b) {
  if (a == b) return;
  std::fprintf(stderr, "--- one way\n%s--- another way\n%s", a.text().c_str(), b.text().c_str());
  std::abort();
}

bool is_clean(std::string_view text) {
  for (char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return false;
  return true;
}

void check_head(const response& r, const response_limits& limits, verb method) {
  require(r.bytes().size() <= limits.head_bytes_max, "head_bytes_max");
  require(r.bytes().ends_with("\r\n\r\n"), "a head ends with an empty line");
  require(r.header_count() <= limits.header_count_max, "header_count_max");
  const auto code = static_cast<unsigned>(r.code());
  require(code >= 100 && code <= 999, "a code of three digits");
  require(is_clean(r.reason()), "a clean reason");
  for (std::size_t i = 0; i < r.header_count(); ++i) {
    const header_field field = r.header_at(i);
    require(!field.name.empty() && is_clean(field.name), "a clean name");
    require(is_clean(field.value), "a clean value");
  }
  if (method == verb::head || !may_have_body(r.code()))
    require(r.body() == body_kind::none, "no body where none may be");
  if (r.body() == body_kind::chunked)
    require(r.minor_version() == 1 && !r.header("content-length"),
            "chunked alone, and in HTTP/1.1");
  require(!r.keep_alive() || r.body() != body_kind::until_close, "until close, then closed");
}

void check_limits(std::string_view input, const response_limits& limits, verb method) {
  response_parser parser(limits);
  parser.set_request(method);
  std::uint64_t body = 0;
  for (;;) {
    const parse_step step = parser.parse(input);
    require(step.consumed <= input.size(), "consumes what is there");
    input.remove_prefix(step.consumed);
    switch (step.event) {
      case parse_event::head: check_head(parser.head(), limits, method); break;
      case parse_event::body:
        body += step.body.size();
        require(body <= limits.body_bytes_max, "body_bytes_max");
        break;
      case parse_event::complete:
        require(parser.head().body() != body_kind::length || body == parser.head().content_length(),
                "the whole body");
        body = 0;
        break;
      case parse_event::need_more: {
        const bool open_end =
            !parser.between_messages() && parser.head().body() == body_kind::until_close;
        const parse_event end = parser.finish().event;
        require(end == parse_event::error || end == parse_event::complete, "an end");
        require(end == parse_event::error || open_end, "no short success");
        return;
      }
      case parse_event::error: require(*parser.error().reason != '\0', "a reason"); return;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr verb methods[] = {verb::get, verb::head, verb::connect, verb::post};
  const verb method = methods[data[0] % 4];
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  for (const response_limits& limits : {response_limits(), small_limits}) {
    check_limits(input, limits, method);
    response_parser fresh(limits);
    fresh.set_request(method);
    compare_cuts(input, fresh, require_same);
  }
  return 0;
}

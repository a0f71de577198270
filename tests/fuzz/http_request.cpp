// Any bytes on a connection: the parser says the same however they are cut, and what it lets pass
// keeps every limit.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <rouse/http/parse_transcript_test.hpp>

namespace {

using namespace rouse::http;
using namespace rouse::http::testing;

// So small that short inputs reach them.
constexpr request_limits small_limits = {.target_bytes_max = 32,
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

bool is_clean(std::string_view text, bool tab) {
  for (char c : text)
    if ((static_cast<unsigned char>(c) < 0x20 && !(tab && c == '\t')) || c == 0x7f) return false;
  return true;
}

void check_head(const request& r, const request_limits& limits) {
  require(r.bytes().size() <= limits.head_bytes_max, "head_bytes_max");
  require(r.bytes().ends_with("\r\n\r\n"), "a head ends with an empty line");
  require(r.header_count() <= limits.header_count_max, "header_count_max");
  require(r.target().size() <= limits.target_bytes_max, "target_bytes_max");
  require(!r.target().empty() && is_clean(r.target(), false) &&
              r.target().find(' ') == std::string_view::npos,
          "a clean target");
  require(r.minor_version() == 0 || !r.authority().empty(), "an authority in HTTP/1.1");
  std::size_t hosts = 0;
  for (std::size_t i = 0; i < r.header_count(); ++i) {
    header_field field = r.header_at(i);
    require(!field.name.empty() && is_clean(field.name, false), "a clean name");
    require(is_clean(field.value, true), "a clean value");
    require(field.name.size() + field.value.size() + 1 <= limits.header_line_bytes_max,
            "header_line_bytes_max");
    hosts += field.name.size() == 4 && (field.name[0] | 0x20) == 'h' &&
             (field.name[1] | 0x20) == 'o' && (field.name[2] | 0x20) == 's' &&
             (field.name[3] | 0x20) == 't';
  }
  require(hosts == 1 || (hosts == 0 && r.minor_version() == 0), "one Host");
  if (r.body() == body_kind::chunked)
    require(r.minor_version() == 1 && !r.header("content-length"),
            "chunked alone, and in HTTP/1.1");
}

// Straight over the bytes, as a server would, to look at the request itself.
void check_limits(std::string_view input, const request_limits& limits) {
  request_parser parser(limits);
  std::uint64_t body = 0;
  for (;;) {
    parse_step step = parser.parse(input);
    require(step.consumed <= input.size(), "consumes what is there");
    input.remove_prefix(step.consumed);
    switch (step.event) {
      case parse_event::head: check_head(parser.head(), limits); break;
      case parse_event::body:
        body += step.body.size();
        require(body <= limits.body_bytes_max, "body_bytes_max");
        break;
      case parse_event::complete:
        require(parser.head().body() != body_kind::length || body == parser.head().content_length(),
                "the whole body");
        body = 0;
        break;
      case parse_event::need_more:
        require(input.size() <= limits.head_bytes_max + 2u ||
                    input.size() <= limits.header_line_bytes_max + 2u,
                "little is left with the caller");
        return;
      case parse_event::error: {
        switch (parser.error().code) {
          case status::bad_request:
          case status::content_too_large:
          case status::uri_too_long:
          case status::header_fields_too_large:
          case status::not_implemented:
          case status::version_not_supported: break;
          default: require(false, "a known status");
        }
        require(*parser.error().reason != '\0', "a reason");
        return;
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const request_limits& limits : {request_limits(), small_limits}) {
    check_limits(input, limits);
    compare_cuts(input, request_parser(limits), require_same);
  }
  return 0;
}

// The bytes are the fields of a request, conditions and codings among them, if they are a request
// at all. What is decided fits what RFC 9110 says in its own words, asked field by field.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <rouse/http/conditions.hpp>
#include <rouse/http/content_coding.hpp>
#include <rouse/http/http_date.hpp>
#include <rouse/http/request_parser.hpp>

namespace {

using namespace rouse::http;

constexpr std::int64_t modified = 784'111'777;
constexpr std::int64_t present = modified + 1'000'000'000;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void check(const request& r) {
  const validators current{.etag = "\"a,b\"", .modified = modified};
  const condition outcome = evaluate(r, current, present);
  const bool reads = r.method() == verb::get || r.method() == verb::head;
  const bool has_match = r.header("if-match").has_value();
  const bool has_none = r.header("if-none-match").has_value();
  const auto since = r.header("if-modified-since");
  const auto unmodified = r.header("if-unmodified-since");
  if (outcome == condition::not_modified) {
    require(reads, "304 is for reads");
    require(has_none || since, "304 has a reason");
    if (!has_none) {
      const auto date = parse_http_date(*since, present);
      require(date && *date >= modified && *date <= present, "304 by a date that is right");
    }
  }
  if (outcome == condition::precondition_failed)
    require(has_match || unmodified || (has_none && !reads), "412 has a reason");
  if (!has_match && !has_none && !since && !unmodified)
    require(outcome == condition::proceed, "without a condition nothing stops it");
  // Without validators nothing can be the same.
  const condition blank = evaluate(r, validators(), present);
  if (has_match && r.header("if-match") != "*") {
    bool any = false;
    for (std::size_t i = 0; i < r.header_count(); ++i)
      any |= r.header_at(i).value == "*";
    require(any || blank == condition::precondition_failed, "no tag matches none");
  }
  if (const auto range = r.header("if-range"); range && range_applies(r, current, present)) {
    const auto date = parse_http_date(*range, present);
    require(*range == current.etag || (date && *date == modified), "If-Range was true");
  }
  for (const char* coding : {"br", "gzip", "zstd"})
    require(coding_weight(r, coding) <= 1000, "a weight is at most one");
  if (!r.header("accept-encoding")) require(coding_weight(r, "br") == 0, "nothing was said");
  if (since) {
    if (const auto date = parse_http_date(*since, present)) {
      const http_date_text text = format_http_date(*date);
      const auto again = parse_http_date(std::string_view(text.data(), text.size()), present);
      require(again && (*again == *date || *date > 253'402'300'799 || *date < -62'135'596'800),
              "a date reads back as itself");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input = "GET / HTTP/1.1\r\nHost: a\r\n" +
                            std::string(reinterpret_cast<const char*>(data), size) + "\r\n\r\n";
  std::string post = input;
  post.replace(0, 3, "PUT");
  for (const std::string& text : {input, post}) {
    request_parser parser;
    if (parser.parse(text).event == parse_event::head) check(parser.head());
  }
  return 0;
}

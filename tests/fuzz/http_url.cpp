// The bytes are a base URL, a line break and a reference. What is read is written back as the same,
// goes into a request line and a Host field safely, and never holds what was refused.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <rouse/http/request_parser.hpp>
#include <rouse/http/url.hpp>

namespace {

using namespace rouse::http;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void check(const url& u) {
  const auto again = url::parse(u.to_string());
  require(again && *again == u, "reads back as the same");
  require(u.target().starts_with('/'), "an absolute path");
  require(u.endpoint().port() == u.port() && u.port() != 0, "a port to connect to");
  const std::string request =
      "GET " + std::string(u.target()) + " HTTP/1.1\r\nHost: " + u.authority() + "\r\n\r\n";
  request_parser parser({.target_bytes_max = 16'000, .head_bytes_max = 32'000});
  const parse_step step = parser.parse(request);
  require(step.event == parse_event::head && step.consumed == request.size(), "one request");
  require(parser.head().target() == u.target(), "for its target");
  require(parser.head().authority() == u.authority(), "at its host");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = std::min(input.find('\n'), input.size());
  const auto base = url::parse(input.substr(0, cut));
  if (!base) return 0;
  check(*base);
  const auto there = base->resolve(input.substr(std::min(cut + 1, input.size())));
  if (!there) return 0;
  check(*there);
  require(!there->path().contains("/../") && !there->path().contains("/./") &&
              !there->path().ends_with("/..") && !there->path().ends_with("/."),
          "no dot segments");
  const auto same = there->resolve("");
  require(same && *same == *there, "an empty reference leads nowhere else");
  return 0;
}

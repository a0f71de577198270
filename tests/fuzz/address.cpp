// Fuzz target: any text as address, endpoint and host name. What parses prints itself, and reads
// back as the same.
//   clang++-19 -std=c++23 -I. -fsanitize=fuzzer,address,undefined tests/fuzz/address.cpp
//   rouse/net/address.cpp \
//     rouse/base/error.cpp rouse/base/assert.cpp -o fuzz_address && ./fuzz_address -max_len=300
//     -runs=1000000
#include <rouse/base/assert.hpp>
#include <rouse/net/address.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

using rouse::net::address;
using rouse::net::endpoint;

namespace {

bool is_plain(std::string_view path) {
  return std::all_of(path.begin(), path.end(),
                     [](char c) { return c >= 32 && c < 127 && c != '\\'; });
}

void check_address(std::string_view text) {
  const auto parsed = address::parse(text);
  if (!parsed) {
    ROUSE_ASSERT(parsed.error().code != 0 && *parsed.error().operation);
    return;
  }
  ROUSE_ASSERT(parsed->path().size() <= address::path_bytes_max);
  const std::string shown = parsed->to_string();
  if (!is_plain(parsed->path())) return;  // shown escaped
  const auto again = address::parse(shown);
  ROUSE_ASSERT(again && *again == *parsed && again->to_string() == shown);
}

void check_endpoint(std::string_view text) {
  const auto parsed = endpoint::parse(text);
  if (!parsed) return;
  if (const auto plain = address::parse(text))
    ROUSE_ASSERT(!parsed->is_resolved() || parsed->resolved() == *plain);
  if (!parsed->host().empty()) {
    ROUSE_ASSERT(parsed->host().size() <= 254 && parsed->host().find('\0') == std::string::npos);
    ROUSE_ASSERT(!address::parse_ip(parsed->host()) ||
                 parsed->host().find('%') != std::string::npos);
  }
  if (!is_plain(parsed->to_string())) return;
  const auto again = endpoint::parse(parsed->to_string());
  ROUSE_ASSERT(again && again->to_string() == parsed->to_string());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_address(text);
  check_endpoint(text);
  if (rouse::net::check_host_name(text)) ROUSE_ASSERT(!text.empty() && text.size() <= 254);
  return 0;
}

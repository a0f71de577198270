// What does it cost to read a request head? The baseline is a memchr that only looks for the ends
// of lines.
#include <support/row.hpp>

#include <cstring>
#include <string>
#include <string_view>

#include <rouse/http/request_parser.hpp>

namespace {

using namespace rouse::http;

const std::string wrk = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

const std::string curl =
    "GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: "
    "*/*\r\n\r\n";

const std::string browser =
    "GET /docs/architecture.html HTTP/1.1\r\n"
    "Host: localhost:8080\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: max-age=0\r\n"
    "sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\n"
    "sec-ch-ua-mobile: ?0\r\n"
    "sec-ch-ua-platform: \"Linux\"\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 "
    "Safari/537.36\r\n"
    "Accept: "
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: none\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-User: ?1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n\r\n";

void parse(benchmark::State& state, const std::string& head) {
  request_parser parser;
  std::size_t checksum = 0;
  for (auto _ : state) {
    parse_step step = parser.parse(head);
    benchmark::DoNotOptimize(step);
    checksum += step.consumed + parser.head().target().size();
    step = parser.parse({});
    if (step.event != parse_event::complete) state.SkipWithError("not complete");
  }
  benchmark::DoNotOptimize(checksum);
  bench::items(state, 1);
}

void find_lines(benchmark::State& state, const std::string& head) {
  std::size_t lines = 0;
  for (auto _ : state) {
    const char* at = head.data();
    const char* end = at + head.size();
    benchmark::DoNotOptimize(at);
    while (const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at))) {
      ++lines;
      at = static_cast<const char*>(found) + 1;
    }
  }
  benchmark::DoNotOptimize(lines);
  bench::items(state, 1);
}

const bench::rows here({
    {.name = "http, request head of wrk parsed",
     .ours = [](benchmark::State& s) { parse(s, wrk); },
     .floor = [](benchmark::State& s) { find_lines(s, wrk); }},
    {.name = "http, request head of curl parsed",
     .ours = [](benchmark::State& s) { parse(s, curl); },
     .floor = [](benchmark::State& s) { find_lines(s, curl); }},
    {.name = "http, request head of a browser parsed",
     .ours = [](benchmark::State& s) { parse(s, browser); },
     .floor = [](benchmark::State& s) { find_lines(s, browser); }},
});

}  // namespace

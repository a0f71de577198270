// What does it cost to write the head of an answer, and to turn a pipelined batch of requests into
// answers? The baseline is one append of the same bytes, ready made.
#include <support/row.hpp>

#include <rouse/http/answer.hpp>
#include <rouse/http/content_type.hpp>
#include <rouse/http/http_date.hpp>
#include <rouse/http/request_parser.hpp>
#include <rouse/http/response.hpp>
#include <rouse/http/target.hpp>

#include <string>
#include <string_view>

namespace {

using namespace rouse::http;

constexpr std::int64_t now = 1764028800;
constexpr int batch_requests = 16;

void write_head(std::string& out, std::string_view date, const persistence& p,
                std::string_view name) {
  response_head head(out, status::ok, date);
  head.persistence(p);
  head.content_type(content_type_of(name));
  head.content_length(12345);
  head.end();
}

void head_alone(benchmark::State& state) {
  date_cache dates;
  std::string out;
  for (auto _ : state) {
    out.clear();
    write_head(out, dates.at(now), {.keep_alive = true}, "index.html");
    benchmark::DoNotOptimize(out.data());
  }
  bench::items(state, 1);
}

void ready_made(benchmark::State& state) {
  date_cache dates;
  std::string made;
  write_head(made, dates.at(now), {.keep_alive = true}, "index.html");
  std::string out;
  for (auto _ : state) {
    out.clear();
    out.append(made);
    benchmark::DoNotOptimize(out.data());
  }
  bench::items(state, 1);
}

// Parse, decode the target, write a head, append a small body: all that a server does besides its
// system calls.
void answer_a_batch(benchmark::State& state) {
  std::string in;
  for (int i = 0; i < batch_requests; ++i)
    in += "GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
  request_parser parser;
  date_cache dates;
  std::string storage;
  std::string out;
  for (auto _ : state) {
    out.clear();
    for (std::string_view rest = in;;) {
      const parse_step step = parser.parse(rest);
      rest.remove_prefix(step.consumed);
      if (step.event == parse_event::need_more) break;
      if (step.event != parse_event::head) continue;
      auto target = decode_target(parser.head().target(), storage);
      write_head(out, dates.at(now), persistence_of(parser.head()), target->path);
      out.append("hello, world\n");
    }
    benchmark::DoNotOptimize(out.data());
  }
  bench::items(state, batch_requests);
}

const bench::rows here({
    {.name = "http, answer head written", .ours = head_alone, .floor = ready_made},
    {.name = "http, request answered in a batch of 16, no kernel", .ours = answer_a_batch},
});

}  // namespace

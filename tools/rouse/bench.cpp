#include "bench.hpp"

#include "bench_report.hpp"

#include <rouse/base/io_error.hpp>
#include <rouse/coro/scope.hpp>
#include <rouse/coro/select.hpp>
#include <rouse/http/outgoing.hpp>
#include <rouse/runtime/run.hpp>
#include <rouse/time/clock.hpp>
#include <rouse/time/interval.hpp>

#include <sys/resource.h>
#include <unistd.h>
#include <charconv>
#include <cstdio>
#include <memory>

namespace tool {
namespace {

using namespace std::chrono_literals;

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;
constexpr int exit_interrupted = 130;
constexpr rouse::nanoseconds redraw_period = 200ms;
constexpr rlim_t other_descriptors = 64;

rouse::task<void> draw(const load_result* r, rouse::nanoseconds duration) {
  rouse::interval every(redraw_period, rouse::missed_ticks::skip);
  for (;;) {
    co_await every.tick();
    const rouse::instant now = rouse::now();
    if (r->began == rouse::instant()) continue;
    const terminal t = look_at(STDERR_FILENO);
    std::fprintf(stderr, "\r\x1b[K%s", report_line(*r, now, duration, t).c_str());
    std::fflush(stderr);
  }
}

rouse::task<void> load_and_draw(load_options& load, load_result& r, bool is_drawn) {
  auto all = rouse::scope([&load, &r, is_drawn](rouse::nursery& n) -> rouse::task<void> {
    if (is_drawn) n.spawn(draw(&r, load.duration));
    co_await run_load(load, r);
    n.cancel();
  });
  co_await all;
}

rouse::task<int> measure(const bench_options* options, load_options* load) {
  const auto r = std::make_unique<load_result>();
  const bool is_drawn = look_at(STDERR_FILENO).is_terminal && !options->json;
  auto done = co_await rouse::select(load_and_draw(*load, *r, is_drawn), rouse::stop_requested());
  const bool interrupted = done.index() == 1;
  if (interrupted) r->ended = rouse::now();
  if (is_drawn) std::fprintf(stderr, "\r\x1b[K");
  if (r->began == rouse::instant()) co_return exit_interrupted;
  const std::string report =
      options->json ? report_json(*options, *r) : report_text(*options, *r, look_at(STDOUT_FILENO));
  std::fputs(report.c_str(), stdout);
  if (interrupted) co_return exit_interrupted;
  co_return r->latency.count() == 0 ? exit_failed : 0;
}

rouse::task<int> report_to_user(const bench_options* options, load_options* load) {
  std::string why;
  int code = exit_failed;
  try {
    code = co_await measure(options, load);
  } catch (const rouse::io_error& e) {
    why = e.what();
  }
  if (!why.empty()) std::fprintf(stderr, "rouse bench: %s\n", why.c_str());
  co_return code;
}

int refuse(const std::string& why) {
  std::fprintf(stderr, "rouse bench: %s\n", why.c_str());
  return exit_usage;
}

// Many connections want many descriptors.
void raise_descriptor_limit(unsigned connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = connections + other_descriptors;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

bool read_duration(const std::string& text, rouse::nanoseconds& into) noexcept {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [unit, ec] = std::from_chars(text.data(), end, value);
  if (ec != std::errc() || !(value > 0)) return false;
  const std::string_view name(unit, static_cast<std::size_t>(end - unit));
  const double seconds = name == "ms"                  ? 1e-3
                         : name == "s" || name.empty() ? 1
                         : name == "m"                 ? 60
                                                       : 0;
  if (seconds == 0 || value * seconds > 24 * 3600) return false;
  into = rouse::nanoseconds(static_cast<std::int64_t>(value * seconds * 1e9));
  return into.count() > 0;
}

int bench(const bench_options& options) {
  bench_options shown = options;
  if (shown.url.find("://") == std::string::npos) shown.url = "http://" + shown.url;
  const auto where = rouse::http::url::parse(shown.url);
  if (!where) return refuse(where.error().message());
  shown.url = where->to_string();
  if (options.rate > 0 && options.pipeline > 1)
    return refuse("-r sends one request at a time on a connection: leave --pipeline out");

  load_options load(*where);
  rouse::http::outgoing check("GET", *where);
  for (const std::string& header : options.headers) {
    const std::size_t colon = header.find(':');
    const std::size_t value = std::min(header.find_first_not_of(' ', colon + 1), header.size());
    if (colon == std::string::npos) return refuse("-H '" + header + "': a header is 'Name: value'");
    load.headers.emplace_back(header.substr(0, colon), header.substr(value));
    check.header(load.headers.back().first, load.headers.back().second);
  }
  if (check.fault()) return refuse(check.fault()->message());
  load.connections = options.connections;
  load.pipeline = options.pipeline;
  load.rate = options.rate;
  load.duration = options.duration;
  raise_descriptor_limit(options.connections);
  return rouse::run(rouse::assume_owned(report_to_user(&shown, &load)));
}

}  // namespace tool

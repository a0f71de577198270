// Question: what does `rouse serve` cost beside nginx and Node.js, in one go on one machine? The
// floor is theirs; where there is no such program the row says so. support/others.hpp says how the
// servers run and how they are measured.
#include <support/others.hpp>
#include <support/row.hpp>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using bench::served_by;

/// One figure a round. What is missing here is said, and is no failure.
template <class Measure>
bench::work measured(Measure measure) {
  return [=](benchmark::State& state) {
    for (auto _ : state) {
      try {
        bench::gauge(state, measure());
      } catch (const std::runtime_error& e) {
        const std::string_view why = e.what();
        constexpr std::string_view missing = "not here: ";
        if (why.starts_with(missing))
          return bench::not_here(state, std::string(why.substr(missing.size())));
        return state.SkipWithError(e.what());
      }
    }
  };
}

// Where a server has a processor for itself its rate is one over this, and this does not change
// when others want that processor, too.
bench::work cpu_us(served_by who, bench::wrk_load load) {
  return measured([=] { return bench::load_with_wrk(bench::server_of(who), load).cpu_ns / 1e3; });
}
// The best of some: what others take of the machine is in all, and least in that one.
bench::work big_ms(served_by who) {
  return measured([=] {
    double best = std::numeric_limits<double>::infinity();
    for (int i = 0; i < 4; ++i)
      best = std::min(best, bench::pull_big(bench::server_of(who)).wall_ns / 1e6);
    return best;
  });
}
bench::work big_cpu_ms(served_by who) {
  return measured([=] { return bench::pull_big(bench::server_of(who)).cpu_ns / 1e6; });
}
bench::work start_ms(served_by who) {
  return measured([=] { return bench::start_to_first_byte_ns(who) / 1e6; });
}

constexpr auto epoll = served_by::rouse_epoll;
constexpr auto ring = served_by::rouse_io_uring;
constexpr auto sendfile = served_by::rouse_sendfile;
constexpr auto kept = served_by::rouse_cached;
constexpr auto kept_ring = served_by::rouse_cached_ring;
constexpr auto nginx = served_by::nginx;
constexpr auto cached = served_by::nginx_open_file_cache;
constexpr auto memory = served_by::node_from_memory;
constexpr auto file = served_by::node_from_file;

bench::row row(std::string name, const char* unit, bench::target at, bench::work ours,
               bench::work theirs) {
  bench::row r;
  r.name = "http, " + std::move(name);
  r.unit = unit;
  r.at = at;
  r.ours = std::move(ours);
  r.floor = std::move(theirs);
  r.once = true;
  r.rounds_max = 5;
  return r;
}

bench::row small(const char* whose, const char* reactor, served_by ours, served_by theirs,
                 int connections, double times) {
  const bench::wrk_load load{.connections = connections};
  return row(
      std::string(whose) + ": 1 KiB, " + std::to_string(connections) + " clients, " + reactor,
      "cpu us", bench::times_floor(times), cpu_us(ours, load), cpu_us(theirs, load));
}
bench::row pipelined(const char* whose, const char* reactor, served_by ours, served_by theirs) {
  const bench::wrk_load load{.pipelined = 16};
  return row(std::string(whose) + ": pipelined x16, " + reactor, "cpu us", bench::times_floor(0.2),
             cpu_us(ours, load), cpu_us(theirs, load));
}

constexpr double at_95_percent = 1.053;  // of their rate, as time

const bench::rows here({
    small("nginx", "epoll", epoll, nginx, 64, 1),
    small("nginx", "io_uring", ring, nginx, 64, 1),
    small("nginx", "epoll", epoll, nginx, 512, 1),
    small("nginx", "io_uring", ring, nginx, 512, 1),
    // It then opens no file, and tells of a change up to a minute late.
    small("nginx's cache", "epoll", epoll, cached, 64, 1),
    small("nginx's cache", "io_uring", ring, cached, 64, 1),
    small("nginx's cache", "epoll", epoll, cached, 512, 1),
    small("nginx's cache", "io_uring", ring, cached, 512, 1),
    small("both with caches", "epoll", kept, cached, 64, 1),
    small("both with caches", "io_uring", kept_ring, cached, 64, 1),
    small("both with caches", "epoll", kept, cached, 512, 1),
    small("both with caches", "io_uring", kept_ring, cached, 512, 1),
    pipelined("nginx", "epoll", epoll, nginx),
    pipelined("nginx", "io_uring", ring, nginx),
    pipelined("nginx's cache", "epoll", epoll, cached),
    pipelined("nginx's cache", "io_uring", ring, cached),
    row("nginx: 1 GiB, epoll", "ms", bench::times_floor(at_95_percent), big_ms(epoll),
        big_ms(nginx)),
    row("nginx: 1 GiB, io_uring", "ms", bench::times_floor(at_95_percent), big_ms(ring),
        big_ms(nginx)),
    row("nginx: 1 GiB, both with sendfile", "ms", bench::times_floor(at_95_percent),
        big_ms(sendfile), big_ms(nginx)),
    row("nginx: CPU of 1 GiB, epoll", "cpu ms", {}, big_cpu_ms(epoll), big_cpu_ms(nginx)),
    row("nginx: CPU of 1 GiB, both with sendfile", "cpu ms", {}, big_cpu_ms(sendfile),
        big_cpu_ms(nginx)),
    row("start to the first byte, epoll", "ms", bench::at_most(10), start_ms(epoll), nullptr),
    row("start to the first byte, io_uring", "ms", bench::at_most(10), start_ms(ring), nullptr),
    small("Node from memory", "epoll", epoll, memory, 64, 0.4),
    small("both from memory, Node", "epoll", kept, memory, 64, 0.4),
    small("Node from its file", "epoll", epoll, file, 64, 0.4),
});

}  // namespace

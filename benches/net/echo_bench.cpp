// Question: what does a server of connections cost beside one that is written straight on epoll or
// on a ring (support/bare_servers.hpp)? CPU of the server's process, the kernel's part included,
// how evenly it answers (p99/p50 of the client's wait), and memory of an idle connection.
// support/load.hpp says how it is measured.
#include <support/bare_servers.hpp>
#include <support/bare_sleeper.hpp>
#include <support/load.hpp>
#include <support/row.hpp>

#include <rouse/coro/scope.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/net/net.hpp>
#include <rouse/runtime/runtime.hpp>

#include <cstdlib>
#include <string>
#include <utility>

namespace {

using bench::scaled;

rouse::task<void> echo(rouse::net::tcp_stream stream) {
  while (auto bytes = co_await stream.read())
    co_await stream.write_all(bytes);
}

rouse::task<void> serve(int listener) {
  auto adopted = rouse::net::tcp_listener::adopt(listener);
  if (!adopted) std::abort();
  co_await rouse::supervise([&](rouse::nursery& clients) -> rouse::task<void> {
    for (;;) {
      auto client = co_await adopted->accept();
      clients.spawn(echo(std::move(client.stream)));
    }
  });
}

bench::server echo_over(rouse::reactor_kind kind) {
  return [kind](int listener) {
    auto runtime = rouse::runtime::make({.reactor = {.kind = kind}});
    if (!runtime || runtime->reactor().kind() != kind) std::abort();
    runtime->block_on(serve(listener));
  };
}

bool can_serve(benchmark::State& state, rouse::reactor_kind kind) {
  if (kind == rouse::reactor_kind::io_uring && !bench::has_ring()) {
    bench::not_here(state, "no io_uring");
    return false;
  }
  return true;
}

struct traffic {
  int connections;
  std::size_t bytes;  // of a message
  int messages;       // in all
};

/// Asked for when it runs: before main() nobody knows whether it is to be quick.
bench::load load_of(const traffic& t) {
  bench::load l;
  l.connections = bench::is_quick() ? 16 : t.connections;
  l.rounds = static_cast<int>(scaled(t.messages / t.connections));
  l.warm_rounds = l.rounds / 10 + 1;
  l.message.assign(t.bytes, 'x');
  return l;
}

bench::work cpu(bench::server s, rouse::reactor_kind kind, traffic t) {
  return [=](benchmark::State& state) {
    if (!can_serve(state, kind)) return;
    for (auto _ : state) {
      const bench::load_result found = bench::measure_load(s, load_of(t));
      if (*found.error) return state.SkipWithError(found.error);
      bench::gauge(state, found.cpu_ns / 1e3);
    }
  };
}

bench::work p99_to_p50(bench::server s, rouse::reactor_kind kind, traffic t) {
  return [=](benchmark::State& state) {
    if (!can_serve(state, kind)) return;
    for (auto _ : state) {
      const bench::load_result found = bench::measure_latency(s, load_of(t));
      if (*found.error) return state.SkipWithError(found.error);
      bench::gauge(state, found.p99_ns / found.p50_ns);
    }
  };
}

bench::work memory(bench::server s, rouse::reactor_kind kind) {
  return [=](benchmark::State& state) {
    if (!can_serve(state, kind)) return;
    for (auto _ : state) {
      const bench::load_result found = bench::measure_idle(s, load_of({4000, 64, 4000}));
      if (*found.error) return state.SkipWithError(found.error);
      bench::gauge(state, found.resident_bytes);
    }
  };
}

constexpr auto epoll = rouse::reactor_kind::epoll;
constexpr auto ring = rouse::reactor_kind::io_uring;

using measure = bench::work (*)(bench::server, rouse::reactor_kind, traffic);

/// Beside the bare server on the same kernel object.
bench::row cpu_row(const std::string& what, rouse::reactor_kind kind, traffic t) {
  const bench::server floor = kind == ring ? bench::bare_ring_echo : bench::bare_epoll_echo;
  return {.name = "echo, " + what + ", " + rouse::name_of(kind),
          .unit = "us",
          .at = bench::times_floor(1.05),
          .ours = cpu(echo_over(kind), kind, t),
          .floor = cpu(floor, kind, t),
          .once = true};
}

/// Beside the better of both bare servers.
bench::row best_row(const std::string& what, const std::string& unit, double ratio, measure how,
                    rouse::reactor_kind kind, traffic t) {
  return {.name = "echo, " + what + ", " + rouse::name_of(kind),
          .unit = unit,
          .at = bench::times_floor(ratio),
          .ours = how(echo_over(kind), kind, t),
          .floor = how(bench::bare_epoll_echo, epoll, t),
          .other_floor = how(bench::bare_ring_echo, ring, t),
          .once = true};
}
bench::row best_cpu(const std::string& what, rouse::reactor_kind kind, traffic t) {
  return best_row(what, "us", 1.05, cpu, kind, t);
}
bench::row evenness(const std::string& what, rouse::reactor_kind kind, traffic t) {
  bench::row made = best_row(what + ", p99/p50", "", 1.1, p99_to_p50, kind, t);
  made.rounds_max = 3;
  return made;
}

constexpr traffic some{64, 64, 64'000};
constexpr traffic many{1000, 64, 64'000};
constexpr traffic crowd{8000, 64, 64'000};
constexpr traffic large{64, 16 * 1024, 32'000};

const bench::rows here({
    cpu_row("64 connections, 64 B", epoll, some),
    cpu_row("64 connections, 64 B", ring, some),
    best_cpu("1000 connections, 64 B", epoll, many),
    best_cpu("1000 connections, 64 B", ring, many),
    best_cpu("8000 connections, 64 B", epoll, crowd),
    best_cpu("8000 connections, 64 B", ring, crowd),
    best_cpu("64 connections, 16 KiB", epoll, large),
    best_cpu("64 connections, 16 KiB", ring, large),
    evenness("1000 connections, 64 B", epoll, many),
    evenness("1000 connections, 64 B", ring, many),
    evenness("8000 connections, 64 B", epoll, crowd),
    evenness("8000 connections, 64 B", ring, crowd),
    evenness("64 connections, 16 KiB", epoll, large),
    evenness("64 connections, 16 KiB", ring, large),
    {.name = "idle connection, memory, epoll",
     .unit = "bytes",
     .at = bench::at_most(768),
     .ours = memory(echo_over(epoll), epoll),
     .floor = memory(bench::bare_epoll_echo, epoll),
     .once = true,
     .rounds_max = 3},
    {.name = "idle connection, memory, io_uring",
     .unit = "bytes",
     .at = bench::at_most(768),
     .ours = memory(echo_over(ring), ring),
     .once = true,
     .rounds_max = 3},
});

}  // namespace

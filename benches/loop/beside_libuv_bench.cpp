// Question: what does the loop cost beside libuv, doing what a program in callbacks does most:
// timers set, cleared and fired, turns with hooks, jobs of the pool, calls from another thread, and
// an echo server? The floor is libuv (uv_programs.cpp), with timers and hooks made beforehand
// in one piece; ours takes callbacks of any type and gives out ids. Timers and turns: CPU of
// the thread. Jobs and calls from other threads: time on the wall, and CPU of all threads.
#include "send_race.hpp"
#include "start_signal.hpp"
#include "uv_programs.hpp"

#include <support/bare_sleeper.hpp>
#include <support/clocks.hpp>
#include <support/load.hpp>
#include <support/row.hpp>

#include <rouse/base/random.hpp>
#include <rouse/coro/scope.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/loop/loop_async.hpp>
#include <rouse/loop/loop_jobs.hpp>
#include <rouse/loop/loop_net.hpp>
#include <rouse/net/net.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using bench::cpu_ns;
using bench::now_ns;
using bench::scaled;
using std::chrono::milliseconds;

constexpr auto epoll = rouse::reactor_kind::epoll;
constexpr auto ring = rouse::reactor_kind::io_uring;
constexpr std::int64_t timers = 1'000'000;
constexpr std::int64_t turns = 1'000'000;
constexpr std::int64_t jobs = 100'000;
constexpr std::int64_t calls_from_afar = 100'000;
constexpr std::int64_t races = 100'000;

std::int64_t calls;  // one program runs at a time

std::vector<int> delays(int least_ms, int most_ms) {
  rouse::random_source random(42);
  std::vector<int> all(static_cast<std::size_t>(scaled(timers)));
  for (int& d : all)
    d = static_cast<int>(random.between(least_ms, most_ms));
  return all;
}

rouse::loop_options over(rouse::reactor_kind kind) {
  rouse::loop_options options;
  options.runtime.reactor.kind = kind;
  return options;
}

// ---- timers

constexpr int far_least_ms = 1'000;
constexpr int far_most_ms = 300'000;

void set_and_clear(benchmark::State& state) {
  const auto all = delays(far_least_ms, far_most_ms);
  rouse::loop loop(over(epoll));
  std::vector<rouse::timer_id> ids(all.size());
  for (auto _ : state) {
    const std::int64_t begin = cpu_ns();
    for (std::size_t i = 0; i < all.size(); ++i)
      ids[i] = loop.set_timeout(milliseconds(all[i]), [] { std::abort(); });
    for (const rouse::timer_id id : ids)
      loop.clear_timeout(id);
    bench::gauge(state, static_cast<double>(cpu_ns() - begin) / static_cast<double>(all.size()));
  }
  if (loop.is_alive()) state.SkipWithError("a timer is left");
}
void floor_set_and_clear(benchmark::State& state) {
  const auto all = delays(far_least_ms, far_most_ms);
  for (auto _ : state)
    bench::gauge(state, static_cast<double>(bench::uv_set_and_clear(all).ns) /
                            static_cast<double>(all.size()));
}

constexpr int near_least_ms = 1;
constexpr int near_most_ms = 100;

void fire(benchmark::State& state) {
  const auto all = delays(near_least_ms, near_most_ms);
  for (auto _ : state) {
    rouse::loop loop(over(epoll));
    calls = 0;
    for (const int d : all)
      loop.set_timeout(milliseconds(d), [] { ++calls; });
    bench::sleep_until_ns(now_ns() + (near_most_ms + 2) * std::int64_t{1'000'000});
    const std::int64_t begin = cpu_ns();
    loop.run();
    bench::gauge(state, static_cast<double>(cpu_ns() - begin) / static_cast<double>(all.size()));
    if (calls != std::ssize(all)) return state.SkipWithError("a timer did not fire");
  }
}
void floor_fire(benchmark::State& state) {
  const auto all = delays(near_least_ms, near_most_ms);
  for (auto _ : state) {
    const auto found = bench::uv_fire(all);
    bench::gauge(state, static_cast<double>(found.ns) / static_cast<double>(all.size()));
    if (found.calls != std::ssize(all)) return state.SkipWithError("a timer did not fire");
  }
}

// ---- turns: the loop goes round because of its idle hooks

void go_round(benchmark::State& state, std::int64_t rounds, int hooks, std::int64_t per) {
  for (auto _ : state) {
    rouse::loop loop(over(epoll));
    struct {
      rouse::loop& loop;
      std::int64_t left;
      std::vector<rouse::hook_id> all;
    } mine{loop, rounds, {}};
    calls = 0;
    for (int i = 0; i < hooks; ++i) {
      mine.all.push_back(loop.add_idle([] { ++calls; }));
      const bool is_last = i == hooks - 1;
      mine.all.push_back(loop.add_check([&mine, is_last] {
        ++calls;
        if (!is_last || --mine.left != 0) return;
        for (const rouse::hook_id h : mine.all)
          mine.loop.remove(h);
      }));
    }
    const std::int64_t begin = cpu_ns();
    loop.run();
    bench::gauge(state, static_cast<double>(cpu_ns() - begin) / static_cast<double>(per));
    if (calls != rounds * hooks * 2) return state.SkipWithError("a hook was not called");
  }
}
void floor_go_round(benchmark::State& state, std::int64_t rounds, int hooks, std::int64_t per) {
  for (auto _ : state) {
    const auto found = bench::uv_turns(rounds, hooks);
    bench::gauge(state, static_cast<double>(found.ns) / static_cast<double>(per));
    if (found.calls != rounds * hooks * 2) return state.SkipWithError("a hook was not called");
  }
}

/// One idle and one check hook; for a turn.
bench::row turn_row() {
  return {.name = "beside libuv: turns with an idle and a check hook, 1000000",
          .at = bench::times_floor(1),
          .ours = [](benchmark::State& s) { go_round(s, scaled(turns), 1, scaled(turns)); },
          .floor = [](benchmark::State& s) { floor_go_round(s, scaled(turns), 1, scaled(turns)); },
          .once = true};
}
/// 500 of each; for a callback.
bench::row hooks_row() {
  constexpr int hooks = 500;
  const auto with = [](auto run) {
    return [run](benchmark::State& s) {
      const std::int64_t rounds = scaled(turns / (2 * hooks));
      run(s, rounds, hooks, rounds * hooks * 2);
    };
  };
  return {.name = "beside libuv: idle and check callbacks, 1000000",
          .at = bench::times_floor(1),
          .ours = with(go_round),
          .floor = with(floor_go_round),
          .once = true};
}

// ---- jobs and calls from another thread

enum class clock_of : unsigned char { wall, all_threads };

/// The figure of an item, from two runs of which one sets things up.
void say(benchmark::State& state, clock_of which, const bench::uv_pool_result& found,
         std::int64_t items) {
  const std::int64_t ns = which == clock_of::wall ? found.wall_ns : found.cpu_ns;
  bench::gauge(state, static_cast<double>(ns) / static_cast<double>(items));
}
std::int64_t all_threads_cpu_ns() { return bench::read_clock(CLOCK_PROCESS_CPUTIME_ID); }

std::atomic<std::int64_t> done_in_pool;
void job() { done_in_pool.fetch_add(1, std::memory_order_relaxed); }

void queue_job(rouse::loop& loop, std::int64_t& left) {
  --left;
  loop.jobs().run(job, [&loop, &left](rouse::result<void> r) {
    if (r) ++calls;
    if (left > 0) queue_job(loop, left);
  });
}

bench::uv_pool_result run_jobs(std::int64_t count, std::int64_t in_flight) {
  rouse::loop loop(over(epoll));
  calls = 0;
  std::int64_t left = count;
  loop.set_timeout(milliseconds(0), [&] {
    for (std::int64_t i = 0; i < std::min(count, in_flight); ++i)
      queue_job(loop, left);
  });
  const std::int64_t wall = now_ns();
  const std::int64_t cpu = all_threads_cpu_ns();
  loop.run();
  return {.wall_ns = now_ns() - wall, .cpu_ns = all_threads_cpu_ns() - cpu, .calls = calls};
}

bench::work job_side(auto run, std::int64_t in_flight, clock_of which) {
  return [=](benchmark::State& state) {
    const std::int64_t n = scaled(jobs);
    for (auto _ : state) {
      done_in_pool = 0;
      const bench::uv_pool_result found = run(n, in_flight);
      say(state, which, found, n);
      if (found.calls != n || done_in_pool != n) return state.SkipWithError("a job is missing");
    }
  };
}
bench::row job_row(const std::string& what, std::int64_t in_flight, clock_of which) {
  const auto uv = [](std::int64_t count, std::int64_t at_once) {
    return bench::uv_jobs(count, at_once, job);
  };
  return {.name = "beside libuv: pool jobs, " + what +
                  (which == clock_of::wall ? ", wall" : ", CPU of all threads"),
          .at = which == clock_of::wall ? bench::times_floor(1) : bench::target(),
          .ours = job_side(run_jobs, in_flight, which),
          .floor = job_side(uv, in_flight, which),
          .once = true};
}

/// Every post is a call of its own.
bench::uv_pool_result run_posts(std::int64_t count) {
  rouse::loop loop(over(epoll));
  calls = 0;
  auto alive = std::make_optional(loop.hold());
  bench::start_signal start;
  std::thread sender([handle = loop.handle(), &start, &alive, count] {
    start.await();
    for (std::int64_t i = 0; i < count; ++i) {
      const bool is_last = i == count - 1;
      const auto posted = handle.post([&alive, is_last] {
        ++calls;
        if (is_last) alive.reset();
      });
      if (!posted) std::abort();
    }
  });
  loop.set_immediate([&start] { start.give(); });
  const std::int64_t wall = now_ns();
  const std::int64_t cpu = all_threads_cpu_ns();
  loop.run();
  const bench::uv_pool_result found{
      .wall_ns = now_ns() - wall, .cpu_ns = all_threads_cpu_ns() - cpu, .calls = calls};
  sender.join();
  return found;
}

/// Sends that may be folded together.
bench::uv_pool_result run_sends(std::int64_t count) {
  rouse::loop loop(over(epoll));
  calls = 0;
  std::atomic<std::int64_t> sent{0};
  std::optional<rouse::loop_async> bell;
  bell.emplace(loop, [&] {
    ++calls;
    if (sent.load(std::memory_order_acquire) == count) bell.reset();
  });
  bench::start_signal start;
  std::thread sender([send = bell->sender(), &start, &sent, count] {
    start.await();
    for (std::int64_t i = 0; i < count; ++i) {
      sent.store(i + 1, std::memory_order_release);
      (void)send.send();
    }
  });
  loop.set_immediate([&start] { start.give(); });
  const std::int64_t wall = now_ns();
  const std::int64_t cpu = all_threads_cpu_ns();
  loop.run();
  const bench::uv_pool_result found{
      .wall_ns = now_ns() - wall, .cpu_ns = all_threads_cpu_ns() - cpu, .calls = calls};
  sender.join();
  return found;
}

std::int64_t lost_sends(std::int64_t rounds) {
  rouse::loop loop(over(epoll));
  bench::send_race race;
  std::optional<rouse::loop_async> bell;
  bell.emplace(loop, [&] {
    if (race.look()) bell.reset();
  });
  std::int64_t lost = 0;
  std::thread sender(
      [&, send = bell->sender()] { lost = race.run(rounds, [&send] { (void)send.send(); }); });
  loop.run();
  sender.join();
  return lost;
}

bench::work call_side(bench::uv_pool_result (*run)(std::int64_t), bool each, clock_of which) {
  return [=](benchmark::State& state) {
    const std::int64_t n = scaled(calls_from_afar);
    for (auto _ : state) {
      const bench::uv_pool_result found = run(n);
      say(state, which, found, n);
      if (each ? found.calls != n : found.calls > n + 1)
        return state.SkipWithError("calls that were not made, or twice");
    }
  };
}
bench::row call_row(const std::string& what, bool each, clock_of which,
                    bench::uv_pool_result (*ours)(std::int64_t),
                    bench::uv_pool_result (*uv)(std::int64_t)) {
  return {.name = "beside libuv: " + what + " from another thread" +
                  (which == clock_of::wall ? ", wall" : ", CPU of all threads"),
          .at = which == clock_of::wall ? bench::times_floor(1) : bench::target(),
          .ours = call_side(ours, each, which),
          .floor = call_side(uv, each, which),
          .once = true};
}
/// How many calls 100000 sends led to.
bench::row folded_row() {
  const auto counting = [](auto run) {
    return [run](benchmark::State& state) {
      for (auto _ : state)
        bench::gauge(state, static_cast<double>(run(scaled(calls_from_afar)).calls));
    };
  };
  return {.name = "beside libuv: deliveries of 100000 async sends",
          .unit = "times",
          .ours = counting(run_sends),
          .floor = counting(bench::uv_async_sends),
          .once = true};
}

/// Sends of which the callback never sees what was written before: 0, or the rest has no meaning.
bench::row lost_row() {
  const auto counting = [](auto run) {
    return [run](benchmark::State& state) {
      for (auto _ : state)
        bench::gauge(state, static_cast<double>(run(scaled(races))));
    };
  };
  return {.name = "beside libuv: async sends that are lost, of 100000",
          .unit = "times",
          .at = bench::at_most(0),
          .ours = counting(lost_sends),
          .floor = counting(bench::uv_lost_sends),
          .once = true,
          .rounds_max = 1};
}

// ---- echo, CPU of the server's process for a message of 64 B

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

bench::work echo_side(bench::server s, rouse::reactor_kind kind, int connections) {
  return [=](benchmark::State& state) {
    if (kind == ring && !bench::has_ring()) return bench::not_here(state, "no io_uring");
    bench::load l;
    l.connections = bench::is_quick() ? std::min(connections, 16) : connections;
    l.rounds = static_cast<int>(scaled(std::max(64'000, connections * 40) / connections));
    l.rounds = std::min(l.rounds, 20'000);
    l.warm_rounds = l.rounds / 10 + 1;
    l.message.assign(64, 'x');
    for (auto _ : state) {
      const bench::load_result found = bench::measure_load(s, l);
      if (*found.error) return state.SkipWithError(found.error);
      bench::gauge(state, found.cpu_ns / 1e3);
    }
  };
}
enum class written_in : unsigned char { callbacks, coroutines };

void serve_on(rouse::loop& loop, int listener) { loop.spawn(serve(listener)).detach(); }
void serve_in_callbacks(rouse::loop& loop, int listener) {
  const rouse::runtime::entered here(loop.runtime());  // the socket attaches to its reactor
  auto adopted = rouse::net::tcp_listener::adopt(listener);
  if (!adopted) std::abort();
  loop.net().listen(std::move(*adopted), [](const rouse::loop_socket& client) {
    client.on_data([client](std::span<const std::byte> bytes) { client.write(bytes); });
  });
}

bench::row echo_row(rouse::reactor_kind kind, written_in how, int connections) {
  const bench::server ours = [kind, how](int listener) {
    rouse::loop loop(over(kind));
    if (loop.runtime().reactor().kind() != kind) std::abort();
    if (how == written_in::callbacks)
      serve_in_callbacks(loop, listener);
    else
      serve_on(loop, listener);
    loop.run();
  };
  return {.name = std::string("beside libuv: echo in ") +
                  (how == written_in::callbacks ? "callbacks, " : "coroutines, ") +
                  std::to_string(connections) +
                  (connections == 1 ? " connection, " : " connections, ") + rouse::name_of(kind),
          .unit = "us",
          .at = bench::times_floor(1),
          .ours = echo_side(ours, kind, connections),
          .floor = echo_side(bench::uv_echo, kind, connections),
          .once = true};
}

const bench::rows here({
    {.name = "beside libuv: timers set and cleared, 1000000",
     .at = bench::times_floor(0.25),
     .ours = set_and_clear,
     .floor = floor_set_and_clear,
     .once = true},
    {.name = "beside libuv: timers fired, 1000000",
     .at = bench::times_floor(1 / 1.5),
     .ours = fire,
     .floor = floor_fire,
     .once = true},
    turn_row(),
    hooks_row(),
    job_row("a burst of 100000", jobs, clock_of::wall),
    job_row("a burst of 100000", jobs, clock_of::all_threads),
    job_row("64 in flight", 64, clock_of::wall),
    job_row("64 in flight", 64, clock_of::all_threads),
    job_row("one by one", 1, clock_of::wall),
    call_row("async sends", false, clock_of::wall, run_sends, bench::uv_async_sends),
    folded_row(),
    lost_row(),
    call_row("messages", true, clock_of::wall, run_posts, bench::uv_messages),
    call_row("messages", true, clock_of::all_threads, run_posts, bench::uv_messages),
    echo_row(epoll, written_in::callbacks, 1),
    echo_row(ring, written_in::callbacks, 1),
    echo_row(epoll, written_in::coroutines, 1),
    echo_row(ring, written_in::coroutines, 1),
    echo_row(epoll, written_in::callbacks, 64),
    echo_row(ring, written_in::callbacks, 64),
    echo_row(epoll, written_in::coroutines, 64),
    echo_row(ring, written_in::coroutines, 64),
    echo_row(epoll, written_in::callbacks, 1000),
    echo_row(ring, written_in::callbacks, 1000),
    echo_row(epoll, written_in::coroutines, 1000),
    echo_row(ring, written_in::coroutines, 1000),
});

}  // namespace

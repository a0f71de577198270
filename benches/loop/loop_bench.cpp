// Question: what do immediates, next ticks and microtasks cost beside their floor, a vector of
// std::move_only_function that is filled, called from front to back and emptied? No ids, no order
// between kinds, nothing kept when one throws. And beside Node.js's own: CPU of the whole process,
// of a million that were queued before any ran.
#include <support/clocks.hpp>
#include <support/row.hpp>

#include <rouse/loop/loop.hpp>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace {

using bench::scaled;

constexpr std::int64_t many = 1'000'000;
constexpr std::int64_t some = 1'000;  // a burst that fits a cache

using queue_one = void (*)(rouse::loop&, rouse::callback<void()>);
void tick(rouse::loop& l, rouse::callback<void()> f) { l.next_tick(std::move(f)); }
void microtask(rouse::loop& l, rouse::callback<void()> f) { l.queue_microtask(std::move(f)); }
void immediate(rouse::loop& l, rouse::callback<void()> f) { l.set_immediate(std::move(f)); }

/// Bursts of `burst` callbacks, each run before the next one is queued.
void bursts(benchmark::State& state, queue_one queue, std::int64_t burst) {
  const std::int64_t n = scaled(burst);
  rouse::loop loop;
  std::uint64_t sum = 0;
  loop.set_timeout(std::chrono::milliseconds(0), [&] {});
  loop.run();  // what is made at the first run
  for (auto _ : state) {
    for (std::int64_t i = 0; i < n; ++i)
      queue(loop, [&sum, i] { sum += static_cast<std::uint64_t>(i); });
    loop.run();
  }
  bench::items(state, n, sum);
}
void floor_bursts(benchmark::State& state, std::int64_t burst) {
  const std::int64_t n = scaled(burst);
  std::vector<std::move_only_function<void()>> queue;
  std::uint64_t sum = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < n; ++i)
      queue.emplace_back([&sum, i] { sum += static_cast<std::uint64_t>(i); });
    for (auto& f : queue)
      f();
    queue.clear();
    if (n > 1024) queue.shrink_to_fit();  // memory goes back after a burst, as the loop's does
  }
  bench::items(state, n, sum);
}

/// Each queues the next.
struct chain {
  rouse::loop* loop;
  queue_one queue;
  std::int64_t left;
  std::uint64_t sum = 0;
  void next() {
    sum += static_cast<std::uint64_t>(left);
    if (--left > 0) queue(*loop, [this] { next(); });
  }
};
void chains(benchmark::State& state, queue_one queue) {
  const std::int64_t n = scaled(many);
  rouse::loop loop;
  std::uint64_t sum = 0;
  for (auto _ : state) {
    chain c{.loop = &loop, .queue = queue, .left = n};
    queue(loop, [&c] { c.next(); });
    loop.run();
    sum += c.sum;
  }
  bench::items(state, n, sum);
}
/// Two vectors in turns: what is queued while one is called goes to the other.
struct bare_chain {
  std::vector<std::move_only_function<void()>> queue;
  std::int64_t left;
  std::uint64_t sum = 0;
  void next() {
    sum += static_cast<std::uint64_t>(left);
    if (--left > 0) queue.emplace_back([this] { next(); });
  }
};
void floor_chains(benchmark::State& state) {
  const std::int64_t n = scaled(many);
  std::uint64_t sum = 0;
  for (auto _ : state) {
    bare_chain c{.queue = {}, .left = n};
    c.queue.emplace_back([&c] { c.next(); });
    std::vector<std::move_only_function<void()>> now;
    while (!c.queue.empty()) {
      now.swap(c.queue);
      for (auto& f : now)
        f();
      now.clear();
    }
    sum += c.sum;
  }
  bench::items(state, n, sum);
}

bench::row burst_row(const std::string& what, queue_one queue, std::int64_t burst) {
  return {.name = what + ", bursts of " + std::to_string(burst),
          .at = bench::times_floor(3),
          .ours = [=](benchmark::State& s) { bursts(s, queue, burst); },
          .floor = [=](benchmark::State& s) { floor_bursts(s, burst); }};
}
bench::row chain_row(const std::string& what, queue_one queue, bench::target at) {
  return {.name = what + ", each queues the next",
          .at = at,
          .ours = [=](benchmark::State& s) { chains(s, queue); },
          .floor = floor_chains};
}

// ---- beside Node.js

/// CPU in ns of one of `many` callbacks that Node.js's `queue` takes.
void in_node(benchmark::State& state, const std::string& queue) {
  const std::string script =
      "if (Number(process.versions.node.split('.')[0]) < 20) process.exit(1);"
      "const n = " +
      std::to_string(scaled(many)) +
      "; let called = 0; const before = process.cpuUsage();"
      "const f = () => { if (++called === n) { const c = process.cpuUsage(before);"
      " console.log((c.user + c.system) * 1000 / n); } };"
      "for (let i = 0; i < n; ++i) " +
      queue + "(f);";
  for (auto _ : state) {
    std::FILE* out = ::popen(("node -e \"" + script + "\" 2>/dev/null").c_str(), "r");
    double ns = 0;
    const bool has_said = out && std::fscanf(out, "%lf", &ns) == 1;
    if (out) ::pclose(out);
    if (!has_said) return bench::not_here(state, "no Node.js 20 or newer");
    bench::gauge(state, ns);
  }
}
void in_loop(benchmark::State& state, queue_one queue) {
  const std::int64_t n = scaled(many);
  for (auto _ : state) {
    rouse::loop loop;
    std::int64_t called = 0;
    const std::int64_t before = bench::cpu_ns();
    for (std::int64_t i = 0; i < n; ++i)
      queue(loop, [&called] { ++called; });
    loop.run();
    bench::gauge(state, static_cast<double>(bench::cpu_ns() - before) / static_cast<double>(n));
    if (called != n) state.SkipWithError("not all were called");
  }
}
bench::row node_row(const std::string& what, queue_one queue, const char* in_javascript) {
  return {.name = "beside Node.js: " + what + ", 1000000",
          .at = bench::times_floor(1),
          .ours = [=](benchmark::State& s) { in_loop(s, queue); },
          .floor = [=](benchmark::State& s) { in_node(s, in_javascript); },
          .once = true};
}

const bench::rows here({
    node_row("next ticks", tick, "process.nextTick"),
    node_row("microtasks", microtask, "queueMicrotask"),
    node_row("immediates", immediate, "setImmediate"),
    burst_row("next ticks", tick, some),
    burst_row("next ticks", tick, many),
    chain_row("next ticks", tick, bench::times_floor(3)),
    burst_row("microtasks", microtask, some),
    burst_row("microtasks", microtask, many),
    chain_row("microtasks", microtask, bench::times_floor(3)),
    burst_row("immediates", immediate, some),
    burst_row("immediates", immediate, many),
    // A turn of the loop for each.
    chain_row("immediates", immediate, {}),
});

}  // namespace

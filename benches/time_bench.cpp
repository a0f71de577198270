// What does a timer cost, beside a bare wheel (6 x 64 slots of 1 ms, 24-byte nodes, no driver, no
// sleep, no waker)? Each of ours stands behind its floor; one thread; deadlines from a fixed seed;
// `sum` is a checksum of what was done.
#include <rouse/base/random.hpp>
#include <rouse/park/thread_park.hpp>
#include <rouse/time/manual_clock.hpp>
#include <rouse/time/sleep.hpp>
#include <rouse/time/timer_park.hpp>
#include <rouse/time/wheel.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::instant;
using rouse::nanoseconds;

/// The floor: the least that a timer wheel can do.
struct bare_wheel {
  struct timer {
    timer* prev;
    timer* next;
    std::uint64_t deadline;  // ticks of 1 ms
  };
  static constexpr int levels = 6;
  timer slots[levels][64];
  std::uint64_t occupied[levels] = {};
  std::uint64_t now = 0;
  std::uint64_t count = 0;

  bare_wheel() {
    for (auto& level : slots)
      for (timer& s : level)
        s.prev = s.next = &s;
  }
  void insert(timer* t) {
    const std::uint64_t difference = t->deadline ^ now;
    const int level = difference < 64 ? 0 : (63 - __builtin_clzll(difference)) / 6;
    const auto s = static_cast<int>(t->deadline >> (6 * level)) & 63;
    timer& head = slots[level][s];
    t->prev = head.prev;
    t->next = &head;
    head.prev->next = t;
    head.prev = t;
    occupied[level] |= 1ULL << s;
    ++count;
  }
  void cancel(timer* t) {
    t->prev->next = t->next;
    t->next->prev = t->prev;
    --count;
  }
  template <class Fire>
  void advance(std::uint64_t until, Fire fire) {
    while (count) {
      int level = 0;
      std::uint64_t bits = 0;
      for (; level < levels; ++level) {
        const auto at = static_cast<int>(now >> (6 * level)) & 63;
        bits = occupied[level] & (~0ULL << at);
        if (bits) break;
      }
      if (level == levels) break;
      const int s = __builtin_ctzll(bits);
      const auto span = 6 * static_cast<std::uint64_t>(level);
      const std::uint64_t at =
          (now >> (span + 6) << (span + 6)) | (static_cast<std::uint64_t>(s) << span);
      if (at > until) break;
      if (at > now) now = at;
      timer list;
      timer& head = slots[level][s];
      occupied[level] &= ~(1ULL << s);
      if (head.next == &head) continue;
      list.next = head.next;
      list.prev = head.prev;
      list.next->prev = &list;
      list.prev->next = &list;
      head.prev = head.next = &head;
      for (timer* t = list.next; t != &list;) {
        timer* following = t->next;
        --count;
        if (t->deadline <= now)
          fire(t);
        else
          insert(t);
        t = following;
      }
    }
    if (now < until) now = until;
  }
};

constexpr nanoseconds hour = 1h;

std::vector<nanoseconds> deadlines(std::size_t n, nanoseconds low, nanoseconds high) {
  rouse::random_source random(42);
  std::vector<nanoseconds> all(n);
  for (nanoseconds& d : all)
    d = nanoseconds(random.between(low.count(), high.count()));
  return all;
}

/// Arms `n` timers, deadlines 1 ms..1 h, then cancels them: two figures, ns each.
template <class Arm, class Cancel>
void arm_and_cancel(benchmark::State& state, std::size_t n, Arm arm, Cancel cancel) {
  double armed = 0, cancelled = 0;
  for (auto _ : state) {
    const auto a = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < n; ++i)
      arm(i);
    const auto b = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < n; ++i)
      cancel(i);
    const auto c = std::chrono::steady_clock::now();
    armed += std::chrono::duration<double, std::nano>(b - a).count();
    cancelled += std::chrono::duration<double, std::nano>(c - b).count();
  }
  const double ops = static_cast<double>(state.iterations()) * static_cast<double>(n);
  state.counters["arm_ns"] = armed / ops;
  state.counters["cancel_ns"] = cancelled / ops;
}

void floor_arm_cancel(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto when = deadlines(n, 1ms, hour);
  auto wheel = std::make_unique<bare_wheel>();
  std::vector<bare_wheel::timer> timers(n);
  for (std::size_t i = 0; i < n; ++i)
    timers[i].deadline = static_cast<std::uint64_t>(when[i].count() / 1'000'000);
  arm_and_cancel(
      state, n, [&](std::size_t i) { wheel->insert(&timers[i]); },
      [&](std::size_t i) { wheel->cancel(&timers[i]); });
}
BENCHMARK(floor_arm_cancel)->Arg(1000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void wheel_arm_cancel(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto when = deadlines(n, 1ms, hour);
  rouse::wheel wheel;
  std::vector<rouse::wheel_entry> timers(n);
  arm_and_cancel(
      state, n, [&](std::size_t i) { wheel.insert(timers[i], instant(when[i])); },
      [&](std::size_t i) { wheel.remove(timers[i]); });
}
BENCHMARK(wheel_arm_cancel)->Arg(1000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

/// Stands for a task: counts its wakes with a plain word.
class counted_task final : public rouse::wakeable {
 public:
  counted_task() : wakeable(table) {}
  std::uint64_t wakes = 0;

 private:
  static void on_wake(wakeable& w) noexcept { ++static_cast<counted_task&>(w).wakes; }
  static wakeable& on_clone(wakeable& w) noexcept { return w; }
  static void on_drop(wakeable&) noexcept {}
  static constexpr rouse::wake_table table{on_wake, on_clone, on_drop};
};

/// sleep_until and its first poll, which registers; then its destruction, which cancels. As a task
/// would hold it.
void sleep_arm_cancel(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  rouse::timer_park<rouse::thread_park> stack;
  const rouse::timer_driver::scope scope(stack.driver());
  auto when = deadlines(n, 1ms, hour);
  const instant start = rouse::now();
  counted_task task;
  rouse::context cx(task);
  std::vector<std::optional<rouse::sleep_operation>> sleeps(n);
  arm_and_cancel(
      state, n,
      [&](std::size_t i) {
        sleeps[i].emplace(rouse::sleep_until(start + hour + when[i]));
        benchmark::DoNotOptimize(sleeps[i]->poll(cx).is_ready());
      },
      [&](std::size_t i) { sleeps[i].reset(); });
  state.counters["bytes"] = sizeof(rouse::sleep_operation);
}
BENCHMARK(sleep_arm_cancel)->Arg(1000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

/// The same from one place, one at a time: what a time-out costs that does not fire.
void sleep_one(benchmark::State& state) {
  rouse::timer_park<rouse::thread_park> stack;
  const rouse::timer_driver::scope scope(stack.driver());
  const instant at = rouse::now() + hour;
  counted_task task;
  rouse::context cx(task);
  for (auto _ : state) {
    auto s = rouse::sleep_until(at);
    benchmark::DoNotOptimize(s.poll(cx).is_ready());
  }
}
BENCHMARK(sleep_one);

void clock_read(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(rouse::now());
}
BENCHMARK(clock_read);

/// The nearest deadline is cancelled and asked for again and again among 10^4 idle time-outs of
/// mixed lengths.
void wheel_next_deadline_after_cancelling_the_nearest(benchmark::State& state) {
  constexpr std::size_t n = 10'000;
  constexpr nanoseconds lengths[] = {30s, 10s, 60s, 30s};
  rouse::wheel wheel;
  std::vector<rouse::wheel_entry> timers(n);
  nanoseconds time(0);
  for (std::size_t i = 0; i < n; ++i, time += 1us)
    wheel.insert(timers[i], instant(time + lengths[i % 4]));
  std::size_t i = 0;
  std::int64_t sum = 0;
  for (auto _ : state) {
    wheel.remove(timers[i]);
    sum += wheel.next_deadline().time_since_epoch().count();
    wheel.insert(timers[i], instant(time + lengths[i % 4]));
    time += 1us;
    i = (i + 1) % n;
  }
  benchmark::DoNotOptimize(sum);
  while (wheel.pop_any()) {
  }
}
BENCHMARK(wheel_next_deadline_after_cancelling_the_nearest);

/// 10^6 timers over 1 s, fired in steps of 1 ms: ns per timer, arming included in `arm_ns` only.
void floor_fire(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto when = deadlines(n, 1ms, 1s);
  std::vector<bare_wheel::timer> timers(n);
  std::uint64_t fired = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto wheel = std::make_unique<bare_wheel>();
    for (std::size_t i = 0; i < n; ++i) {
      timers[i].deadline = static_cast<std::uint64_t>(when[i].count() / 1'000'000);
      wheel->insert(&timers[i]);
    }
    state.ResumeTiming();
    for (std::uint64_t ms = 1; ms <= 1000; ++ms)
      wheel->advance(ms, [&](bare_wheel::timer*) { ++fired; });
  }
  state.counters["fire_ns"] = benchmark::Counter(
      static_cast<double>(fired) * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(floor_fire)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void wheel_fire(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto when = deadlines(n, 1ms, 1s);
  std::vector<rouse::wheel_entry> timers(n);
  std::uint64_t fired = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto wheel = std::make_unique<rouse::wheel>();
    for (std::size_t i = 0; i < n; ++i)
      wheel->insert(timers[i], instant(when[i]));
    state.ResumeTiming();
    for (std::int64_t ms = 1; ms <= 1000; ++ms)
      while (wheel->pop_due(instant(nanoseconds(ms * 1'000'000))))
        ++fired;
  }
  state.counters["fire_ns"] = benchmark::Counter(
      static_cast<double>(fired) * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(wheel_fire)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

/// The same as sleeps of tasks, through the whole layer: clock, park below, batches of 1,024, a
/// wake each.
void sleep_fire(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const auto when = deadlines(n, 1ms, 1s);
  counted_task task;
  rouse::context cx(task);
  std::vector<std::optional<rouse::sleep_operation>> sleeps(n);
  for (auto _ : state) {
    state.PauseTiming();
    rouse::manual_clock time;
    auto stack = std::make_unique<rouse::timer_park<rouse::thread_park>>(time);
    std::optional<rouse::timer_driver::scope> scope(stack->driver());
    for (std::size_t i = 0; i < n; ++i) {
      sleeps[i].emplace(rouse::sleep(when[i]));
      benchmark::DoNotOptimize(sleeps[i]->poll(cx).is_ready());
    }
    state.ResumeTiming();
    for (int ms = 1; ms <= 1000; ++ms) {
      time.advance(1ms);
      while (*stack->park(0ns) == rouse::park_outcome::events) {
      }
    }
  }
  state.counters["fire_ns"] =
      benchmark::Counter(static_cast<double>(task.wakes) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(sleep_fire)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace

// Question: what does a timer cost, in time, in lateness and in memory, beside a bare wheel
// (support/bare_wheel.hpp) and beside a loop that only waits and fires? One thread; deadlines from
// a fixed seed. Every sleep is looked at when it ends: one that ends early is an error.
#include <support/bare_tasks.hpp>
#include <support/bare_wheel.hpp>
#include <support/clocks.hpp>
#include <support/row.hpp>

#include <rouse/base/random.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/park/thread_park.hpp>
#include <rouse/time/sleep.hpp>
#include <rouse/time/timer_park.hpp>
#include <rouse/time/wheel.hpp>

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

namespace {

using namespace std::chrono_literals;
using bench::bare_wheel;
using bench::scaled;
using rouse::instant;
using rouse::nanoseconds;

constexpr std::int64_t many = 1'000'000;
constexpr std::int64_t some = 100'000;
constexpr std::int64_t tick = 1'000'000;  // of the bare wheel, ns

std::vector<nanoseconds> deadlines(std::int64_t n, nanoseconds low, nanoseconds high) {
  rouse::random_source random(42);
  std::vector<nanoseconds> all(static_cast<std::size_t>(n));
  for (nanoseconds& d : all)
    d = nanoseconds(random.between(low.count(), high.count()));
  return all;
}

// ---- arming and cancelling, 10^6 pending, 1 ms..1 h

enum class phase : unsigned char { arming, cancelling };

/// Arms all, then cancels all; one of the two is measured.
template <class Arm, class Cancel>
void arm_or_cancel(benchmark::State& state, phase which, std::int64_t n, Arm arm, Cancel cancel) {
  for (auto _ : state) {
    if (which == phase::cancelling) state.PauseTiming();
    for (std::int64_t i = 0; i < n; ++i)
      arm(static_cast<std::size_t>(i));
    if (which == phase::cancelling) state.ResumeTiming();
    if (which == phase::arming) state.PauseTiming();
    for (std::int64_t i = 0; i < n; ++i)
      cancel(static_cast<std::size_t>(i));
    if (which == phase::arming) state.ResumeTiming();
  }
  bench::items(state, n);
}

void floor_arm(benchmark::State& state, phase which) {
  const std::int64_t n = scaled(many);
  const auto when = deadlines(n, 1ms, 1h);
  auto wheel = std::make_unique<bare_wheel>();
  std::vector<bare_wheel::timer> timers(when.size());
  for (std::size_t i = 0; i < timers.size(); ++i)
    timers[i].deadline = static_cast<std::uint64_t>(when[i].count() / tick);
  arm_or_cancel(
      state, which, n, [&](std::size_t i) { wheel->insert(&timers[i]); },
      [&](std::size_t i) { wheel->cancel(&timers[i]); });
}

void wheel_arm(benchmark::State& state, phase which) {
  const std::int64_t n = scaled(many);
  const auto when = deadlines(n, 1ms, 1h);
  rouse::wheel wheel;
  std::vector<rouse::wheel_entry> timers(when.size());
  arm_or_cancel(
      state, which, n, [&](std::size_t i) { wheel.insert(timers[i], instant(when[i])); },
      [&](std::size_t i) { wheel.remove(timers[i]); });
}

/// Stands for a task that is never woken.
class nobody final : public rouse::wakeable {
 public:
  nobody() : wakeable(table) {}

 private:
  static constexpr rouse::wake_table table{
      [](wakeable&) noexcept {},
      [](wakeable& w) noexcept -> wakeable& { return w; },
      [](wakeable&) noexcept {},
  };
};

/// sleep_until and its first poll, which registers; then its destruction, which cancels. As a task
/// would hold it.
void sleep_arm(benchmark::State& state, phase which) {
  const std::int64_t n = scaled(many);
  rouse::timer_park<rouse::thread_park> stack;
  const rouse::timer_driver::scope scope(stack.driver());
  const auto when = deadlines(n, 1ms, 1h);
  const instant start = rouse::now() + 1h;  // none comes due meanwhile
  nobody task;
  rouse::context cx(task);
  std::vector<std::optional<rouse::sleep_operation>> sleeps(when.size());
  arm_or_cancel(
      state, which, n,
      [&](std::size_t i) {
        sleeps[i].emplace(rouse::sleep_until(start + when[i]));
        benchmark::DoNotOptimize(sleeps[i]->poll(cx).is_ready());
      },
      [&](std::size_t i) { sleeps[i].reset(); });
}

/// The same from one place, one at a time: a time-out that does not fire.
void sleep_one(benchmark::State& state) {
  rouse::timer_park<rouse::thread_park> stack;
  const rouse::timer_driver::scope scope(stack.driver());
  const instant at = rouse::now() + 1h;
  nobody task;
  rouse::context cx(task);
  for (auto _ : state) {
    auto s = rouse::sleep_until(at);
    benchmark::DoNotOptimize(s.poll(cx).is_ready());
  }
  bench::items(state, 1);
}

void clock_read(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(rouse::now());
  bench::items(state, 1);
}

/// The nearest deadline is cancelled and asked for again and again among 10^4 idle time-outs of
/// mixed lengths.
void next_deadline(benchmark::State& state) {
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
  bench::items(state, 1);
}

// ---- firing, no clock: 10^6 within 1 s, in steps of 1 ms

void floor_wheel_fire(benchmark::State& state) {
  const std::int64_t n = scaled(many);
  const auto when = deadlines(n, 1ms, 1s);
  std::vector<bare_wheel::timer> timers(when.size());
  std::uint64_t fired = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto wheel = std::make_unique<bare_wheel>();
    for (std::size_t i = 0; i < timers.size(); ++i) {
      timers[i].deadline = static_cast<std::uint64_t>(when[i].count() / tick);
      wheel->insert(&timers[i]);
    }
    state.ResumeTiming();
    for (std::uint64_t ms = 1; ms <= 1000; ++ms)
      wheel->advance(ms, [&](bare_wheel::timer*) { ++fired; });
  }
  bench::items(state, n, fired);
}

void wheel_fire(benchmark::State& state) {
  const std::int64_t n = scaled(many);
  const auto when = deadlines(n, 1ms, 1s);
  std::vector<rouse::wheel_entry> timers(when.size());
  std::uint64_t fired = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto wheel = std::make_unique<rouse::wheel>();
    for (std::size_t i = 0; i < timers.size(); ++i)
      wheel->insert(timers[i], instant(when[i]));
    state.ResumeTiming();
    for (std::int64_t ms = 1; ms <= 1000; ++ms)
      while (wheel->pop_due(instant(nanoseconds(ms * tick))))
        ++fired;
  }
  bench::items(state, n, fired);
}

// ---- sleeping tasks on the real clock: they are made first, then fire within 1 s

enum class wanted : unsigned char { cpu, lateness };

/// What the sleepers found: CPU per task from when all were armed, or the median lateness in us.
void report(benchmark::State& state, wanted what, std::vector<std::int64_t>& late,
            std::int64_t cpu) {
  if (*std::min_element(late.begin(), late.end()) < 0) return state.SkipWithError("one was early");
  bench::gauge(state, what == wanted::cpu
                          ? static_cast<double>(cpu) / static_cast<double>(late.size())
                          : static_cast<double>(bench::percentile(late, 0.5)) / 1e3);
}

/// They fire within one; the tests do not wait so long.
nanoseconds second() { return nanoseconds(scaled(1'000'000'000)); }
/// Time enough to make them all before the first is due.
std::int64_t start_after_arming(std::int64_t n) { return bench::now_ns() + n * 2000; }

rouse::task<void> sleeper(std::int64_t at, std::int64_t* late) {
  co_await rouse::sleep_until(instant(nanoseconds(at)));
  *late = bench::now_ns() - at;
}
rouse::task<void> nothing() { co_return; }

void sleepers(benchmark::State& state, std::int64_t n, wanted what) {
  const auto when = deadlines(n, 0ms, second());
  std::vector<std::int64_t> late(when.size(), -1);
  for (auto _ : state) {
    rouse::timer_park<rouse::thread_park> stack;
    rouse::current_thread_executor executor(stack);
    const rouse::timer_driver::scope scope(stack.driver());
    const std::int64_t start = start_after_arming(n);
    for (std::size_t i = 0; i < when.size(); ++i)
      executor.spawn(rouse::assume_owned(sleeper(start + when[i].count(), &late[i]))).detach();
    executor.block_on(nothing());  // queued last: every sleeper has been polled before it
    const std::int64_t cpu = bench::cpu_ns();
    executor.run();
    report(state, what, late, bench::cpu_ns() - cpu);
  }
}

/// In a frame that comes from a free list, a node of a bare wheel.
struct bare_sleep : bare_wheel::timer {
  bare_wheel& wheel;
  std::coroutine_handle<> handle;
  bare_sleep(bare_wheel& w, std::int64_t at)
      : timer{nullptr, nullptr, static_cast<std::uint64_t>((at + tick - 1) / tick)}, wheel(w) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    handle = h;
    wheel.insert(this);
  }
  void await_resume() const {}
};
bench::bare_job bare_sleeper(bare_wheel& w, std::int64_t at, std::int64_t* late) {
  co_await bare_sleep(w, at);
  *late = bench::now_ns() - at;
}
void floor_sleepers(benchmark::State& state, std::int64_t n, wanted what) {
  const auto when = deadlines(n, 0ms, second());
  std::vector<std::int64_t> late(when.size(), -1);
  for (auto _ : state) {
    auto wheel = std::make_unique<bare_wheel>();
    const std::int64_t start = start_after_arming(n);
    wheel->now = static_cast<std::uint64_t>(bench::now_ns() / tick);
    for (std::size_t i = 0; i < when.size(); ++i)
      bare_sleeper(*wheel, start + when[i].count(), &late[i]).handle.resume();
    const std::int64_t cpu = bench::cpu_ns();
    while (wheel->count) {
      const std::int64_t now = bench::now_ns() / tick;
      wheel->advance(static_cast<std::uint64_t>(now),
                     [](bare_wheel::timer* t) { static_cast<bare_sleep*>(t)->handle.resume(); });
      bench::sleep_until_ns((now + 1) * tick);
    }
    report(state, what, late, bench::cpu_ns() - cpu);
    bench::cool_heap();
  }
}

/// Nothing but the waiting: the deadlines lie in order.
void floor_wait_and_fire(benchmark::State& state, std::int64_t n, wanted what) {
  auto when = deadlines(n, 0ms, second());
  std::sort(when.begin(), when.end());
  std::vector<std::int64_t> late(when.size(), -1);
  for (auto _ : state) {
    const std::int64_t start = bench::now_ns() + 1'000'000;
    const std::int64_t cpu = bench::cpu_ns();
    for (std::size_t i = 0; i < when.size();) {
      bench::sleep_until_ns(start + when[i].count());
      const std::int64_t now = bench::now_ns();
      for (; i < when.size() && start + when[i].count() <= now; ++i)
        late[i] = bench::now_ns() - start - when[i].count();
    }
    report(state, what, late, bench::cpu_ns() - cpu);
  }
}

// ---- memory, from the heap's own books

std::size_t heap_bytes() {
  const struct mallinfo2 books = mallinfo2();
  return books.uordblks + books.hblkhd;
}

/// What the wheel takes besides the operation, which lies in the frame, and the operation itself.
void pending_timer_bytes(benchmark::State& state) {
  const std::int64_t n = scaled(many);
  const auto when = deadlines(n, 1ms, 1h);
  const instant start = rouse::now() + 1h;
  nobody task;
  rouse::context cx(task);
  for (auto _ : state) {
    const std::size_t before = heap_bytes();
    rouse::timer_park<rouse::thread_park> stack;
    const rouse::timer_driver::scope scope(stack.driver());
    std::vector<std::optional<rouse::sleep_operation>> sleeps(when.size());
    for (std::size_t i = 0; i < sleeps.size(); ++i) {
      sleeps[i].emplace(rouse::sleep_until(start + when[i]));
      benchmark::DoNotOptimize(sleeps[i]->poll(cx).is_ready());
    }
    bench::gauge(state, static_cast<double>(heap_bytes() - before) / static_cast<double>(n));
  }
}

rouse::task<void> long_sleeper(instant at) { co_await rouse::sleep_until(at); }
void sleeping_task_bytes(benchmark::State& state) {
  const std::int64_t n = scaled(many);
  const auto when = deadlines(n, 1ms, 1h);
  const instant start = rouse::now() + 1h;
  for (auto _ : state) {
    const std::size_t before = heap_bytes();
    rouse::timer_park<rouse::thread_park> stack;
    rouse::current_thread_executor executor(stack);
    const rouse::timer_driver::scope scope(stack.driver());
    for (const nanoseconds d : when)
      executor.spawn(long_sleeper(start + d)).detach();
    executor.block_on(nothing());
    bench::gauge(state, static_cast<double>(heap_bytes() - before) / static_cast<double>(n));
  }
}

const bench::rows here({
    {.name = "sleep_until armed, 1000000 pending",
     .at = bench::times_floor(5),
     .ours = [](benchmark::State& s) { sleep_arm(s, phase::arming); },
     .floor = [](benchmark::State& s) { floor_arm(s, phase::arming); },
     .once = true},
    {.name = "sleep_until cancelled, 1000000 pending",
     .at = bench::times_floor(2.6),
     .ours = [](benchmark::State& s) { sleep_arm(s, phase::cancelling); },
     .floor = [](benchmark::State& s) { floor_arm(s, phase::cancelling); },
     .once = true},
    {.name = "sleep_until armed and cancelled, alone", .ours = sleep_one},
    {.name = "clock read", .ours = clock_read},
    {.name = "wheel, insert, 1000000 pending",
     .ours = [](benchmark::State& s) { wheel_arm(s, phase::arming); },
     .floor = [](benchmark::State& s) { floor_arm(s, phase::arming); },
     .once = true},
    {.name = "wheel, remove, 1000000 pending",
     .ours = [](benchmark::State& s) { wheel_arm(s, phase::cancelling); },
     .floor = [](benchmark::State& s) { floor_arm(s, phase::cancelling); },
     .once = true},
    {.name = "wheel, fire, 1000000 within 1 s",
     .ours = wheel_fire,
     .floor = floor_wheel_fire,
     .once = true},
    {.name = "wheel, next deadline after the nearest has left", .ours = next_deadline},
    {.name = "sleeping tasks, CPU of one of 1000000 within 1 s",
     .at = bench::times_floor(2.6),
     .ours = [](benchmark::State& s) { sleepers(s, scaled(many), wanted::cpu); },
     .floor = [](benchmark::State& s) { floor_sleepers(s, scaled(many), wanted::cpu); },
     .once = true,
     .rounds_max = 3},
    {.name = "sleeping tasks, CPU of one of 100000 within 1 s",
     .at = bench::above_floor(600),
     .ours = [](benchmark::State& s) { sleepers(s, scaled(some), wanted::cpu); },
     .floor = [](benchmark::State& s) { floor_wait_and_fire(s, scaled(some), wanted::cpu); },
     .once = true,
     .rounds_max = 3},
    {.name = "sleeping tasks, lateness p50 of 100000",
     .unit = "us",
     .at = bench::at_most(100),
     .ours = [](benchmark::State& s) { sleepers(s, scaled(some), wanted::lateness); },
     .floor = [](benchmark::State& s) { floor_wait_and_fire(s, scaled(some), wanted::lateness); },
     .once = true,
     .rounds_max = 3},
    {.name = "pending timer, memory",
     .unit = "bytes",
     .at = bench::at_most(96),
     .ours = pending_timer_bytes,
     .once = true,
     .rounds_max = 1},
    {.name = "sleeping task, memory",
     .unit = "bytes",
     .at = bench::at_most(256),
     .ours = sleeping_task_bytes,
     .once = true,
     .rounds_max = 1},
});

}  // namespace

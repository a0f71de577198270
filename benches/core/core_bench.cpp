// Question: what do tasks cost on one thread beside the least program that does the same work
// (support/bare_tasks.hpp)? Items are wakes, awaits or tasks.
#include <support/bare_tasks.hpp>
#include <support/row.hpp>

#include <rouse/coro/task.hpp>
#include <rouse/coro/yield.hpp>
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/park/thread_park.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace {

using bench::scaled;

struct machine {
  rouse::thread_park park;
  rouse::current_thread_executor executor{park};
};

// ---- self-wake: n tasks, each wakes itself and is polled again

constexpr std::int64_t wakes_each = 200'000;

void floor_self_wake(benchmark::State& state, std::int64_t tasks) {
  std::uint64_t sum = 0;
  bench::bare_queue q;
  std::vector<bench::node> start(static_cast<std::size_t>(tasks));
  for (auto _ : state) {
    for (bench::node& n : start) {
      n.handle = bench::bare_yielder(q, wakes_each / tasks, sum).handle;
      q.push(n);
    }
    q.run();
  }
  bench::items(state, wakes_each, sum / static_cast<std::uint64_t>(tasks));
}

rouse::task<void> yielder(std::int64_t n, std::uint64_t* sum) {
  for (std::int64_t i = 0; i < n; ++i)
    co_await rouse::yield_now();
  ++*sum;
}
void self_wake(benchmark::State& state, std::int64_t tasks) {
  std::uint64_t sum = 0;
  machine m;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < tasks; ++i)
      m.executor.spawn(rouse::assume_owned(yielder(wakes_each / tasks, &sum))).detach();
    m.executor.run();
  }
  bench::items(state, wakes_each, sum / static_cast<std::uint64_t>(tasks));
}

// ---- ready child: a call that happens to be a coroutine

constexpr int calls_each = 10'000;

[[gnu::noinline]] bench::bare_child bare_leaf(std::uint64_t v) { co_return v + 1; }
[[gnu::noinline]] bench::bare_child bare_chain(std::int64_t depth) {
  if (depth == 1) co_return 1;
  const std::uint64_t below = co_await bare_chain(depth - 1);
  co_return below + 1;
}
bench::bare_job bare_caller(std::int64_t depth, std::int64_t calls, std::uint64_t& sum) {
  for (std::int64_t i = 0; i < calls; ++i) {
    if (depth == 1)
      sum += co_await bare_leaf(static_cast<std::uint64_t>(i));
    else
      sum += co_await bare_chain(depth);
  }
}
void floor_ready_child(benchmark::State& state, std::int64_t depth) {
  std::uint64_t sum = 0;
  for (auto _ : state)
    bare_caller(depth, calls_each / depth, sum).handle.resume();
  bench::items(state, calls_each, sum);
}

[[gnu::noinline]] rouse::task<std::uint64_t> leaf(std::uint64_t v) { co_return v + 1; }
[[gnu::noinline]] rouse::task<std::uint64_t> chain(std::int64_t depth) {
  if (depth == 1) co_return 1;
  const std::uint64_t below = co_await chain(depth - 1);
  co_return below + 1;
}
rouse::task<void> caller(std::int64_t depth, std::int64_t calls, std::uint64_t& sum) {
  for (std::int64_t i = 0; i < calls; ++i) {
    if (depth == 1)
      sum += co_await leaf(static_cast<std::uint64_t>(i));
    else
      sum += co_await chain(depth);
  }
}
void ready_child(benchmark::State& state, std::int64_t depth) {
  std::uint64_t sum = 0;
  machine m;
  for (auto _ : state)
    m.executor.block_on(caller(depth, calls_each / depth, sum));
  bench::items(state, calls_each, sum);
}

// ---- spawn and join: a floor's task has run and is gone, ours gave its value to whoever asked

bench::bare_job bare_spawned(bench::bare_queue& q, std::uint64_t& sum) {
  co_await bench::bare_yield(q);
  sum += 2;
}
void floor_spawn_join(benchmark::State& state, std::int64_t tasks, std::int64_t batch) {
  if (batch == tasks) bench::cool_heap();
  std::uint64_t sum = 0;
  bench::bare_queue q;
  for (auto _ : state) {
    for (std::int64_t done = 0; done < tasks; done += batch) {
      for (std::int64_t i = 0; i < batch; ++i)
        bare_spawned(q, sum).handle.resume();
      q.run();
    }
  }
  bench::items(state, tasks, sum);
}

rouse::task<std::uint64_t> spawned(std::uint64_t v) { co_return v + 1; }
rouse::task<void> spawner(std::int64_t tasks, std::int64_t batch, std::uint64_t& sum) {
  std::vector<rouse::join_handle<std::uint64_t>> handles;
  handles.reserve(static_cast<std::size_t>(batch));
  for (std::int64_t done = 0; done < tasks; done += batch) {
    if (batch == 1) {
      sum += co_await rouse::spawn(spawned(1));
      continue;
    }
    for (std::int64_t i = 0; i < batch; ++i)
      handles.push_back(rouse::spawn(spawned(1)));
    for (auto& handle : handles)
      sum += co_await handle;
    handles.clear();
  }
}
void spawn_join(benchmark::State& state, std::int64_t tasks, std::int64_t batch) {
  if (batch == tasks) bench::cool_heap();
  std::uint64_t sum = 0;
  machine m;
  for (auto _ : state)
    m.executor.block_on(spawner(tasks, batch, sum));
  bench::items(state, tasks, sum);
}

template <class... Arguments>
bench::work with(void (*f)(benchmark::State&, Arguments...), Arguments... arguments) {
  return [=](benchmark::State& state) { f(state, arguments...); };
}

constexpr std::int64_t spawns_each = 10'000;
constexpr std::int64_t crowd = 1'000'000;

const bench::rows here({
    {.name = "self-wake, 1 task",
     .at = bench::times_floor(3),
     .ours = with(self_wake, 1L),
     .floor = with(floor_self_wake, 1L)},
    {.name = "self-wake, 1000 tasks beside the floor of 1",
     .at = bench::times_floor(2.4),
     .ours = with(self_wake, 1000L),
     .floor = with(floor_self_wake, 1L)},
    {.name = "await of a ready child, depth 1",
     .at = bench::times_floor(1.3),
     .ours = with(ready_child, 1L),
     .floor = with(floor_ready_child, 1L)},
    {.name = "await of a ready child, per level of 100",
     .at = bench::times_floor(1.3),
     .ours = with(ready_child, 100L),
     .floor = with(floor_ready_child, 100L)},
    {.name = "spawn and join, one at a time",
     .at = bench::times_floor(3),
     .ours = with(spawn_join, spawns_each, 1L),
     .floor = with(floor_spawn_join, spawns_each, 1L)},
    {.name = "spawn and join, batches of 1000",
     .at = bench::times_floor(4),
     .ours = with(spawn_join, spawns_each, 1000L),
     .floor = with(floor_spawn_join, spawns_each, 1000L)},
    {.name = "spawn and join, 1000000 alive",
     .at = bench::times_floor(1.8),
     .ours = [](benchmark::State& s) { spawn_join(s, scaled(crowd), scaled(crowd)); },
     .floor = [](benchmark::State& s) { floor_spawn_join(s, scaled(crowd), scaled(crowd)); },
     .once = true},
});

}  // namespace

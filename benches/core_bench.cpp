// Question: what do tasks cost on one thread beside the least program that does the same work? Each
// of ours stands beside its floor, compiled with the same flags and run in the same process: an
// intrusive queue of coroutine handles, frames from a free list, no state, no owner, no results.
// Items are wakes, awaits, tasks or round trips; `checksum` shows that the work was done.
#include <rouse/coro/task.hpp>
#include <rouse/coro/yield.hpp>
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/park/thread_park.hpp>

#include <benchmark/benchmark.h>

#include <coroutine>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

namespace {

// ---- the floor

struct node {
  node* next = nullptr;
  std::coroutine_handle<> handle;
};

struct bare_queue {
  node* head = nullptr;
  node* tail = nullptr;
  void push(node& n) {
    n.next = nullptr;
    (tail ? tail->next : head) = &n;
    tail = &n;
  }
  void run() {
    while (node* n = head) {
      if (!(head = n->next)) tail = nullptr;
      n->handle.resume();
    }
  }
};

struct bare_yield : node {
  bare_queue& queue;
  explicit bare_yield(bare_queue& q) : queue(q) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    handle = h;
    queue.push(*this);
  }
  void await_resume() const {}
};

thread_local void* free_frames[64] = {};
void* take_frame(std::size_t bytes) {
  void*& head = free_frames[(bytes + 31) / 32];
  if (void* p = head) {
    head = *static_cast<void**>(p);
    return p;
  }
  return std::malloc((bytes + 31) / 32 * 32);
}
void give_frame(void* p, std::size_t bytes) {
  void*& head = free_frames[(bytes + 31) / 32];
  *static_cast<void**>(p) = head;
  head = p;
}

// Started by hand, frees its frame at its end.
struct bare_job {
  struct promise_type {
    static void* operator new(std::size_t bytes) { return take_frame(bytes); }
    static void operator delete(void* p, std::size_t bytes) { give_frame(p, bytes); }
    bare_job get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };
  std::coroutine_handle<> handle;
};

// A lazy child with a result, entered and left by symmetric transfer.
struct bare_child {
  struct promise_type {
    std::coroutine_handle<> parent;
    std::uint64_t value = 0;
    static void* operator new(std::size_t bytes) { return take_frame(bytes); }
    static void operator delete(void* p, std::size_t bytes) { give_frame(p, bytes); }
    bare_child get_return_object() {
      return bare_child(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct back_to_parent {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept {
        return h.promise().parent;
      }
      void await_resume() noexcept {}
    };
    back_to_parent final_suspend() noexcept { return {}; }
    void return_value(std::uint64_t v) { value = v; }
    void unhandled_exception() { std::abort(); }
  };
  explicit bare_child(std::coroutine_handle<promise_type> h) : handle(h) {}
  bare_child(bare_child&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  bare_child& operator=(bare_child&&) = delete;
  ~bare_child() {
    if (handle) handle.destroy();
  }
  bool await_ready() const { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) {
    handle.promise().parent = h;
    return handle;
  }
  std::uint64_t await_resume() const { return handle.promise().value; }
  std::coroutine_handle<promise_type> handle;
};

// ---- ours

struct machine {
  rouse::thread_park park;
  rouse::current_thread_executor executor{park};
};

void report(benchmark::State& state, std::int64_t items_each, std::uint64_t checksum) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * items_each);
  state.counters["ns"] = benchmark::Counter(
      static_cast<double>(items_each) * 1e-9,
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["checksum"] = static_cast<double>(checksum % 1'000'000);
}

// ---- self-wake: n tasks, each wakes itself and is polled again

constexpr std::int64_t wakes_each = 200'000;

bare_job bare_yielder(bare_queue& q, std::int64_t n, std::uint64_t& sum) {
  for (std::int64_t i = 0; i < n; ++i)
    co_await bare_yield(q);
  ++sum;
}
void floor_self_wake(benchmark::State& state) {
  const std::int64_t tasks = state.range(0);
  std::uint64_t sum = 0;
  bare_queue q;
  std::vector<node> start(static_cast<std::size_t>(tasks));
  for (auto _ : state) {
    for (node& n : start) {
      n.handle = bare_yielder(q, wakes_each / tasks, sum).handle;
      q.push(n);
    }
    q.run();
  }
  report(state, wakes_each, sum);
}
BENCHMARK(floor_self_wake)->Arg(1)->Arg(1000);

rouse::task<void> yielder(std::int64_t n, std::uint64_t* sum) {
  for (std::int64_t i = 0; i < n; ++i)
    co_await rouse::yield_now();
  ++*sum;
}
void self_wake(benchmark::State& state) {
  const std::int64_t tasks = state.range(0);
  std::uint64_t sum = 0;
  machine m;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < tasks; ++i)
      m.executor.spawn(rouse::assume_owned(yielder(wakes_each / tasks, &sum))).detach();
    m.executor.run();
  }
  report(state, wakes_each, sum);
}
BENCHMARK(self_wake)->Arg(1)->Arg(1000);

// ---- ready child: a call that happens to be a coroutine

constexpr int awaits_each = 10'000;

[[gnu::noinline]] bare_child bare_leaf(std::uint64_t v) { co_return v + 1; }
[[gnu::noinline]] bare_child bare_chain(std::int64_t depth) {
  if (depth == 1) co_return 1;
  const std::uint64_t below = co_await bare_chain(depth - 1);
  co_return below + 1;
}
bare_job bare_caller(std::int64_t depth, std::uint64_t& sum) {
  for (int i = 0; i < awaits_each; ++i) {
    if (depth == 1)
      sum += co_await bare_leaf(static_cast<std::uint64_t>(i));
    else
      sum += co_await bare_chain(depth);
  }
}
void floor_ready_child(benchmark::State& state) {
  std::uint64_t sum = 0;
  for (auto _ : state)
    bare_caller(state.range(0), sum).handle.resume();
  report(state, awaits_each * state.range(0), sum);
}
BENCHMARK(floor_ready_child)->Arg(1)->Arg(100);

[[gnu::noinline]] rouse::task<std::uint64_t> leaf(std::uint64_t v) { co_return v + 1; }
[[gnu::noinline]] rouse::task<std::uint64_t> chain(std::int64_t depth) {
  if (depth == 1) co_return 1;
  const std::uint64_t below = co_await chain(depth - 1);
  co_return below + 1;
}
rouse::task<void> caller(std::int64_t depth, std::uint64_t& sum) {
  for (int i = 0; i < awaits_each; ++i) {
    if (depth == 1)
      sum += co_await leaf(static_cast<std::uint64_t>(i));
    else
      sum += co_await chain(depth);
  }
}
void ready_child(benchmark::State& state) {
  std::uint64_t sum = 0;
  machine m;
  for (auto _ : state)
    m.executor.block_on(caller(state.range(0), sum));
  report(state, awaits_each * state.range(0), sum);
}
BENCHMARK(ready_child)->Arg(1)->Arg(100);

// ---- spawn and join

constexpr std::int64_t spawns_each = 10'000;

struct bare_start : node {
  bare_queue& queue;
  explicit bare_start(bare_queue& q) : queue(q) {}
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> h) {
    handle = h;
    queue.push(*this);
  }
  void await_resume() const {}
};
bare_job bare_spawned(bare_queue& q, std::uint64_t& sum) {
  co_await bare_start(q);
  ++sum;
}
void floor_spawn_join(benchmark::State& state) {
  const std::int64_t batch = state.range(0);
  std::uint64_t sum = 0;
  bare_queue q;
  for (auto _ : state) {
    for (std::int64_t done = 0; done < spawns_each; done += batch) {
      for (std::int64_t i = 0; i < batch; ++i)
        bare_spawned(q, sum).handle.resume();
      q.run();
    }
  }
  report(state, spawns_each, sum);
}
BENCHMARK(floor_spawn_join)->Arg(1)->Arg(1000);

rouse::task<std::uint64_t> spawned(std::uint64_t v) { co_return v + 1; }
rouse::task<void> spawner(std::int64_t batch, std::uint64_t& sum) {
  std::vector<rouse::join_handle<std::uint64_t>> handles;
  handles.reserve(static_cast<std::size_t>(batch));
  for (std::int64_t done = 0; done < spawns_each; done += batch) {
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
void spawn_join(benchmark::State& state) {
  std::uint64_t sum = 0;
  machine m;
  for (auto _ : state)
    m.executor.block_on(spawner(state.range(0), sum));
  report(state, spawns_each, sum);
}
BENCHMARK(spawn_join)->Arg(1)->Arg(1000);

// 10^6 tasks alive at once: memory traffic, not instructions.
constexpr std::int64_t crowd = 1'000'000;
void floor_spawn_crowd(benchmark::State& state) {
  std::uint64_t sum = 0;
  bare_queue q;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < crowd; ++i)
      bare_spawned(q, sum).handle.resume();
    q.run();
    for (void*& head : free_frames) {  // as cold as ours, whose cache has a bound
      while (void* p = head) {
        head = *static_cast<void**>(p);
        std::free(p);
      }
    }
  }
  report(state, crowd, sum);
}
BENCHMARK(floor_spawn_crowd)->Unit(benchmark::kMillisecond);

void spawn_crowd(benchmark::State& state) {
  std::uint64_t sum = 0;
  machine m;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < crowd; ++i)
      m.executor.spawn(spawned(1)).detach();
    m.executor.run();
    ++sum;
  }
  report(state, crowd, sum);
}
BENCHMARK(spawn_crowd)->Unit(benchmark::kMillisecond);

// ---- ping-pong: two tasks take turns, each wakes the other

constexpr std::int64_t rounds_each = 100'000;

struct bare_seat : node {
  bool mine = false;
  bool waiting = false;
};
struct bare_turn {
  bare_seat& seat;
  bool await_ready() const { return seat.mine; }
  void await_suspend(std::coroutine_handle<> h) const {
    seat.handle = h;
    seat.waiting = true;
  }
  void await_resume() const { seat.mine = false; }
};
bare_job bare_player(bare_queue& q, bare_seat& mine, bare_seat& yours, std::uint64_t& sum) {
  for (std::int64_t i = 0; i < rounds_each; ++i) {
    co_await bare_turn(mine);
    ++sum;
    yours.mine = true;
    if (std::exchange(yours.waiting, false)) q.push(yours);
  }
}
void floor_ping_pong(benchmark::State& state) {
  std::uint64_t sum = 0;
  bare_queue q;
  for (auto _ : state) {
    bare_seat a, b;
    const bare_job first = bare_player(q, a, b, sum);
    const bare_job second = bare_player(q, b, a, sum);
    second.handle.resume();
    a.mine = true;
    first.handle.resume();
    q.run();
  }
  report(state, rounds_each, sum);
}
BENCHMARK(floor_ping_pong);

struct seat {
  bool mine = false;
  rouse::wakeable* waiter = nullptr;
};
class turn {
 public:
  explicit turn(seat& s) noexcept : seat_(s) {}
  rouse::poll_result<void> poll(rouse::context& cx) noexcept {
    if (!seat_.mine) {
      seat_.waiter = cx.borrow_waker();
      return rouse::pending;
    }
    seat_.mine = false;
    return rouse::ready;
  }
  void disown() noexcept { seat_.waiter = nullptr; }

 private:
  seat& seat_;
};
rouse::task<void> player(seat& mine, seat& yours, std::uint64_t& sum) {
  for (std::int64_t i = 0; i < rounds_each; ++i) {
    co_await turn(mine);
    ++sum;
    yours.mine = true;
    if (rouse::wakeable* waiter = std::exchange(yours.waiter, nullptr)) waiter->wake();
  }
}
void ping_pong(benchmark::State& state) {
  std::uint64_t sum = 0;
  machine m;
  for (auto _ : state) {
    seat a, b;
    m.executor.spawn(rouse::assume_owned(player(b, a, sum))).detach();
    a.mine = true;
    m.executor.spawn(rouse::assume_owned(player(a, b, sum))).detach();
    m.executor.run();
  }
  report(state, rounds_each, sum);
}
BENCHMARK(ping_pong);

}  // namespace

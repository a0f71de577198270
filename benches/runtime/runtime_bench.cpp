// Question: how long does it take a foreign thread to wake a parked runtime, beside the same wake
// written straight on an eventfd, with epoll or a ring waiting; and what does an idle runtime cost?
// A wake is timed from just before the call to the woken side running; 200 us lie between two, so
// that the sleeper sleeps.
#include <support/bare_sleeper.hpp>
#include <support/clocks.hpp>
#include <support/row.hpp>

#include <rouse/coro/task.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/sync/notify.hpp>
#include <rouse/time/sleep.hpp>

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using bench::now_ns;
using bench::scaled;

constexpr auto epoll = rouse::reactor_kind::epoll;
constexpr auto ring = rouse::reactor_kind::io_uring;
constexpr std::int64_t wakes_each = 1000;

// ---- a foreign wake

/// The thread that wakes: `wake` once a turn, when the sleeper has had time to fall asleep.
class caller {
 public:
  template <class Wake>
  caller(std::int64_t times, Wake wake) : late_(static_cast<std::size_t>(times)) {
    thread_ = std::thread([this, wake] {
      for (std::size_t i = 0; i < late_.size(); ++i) {
        while (answered_.load(std::memory_order_acquire) != i)
          ::usleep(20);
        ::usleep(200);
        called_.store(now_ns(), std::memory_order_relaxed);
        wake();
      }
    });
  }
  /// The woken side says that it runs.
  void answer() {
    const std::size_t i = answered_.load(std::memory_order_relaxed);
    late_[i] = now_ns() - called_.load(std::memory_order_relaxed);
    answered_.store(i + 1, std::memory_order_release);
  }
  [[nodiscard]] bool is_done() const {
    return answered_.load(std::memory_order_relaxed) == late_.size();
  }
  [[nodiscard]] double median_us() {
    thread_.join();
    return static_cast<double>(bench::percentile(late_, 0.5)) / 1e3;
  }

 private:
  std::vector<std::int64_t> late_;
  std::atomic<std::int64_t> called_{0};
  std::atomic<std::size_t> answered_{0};
  std::thread thread_;
};

rouse::task<void> answer_all(rouse::sync::notify* bell, caller* who) {
  while (!who->is_done()) {
    auto rung = bell->wait();
    co_await rung;
    who->answer();
  }
}
void foreign_wake(benchmark::State& state, rouse::reactor_kind kind) {
  if (kind == ring && !bench::has_ring()) return bench::not_here(state, "no io_uring");
  for (auto _ : state) {
    auto runtime = rouse::runtime::make({.reactor = {.kind = kind}});
    if (!runtime) return state.SkipWithError("no runtime");
    rouse::sync::notify bell;
    caller who(scaled(wakes_each), [&] { bell.notify_one(); });
    runtime->block_on(answer_all(&bell, &who));
    bench::gauge(state, who.median_us());
  }
}

void floor_foreign_wake(benchmark::State& state, rouse::reactor_kind kind) {
  if (kind == ring && !bench::has_ring()) return bench::not_here(state, "no io_uring");
  for (auto _ : state) {
    const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    bench::bare_sleeper sleeper(
        kind == ring ? bench::bare_sleeper::over::ring : bench::bare_sleeper::over::epoll, event);
    caller who(scaled(wakes_each), [&] { ::eventfd_write(event, 1); });
    while (!who.is_done()) {
      sleeper.wait();
      who.answer();
    }
    bench::gauge(state, who.median_us());
    ::close(event);
  }
}

// ---- idle: one timer 10 s away, for 2 s

enum class wanted : unsigned char { wakes, cpu };
constexpr std::int64_t idle_ns = 2'000'000'000;

rouse::task<void> pause_for(rouse::nanoseconds d) { co_await rouse::sleep(d); }

/// Looks at the kernel beyond the one that ends it, or CPU in us.
void idle(benchmark::State& state, rouse::reactor_kind kind, wanted what) {
  if (kind == ring && !bench::has_ring()) return bench::not_here(state, "no io_uring");
  auto runtime = rouse::runtime::make({.reactor = {.kind = kind}});
  if (!runtime) return state.SkipWithError("no runtime");
  runtime->spawn(pause_for(10s)).detach();
  runtime->block_on(pause_for(1ms));  // what is made at the first park
  for (auto _ : state) {
    const std::uint64_t looks = runtime->reactor().metrics().turns;
    const std::int64_t cpu = bench::cpu_ns();
    runtime->block_on(pause_for(rouse::nanoseconds(scaled(idle_ns))));
    const double spent = static_cast<double>(bench::cpu_ns() - cpu) / 1e3;
    const std::uint64_t more = runtime->reactor().metrics().turns - looks - 1;
    bench::gauge(state, what == wanted::wakes ? static_cast<double>(more) : spent);
  }
}
void floor_idle(benchmark::State& state) {
  for (auto _ : state) {
    const std::int64_t cpu = bench::cpu_ns();
    bench::sleep_until_ns(now_ns() + scaled(idle_ns));
    bench::gauge(state, static_cast<double>(bench::cpu_ns() - cpu) / 1e3);
  }
}

bench::row wake_row(rouse::reactor_kind kind) {
  return {.name = std::string("foreign wake of a parked runtime, p50, ") + rouse::name_of(kind),
          .unit = "us",
          .at = bench::above_floor(1),
          .ours = [=](benchmark::State& s) { foreign_wake(s, kind); },
          .floor = [=](benchmark::State& s) { floor_foreign_wake(s, kind); },
          .once = true};
}
/// 200 us in 2 s, a ten-thousandth, is the noise of what was cold after the sleep.
bench::row idle_row(rouse::reactor_kind kind, wanted what) {
  const std::string name = rouse::name_of(kind);
  return {
      .name = (what == wanted::wakes ? "idle for 2 s, wake-ups, " : "idle for 2 s, CPU, ") + name,
      .unit = what == wanted::wakes ? "times" : "us",
      .at = what == wanted::wakes ? bench::at_most(0) : bench::above_floor(200),
      .ours = [=](benchmark::State& s) { idle(s, kind, what); },
      .floor = what == wanted::wakes ? bench::work() : floor_idle,
      .once = true,
      .rounds_max = 1};
}

// Idle first: a ring that was closed is taken down later, by work that interrupts a wait.
const bench::rows here({
    idle_row(epoll, wanted::wakes),
    idle_row(ring, wanted::wakes),
    idle_row(epoll, wanted::cpu),
    idle_row(ring, wanted::cpu),
    wake_row(epoll),
    wake_row(ring),
});

}  // namespace

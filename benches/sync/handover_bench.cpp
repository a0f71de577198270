// Question: what does a round trip between two tasks cost over each primitive, beside a self-wake
// (the floor)? The tasks are bare poll functions on a bare queue, so that the primitive is what is
// measured and not a coroutine or an executor.
#include <rouse/sync/notify.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/sync/semaphore.hpp>

#include <benchmark/benchmark.h>

#include <optional>

namespace {

using namespace rouse;

/// A task of this bench: woken by linking it into the queue of the one thread there is.
class bare_task : public wakeable {
 public:
  bare_task() noexcept : wakeable(table) {}
  virtual void step(context& cx) = 0;

  /// Polls whatever is ready until nothing is.
  static void run() {
    while (bare_task* t = first) {
      first = t->next_;
      if (!first) last = nullptr;
      t->is_queued_ = false;
      context cx(*t);
      t->step(cx);
    }
  }

 protected:
  ~bare_task() = default;

 private:
  static bare_task& self(wakeable& w) noexcept { return static_cast<bare_task&>(w); }
  void queue() noexcept {
    if (is_queued_) return;
    is_queued_ = true;
    next_ = nullptr;
    (last ? last->next_ : first) = this;
    last = this;
  }
  static const wake_table table;
  static inline bare_task* first = nullptr;
  static inline bare_task* last = nullptr;
  bare_task* next_ = nullptr;
  long references_ = 0;
  bool is_queued_ = false;
};
const wake_table bare_task::table{
    [](wakeable& w) noexcept { self(w).queue(); },
    [](wakeable& w) noexcept -> wakeable& { return ++self(w).references_, w; },
    [](wakeable& w) noexcept { --self(w).references_; },
};

constexpr long trips = 1000;

struct self_waker final : bare_task {
  long left = trips;
  void step(context& cx) override {
    if (--left > 0) cx.wake();
  }
};
void self_wake(benchmark::State& state) {
  for (auto _ : state) {
    self_waker t;
    t.wake();
    bare_task::run();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * trips);
}
BENCHMARK(self_wake);

/// Waits for its own bell, rings the other's; an item is one trip there and back.
template <class Threads>
struct bell_player final : bare_task {
  sync::basic_notify<Threads>*mine, *other;
  long left = trips;
  std::optional<sync::basic_notified<Threads>> bell;
  void step(context& cx) override {
    for (;;) {
      if (!bell) bell.emplace(*mine);
      if (!bell->poll(cx).is_ready()) return;
      bell.reset();
      if (left-- == 0) return;
      other->notify_one();
    }
  }
};
template <class Threads>
void notify_round_trip(benchmark::State& state) {
  for (auto _ : state) {
    sync::basic_notify<Threads> here, there;
    bell_player<Threads> a, b;
    a.mine = b.other = &here;
    b.mine = a.other = &there;
    a.wake();
    b.wake();
    bare_task::run();
    here.notify_one();
    bare_task::run();
    a.bell.reset();
    b.bell.reset();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * trips);
}
BENCHMARK(notify_round_trip<sync::one_thread>)->Name("notify_round_trip/local");
BENCHMARK(notify_round_trip<sync::any_thread>)->Name("notify_round_trip/shared");

/// Asks with a fresh oneshot for every trip; the other answers on it and passes the next one back.
template <class Threads>
struct asker final : bare_task {
  sync::basic_oneshot_sender<int, Threads> reply;  // what the answerer finds
  sync::basic_oneshot_receiver<int, Threads> answer;
  std::optional<sync::basic_oneshot_receive<int, Threads>> waiting;
  bare_task* answerer = nullptr;
  long left = trips;
  long sum = 0;
  void step(context& cx) override {
    for (;;) {
      if (!waiting) {
        auto ends = sync::internal::make_oneshot<int, Threads>();
        reply = std::move(ends.sender);
        answer = std::move(ends.receiver);
        waiting.emplace(answer.receive());
        answerer->wake();
      }
      auto got = waiting->poll(cx);
      if (!got.is_ready()) return;
      sum += *got.take();
      waiting.reset();
      if (--left == 0) return;
    }
  }
};
template <class Threads>
struct answerer final : bare_task {
  asker<Threads>* from = nullptr;
  void step(context&) override { (void)from->reply.send(1); }
};
template <class Threads>
void oneshot_round_trip(benchmark::State& state) {
  long sum = 0;
  for (auto _ : state) {
    asker<Threads> a;
    answerer<Threads> b;
    a.answerer = &b;
    b.from = &a;
    a.wake();
    bare_task::run();
    sum += a.sum;
  }
  state.counters["checksum"] =
      static_cast<double>(sum) / static_cast<double>(state.iterations() * trips);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * trips);
}
BENCHMARK(oneshot_round_trip<sync::one_thread>)->Name("oneshot_round_trip/local");
BENCHMARK(oneshot_round_trip<sync::any_thread>)->Name("oneshot_round_trip/shared");

template <class Threads>
void semaphore_uncontended(benchmark::State& state) {
  sync::basic_semaphore<Threads> s(1);
  context cx(no_wakeable());
  for (auto _ : state) {
    auto op = s.acquire();
    auto held = op.poll(cx).take();
    benchmark::DoNotOptimize(held);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(semaphore_uncontended<sync::one_thread>)->Name("semaphore_take_and_give/local");
BENCHMARK(semaphore_uncontended<sync::any_thread>)->Name("semaphore_take_and_give/shared");

}  // namespace

// Question: what does a round trip between two tasks cost over each primitive, beside one self-wake
// of the bare queue? A round trip is two wakes and two polls; over a oneshot, a fresh one each way.
// `local` primitives stay on one thread, the others may cross.
#include <support/bare_tasks.hpp>
#include <support/row.hpp>

#include <rouse/coro/task.hpp>
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/park/thread_park.hpp>
#include <rouse/sync/notify.hpp>
#include <rouse/sync/oneshot.hpp>
#include <rouse/sync/semaphore.hpp>

#include <cstdint>
#include <utility>

namespace {

namespace sync = rouse::sync;

constexpr std::int64_t trips = 50'000;

struct machine {
  rouse::thread_park park;
  rouse::current_thread_executor executor{park};
};

void floor_self_wake(benchmark::State& state) {
  std::uint64_t sum = 0;
  bench::bare_queue q;
  for (auto _ : state) {
    bench::node start;
    start.handle = bench::bare_yielder(q, trips, sum).handle;
    q.push(start);
    q.run();
  }
  bench::items(state, trips);
}

template <class Threads>
rouse::task<void> bell_player(sync::basic_notify<Threads>* mine,
                              sync::basic_notify<Threads>* other) {
  for (std::int64_t i = 0; i < trips; ++i) {
    co_await mine->wait();
    other->notify_one();
  }
}
template <class Threads>
void notify_round_trip(benchmark::State& state) {
  machine m;
  sync::basic_notify<Threads> here, there;
  for (auto _ : state) {
    m.executor.spawn(rouse::assume_owned(bell_player<Threads>(&here, &there))).detach();
    m.executor.spawn(rouse::assume_owned(bell_player<Threads>(&there, &here))).detach();
    here.notify_one();  // the last trip has left such a permit too, and a notify keeps one at most
    m.executor.run();
  }
  bench::items(state, trips);
}

/// Each message brings the way for the next one.
template <class Threads>
struct answer;
template <class Threads>
struct question {
  sync::basic_oneshot_sender<answer<Threads>, Threads> reply;
};
template <class Threads>
struct answer {
  sync::basic_oneshot_sender<question<Threads>, Threads> next;
};

template <class Threads>
rouse::task<void> asker(sync::basic_oneshot_sender<question<Threads>, Threads> out) {
  for (std::int64_t i = 0; i < trips; ++i) {
    auto way = sync::internal::make_oneshot<answer<Threads>, Threads>();
    (void)out.send(question<Threads>{std::move(way.sender)});
    answer<Threads> got = co_await way.receiver.receive();
    out = std::move(got.next);
  }
}
template <class Threads>
rouse::task<void> answerer(sync::basic_oneshot_receiver<question<Threads>, Threads> in) {
  for (std::int64_t i = 0; i < trips; ++i) {
    question<Threads> got = co_await in.receive();
    auto way = sync::internal::make_oneshot<question<Threads>, Threads>();
    in = std::move(way.receiver);
    (void)got.reply.send(answer<Threads>{std::move(way.sender)});
  }
}
template <class Threads>
void oneshot_round_trip(benchmark::State& state) {
  machine m;
  for (auto _ : state) {
    auto first = sync::internal::make_oneshot<question<Threads>, Threads>();
    m.executor.spawn(answerer<Threads>(std::move(first.receiver))).detach();
    m.executor.spawn(asker<Threads>(std::move(first.sender))).detach();
    m.executor.run();
  }
  bench::items(state, trips);
}

template <class Threads>
void semaphore_alone(benchmark::State& state) {
  sync::basic_semaphore<Threads> s(1);
  rouse::context cx(rouse::no_wakeable());
  for (auto _ : state) {
    auto op = s.acquire();
    auto held = op.poll(cx).take();
    benchmark::DoNotOptimize(held);
  }
  bench::items(state, 1);
}

const bench::rows here({
    {.name = "ping-pong over notify, local",
     .at = bench::times_floor(8),
     .ours = notify_round_trip<sync::one_thread>,
     .floor = floor_self_wake},
    {.name = "ping-pong over notify",
     .ours = notify_round_trip<sync::any_thread>,
     .floor = floor_self_wake},
    {.name = "ping-pong over oneshot, local",
     .at = bench::times_floor(8),
     .ours = oneshot_round_trip<sync::one_thread>,
     .floor = floor_self_wake},
    {.name = "ping-pong over oneshot",
     .ours = oneshot_round_trip<sync::any_thread>,
     .floor = floor_self_wake},
    {.name = "semaphore taken and given, local", .ours = semaphore_alone<sync::one_thread>},
    {.name = "semaphore taken and given", .ours = semaphore_alone<sync::any_thread>},
});

}  // namespace

// Question: what does a probe point cost while nobody listens? Beside it: the same loop without any
// (the floor), with one predicted branch written by hand (what it must equal), and with a sink that
// counts.
#include <rouse/trace/probe.hpp>

#include <benchmark/benchmark.h>

namespace {

namespace trace = rouse::trace;

// A loop body that the compiler can neither drop nor vectorise: a chain of dependent
// multiplications.
inline unsigned step(unsigned x) noexcept { return x * 2654435761u + 1u; }

template <class Probe>
void chain(benchmark::State& state, Probe probe) {
  unsigned x = 1;
  for (auto _ : state) {
    for (int i = 0; i < 64; ++i) {
      x = step(x);
      benchmark::DoNotOptimize(x);
      probe(&x);
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * 64);
  state.counters["checksum"] = static_cast<double>(x % 1000);
}

void no_probe(benchmark::State& state) {
  chain(state, [](const void*) {});
}
BENCHMARK(no_probe);

volatile bool flag = false;
void one_branch(benchmark::State& state) {
  chain(state, [](const void* p) {
    if (flag) [[unlikely]]
      benchmark::DoNotOptimize(p);
  });
}
BENCHMARK(one_branch);

void probe_off(benchmark::State& state) {
  chain(state, [](const void* p) { trace::probe_point(trace::event::wake, p); });
}
BENCHMARK(probe_off);

void probe_on(benchmark::State& state) {
  struct counter final : trace::sink {
    unsigned long count = 0;
    void on_probe(const trace::record&) noexcept override { ++count; }
  } counting;
  trace::sink* former = trace::set_sink(&counting);
  chain(state, [](const void* p) { trace::probe_point(trace::event::wake, p); });
  trace::set_sink(former);
}
BENCHMARK(probe_on);

}  // namespace

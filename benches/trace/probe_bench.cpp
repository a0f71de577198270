// Question: what does a probe point cost while nobody listens, beside the one predicted branch,
// written by hand, that it should be? And with a sink that counts?
#include <support/row.hpp>

#include <rouse/trace/probe.hpp>

namespace {

namespace trace = rouse::trace;

constexpr int steps = 64;

// A loop body that the compiler can neither drop nor vectorise: a chain of dependent
// multiplications.
inline unsigned step(unsigned x) noexcept { return x * 2654435761u + 1u; }

template <class Probe>
void chain(benchmark::State& state, Probe probe) {
  unsigned x = 1;
  for (auto _ : state) {
    for (int i = 0; i < steps; ++i) {
      x = step(x);
      benchmark::DoNotOptimize(x);
      probe(&x);
    }
  }
  bench::items(state, steps);
}

volatile bool flag = false;
void one_branch(benchmark::State& state) {
  chain(state, [](const void* p) {
    if (flag) [[unlikely]]
      benchmark::DoNotOptimize(p);
  });
}

void probe_off(benchmark::State& state) {
  chain(state, [](const void* p) { trace::probe_point(trace::event::wake, p); });
}

void probe_on(benchmark::State& state) {
  struct counter final : trace::sink {
    unsigned long count = 0;
    void on_probe(const trace::record&) noexcept override { ++count; }
  } counting;
  trace::sink* former = trace::set_sink(&counting);
  chain(state, [](const void* p) { trace::probe_point(trace::event::wake, p); });
  trace::set_sink(former);
}

const bench::rows here({
    {.name = "probe point, nobody listens", .ours = probe_off, .floor = one_branch},
    {.name = "probe point, a sink counts", .ours = probe_on, .floor = one_branch},
});

}  // namespace

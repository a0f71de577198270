// Question: what does a child cost that does nothing, beside the same child from the bare calls?
// One after the other, each started and waited for; what counts is the CPU time of this process and
// of the children. Below: vfork, execve and waitid, or posix_spawn for the first two, which resets
// handlers in the child, as ours must.
//
// "here" starts it on the loop's thread, as the bare calls do; else it is a job of the blocking
// pool.
#include <support/bare_sleeper.hpp>
#include <support/clocks.hpp>
#include <support/row.hpp>

#include <rouse/process/command.hpp>
#include <rouse/rouse.hpp>

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace {

using bench::scaled;

constexpr auto epoll = rouse::reactor_kind::epoll;
constexpr auto ring = rouse::reactor_kind::io_uring;
constexpr const char* nothing = BENCH_NOTHING;
constexpr std::int64_t children = 1000;

/// Of all threads, and of all children that have been waited for.
double cpu_us() {
  rusage past{};
  ::getrusage(RUSAGE_CHILDREN, &past);
  const auto us = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return static_cast<double>(bench::read_clock(CLOCK_PROCESS_CPUTIME_ID)) / 1e3 +
         us(past.ru_utime) + us(past.ru_stime);
}

void gauge_each(benchmark::State& state, double begin) {
  bench::gauge(state, (cpu_us() - begin) / static_cast<double>(scaled(children)));
}

// ---- the bare calls

int vfork_and_exec() {
  char* const arguments[] = {const_cast<char*>(nothing), nullptr};
  const int pid = ::vfork();
  if (pid == 0) {
    ::execve(nothing, arguments, environ);
    ::_exit(127);
  }
  return pid;
}
int spawn_by_posix() {
  char* const arguments[] = {const_cast<char*>(nothing), nullptr};
  int pid = -1;
  return ::posix_spawn(&pid, nothing, nullptr, nullptr, arguments, environ) == 0 ? pid : -1;
}

void bare(benchmark::State& state, int (*start)()) {
  for (auto _ : state) {
    const double begin = cpu_us();
    for (std::int64_t i = 0; i < scaled(children); i++) {
      siginfo_t end{};
      const int pid = start();
      if (pid < 0 || ::waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED) != 0 ||
          end.si_status != 0)
        return state.SkipWithError("no child");
    }
    gauge_each(state, begin);
  }
}

// ---- ours

enum class from : unsigned char { pool, here };

rouse::task<bool> run_all(from where) {
  const rouse::process::command command(nothing);
  for (std::int64_t i = 0; i < scaled(children); i++) {
    rouse::process::child child;
    if (where == from::here)
      child = command.spawn_here().value();
    else
      child = co_await command.spawn();
    auto end = co_await child.wait();
    if (!end.is_success()) co_return false;
  }
  co_return true;
}

void ours(benchmark::State& state, rouse::reactor_kind kind, from where) {
  if (kind == ring && !bench::has_ring()) return bench::not_here(state, "no io_uring");
  auto runtime = rouse::runtime::make({.reactor = {.kind = kind}});
  if (!runtime) return state.SkipWithError("no runtime");
  for (auto _ : state) {
    const double begin = cpu_us();
    if (!runtime->block_on(run_all(where))) return state.SkipWithError("no child");
    gauge_each(state, begin);
  }
}

bench::row child_row(rouse::reactor_kind kind, from where) {
  return {.name = std::string("child started") + (where == from::here ? " here" : "") +
                  " and waited for, " + rouse::name_of(kind),
          .unit = "us",
          .ours = [=](benchmark::State& s) { ours(s, kind, where); },
          .floor = [](benchmark::State& s) { bare(s, vfork_and_exec); },
          .other_floor = [](benchmark::State& s) { bare(s, spawn_by_posix); },
          .once = true};
}

const bench::rows here({
    child_row(epoll, from::pool),
    child_row(ring, from::pool),
    child_row(epoll, from::here),
    child_row(ring, from::here),
});

}  // namespace

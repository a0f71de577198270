// Question: what does including Rouse cost to compile? CPU of the compiler the benchmarks were
// built with, at -O2: one core header alone, and the hello program of the README.
#include <support/row.hpp>

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <string>
#include <vector>

extern char** environ;

namespace {

/// CPU seconds of compiling `source`, in the compiler and what it starts; below 0 when it failed.
double compile(const std::string& source) {
  std::vector<std::string> words = {BENCH_COMPILER, "-std=c++23", "-O2",       "-I" BENCH_ROOT,
                                    "-c",           "-o",         "/dev/null", source};
  std::vector<char*> arguments;
  for (std::string& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (::posix_spawn(&child, BENCH_COMPILER, nullptr, nullptr, arguments.data(), environ) != 0)
    return -1;
  int status = 0;
  rusage used{};
  if (::wait4(child, &status, 0, &used) != child || status != 0) return -1;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

bench::row compile_row(const char* name, const char* source, double seconds) {
  return {.name = std::string("compile ") + name,
          .unit = "s",
          .at = bench::at_most(seconds),
          .ours =
              [path = std::string(BENCH_ROOT "/") + source](benchmark::State& state) {
                for (auto _ : state) {
                  const double spent = compile(path);
                  if (spent < 0) return state.SkipWithError("the compiler failed");
                  bench::gauge(state, spent);
                }
              },
          .once = true};
}

const bench::rows here({
    compile_row("rouse/coro/task.hpp", "benches/compile/task_header.cpp", 0.25),
    compile_row("examples/hello.cpp", "examples/hello.cpp", 0.8),
});

}  // namespace

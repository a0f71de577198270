// One line of the table that `./dev bench` prints: what ours costs, what the least program costs
// that does the same work by hand (its floor), and how far apart they may be.
//
// Both are Google Benchmarks, named NAME/ours and NAME/floor. main.cpp runs them in turns, several
// rounds of each, so that a machine that changes its mind changes it for both, and takes medians.
// A benchmark says what it found with items() or with gauge(). A row without a floor or without a
// target is fine: it is printed and never fails.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace bench {

/// What the value of a row may be at most.
struct target {
  enum class kind : unsigned char { none, times_floor, absolute, above_floor };
  kind is = kind::none;
  double amount = 0;
};
constexpr target times_floor(double ratio) { return {target::kind::times_floor, ratio}; }
constexpr target at_most(double value) { return {target::kind::absolute, value}; }
constexpr target above_floor(double difference) { return {target::kind::above_floor, difference}; }

using work = std::function<void(benchmark::State&)>;

struct row {
  std::string name;         // words and digits; a filter is a regular expression on it
  std::string unit = "ns";  // of one item, or of what gauge() says
  target at = {};
  work ours;
  work floor = nullptr;
  work other_floor = nullptr;  // where two programs may be the least one: the lower median counts
  bool once = false;           // one iteration a round, for work that sets its own size
  int rounds_max = 64;         // for rows that take long and repeat well
};

/// Adds rows to the program's table: `const bench::rows here({{.name = ...}, ...});`
class rows {
 public:
  rows(std::initializer_list<row> more);
  static std::vector<row>& all();
};

/// One iteration does `n` items; the row shows CPU time per item. The checksum shows that the work
/// was done: it must be the same for ours and for the floor, or the row is an error.
void items(benchmark::State& state, std::int64_t n);
void items(benchmark::State& state, std::int64_t n, std::uint64_t checksum);
/// The row shows `value`, in its unit.
void gauge(benchmark::State& state, double value);
/// This machine cannot do it: the row says why and does not fail.
void not_here(benchmark::State& state, const std::string& why);

/// True in the tests, which only want to see that everything runs.
bool is_quick();
/// A size, smaller by a hundred when quick.
inline std::int64_t scaled(std::int64_t n) { return is_quick() ? (n + 99) / 100 : n; }

}  // namespace bench

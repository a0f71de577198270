// The main of every benchmark program: runs each row's two benchmarks in turns and prints the row.
//
//   PROGRAM [--filter=REGEX] [--rounds=N] [--json] [--no-header] [--list] [--check] [--quick]
//
// --check: exit code 1 when a row misses its target. --quick: one round of small sizes, a test that
// everything runs. Options of Google Benchmark go through.
#include "row.hpp"
#include "table.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace bench {
namespace {

constexpr std::string_view elsewhere = "not here: ";
constexpr double never = std::numeric_limits<double>::infinity();
bool quick = false;

struct options {
  std::string filter = ".";
  int rounds = 5;
  bool json = false;
  bool header = true;
  bool list = false;
  bool check = false;
};

options take_options(std::vector<char*>& arguments) {
  options o;
  const auto take = [&](std::string_view word) {
    constexpr std::string_view filter = "--filter=";
    constexpr std::string_view rounds = "--rounds=";
    if (word.starts_with(filter))
      o.filter = word.substr(filter.size());
    else if (word.starts_with(rounds))
      o.rounds = std::max(1, std::atoi(word.substr(rounds.size()).data()));
    else if (word == "--json")
      o.json = true;
    else if (word == "--no-header")
      o.header = false;
    else if (word == "--list")
      o.list = true;
    else if (word == "--check")
      o.check = true;
    else if (word == "--quick")
      quick = true;
    else
      return false;
    return true;
  };
  std::erase_if(arguments, [&](const char* a) { return take(a); });
  if (quick) o.rounds = 1;
  return o;
}

/// Hears what one benchmark found.
class listener final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& r : runs) {
      if (r.error_occurred)
        error = r.error_message;
      else if (r.run_type == Run::RT_Iteration)
        hear(r);
    }
  }
  std::optional<double> value;
  std::optional<double> checksum;
  std::string error;

 private:
  void hear(const Run& r) {
    const auto counter = [&](const char* name) -> std::optional<double> {
      const auto found = r.counters.find(name);
      if (found == r.counters.end()) return {};
      return found->second.value;
    };
    value = counter("value");
    checksum = counter("checksum");
    if (const auto n = counter("items"))
      value = r.cpu_accumulated_time * 1e9 / static_cast<double>(r.iterations) / *n;
  }
};

double median(std::vector<double> all) {
  const auto middle = all.begin() + static_cast<long>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

/// One of a row's two benchmarks, over all rounds.
struct side {
  std::string name;
  std::vector<double> values;
  std::optional<double> checksum;
  std::string error;

  void run_once() {
    if (!error.empty()) return;
    listener heard;
    benchmark::RunSpecifiedBenchmarks(&heard, "^" + name + "(/.*)?$");
    error = heard.error;
    if (heard.value) values.push_back(*heard.value);
    if (heard.checksum) checksum = heard.checksum;
  }
};

finding measure(const row& r, int rounds) {
  side ours{.name = r.name + "/ours", .values = {}, .checksum = {}, .error = {}};
  side floor{.name = r.name + "/floor", .values = {}, .checksum = {}, .error = {}};
  side other{.name = r.name + "/other_floor", .values = {}, .checksum = {}, .error = {}};
  for (int i = 0; i < std::min(rounds, r.rounds_max); ++i) {
    ours.run_once();
    if (r.floor) floor.run_once();
    if (r.other_floor) other.run_once();
  }
  finding f;
  if (!ours.values.empty()) f.value = median(ours.values);
  if (!floor.values.empty()) f.floor = median(floor.values);
  if (!other.values.empty()) f.floor = std::min(f.floor.value_or(never), median(other.values));
  f.remark = !ours.error.empty() ? ours.error : floor.error;
  if (f.remark.empty() && !other.error.starts_with(elsewhere)) f.remark = other.error;
  f.is_here = !f.remark.starts_with(elsewhere);
  if (ours.checksum && floor.checksum && *ours.checksum != *floor.checksum) {
    f.remark = "ours and floor did different work";
    f.value = {};
  }
  return f;
}

void register_side(const std::string& name, const work& w, bool once) {
  benchmark::internal::Benchmark* made = benchmark::RegisterBenchmark(name.c_str(), w);
  if (once) made->Iterations(1);
}

int run(std::vector<char*> arguments) {
  const options o = take_options(arguments);
  // A run is short, since there are several rounds of it; who wants longer ones says so after it.
  std::string least = quick ? "--benchmark_min_time=0.001" : "--benchmark_min_time=0.05";
  arguments.insert(arguments.begin() + 1, least.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;

  const std::regex filter(o.filter, std::regex::extended | std::regex::icase);
  bool needs_header = o.header && !o.json && !o.list;
  bool all_good = true;
  for (const row& r : rows::all()) {
    if (!std::regex_search(r.name, filter)) continue;
    if (o.list) {
      std::puts(r.name.c_str());
      continue;
    }
    if (needs_header) std::puts(table_header().c_str());
    needs_header = false;
    register_side(r.name + "/ours", r.ours, r.once);
    if (r.floor) register_side(r.name + "/floor", r.floor, r.once);
    if (r.other_floor) register_side(r.name + "/other_floor", r.other_floor, r.once);
    const finding f = measure(r, o.rounds);
    benchmark::ClearRegisteredBenchmarks();
    std::puts((o.json ? json_line(r, f) : table_line(r, f)).c_str());
    std::fflush(stdout);
    // The tests look at whether it runs, not at how fast; --check at both.
    if (f.is_here && !f.remark.empty() && (quick || o.check)) all_good = false;
    if (o.check && !quick && !f.ok(r.at).value_or(true)) all_good = false;
  }
  return all_good ? 0 : 1;
}

}  // namespace

std::vector<row>& rows::all() {
  static std::vector<row> everything;
  return everything;
}
rows::rows(std::initializer_list<row> more) { all().insert(all().end(), more); }

void items(benchmark::State& state, std::int64_t n) {
  state.counters["items"] = static_cast<double>(n);
}
void items(benchmark::State& state, std::int64_t n, std::uint64_t checksum) {
  items(state, n);
  // Iterations differ from run to run: what one of them did is what can be compared.
  state.counters["checksum"] =
      static_cast<double>(checksum) / static_cast<double>(state.iterations());
}
void gauge(benchmark::State& state, double value) { state.counters["value"] = value; }
void not_here(benchmark::State& state, const std::string& why) {
  state.SkipWithError((std::string(elsewhere) + why).c_str());
}
bool is_quick() { return quick; }

}  // namespace bench

int main(int argc, char** argv) {
  try {
    return bench::run(std::vector<char*>(argv, argv + argc));
  } catch (const std::regex_error&) {
    std::fputs("the filter is no regular expression\n", stderr);
    return 2;
  }
}

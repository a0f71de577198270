// Each program of programs/ three times: its twin in virtual time, its twin in real time, both on
// each reactor, and the program itself in Node.js. All must print the lines of NAME.expected, which
// write_expected.sh had from Node.js.
#include "program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <tests/support/each_reactor.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <expected>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <ostream>
#include <set>
#include <sstream>
#include <stdexcept>

namespace node_order {

void PrintTo(const program& p, std::ostream* to) { *to << p.name; }

namespace {

using lines = std::vector<std::string>;

std::string folder() { return NODE_ORDER_SOURCES "/programs/"; }

std::vector<program> all_programs() {
  std::vector<program> all;
  for (auto some :
       {queue_programs(), timer_programs(), interval_programs(), liveness_programs(),
        error_programs(), socket_programs(), pool_programs(), process_programs(), signal_programs(),
        unix_programs(), stream_programs(), http_programs(), walk_programs()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

lines expected_of(const program& p) {
  std::ifstream file(folder() + p.name + ".expected");
  lines expected;
  for (std::string line; std::getline(file, line);)
    expected.push_back(line);
  return expected;
}

lines twin_of(const std::function<void(script&)>& main, rouse::reactor_kind on,
              bool in_virtual_time, unsigned pool_threads = 4) {
  rouse::manual_clock clock;
  clock.set_auto_advance(true);
  rouse::loop_options options;
  options.runtime.reactor.kind = on;
  if (in_virtual_time) options.runtime.clock = &clock;
  options.runtime.blocking.threads_max = pool_threads;
  options.node_compatible = true;
  rouse::loop loop(options);
  script s(loop, in_virtual_time ? &clock : nullptr);
  const int code = loop.run([&] { main(s); });
  s.log("exit code " + std::to_string(code));
  return s.lines();
}

struct command_run {
  int exit_code = -1;
  lines printed;
};

command_run run_command(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe) return {};
  std::string text;
  char some[4096];
  while (const std::size_t n = std::fread(some, 1, sizeof some, pipe))
    text.append(some, n);
  const int status = ::pclose(pipe);
  command_run ran{WIFEXITED(status) ? WEXITSTATUS(status) : -1, {}};
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    ran.printed.push_back(line);
  return ran;
}

std::string script_call(const std::string& name) {
  return "'" NODE_ORDER_SOURCES "/" + name + "' ";
}

/// The path of a Node.js, or why there is none.
std::expected<std::string, std::string> find_node() {
  const command_run ran = run_command(script_call("get_node.sh") + "'" NODE_ORDER_NODE "'");
  if (ran.exit_code == 0 && ran.printed.size() == 1) return ran.printed[0];
  if (ran.exit_code == 77 && ran.printed.size() == 1) return std::unexpected(ran.printed[0]);
  throw std::runtime_error("get_node.sh fails");
}

lines run_in_node(const std::string& node, const std::string& name) {
  return run_command(script_call("run_in_node.sh") + "'" + node + "' " + name).printed;
}

std::string side_by_side(const lines& expected, const lines& got) {
  std::ostringstream text;
  for (std::size_t i = 0; i < std::max(expected.size(), got.size()); ++i) {
    const std::string left = i < expected.size() ? expected[i] : "";
    const std::string right = i < got.size() ? got[i] : "";
    text << (left == right ? "    " : "  ! ") << std::left << std::setw(44) << left << right
         << '\n';
  }
  return text.str();
}

void expect_equal(const lines& expected, const lines& got, const std::string& what) {
  EXPECT_TRUE(got == expected) << what << '\n' << side_by_side(expected, got);
}

class order : public ::testing::TestWithParam<program> {
 protected:
  void SetUp() override {
    expected_ = expected_of(GetParam());
    ASSERT_FALSE(expected_.empty()) << "run write_expected.sh";
  }
  /// `run()` gives the lines. `tries`: more than one where a machine that is too busy to let a
  /// program run for 100 ms can change its order.
  template <class F>
  void expect_of(F run, const std::string& whose, int tries) {
    lines got = run();
    for (int n = 1; n < tries && got != expected_; ++n)
      got = run();
    expect_equal(expected_, got, std::string(GetParam().name) + ": expected beside " + whose);
  }
  void expect_of_twin_on_each_reactor(bool in_virtual_time) {
    int reactors = 0;
    for (auto on : {rouse::reactor_kind::epoll, rouse::reactor_kind::io_uring}) {
      if (!support::has_reactor(on)) continue;
      ++reactors;
      expect_of(
          [&] { return twin_of(GetParam().main, on, in_virtual_time, GetParam().pool_threads); },
          rouse::name_of(on), in_virtual_time ? 1 : 3);
    }
    EXPECT_GT(reactors, 0);
  }

 private:
  lines expected_;
};

TEST_P(order, of_the_twin_in_virtual_time) { expect_of_twin_on_each_reactor(true); }

TEST_P(order, of_the_twin_in_real_time) { expect_of_twin_on_each_reactor(false); }

TEST_P(order, of_node_itself) {
  const auto node = find_node();
  if (!node) GTEST_SKIP() << node.error();
  expect_of([&] { return run_in_node(*node, GetParam().name); }, "Node.js", 3);
}

INSTANTIATE_TEST_SUITE_P(program, order, ::testing::ValuesIn(all_programs()),
                         [](const auto& which) { return which.param.name; });

// The same ten seeds every time; set ROUSE_SEED to see ten others. Node.js has no virtual time, and
// so more than one try.
TEST(programs, of_any_seed_have_the_order_of_node) {
  const auto node = find_node();
  if (!node) GTEST_SKIP() << node.error();
  const char* chosen = std::getenv("ROUSE_SEED");
  std::uint32_t seed = chosen ? static_cast<std::uint32_t>(std::stoul(chosen)) : 1;
  for (int walks = 0; walks < 10; ++walks, ++seed) {
    ::setenv("SEED", std::to_string(seed).c_str(), 1);
    const auto main = [seed](script& s) { walk_from(seed, s); };
    const lines ours = twin_of(main, rouse::reactor_kind::automatic, true);
    lines in_node = run_in_node(*node, "../walk_from_seed");
    for (int tries = 1; tries < 3 && in_node != ours; ++tries)
      in_node = run_in_node(*node, "../walk_from_seed");
    expect_equal(in_node, ours, "Node.js beside the twin; ROUSE_SEED=" + std::to_string(seed));
  }
}

TEST(programs, each_has_a_twin) {
  std::set<std::string> in_javascript;
  for (const auto& file : std::filesystem::directory_iterator(folder()))
    if (file.path().extension() == ".js") in_javascript.insert(file.path().stem());
  std::set<std::string> in_cpp;
  for (const program& p : all_programs())
    in_cpp.insert(p.name);
  EXPECT_THAT(in_cpp, ::testing::ContainerEq(in_javascript));
}

}  // namespace

}  // namespace node_order

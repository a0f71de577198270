#include "clock_rules.hpp"

#include <gtest/gtest.h>

namespace workshop {
namespace {

const std::filesystem::path root = ROUSE_ROOT;

std::size_t findings(std::string_view path, std::string_view text) {
  return check_clocks(path, read_source(text)).size();
}
std::size_t findings(std::string_view text) { return findings("rouse/time/sleep.cpp", text); }

TEST(clock_rules, hold_in_every_source_of_ours) {
  const auto sources = find_sources(root, {"rouse", "tools"});
  ASSERT_GT(sources.size(), 10u);
  for (const std::string& path : sources)
    for (const finding& f : check_clocks(path, read_source(read_file(root / path))))
      ADD_FAILURE() << path << ":" << f.line << ": " << f.message;
}

TEST(clock_rules, find_every_way_around_the_doors) {
  EXPECT_EQ(findings("auto t = std::chrono::steady_clock::now();"), 1u);
  EXPECT_EQ(findings("auto t = chrono::system_clock::now();"), 1u);
  EXPECT_EQ(findings("using real = std::chrono::steady_clock;\nauto t = real::now();"), 1u);
  EXPECT_EQ(findings("clock_gettime(CLOCK_MONOTONIC, &t); ::gettimeofday(&v, nullptr);"), 2u);
  EXPECT_EQ(findings("auto t = std::time(nullptr); return ::time(nullptr);"), 2u);
  EXPECT_EQ(findings("auto c = std::clock();"), 1u);
}

TEST(clock_rules, accept_the_doors_and_what_only_sounds_like_a_clock) {
  EXPECT_EQ(findings("auto t = steady_clock::instance().now();"), 0u);
  EXPECT_EQ(findings("using instant = time_point<std::chrono::steady_clock, nanoseconds>;"), 0u);
  EXPECT_EQ(findings("auto t = sys::monotonic_now(); auto u = rouse::now();"), 0u);
  EXPECT_EQ(findings("auto t = calls().clock_gettime(c, &v); auto u = head.time(1);"), 0u);
  EXPECT_EQ(findings("explicit wheel(rouse::clock(&c)); auto t = sys::time(1);"), 0u);
}

TEST(clock_rules, leave_sys_and_what_watches_from_outside_alone) {
  constexpr auto read = "auto t = std::chrono::steady_clock::now();";
  EXPECT_EQ(findings("rouse/sys/clock.cpp", read), 0u);
  EXPECT_EQ(findings("rouse/testing/census.cpp", read), 0u);
  EXPECT_EQ(findings("rouse/time/wheel_test.cpp", read), 0u);
  EXPECT_EQ(findings("benches/support/load.cpp", read), 0u);
  EXPECT_EQ(findings("tools/rouse/serve.cpp", read), 1u);
  EXPECT_EQ(findings("auto t = std::time(nullptr);  // lint: ok, it has a seam of its own"), 0u);
}

}  // namespace
}  // namespace workshop

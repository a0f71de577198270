#include "progress.hpp"

#include "figures.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tool {
namespace {

using namespace std::chrono_literals;

rouse::instant at(rouse::nanoseconds since) { return rouse::instant(since); }

std::size_t columns_of(const std::string& text) {
  std::size_t n = 0;
  for (char c : text)
    n += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return n;
}

terminal wide(unsigned columns) {
  terminal t;
  t.is_terminal = t.unicode = true;
  t.columns = columns;
  return t;
}

TEST(progress, tells_share_rate_and_what_is_left) {
  progress p("big.iso", 0, 4 << 20, at(0s));
  p.add(1 << 20);
  const std::string line = p.line(wide(80), at(1s));
  EXPECT_EQ(line.find("big.iso  ███"), 0u);
  EXPECT_NE(line.find(" 25%  1.0 MiB of 4.0 MiB  1.0 MiB/s  0:03 left"), std::string::npos) << line;
  p.add(3 << 20);
  const std::string end = p.summary(wide(80), at(2s));
  EXPECT_EQ(end, "✓ big.iso  4.0 MiB in 2.00 s, 2.0 MiB/s");
}

TEST(progress, counts_what_an_earlier_run_had) {
  progress p("f", 3 << 20, 4 << 20, at(0s));
  p.add(512 << 10);
  const std::string line = p.line(wide(80), at(1s));
  EXPECT_NE(line.find(" 87%  3.5 MiB of 4.0 MiB  512 KiB/s  0:01 left"), std::string::npos) << line;
  EXPECT_NE(p.summary(wide(80), at(1s)).find("3.5 MiB (512 KiB of it now)"), std::string::npos);
}

TEST(progress, without_a_total_tells_the_time) {
  progress p("f", 0, 0, at(0s));
  p.add(2048);
  EXPECT_EQ(p.line(wide(80), at(65s)), "f  2.0 KiB  31 B/s  1:05");
}

TEST(progress, a_stall_shows_in_the_rate) {
  progress p("f", 0, 0, at(0s));
  p.add(1 << 20);
  (void)p.line(wide(80), at(1s));
  const std::string line = p.line(wide(80), at(31s));
  EXPECT_NE(line.find("  47 B/s"), std::string::npos) << line;
}

TEST(progress, fits_every_width_and_no_name_moves_the_cursor) {
  for (unsigned columns = 40; columns <= 160; ++columns) {
    progress p("evil\x1b[2J\r\nname that is much longer than there is room for", 0, 1u << 30,
               at(0s));
    p.add(700u << 20);
    const std::string line = p.line(wide(columns), at(1s));
    EXPECT_LE(columns_of(line), columns) << line;
    for (char c : line)
      EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20) << line;
  }
}

TEST(figures, are_short) {
  EXPECT_EQ(latency_text(812, true), "812 ns");
  EXPECT_EQ(latency_text(1'234, true), "1.23 µs");
  EXPECT_EQ(latency_text(45'600'000, false), "45.6 ms");
  EXPECT_EQ(latency_text(999'600, false), "1.00 ms");
  EXPECT_EQ(latency_text(99'960'000, false), "100 ms");
  EXPECT_EQ(latency_text(7'890'000'000'000, false), "7890 s");
  EXPECT_EQ(clock_text(7s), "0:07");
  EXPECT_EQ(clock_text(754s), "12:34");
  EXPECT_EQ(clock_text(3723s), "1:02:03");
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1'234'567), "1,234,567");
}

}  // namespace
}  // namespace tool

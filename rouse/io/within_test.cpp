#include <rouse/io/within.hpp>

#include <rouse/io/buffered_reader.hpp>
#include <rouse/io/duplex.hpp>
#include <rouse/io/read_until.hpp>
#include <rouse/time/timing_test.hpp>

namespace rouse::io {
namespace {
using namespace test;

struct within : timed_world, ::testing::Test {
  within() : ends(duplex()), in(ends.second) {}
  auto line_within(nanoseconds limit) { return io::within(limit, read_line(in), "read a line"); }
  std::pair<duplex_stream, duplex_stream> ends;
  buffered_reader<duplex_stream> in;
};

TEST_F(within, gives_up_at_the_limit_and_loses_nothing) {
  {
    auto line = line_within(10ms);
    auto first = ends.first.write_all("hal");
    EXPECT_TRUE(first.poll(cx).is_ready());
    EXPECT_FALSE(line.poll(cx).is_ready());
    advance(9ms);
    EXPECT_FALSE(line.poll(cx).is_ready());
    advance(1ms);
    auto late = line.poll(cx);
    ASSERT_TRUE(late.is_ready());
    const auto outcome = late.take();
    EXPECT_TRUE(outcome.error().is_timed_out());
    EXPECT_STREQ(outcome.error().operation, "read a line");
  }
  auto rest = ends.first.write_all("f\n");
  EXPECT_TRUE(rest.poll(cx).is_ready());
  auto again = line_within(10ms);
  auto answer = again.poll(cx);
  ASSERT_TRUE(answer.is_ready());
  EXPECT_EQ(**answer.take(), "half");
}

TEST_F(within, needs_no_timer_without_a_limit_or_a_wait) {
  auto endless = line_within(no_limit);
  EXPECT_FALSE(endless.poll(cx).is_ready());
  EXPECT_TRUE(endless.poll_cancel(cx).is_ready());
  auto text = ends.first.write_all("x\n");
  EXPECT_TRUE(text.poll(cx).is_ready());
  auto ready_at_once = line_within(0ns);
  EXPECT_TRUE(ready_at_once.poll(cx).is_ready());
}

TEST_F(within, borrows_as_what_it_bounds_does) {
  auto line = line_within(1s);
  EXPECT_TRUE(borrows_from_caller(line));
}

}  // namespace
}  // namespace rouse::io

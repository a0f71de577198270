#include <gtest/gtest.h>

#include <rouse/base/duration.hpp>

namespace rouse {
namespace {

constexpr instant at(nanoseconds::rep ns) { return instant(nanoseconds(ns)); }

TEST(saturating_add, adds) {
  EXPECT_EQ(saturating_add(at(5), nanoseconds(7)), at(12));
  EXPECT_EQ(saturating_add(at(-5), nanoseconds(7)), at(2));
}

TEST(saturating_add, treats_a_negative_duration_as_none) {
  EXPECT_EQ(saturating_add(at(5), nanoseconds(-1)), at(5));
  EXPECT_EQ(saturating_add(at(5), nanoseconds::min()), at(5));
}

TEST(saturating_add, stops_at_never_instead_of_wrapping) {
  EXPECT_EQ(saturating_add(at(0), no_limit), never);
  EXPECT_EQ(saturating_add(at(1), no_limit), never);
  EXPECT_EQ(saturating_add(never, nanoseconds(1)), never);
  EXPECT_LT(saturating_add(at(-1), no_limit), never);  // one below the edge still fits
}

TEST(time_left, counts_down_to_zero_and_stays_there) {
  EXPECT_EQ(time_left(at(5), at(12)), nanoseconds(7));
  EXPECT_EQ(time_left(at(12), at(12)), nanoseconds(0));
  EXPECT_EQ(time_left(at(13), at(12)), nanoseconds(0));
}

TEST(time_left, is_without_limit_for_what_never_comes) {
  EXPECT_EQ(time_left(at(5), never), no_limit);
  EXPECT_EQ(time_left(never, never), no_limit);
  EXPECT_EQ(time_left(instant::min(), at(5)), no_limit);  // the difference does not fit
}

static_assert(saturating_add(at(1), nanoseconds(2)) == at(3), "usable while compiling");

}  // namespace
}  // namespace rouse

#include <gtest/gtest.h>

#include <rouse/base/assert.hpp>

namespace {

TEST(assert, passes_what_is_true_and_evaluates_it_once) {
  int evaluated = 0;
  ROUSE_ASSERT(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

TEST(assert_death, stops_with_the_expression_and_the_place_also_in_release) {
  EXPECT_DEATH(ROUSE_ASSERT(1 + 1 == 3),
               "rouse: assertion failed: 1 \\+ 1 == 3 \\(.*assert_test.cpp:[0-9]+\\)");
}

TEST(assert_death, unreachable_stops) { EXPECT_DEATH(ROUSE_UNREACHABLE(), "unreachable"); }

#ifdef NDEBUG
TEST(assert, debug_assert_does_not_evaluate_in_release) { ROUSE_DEBUG_ASSERT(false); }
#else
TEST(assert_death, debug_assert_stops_in_debug) {
  EXPECT_DEATH(ROUSE_DEBUG_ASSERT(false), "assertion failed: false");
}
#endif

}  // namespace

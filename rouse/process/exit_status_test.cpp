#include <rouse/process/exit_status.hpp>

#include <gtest/gtest.h>

namespace {

using rouse::process::exit_status;

TEST(exit_status, says_one_of_three_things) {
  constexpr exit_status three = exit_status::exited(3);
  EXPECT_EQ(three.code(), 3);
  EXPECT_EQ(three.signal(), std::nullopt);
  EXPECT_FALSE(three.is_success() || three.is_unknown());
  EXPECT_EQ(three.to_string(), "exit code 3");
  constexpr exit_status killed = exit_status::signalled(9);
  EXPECT_EQ(killed.code(), std::nullopt);
  EXPECT_EQ(killed.signal(), 9);
  EXPECT_EQ(killed.to_string(), "signal 9");
  EXPECT_TRUE(exit_status::exited(0).is_success());
  EXPECT_FALSE(exit_status::signalled(0).is_success());
  EXPECT_TRUE(exit_status::unknown().is_unknown());
  EXPECT_FALSE(exit_status::unknown().is_success());
  EXPECT_NE(exit_status::unknown(), exit_status::exited(0));
}

}  // namespace

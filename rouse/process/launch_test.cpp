#include <rouse/process/internal/launch.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace rouse::process::internal;
using testing::ElementsAre;

TEST(candidates_of, a_name_with_a_slash_is_a_path) {
  EXPECT_THAT(candidates_of("./a", {"PATH=/x"}), ElementsAre("./a"));
  EXPECT_THAT(candidates_of("/bin/a", {}), ElementsAre("/bin/a"));
}

TEST(candidates_of, another_is_looked_for_in_each_part_of_the_childs_path) {
  EXPECT_THAT(candidates_of("a", {"HOME=/h", "PATH=/x:/y"}), ElementsAre("/x/a", "/y/a"));
  EXPECT_THAT(candidates_of("a", {"PATH=/x::/y:"}), ElementsAre("/x/a", "./a", "/y/a", "./a"));
  EXPECT_THAT(candidates_of("a", {"PATH="}), ElementsAre("./a"));
  EXPECT_THAT(candidates_of("a", {}), ElementsAre("/bin/a", "/usr/bin/a"));
}

}  // namespace

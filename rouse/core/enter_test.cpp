#include <rouse/base/io_error.hpp>
#include <rouse/core/enter.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace rouse {
namespace {

TEST(enter, spec_row_53_entering_twice_is_an_error_that_names_both_sites) {
  const enter outer = enter::enter_or_throw();
  const unsigned outer_line = __LINE__ - 1;
  EXPECT_TRUE(enter::is_entered());
  EXPECT_EQ(enter::entered_at().line(), outer_line);
  EXPECT_EQ(enter::try_enter().error(), errc::would_block_runtime);
  try {
    (void)enter::enter_or_throw();
    FAIL();
  } catch (const io_error& e) {
    const std::string text = e.what();
    const std::string file = "enter_test.cpp:";
    EXPECT_EQ(e.reason(), errc::would_block_runtime);
    EXPECT_NE(text.find(file + std::to_string(outer_line)), std::string::npos) << text;
    EXPECT_NE(text.find(file + std::to_string(__LINE__ - 7)), std::string::npos) << text;
  }
}

TEST(enter, the_mark_goes_with_the_scope_also_by_exception) {
  EXPECT_THROW(
      {
        const enter inside = enter::enter_or_throw();
        throw std::runtime_error("inside");
      },
      std::runtime_error);
  EXPECT_FALSE(enter::is_entered());
}

TEST(enter, other_threads_are_not_concerned) {
  const enter here = enter::enter_or_throw();
  std::thread([] {
    EXPECT_FALSE(enter::is_entered());
    EXPECT_TRUE(enter::try_enter().has_value());
  }).join();
}

TEST(enter, exit_callbacks_run_last_first_when_the_mark_is_off) {
  struct log {
    std::vector<int> order;
    bool was_entered = true;
  } seen;
  {
    enter mark = enter::enter_or_throw();
    mark.on_exit([](void* l) { static_cast<log*>(l)->order.push_back(1); }, &seen);
    mark.on_exit(
        [](void* l) {
          static_cast<log*>(l)->order.push_back(2);
          static_cast<log*>(l)->was_entered = enter::is_entered();
        },
        &seen);
    enter moved = std::move(mark);
    EXPECT_TRUE(seen.order.empty());
  }
  EXPECT_EQ(seen.order, (std::vector{2, 1}));
  EXPECT_FALSE(seen.was_entered);
}

TEST(enter, a_permanent_mark_stays_and_drops_its_callbacks) {
  std::thread([] {
    int calls = 0;
    {
      enter mark = enter::enter_or_throw();
      mark.on_exit([](void* n) { ++*static_cast<int*>(n); }, &calls);
      std::move(mark).make_permanent();
    }
    EXPECT_EQ(calls, 0);
    EXPECT_TRUE(enter::is_entered());
    EXPECT_FALSE(enter::try_enter().has_value());
  }).join();
}

TEST(enter, a_blocking_section_leaves_and_comes_back) {
  const enter outer = enter::enter_or_throw();
  const unsigned outer_line = enter::entered_at().line();
  {
    const leave section;
    EXPECT_FALSE(enter::is_entered());
    const enter inner = enter::enter_or_throw();
    EXPECT_TRUE(enter::is_entered());
  }
  EXPECT_TRUE(enter::is_entered());
  EXPECT_EQ(enter::entered_at().line(), outer_line);
}

TEST(enter, leaving_where_nobody_entered_changes_nothing) {
  {
    const leave section;
  }
  EXPECT_FALSE(enter::is_entered());
}

}  // namespace
}  // namespace rouse

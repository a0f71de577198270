#include <rouse/core/current.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace rouse {
namespace {

struct reactor_like {
  int id;
};

TEST(current, there_is_none_until_somebody_says_so) {
  EXPECT_EQ(current<reactor_like>::get(), nullptr);
}

TEST(current, spec_row_52_the_outer_one_is_back_afterwards) {
  reactor_like outer{1};
  reactor_like inner{2};
  const int seen = with_default(outer, [&] {
    EXPECT_EQ(current<reactor_like>::get(), &outer);
    const int deep = with_default(inner, [&] { return current<reactor_like>::get()->id; });
    EXPECT_EQ(current<reactor_like>::get(), &outer);
    return deep;
  });
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(current<reactor_like>::get(), nullptr);
}

TEST(current, spec_row_52_the_outer_one_is_back_after_a_throw) {
  reactor_like outer{1};
  reactor_like inner{2};
  with_default(outer, [&] {
    EXPECT_THROW(with_default(inner, [] { throw std::runtime_error("inside"); }),
                 std::runtime_error);
    EXPECT_EQ(current<reactor_like>::get(), &outer);
  });
  EXPECT_EQ(current<reactor_like>::get(), nullptr);
}

TEST(current, kinds_and_threads_do_not_see_each_others) {
  struct other {};
  reactor_like here{1};
  with_default(here, [&] {
    EXPECT_EQ(current<other>::get(), nullptr);
    std::thread([] { EXPECT_EQ(current<reactor_like>::get(), nullptr); }).join();
  });
}

TEST(current, a_reference_passes_through) {
  reactor_like here{1};
  int& id = with_default(here, [&]() -> int& { return here.id; });
  EXPECT_EQ(&id, &here.id);
}

}  // namespace
}  // namespace rouse

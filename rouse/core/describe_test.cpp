#include <rouse/core/describe.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace rouse {
namespace {

TEST(brief, says_what_an_exception_says) {
  EXPECT_STREQ(brief(std::make_exception_ptr(std::runtime_error("no"))).c_str(), "no");
  EXPECT_EQ(brief(std::make_exception_ptr(7)).c_str(), describe(std::make_exception_ptr(7)));
}

TEST(brief, is_cut_where_it_is_too_long) {
  const std::string words(1000, 'x');
  EXPECT_EQ(brief(std::make_exception_ptr(std::runtime_error(words))).c_str(),
            words.substr(0, sizeof(brief_text) - 1));
}

}  // namespace
}  // namespace rouse

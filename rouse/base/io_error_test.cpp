#include <gtest/gtest.h>

#include <rouse/base/io_error.hpp>
#include <set>
#include <string>
#include <tests/support/allocations.hpp>

namespace rouse {
namespace {

TEST(errc, has_a_message_of_its_own_for_every_code) {
  std::set<std::string> seen;
  for (int code = static_cast<int>(errc::runtime_shut_down); code <= static_cast<int>(errc::threw);
       ++code) {
    const std::string text = category().message(code);
    EXPECT_EQ(text.find("unknown error"), std::string::npos) << code;
    EXPECT_TRUE(seen.insert(text).second) << text << " stands for two codes";
  }
  EXPECT_EQ(category().message(4095), "unknown error 4095");
}

TEST(errc, becomes_a_std_error_code_of_our_category) {
  const std::error_code code = errc::closed;
  EXPECT_EQ(&code.category(), &category());
  EXPECT_STREQ(code.category().name(), "rouse");
}

TEST(io_error, names_operation_and_subject_and_keeps_the_value) {
  try {
    throw_error({"connect", ECONNREFUSED}, "127.0.0.1:80");
  } catch (const io_error& e) {
    EXPECT_STREQ(e.what(), "connect 127.0.0.1:80: Connection refused");
    EXPECT_EQ(e.code(), std::errc::connection_refused);
    EXPECT_EQ(e.reason(), std::errc::connection_refused);
  }
}

TEST(io_error, is_caught_as_std_system_error) {
  EXPECT_THROW(throw_error({"read", errc::closed}), std::system_error);
  try {
    throw_error({"read", errc::closed});
  } catch (const std::system_error& e) {
    EXPECT_STREQ(e.what(), "read: closed");
  }
}

TEST(io_error, fault_R10_without_memory_another_exception_takes_its_place) {
  if (!support::can_count) GTEST_SKIP() << "a sanitizer owns malloc";
  int refused = 0;
  for (unsigned long n = 1;; ++n) {
    support::failing_allocation fails(n);
    const std::exception_ptr made = make_exception({"connect", ECONNREFUSED});
    ASSERT_TRUE(made);
    if (!fails.has_failed()) break;
    ++refused;
  }
  EXPECT_GE(refused, 2);
}

}  // namespace
}  // namespace rouse

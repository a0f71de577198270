#include <gtest/gtest.h>

#include <rouse/base/error.hpp>
#include <set>
#include <type_traits>

namespace rouse {
namespace {

static_assert(std::is_trivially_copyable_v<error>, "passing one on costs two registers");

TEST(error, compares_by_code_and_not_by_operation) {
  EXPECT_EQ(error("connect", ECONNREFUSED), error("accept", ECONNREFUSED));
  EXPECT_NE(error("connect", ECONNREFUSED), error("connect", ECONNRESET));
  EXPECT_EQ(error("connect", ECONNREFUSED), std::errc::connection_refused);
  EXPECT_EQ(error("send", errc::closed), errc::closed);
  EXPECT_NE(error("send", errc::closed), errc::at_capacity);
}

TEST(error, says_operation_and_reason) {
  EXPECT_EQ(error("connect", ECONNREFUSED).message(), "connect: Connection refused");
  EXPECT_EQ(error("send", errc::closed).message(), "send: closed");
  EXPECT_EQ(error("", errc::closed).message(), "closed");
}

TEST(error, knows_cancel_and_time_out) {
  EXPECT_TRUE(error("read", ECANCELED).is_cancelled());
  EXPECT_FALSE(error("read", ECANCELED).is_timed_out());
  EXPECT_TRUE(error("read", ETIMEDOUT).is_timed_out());
}

TEST(errc, has_a_message_of_its_own_for_every_code) {
  std::set<std::string> seen;
  for (int code = static_cast<int>(errc::runtime_shut_down);
       code <= static_cast<int>(errc::host_not_found); ++code) {
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

}  // namespace
}  // namespace rouse

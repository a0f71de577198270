#include <gtest/gtest.h>

#include <rouse/base/error.hpp>

#include <string>
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

}  // namespace
}  // namespace rouse

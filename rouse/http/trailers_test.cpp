#include <gtest/gtest.h>

#include <rouse/http/trailers.hpp>

namespace rouse::http {
namespace {

TEST(trailers, are_found_in_any_case_and_come_in_order) {
  trailers t;
  EXPECT_EQ(t.count(), 0u);
  EXPECT_EQ(t.find("a"), std::nullopt);
  t.add("X-Sum", "1:2");
  t.add("Empty", "");
  t.add("x-sum", "3");
  ASSERT_EQ(t.count(), 3u);
  EXPECT_EQ(t.at(0).name, "X-Sum");
  EXPECT_EQ(t.at(0).value, "1:2");
  EXPECT_EQ(t.at(1).name, "Empty");
  EXPECT_EQ(t.at(1).value, "");
  EXPECT_EQ(t.at(2).value, "3");
  EXPECT_EQ(t.find("X-SUM"), "1:2");
  EXPECT_EQ(t.find("empty"), "");
  EXPECT_EQ(t.find("X-Su"), std::nullopt);
  t.clear();
  EXPECT_EQ(t.count(), 0u);
  EXPECT_EQ(t.find("X-Sum"), std::nullopt);
}

TEST(trailers, what_may_not_come_late_is_dropped) {
  trailers t;
  for (const char* name :
       {"Content-Length", "transfer-encoding", "HOST", "Content-Type", "content-range",
        "Authorization", "Set-Cookie", "Connection", "Trailer", "Location", "If-Match"})
    t.add(name, "x");
  EXPECT_EQ(t.count(), 0u);
  t.add("ETag", "b");
  t.add("Digest", "c");
  EXPECT_EQ(t.count(), 2u);
}

}  // namespace
}  // namespace rouse::http

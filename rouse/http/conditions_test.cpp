#include <rouse/http/conditions.hpp>

#include <rouse/http/content_coding.hpp>
#include <rouse/http/request_parser.hpp>

#include <gtest/gtest.h>

#include <string>

namespace rouse::http {
namespace {

constexpr std::int64_t file_time = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT
constexpr std::int64_t present = file_time + 1'000'000;
constexpr std::string_view same_date = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view before = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view after = "Sun, 06 Nov 1994 08:49:38 GMT";
constexpr std::string_view future = "Sun, 06 Nov 2094 08:49:38 GMT";

/// A request whose text lives as long.
struct asked {
  explicit asked(const std::string& fields, std::string_view method = "GET")
      : text(std::string(method) + " / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n") {
    EXPECT_EQ(parser.parse(text).event, parse_event::head);
  }
  [[nodiscard]] const request& head() const { return parser.head(); }
  std::string text;
  request_parser parser;
};

std::string field(std::string_view name, std::string_view value) {
  return std::string(name) + ": " + std::string(value) + "\r\n";
}

condition outcome(const std::string& fields, std::string_view method = "GET",
                  validators current = {.etag = "\"a\"", .modified = file_time}) {
  return evaluate(asked(fields, method).head(), current, present);
}

TEST(conditions, none_means_go_on) { EXPECT_EQ(outcome(""), condition::proceed); }

TEST(conditions, if_none_match_compares_weakly_and_makes_304_of_reads_only) {
  for (const char* list : {"\"a\"", "W/\"a\"", "*", "\"x\", \"a\"", "\"x,y\" , W/\"a\"", " \"a\""})
    EXPECT_EQ(outcome(field("If-None-Match", list)), condition::not_modified) << list;
  for (const char* list : {"\"b\"", "a", "\"a", "\"x,\"a\"\"", ""})
    EXPECT_EQ(outcome(field("If-None-Match", list)), condition::proceed) << list;
  EXPECT_EQ(outcome(field("If-None-Match", "\"a\""), "HEAD"), condition::not_modified);
  EXPECT_EQ(outcome(field("If-None-Match", "\"a\""), "PUT"), condition::precondition_failed);
  EXPECT_EQ(outcome(field("If-None-Match", "\"x\"") + field("If-None-Match", "\"a\"")),
            condition::not_modified);
}

TEST(conditions, if_match_compares_strongly) {
  EXPECT_EQ(outcome(field("If-Match", "\"a\"")), condition::proceed);
  EXPECT_EQ(outcome(field("If-Match", "*")), condition::proceed);
  EXPECT_EQ(outcome(field("If-Match", "W/\"a\"")), condition::precondition_failed);
  EXPECT_EQ(outcome(field("If-Match", "\"b\"")), condition::precondition_failed);
  const validators weak{.etag = "W/\"a\"", .modified = file_time};
  EXPECT_EQ(outcome(field("If-Match", "W/\"a\""), "GET", weak), condition::precondition_failed);
}

TEST(conditions, dates_compare_by_the_second_and_bad_ones_are_ignored) {
  EXPECT_EQ(outcome(field("If-Modified-Since", same_date)), condition::not_modified);
  EXPECT_EQ(outcome(field("If-Modified-Since", after)), condition::not_modified);
  EXPECT_EQ(outcome(field("If-Modified-Since", before)), condition::proceed);
  EXPECT_EQ(outcome(field("If-Modified-Since", future)), condition::proceed);
  EXPECT_EQ(outcome(field("If-Modified-Since", "yesterday")), condition::proceed);
  EXPECT_EQ(outcome(field("If-Modified-Since", same_date), "POST"), condition::proceed);
  EXPECT_EQ(outcome(field("If-Unmodified-Since", same_date)), condition::proceed);
  EXPECT_EQ(outcome(field("If-Unmodified-Since", before)), condition::precondition_failed);
  EXPECT_EQ(outcome(field("If-Unmodified-Since", "Sunday, 06-Nov-94 08:49:36 GMT")),
            condition::precondition_failed);
  EXPECT_EQ(outcome(field("If-Unmodified-Since", "Sun Nov  6 08:49:36 1994")),
            condition::precondition_failed);
}

TEST(conditions, a_tag_decides_before_a_date) {
  EXPECT_EQ(outcome(field("If-None-Match", "\"b\"") + field("If-Modified-Since", same_date)),
            condition::proceed);
  EXPECT_EQ(outcome(field("If-Match", "\"a\"") + field("If-Unmodified-Since", before)),
            condition::proceed);
}

TEST(conditions, a_range_applies_when_if_range_is_strong_and_true) {
  const validators current{.etag = "\"a\"", .modified = file_time};
  const auto applies = [&](std::string_view value, const validators& v) {
    return range_applies(asked(field("If-Range", value)).head(), v, present);
  };
  EXPECT_TRUE(range_applies(asked("").head(), current, present));
  EXPECT_TRUE(applies("\"a\"", current));
  EXPECT_TRUE(applies(same_date, current));
  EXPECT_FALSE(applies("W/\"a\"", current));
  EXPECT_FALSE(applies("\"b\"", current));
  EXPECT_FALSE(applies(after, current));
  EXPECT_FALSE(applies("nonsense", current));
  EXPECT_FALSE(applies(same_date, {.etag = "\"a\"", .modified = file_time, .is_fresh = true}));
}

TEST(content_coding, weights_come_from_the_best_word_about_a_coding) {
  const auto weight = [](std::string_view list, std::string_view coding) {
    return coding_weight(asked(field("Accept-Encoding", list)).head(), coding);
  };
  EXPECT_EQ(weight("gzip, br", "br"), 1000u);
  EXPECT_EQ(weight("x-gzip", "gzip"), 1000u);
  EXPECT_EQ(weight("GZIP;q=0.5", "gzip"), 500u);
  EXPECT_EQ(weight("gzip ; q=0.123", "gzip"), 123u);
  EXPECT_EQ(weight("gzip;q=0", "gzip"), 0u);
  EXPECT_EQ(weight("*", "br"), 1000u);
  EXPECT_EQ(weight("*;q=0.2, br;q=0", "br"), 0u);
  EXPECT_EQ(weight("identity", "br"), 0u);
  EXPECT_EQ(weight("br;q=2", "br"), 0u);
  EXPECT_EQ(weight("br;q=1.5", "br"), 0u);
  EXPECT_EQ(weight("br;q=0.1234", "br"), 0u);
  EXPECT_EQ(coding_weight(asked("").head(), "br"), 0u);
}

TEST(content_coding, text_gets_smaller_and_pictures_do_not) {
  EXPECT_TRUE(is_compressible("text/html; charset=utf-8"));
  EXPECT_TRUE(is_compressible("application/json"));
  EXPECT_TRUE(is_compressible("image/svg+xml"));
  EXPECT_FALSE(is_compressible("image/png"));
  EXPECT_FALSE(is_compressible("application/gzip"));
}

}  // namespace
}  // namespace rouse::http

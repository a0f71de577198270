#include <rouse/http/http_date.hpp>

#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <string>

namespace rouse::http {
namespace {

constexpr std::int64_t example = 784111777;  // RFC 9110's own
constexpr std::int64_t now = 1764028800;     // 25 Nov 2025
constexpr std::int64_t last = 253402300799;  // the last second of 9999

std::string formatted(std::int64_t seconds) {
  http_date_text text = format_http_date(seconds);
  return {text.data(), text.size()};
}

std::string with_strftime(std::int64_t seconds) {
  std::time_t time = seconds;
  std::tm tm{};
  gmtime_r(&time, &tm);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm)};
}

TEST(http_date, formats_the_example_of_the_standard) {
  EXPECT_EQ(formatted(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(formatted(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(formatted(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
}

TEST(http_date, formats_as_strftime_does) {
  std::mt19937_64 random(20251125);
  std::uniform_int_distribution<std::int64_t> any(-30000000000, last);
  for (int i = 0; i < 2000; ++i) {
    std::int64_t seconds = any(random);
    ASSERT_EQ(formatted(seconds), with_strftime(seconds)) << seconds;
  }
  for (std::int64_t day :
       {951782400L, 951868800L, 4107456000, 4107542400, 1709164800L, 1709251200L, 1735603200L})
    EXPECT_EQ(formatted(day), with_strftime(day));
}

TEST(http_date, holds_times_beyond_four_digit_years) {
  EXPECT_EQ(formatted(last), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(formatted(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(formatted(INT64_MIN), "Mon, 01 Jan 0001 00:00:00 GMT");
}

TEST(http_date, reads_all_three_forms) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now), example);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now), example);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", now), example);
  EXPECT_EQ(parse_http_date("Wed Nov 16 08:49:37 1994", now), example + 10 * 86400);
}

TEST(http_date, reads_what_it_writes) {
  std::mt19937_64 random(7);
  std::uniform_int_distribution<std::int64_t> any(-62135596800, last);
  for (int i = 0; i < 2000; ++i) {
    std::int64_t seconds = any(random);
    ASSERT_EQ(parse_http_date(formatted(seconds), now), seconds);
  }
}

TEST(http_date, two_digit_years_are_at_most_50_years_ahead) {
  auto year = [](const char* digits) {
    auto parsed = parse_http_date(std::string("Sunday, 06-Nov-") + digits + " 08:49:37 GMT", now);
    return to_utc(parsed.value()).year;
  };
  EXPECT_EQ(year("25"), 2025);
  EXPECT_EQ(year("75"), 2075);
  EXPECT_EQ(year("76"), 1976);
  EXPECT_EQ(year("00"), 2000);
}

TEST(http_date, refuses_what_is_no_date) {
  for (const char* text : {"",
                           "Sun",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           " Sun, 06 Nov 1994 08:49:37 GMT",
                           "sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 nov 1994 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Sun, 29 Feb 1900 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 06 Nov 0000 08:49:37 GMT",
                           "Xyz, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06-Nov-94 08:49:37 GMT",
                           "Sunday, 06 Nov 1994 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov  06 08:49:37 1994",
                           "Sun, +6 Nov 1994 08:49:37 GMT",
                           "784111777"})
    EXPECT_EQ(parse_http_date(text, now), std::nullopt) << text;
  EXPECT_TRUE(parse_http_date("Tue, 29 Feb 2000 00:00:00 GMT", now));
  EXPECT_TRUE(parse_http_date("Fri, 31 Dec 1999 23:59:60 GMT", now));
}

TEST(date_cache, follows_a_clock_that_jumps) {  // T1: dates follow the wall clock
  date_cache cache;
  EXPECT_EQ(cache.at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(cache.at(example), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(cache.at(example).data(), cache.at(example).data());
  EXPECT_EQ(cache.at(example - 315360000), with_strftime(example - 315360000));
}

}  // namespace
}  // namespace rouse::http

#include <rouse/http/ranges.hpp>

#include <gtest/gtest.h>

#include <string>

namespace rouse::http {
namespace {

using kind = range_set::kind;

std::string parts_of(std::string_view field, std::uint64_t whole) {
  const range_set set(field, whole);
  std::string text;
  for (const byte_range& r : set.parts())
    text += std::to_string(r.first) + "-" + std::to_string(r.last) + " ";
  return set.asked() == kind::whole ? "whole" : set.asked() == kind::parts ? text : "416";
}

TEST(ranges, the_three_forms_are_read_and_cut_to_what_is_there) {
  EXPECT_EQ(parts_of("bytes=0-0", 10), "0-0 ");
  EXPECT_EQ(parts_of("bytes=2-", 10), "2-9 ");
  EXPECT_EQ(parts_of("bytes=-3", 10), "7-9 ");
  EXPECT_EQ(parts_of("bytes=-30", 10), "0-9 ");
  EXPECT_EQ(parts_of("bytes=5-99", 10), "5-9 ");
  EXPECT_EQ(parts_of("BYTES=0-1, 4-5 ,\t-1", 10), "0-1 4-5 9-9 ");
  EXPECT_EQ(parts_of("bytes=,0-1,,", 10), "0-1 ");
}

TEST(ranges, fault_H10_what_is_no_range_is_ignored) {
  for (const char* text : {"",
                           "bytes",
                           "bytes=",
                           "bytes=,",
                           "items=0-1",
                           "bytes=1",
                           "bytes=a-b",
                           "bytes=-",
                           "bytes=5-4",
                           "bytes=+1-2",
                           "bytes=1-+2",
                           "bytes=0x1-2",
                           "bytes= 1 - 2",
                           "bytes=--1",
                           "bytes=1-2-3",
                           "bytes=18446744073709551616-",
                           "bytes=0-18446744073709551616",
                           "bytes=-18446744073709551616",
                           "bytes=0-1;2-3",
                           "bytes =0-1"})
    EXPECT_EQ(parts_of(text, 10), "whole") << text;
}

TEST(ranges, fault_H10_more_than_eight_or_more_than_the_whole_is_the_whole) {
  EXPECT_EQ(parts_of("bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7", 10),
            "0-0 1-1 2-2 3-3 4-4 5-5 6-6 7-7 ");
  EXPECT_EQ(parts_of("bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8", 10), "whole");
  EXPECT_EQ(parts_of("bytes=0-,0-", 10), "whole");
  std::string many = "bytes=0-0";
  for (int i = 0; i < 1000; ++i)
    many += ",0-0";
  EXPECT_EQ(parts_of(many, 1u << 20), "whole");
  EXPECT_EQ(parts_of("bytes=0-18446744073709551615,0-18446744073709551615", UINT64_MAX), "whole");
}

TEST(ranges, nothing_of_it_there_is_416_and_something_is_enough) {
  EXPECT_EQ(parts_of("bytes=10-", 10), "416");
  EXPECT_EQ(parts_of("bytes=-0", 10), "416");
  EXPECT_EQ(parts_of("bytes=0-", 0), "416");
  EXPECT_EQ(parts_of("bytes=-1", 0), "whole");
  EXPECT_EQ(parts_of("bytes=10-,3-4", 10), "3-4 ");
}

TEST(ranges, several_parts_are_framed_as_long_as_they_say) {
  const std::string whole = "0123456789";
  const byte_range parts[] = {{0, 1}, {4, 4}, {8, 9}};
  const multipart_ranges framing("B", "text/plain", parts, whole.size());
  std::string body;
  for (std::size_t i = 0; i < 3; ++i) {
    framing.append_part_head(body, i);
    body += whole.substr(parts[i].first, parts[i].size());
  }
  framing.append_end(body);
  EXPECT_EQ(body,
            "--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
            "\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 4-4/10\r\n\r\n4"
            "\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89"
            "\r\n--B--\r\n");
  EXPECT_EQ(framing.content_length(), body.size());
}

}  // namespace
}  // namespace rouse::http

#include <rouse/http/response.hpp>

#include <gtest/gtest.h>

#include <string>

#include <rouse/http/http_date.hpp>

namespace rouse::http {
namespace {

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string start =
    "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nX-Content-Type-Options: nosniff\r\n";

TEST(response_head, is_written_as_it_is_set) {
  std::string out;
  response_head head(out, status::ok, date);
  head.content_type("text/html; charset=utf-8");
  head.content_length(1234567890123456789);
  ASSERT_TRUE(head.field("Last-Modified", date));
  head.end();
  EXPECT_EQ(out,
            start +
                "Content-Type: text/html; charset=utf-8\r\nContent-Length: 1234567890123456789\r\n"
                "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n");
}

TEST(response_head, follows_what_is_already_in_the_buffer) {
  std::string out = "before";
  {
    response_head head(out, status::no_content, date);
    head.end();
  }
  EXPECT_EQ(out,
            "beforeHTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "X-Content-Type-Options: nosniff\r\n\r\n");
}

TEST(response_head, takes_itself_back_when_it_was_not_ended) {
  std::string out = "before";
  {
    response_head head(out, status::ok, date);
    head.content_length(1);
  }
  EXPECT_EQ(out, "before");
}

TEST(response_head, says_what_the_client_must_know_about_the_connection) {
  auto connection = [](persistence p) {
    std::string out;
    response_head head(out, status::ok, date);
    head.persistence(p);
    head.end();
    return out.substr(start.size());
  };
  EXPECT_EQ(connection({.keep_alive = true, .minor_version = 1}), "\r\n");
  EXPECT_EQ(connection({.keep_alive = false, .minor_version = 1}), "Connection: close\r\n\r\n");
  EXPECT_EQ(connection({.keep_alive = true, .minor_version = 0}), "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(connection({.keep_alive = false, .minor_version = 0}), "Connection: close\r\n\r\n");
}

TEST(fault_H6, values_that_break_a_line_are_rejected_when_set) {
  std::string out;
  response_head head(out, status::found, date);
  const std::string before = out;
  for (std::string_view value :
       {std::string_view("/a\r\nSet-Cookie: x"), std::string_view("/a\n"), std::string_view("\r"),
        std::string_view("a\0b", 3), std::string_view("a\x7f"), std::string_view(" a"),
        std::string_view("a\t"), std::string_view("0123456789abcdef\n")}) {
    auto set = head.field("Location", value);
    ASSERT_FALSE(set) << value;
    EXPECT_EQ(set.error(), errc::invalid_input);
  }
  EXPECT_EQ(out, before);
  EXPECT_TRUE(head.field("Location", "/a%0D%0A"));
  EXPECT_TRUE(head.field("X", ""));
  EXPECT_TRUE(head.field("X", "a\tb \xc3\xa9"));
}

TEST(fault_H6, names_are_tokens_and_do_not_frame_the_message) {
  std::string out;
  response_head head(out, status::ok, date);
  for (std::string_view name : {"", "a b", "a:", "a\r\n", "\xc3\xa9", "Content-Length",
                                "transfer-encoding", "CONNECTION", "Date"})
    EXPECT_FALSE(head.field(name, "1")) << name;
}

TEST(fault_H6, status_lines_come_from_the_table) {
  int named = 0;
  for (unsigned code = 0; code < 1000; ++code) {
    std::string_view line = status_line(static_cast<status>(code));
    if (line.empty()) continue;
    ++named;
    EXPECT_TRUE(line.starts_with("HTTP/1.1 " + std::to_string(code) + " ")) << line;
    EXPECT_EQ(line.find("\r\n"), line.size() - 2);
    EXPECT_EQ("HTTP/1.1 " + std::to_string(code) + " " +
                  std::string(reason_phrase(static_cast<status>(code))) + "\r\n",
              line);
  }
  EXPECT_EQ(named, 51);
  EXPECT_EQ(reason_phrase(status::not_found), "Not Found");
  EXPECT_EQ(reason_phrase(static_cast<status>(299)), "");
}

TEST(response_head_death_test, asserts_what_no_input_can_cause) {
  std::string out;
  EXPECT_DEATH(response_head(out, static_cast<status>(99), date), "");
  EXPECT_DEATH(response_head(out, static_cast<status>(1000), date), "");
  EXPECT_DEATH(response_head(out, status::ok, "today"), "");
  EXPECT_DEATH(response_head(out, status::no_content, date).content_length(0), "");
  EXPECT_DEATH(response_head(out, status::ok, date).content_type("a\r\nb"), "");
}

}  // namespace
}  // namespace rouse::http

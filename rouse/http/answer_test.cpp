#include <rouse/http/answer.hpp>

#include <gtest/gtest.h>

#include <string>

#include <rouse/http/error_page.hpp>
#include <rouse/http/http_date.hpp>
#include <rouse/http/internal/sha256.hpp>
#include <rouse/http/page.hpp>
#include <rouse/http/request_parser.hpp>
#include <rouse/http/target.hpp>

namespace rouse::http {
namespace {

constexpr std::string_view date = "Sun, 06 Nov 1994 08:49:37 GMT";

const request& parsed(request_parser& parser, const std::string& bytes) {
  EXPECT_EQ(parser.parse(bytes).event, parse_event::head) << bytes;
  return parser.head();
}

std::string_view body_of(std::string_view answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

TEST(answer, options_follow_the_request) {
  request_parser parser;
  const std::string bytes =
      "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\nAccept: image/png, text/HTML;q=0.5\r\n\r\n";
  answer_options options = answer_to(parsed(parser, bytes), date);
  EXPECT_TRUE(options.head_only);
  EXPECT_TRUE(options.html);
  EXPECT_TRUE(options.persistence.keep_alive);
  EXPECT_EQ(options.persistence.minor_version, 0);

  request_parser other;
  const std::string curl = "GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n";
  options = answer_to(parsed(other, curl), date);
  EXPECT_FALSE(options.head_only);
  EXPECT_FALSE(options.html);
}

TEST(error_answer, is_text_for_programs_and_a_page_for_browsers) {
  std::string text;
  append_error_answer(text, status::not_found, {.date = date});
  EXPECT_TRUE(text.starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_NE(
      text.find(
          "Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 49\r\n"),
      std::string::npos)
      << text;
  EXPECT_EQ(body_of(text), "404 Not Found: There is nothing at this address.\n");

  std::string page;
  append_error_answer(page, status::not_found, {.date = date, .html = true});
  EXPECT_NE(page.find("Content-Security-Policy: default-src 'none'; "), std::string::npos);
  EXPECT_TRUE(body_of(page).starts_with("<!doctype html>"));
  EXPECT_NE(page.find("Content-Length: " + std::to_string(body_of(page).size()) + "\r\n"),
            std::string::npos);
}

TEST(error_answer, tells_the_length_but_leaves_out_the_body_for_head) {
  std::string whole;
  append_error_answer(whole, status::not_found, {.date = date});
  std::string head;
  append_error_answer(head, status::not_found, {.date = date, .head_only = true});
  EXPECT_EQ(head, whole.substr(0, whole.find("\r\n\r\n") + 4));
}

TEST(error_answer, names_the_allowed_methods_with_405) {
  std::string out;
  append_error_answer(out, status::method_not_allowed, {.date = date}, "GET, HEAD");
  EXPECT_NE(out.find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
}

TEST(error_page, has_words_for_every_error) {
  for (unsigned code = 400; code < 600; ++code) {
    if (reason_phrase(static_cast<status>(code)).empty()) continue;
    std::string page;
    append_error_page(page, static_cast<status>(code));
    EXPECT_NE(page.find("<b>" + std::to_string(code) + "</b>"), std::string::npos) << code;
    EXPECT_TRUE(page.ends_with("</html>\n"));
    std::string text;
    append_error_text(text, static_cast<status>(code));
    EXPECT_TRUE(text.starts_with(std::to_string(code) + " ")) << text;
  }
}

TEST(page_policy, names_the_style_sheet_by_its_hash) {
  std::string page;
  append_error_page(page, status::not_found);
  const std::size_t begin = page.find("<style>") + 7;
  auto hash = internal::base64(internal::sha256(page.substr(begin, page.find("</style>") - begin)));
  EXPECT_NE(page_security_policy().find("style-src 'sha256-" +
                                        std::string(hash.data(), hash.size()) + "';"),
            std::string_view::npos);
  EXPECT_TRUE(is_field_value(page_security_policy()));
  EXPECT_EQ(page_security_policy().find("unsafe"), std::string_view::npos);
}

TEST(page_answer, carries_page_and_policy) {
  std::string out;
  append_page_answer(out, status::ok, {.date = date, .persistence = {.keep_alive = true}}, "<p>");
  EXPECT_NE(out.find("\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 3\r\n"),
            std::string::npos);
  EXPECT_NE(out.find("\r\nContent-Security-Policy: "), std::string::npos);
  EXPECT_EQ(out.find("Connection:"), std::string::npos);
  EXPECT_EQ(body_of(out), "<p>");
}

TEST(redirect, leads_to_the_directory) {
  std::string location;
  append_encoded_path(location, "a b", true);
  std::string out;
  ASSERT_TRUE(append_redirect(out, status::permanent_redirect, {.date = date}, location));
  EXPECT_NE(out.find("\r\nLocation: /a%20b/\r\n"), std::string::npos);
  EXPECT_NE(out.find("\r\nContent-Length: 0\r\n"), std::string::npos);
}

TEST(fault_H6, a_redirect_that_would_break_its_head_is_not_written) {
  std::string out = "before";
  EXPECT_FALSE(append_redirect(out, status::found, {.date = date}, "/a\r\nSet-Cookie: b"));
  EXPECT_EQ(out, "before");
}

TEST(answers, are_gathered_one_after_another) {
  // The loop of a connection, without the connection: three pipelined requests, one output buffer.
  const std::string in =
      "GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: "
      "3\r\n\r\nabcGET /c HTTP/1.1\r\nHost: "
      "x\r\nConnection: close\r\n\r\n";
  request_parser parser;
  std::string out;
  std::string storage;
  bool open = true;
  for (std::string_view rest = in; open;) {
    parse_step step = parser.parse(rest);
    rest.remove_prefix(step.consumed);
    if (step.event == parse_event::need_more || step.event == parse_event::error) break;
    if (step.event == parse_event::complete) open = parser.head().keep_alive();
    if (step.event != parse_event::head) continue;
    const request& r = parser.head();
    if (r.method() != verb::get) {
      append_error_answer(out, status::method_not_allowed, answer_to(r, date), "GET, HEAD");
      continue;
    }
    auto path = decode_target(r.target(), storage);
    ASSERT_TRUE(path);
    append_page_answer(out, status::ok, answer_to(r, date), path->path);
  }
  EXPECT_FALSE(open);
  const std::size_t a = out.find("\r\n\r\na");
  const std::size_t b = out.find("HTTP/1.1 405 ");
  const std::size_t c = out.find("\r\n\r\nc");
  EXPECT_LT(a, b);
  EXPECT_LT(b, c);
  EXPECT_EQ(c + 5, out.size());
}

}  // namespace
}  // namespace rouse::http

#include <gtest/gtest.h>

#include <string>

#include <rouse/http/parse_transcript_test.hpp>
#include <rouse/http/response_parser.hpp>

namespace rouse::http {
namespace {

using testing::basic_feeder;
using testing::transcript;

constexpr std::size_t exhaustive_bytes_max = 1024;

response_parser parser_for(verb method, const response_limits& limits = {}) {
  response_parser parser(limits);
  parser.set_request(method);
  return parser;
}

/// Parses `bytes` whole, and expects the same from every way of cutting them.
transcript parse(const std::string& bytes, verb method = verb::get,
                 const response_limits& limits = {}) {
  const response_parser fresh = parser_for(method, limits);
  transcript whole = testing::parse_whole(bytes, fresh);
  const std::size_t step = bytes.size() <= exhaustive_bytes_max ? 1 : bytes.size() / 61;
  for (std::size_t at = 1; at < bytes.size(); at += step)
    EXPECT_EQ(testing::parse_cut(bytes, at, fresh), whole)
        << "cut at " << at << ":\n"
        << testing::parse_cut(bytes, at, fresh).text() << "instead of\n"
        << whole.text();
  const std::size_t piece_bytes = bytes.size() <= exhaustive_bytes_max ? 1 : 97;
  EXPECT_EQ(testing::parse_by_pieces(bytes, piece_bytes, fresh), whole)
      << testing::parse_by_pieces(bytes, piece_bytes, fresh).text() << "instead of\n"
      << whole.text();
  return whole;
}

/// Why it was refused, or the heads when nothing is wrong.
std::string verdict(const std::string& bytes, verb method = verb::get,
                    const response_limits& limits = {}) {
  transcript t = parse(bytes, method, limits);
  if (t.failed) return "error: " + t.reason;
  std::string out;
  for (const auto& m : t.messages)
    out += m.head + (m.complete ? "" : "incomplete\n");
  return out.empty() ? "nothing yet" : out;
}

std::string with_field(const std::string& field, const char* start = "HTTP/1.1 200 OK",
                       verb method = verb::get) {
  return verdict(std::string(start) + "\r\n" + field + "\r\n\r\n", method);
}

std::string with_chunks(const std::string& chunks, const response_limits& limits = {}) {
  transcript t =
      parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, verb::get, limits);
  if (t.failed) return "error: " + t.reason;
  if (t.messages.size() != 1) return t.text();
  return (t.messages[0].complete ? "body " : "part ") + t.messages[0].body + t.messages[0].trailers;
}

TEST(response_parser, tells_what_a_small_response_says) {
  const std::string bytes = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Y: z\r\n\r\nhi";
  response_parser parser;
  parse_step step = parser.parse(bytes);
  ASSERT_EQ(step.event, parse_event::head);
  EXPECT_EQ(parser.head().code(), status::ok);
  EXPECT_EQ(parser.head().reason(), "OK");
  EXPECT_EQ(parser.head().minor_version(), 1);
  EXPECT_EQ(parser.head().header("x-y"), "z");
  EXPECT_EQ(parser.head().body(), body_kind::length);
  EXPECT_EQ(parser.head().content_length(), 2u);
  EXPECT_TRUE(parser.head().keep_alive());
  EXPECT_FALSE(parser.head().is_interim());
  EXPECT_EQ(parser.head().bytes(), std::string_view(bytes).substr(0, step.consumed));
  step = parser.parse(std::string_view(bytes).substr(step.consumed));
  EXPECT_EQ(step.body, "hi");
  EXPECT_EQ(parser.parse({}).event, parse_event::complete);
  EXPECT_TRUE(parser.between_messages());
}

TEST(response_parser, reads_any_code_and_any_phrase) {
  EXPECT_EQ(with_field("Content-Length: 0", "HTTP/1.1 999 a\tb \xc3\xa9"),
            "999 1.1 a\tb \xc3\xa9\nContent-Length=0\nlength 0 keep\n");
  EXPECT_EQ(with_field("Content-Length: 0", "HTTP/1.1 299 "),
            "299 1.1 \nContent-Length=0\nlength 0 keep\n");
  EXPECT_EQ(with_field("Content-Length: 0", "HTTP/1.1 299"),
            "299 1.1 \nContent-Length=0\nlength 0 keep\n");
}

TEST(response_parser, refuses_odd_status_lines) {
  for (const char* line :
       {"", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 099 x", "HTTP/1.1 2000 OK",
        "HTTP/1.1 200OK", "HTTP/1.1 2x0 OK", "HTTP/1.1  200", "HTTP/1.1 -20 OK", "HTTP/1.1 +20 OK",
        " HTTP/1.1 200 OK", "http/1.1 200 OK", "ICY 200 OK", "GET / HTTP/1.1", "HTTP/1.1 200\tOK"})
    EXPECT_EQ(with_field("X: y", line).substr(0, 6), "error:") << line;
  for (const char* line : {"HTTP/2.0 200 OK", "HTTP/0.9 200 OK", "HTTP/1.2 200 OK",
                           "HTTP/1.10 200 OK", "HTTP/11 2000 OK"})
    EXPECT_EQ(with_field("X: y", line), "error: version not supported") << line;
  EXPECT_EQ(verdict("HTTP/1.1 200 " + std::string(2000, 'a')), "error: status line too long");
}

TEST(response_parser, reads_one_response_after_another) {
  transcript t = parse(
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
      "HTTP/1.1 204 No Content\r\n\r\n"
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"
      "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ASSERT_FALSE(t.failed) << t.reason;
  ASSERT_EQ(t.messages.size(), 5u);
  for (const auto& m : t.messages)
    EXPECT_TRUE(m.complete);
  EXPECT_EQ(t.messages[0].body, "hello");
  EXPECT_EQ(t.messages[1].head, "204 1.1 No Content\nnone 0 keep\n");
  EXPECT_EQ(t.messages[2].head, "304 1.1 Not Modified\nContent-Length=99\nnone 0 keep\n");
  EXPECT_EQ(t.messages[3].body, "abc");
  EXPECT_EQ(t.messages[3].trailers, "X-Sum=1\n");
  EXPECT_EQ(t.messages[4].trailers, "");
}

TEST(response_parser, an_interim_response_is_a_message_of_its_own) {
  transcript t = parse(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
  ASSERT_EQ(t.messages.size(), 3u) << t.text();
  EXPECT_EQ(t.messages[0].head, "100 1.1 Continue\nnone 0 keep\n");
  EXPECT_EQ(t.messages[1].head, "103 1.1 Early Hints\nLink=x\nnone 0 keep\n");
  EXPECT_EQ(t.messages[2].body, "a");
  EXPECT_EQ(with_field("Content-Length: 1", "HTTP/1.1 100 Continue"),
            "error: interim response with a body");
  EXPECT_EQ(with_field("Transfer-Encoding: chunked", "HTTP/1.1 102 x"),
            "error: interim response with a body");
  EXPECT_EQ(with_field("Connection: upgrade\r\nUpgrade: x", "HTTP/1.1 101 Switching"),
            "101 1.1 Switching\nConnection=upgrade\nUpgrade=x\nnone 0 keep\n");
}

TEST(response_parser, the_answer_to_head_has_no_body) {
  for (const char* field : {"Content-Length: 5", "Transfer-Encoding: chunked", "X: y"}) {
    transcript t =
        parse(std::string("HTTP/1.1 200 OK\r\n") + field + "\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n",
              verb::head);
    ASSERT_EQ(t.messages.size(), 2u) << field << t.text();
    EXPECT_TRUE(t.messages[0].head.ends_with("none 0 keep\n")) << t.messages[0].head;
  }
}

TEST(response_parser, does_not_trust_a_connection_after_a_body_where_none_may_be) {
  EXPECT_EQ(with_field("Content-Length: 0", "HTTP/1.1 204 x"),
            "204 1.1 x\nContent-Length=0\nnone 0 keep\n");
  EXPECT_EQ(with_field("Content-Length: 3", "HTTP/1.1 204 x"),
            "204 1.1 x\nContent-Length=3\nnone 0 close\n");
  EXPECT_EQ(with_field("Transfer-Encoding: chunked", "HTTP/1.1 204 x"),
            "204 1.1 x\nTransfer-Encoding=chunked\nnone 0 close\n");
  EXPECT_EQ(with_field("X: y", "HTTP/1.1 200 x", verb::connect), "200 1.1 x\nX=y\nnone 0 close\n");
}

TEST(response_parser, a_body_without_length_ends_with_the_connection) {
  basic_feeder<response_parser> f((response_parser()));
  f.feed("HTTP/1.1 200 OK\r\nX: y\r\n\r\nab");
  f.feed("c");
  EXPECT_FALSE(f.result().messages[0].complete);
  EXPECT_FALSE(f.parser().between_messages());
  f.finish();
  EXPECT_FALSE(f.result().failed);
  EXPECT_EQ(f.result().messages[0].head, "200 1.1 OK\nX=y\nuntil_close 0 close\n");
  EXPECT_EQ(f.result().messages[0].body, "abc");
  EXPECT_TRUE(f.result().messages[0].complete);
}

TEST(fault_H12, a_response_cut_short_is_an_error_at_every_byte) {
  for (const std::string& bytes :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n")}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      basic_feeder<response_parser> f((response_parser()));
      f.feed(bytes.substr(0, size));
      f.finish();
      EXPECT_TRUE(f.result().failed) << size;
      EXPECT_EQ(f.result().reason, "message cut short") << size;
    }
  }
}

TEST(response_parser, knows_whether_the_connection_may_go_on) {
  auto keeps = [](const char* version, const char* field) {
    transcript t =
        parse(std::string(version) + " 200 OK\r\nContent-Length: 0\r\n" + field + "\r\n");
    return t.messages.size() == 1 && t.messages[0].head.find(" keep") != std::string::npos;
  };
  EXPECT_TRUE(keeps("HTTP/1.1", ""));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: keep-alive\r\nConnection: x, close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0", ""));
  EXPECT_TRUE(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
}

TEST(fault_H1, a_response_is_framed_one_way) {
  for (const char* field :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: +5", "Content-Length: -5", "Content-Length: 5, 5", "Content-Length: 0x5",
        "Content-Length:", "Content-Length: 99999999999999999999", "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, gzip"}) {
    EXPECT_EQ(with_field(field).substr(0, 6), "error:") << field;
    EXPECT_EQ(with_field(field, "HTTP/1.1 304 x").substr(0, 6), "error:") << field;
    EXPECT_EQ(with_field(field, "HTTP/1.1 200 x", verb::head).substr(0, 6), "error:") << field;
  }
  EXPECT_EQ(with_field("Transfer-Encoding: chunked", "HTTP/1.0 200 OK"),
            "error: Transfer-Encoding in HTTP/1.0");
  EXPECT_EQ(with_field("Transfer-Encoding: gzip, chunked"),
            "error: transfer coding not implemented");
}

TEST(fault_H2, response_lines_end_with_cr_lf_and_are_not_folded) {
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\nX: y\r\n\r\n"), "error: LF without CR");
  EXPECT_EQ(verdict("HTTP/1.1 200 O\rK\r\n\r\n"), "error: CR without LF");
  EXPECT_EQ(verdict("\r\nHTTP/1.1 200 OK\r\n\r\n"), "error: malformed status line");
  EXPECT_EQ(with_field("X: a\r\n b"), "error: obsolete line folding");
  EXPECT_EQ(with_field("X : a"), "error: blank in or after a field name");
  EXPECT_EQ(with_field(": a"), "error: empty field name");
  EXPECT_EQ(with_field(std::string("X: a\0b", 6)), "error: control byte");
  EXPECT_EQ(verdict(std::string("HTTP/1.1 200 O\0K\r\n\r\n", 20)), "error: control byte");
}

TEST(fault_H3, response_chunks_are_as_strict_as_request_chunks) {
  EXPECT_EQ(with_chunks("3;x=y\r\nabc\r\n0\r\n\r\n"), "body abc");
  EXPECT_EQ(with_chunks("3\r\nabc\r\n0\r\nX: y \r\nZ:\r\n\r\n"), "body abcX=y\nZ=\n");
  EXPECT_EQ(with_chunks("3\r\nabcd\r\n"), "error: chunk data not followed by CR LF");
  EXPECT_EQ(with_chunks("00000000000000003\r\nabc\r\n"), "error: chunk size of too many digits");
  EXPECT_EQ(with_chunks("1\r\na\r\nffffffffffffffff\r\n"), "error: body too large");
  EXPECT_EQ(with_chunks("1;" + std::string(20'000, 'x')), "error: too much chunk framing");
}

TEST(response_parser, lets_a_long_stream_of_tiny_chunks_pass) {
  basic_feeder<response_parser> f(response_parser({.framing_bytes_max = 0}));
  f.feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 10'000; ++i)
    f.feed("1\r\nb\r\n");
  f.feed("0\r\n\r\n");
  EXPECT_FALSE(f.result().failed) << f.result().reason;
  EXPECT_EQ(f.result().messages[0].body.size(), 10'000u);
}

TEST(response_parser, bounds_bodies_of_every_kind) {
  const response_limits small{.body_bytes_max = 4};
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", verb::get, small),
            "error: body too large");
  EXPECT_EQ(with_chunks("3\r\nabc\r\n2\r\nab", small), "error: body too large");
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\r\n\r\nabcde", verb::get, small), "error: body too large");
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\r\n\r\nabcd", verb::get, small),
            "200 1.1 OK\nuntil_close 0 close\nincomplete\n");
}

TEST(fault_H4, a_response_head_keeps_its_limits) {
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 101; ++i)
    many += "X: a\r\n";
  EXPECT_EQ(verdict(many), "error: too many fields");
  EXPECT_EQ(with_field("X: " + std::string(17'000, 'a')), "error: head too large");
  const std::string line = "X: " + std::string(12'000, 'a') + "\r\n";
  EXPECT_EQ(verdict("HTTP/1.1 200 OK\r\n" + line + line + line), "error: head too large");
}

TEST(response_parser, may_be_moved_in_the_middle_of_anything) {
  std::string bytes =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n";
  auto parser = std::make_unique<response_parser>();
  std::string pending;
  std::string body;
  std::string trailer;
  for (char c : bytes) {
    pending += c;
    parser = std::make_unique<response_parser>(std::move(*parser));
    for (;;) {
      parse_step step = parser->parse(pending);
      ASSERT_NE(step.event, parse_event::error) << parser->error().reason;
      body += step.body;
      if (step.event == parse_event::complete) trailer = parser->trailer("a").value_or("none");
      pending.erase(0, step.consumed);
      if (step.event == parse_event::need_more) break;
    }
  }
  EXPECT_EQ(body, "abc");
  EXPECT_EQ(trailer, "b");
}

}  // namespace
}  // namespace rouse::http

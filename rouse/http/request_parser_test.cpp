#include <gtest/gtest.h>
#include <llhttp.h>

#include <string>

#include <rouse/http/parse_transcript_test.hpp>
#include <rouse/http/request_parser.hpp>

namespace rouse::http {
namespace {

using testing::feeder;
using testing::parse_by_pieces;
using testing::parse_cut;
using testing::parse_whole;
using testing::transcript;

constexpr std::size_t exhaustive_bytes_max =
    1024;  // above, cuts are sampled: the test is quadratic

/// Parses `bytes` whole, and expects the same from every way of cutting them.
transcript parse(const std::string& bytes, const request_limits& limits = {}) {
  transcript whole = parse_whole(bytes, limits);
  const std::size_t step = bytes.size() <= exhaustive_bytes_max ? 1 : bytes.size() / 61;
  for (std::size_t at = 1; at < bytes.size(); at += step)
    EXPECT_EQ(parse_cut(bytes, at, limits), whole)
        << "cut at " << at << ":\n"
        << parse_cut(bytes, at, limits).text() << "instead of\n"
        << whole.text() << "for\n"
        << bytes.substr(0, 2000);
  const std::size_t piece_bytes = bytes.size() <= exhaustive_bytes_max ? 1 : 97;
  EXPECT_EQ(parse_by_pieces(bytes, piece_bytes, limits), whole)
      << parse_by_pieces(bytes, piece_bytes, limits).text() << "instead of\n"
      << whole.text();
  return whole;
}

/// "400 no Host", or the heads when nothing is wrong.
std::string verdict(const std::string& bytes, const request_limits& limits = {}) {
  transcript t = parse(bytes, limits);
  if (t.failed) return std::to_string(static_cast<int>(t.code)) + " " + t.reason;
  std::string out;
  for (const auto& m : t.messages)
    out += m.head + (m.complete ? "" : "incomplete\n");
  return out.empty() ? "nothing yet" : out;
}

/// The verdict on a request with one more field.
std::string with_field(const std::string& field, const char* start = "GET / HTTP/1.1") {
  return verdict(std::string(start) + "\r\nHost: a\r\n" + field + "\r\n\r\n");
}

std::string with_chunks(const std::string& chunks, const request_limits& limits = {}) {
  transcript t =
      parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, limits);
  if (t.failed) return std::to_string(static_cast<int>(t.code)) + " " + t.reason;
  if (t.messages.size() != 1) return t.text();
  return (t.messages[0].complete ? "body " : "part ") + t.messages[0].body;
}

const std::string small_get = "GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";

TEST(request_parser, tells_what_a_small_request_says) {
  request_parser parser;
  parse_step step = parser.parse(small_get);
  ASSERT_EQ(step.event, parse_event::head);
  EXPECT_EQ(step.consumed, small_get.size());
  const request& head = parser.head();
  EXPECT_EQ(head.method(), verb::get);
  EXPECT_EQ(head.method_name(), "GET");
  EXPECT_EQ(head.target(), "/index.html");
  EXPECT_EQ(head.minor_version(), 1);
  EXPECT_EQ(head.authority(), "localhost:8080");
  EXPECT_EQ(head.header("hOST"), "localhost:8080");
  EXPECT_EQ(head.header("Hos"), std::nullopt);
  EXPECT_EQ(head.header_count(), 1u);
  EXPECT_EQ(head.body(), body_kind::none);
  EXPECT_TRUE(head.keep_alive());
  EXPECT_EQ(head.bytes(), small_get);

  step = parser.parse({});
  EXPECT_EQ(step.event, parse_event::complete);
  EXPECT_EQ(step.consumed, 0u);
  EXPECT_TRUE(parser.between_messages());
  EXPECT_EQ(parser.parse({}).event, parse_event::need_more);
}

TEST(request_parser, views_point_into_the_input_and_follow_a_copy) {
  request_parser parser;
  ASSERT_EQ(parser.parse(small_get).event, parse_event::head);
  EXPECT_EQ(parser.head().target().data(), small_get.data() + 4);

  std::string copy(parser.head().bytes());
  request kept = parser.head();
  kept.rebase(copy.data());
  EXPECT_EQ(kept.target(), "/index.html");
  EXPECT_EQ(kept.target().data(), copy.data() + 4);
}

TEST(request_parser, reads_pipelined_requests_one_at_a_time) {
  transcript t = parse(
      "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
      "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n"
      "HEAD /4 HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(t.messages.size(), 4u);
  EXPECT_FALSE(t.failed);
  EXPECT_EQ(t.messages[0].body, "");
  EXPECT_EQ(t.messages[1].body, "hello");
  EXPECT_EQ(t.messages[2].body, "abcde");
  EXPECT_EQ(t.messages[3].head, "HEAD /4 1.1 @a\nHost=a\nnone 0 keep\n");
  for (const auto& m : t.messages)
    EXPECT_TRUE(m.complete);
}

TEST(request_parser, consumes_one_message_at_a_time_from_one_buffer) {
  std::string both = small_get + small_get;
  request_parser parser;
  parse_step step = parser.parse(both);
  EXPECT_EQ(step.event, parse_event::head);
  EXPECT_EQ(step.consumed, small_get.size());
  step = parser.parse(std::string_view(both).substr(step.consumed));
  EXPECT_EQ(step.event, parse_event::complete);
  EXPECT_EQ(step.consumed, 0u);
  step = parser.parse(std::string_view(both).substr(small_get.size()));
  EXPECT_EQ(step.event, parse_event::head);
  EXPECT_EQ(step.consumed, small_get.size());
}

TEST(request_parser, hands_body_pieces_out_as_they_come) {
  std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n";
  request_parser parser;
  EXPECT_EQ(parser.parse(head).event, parse_event::head);
  EXPECT_EQ(parser.parse({}).event, parse_event::need_more);
  EXPECT_EQ(parser.parse("abcd").body, "abcd");
  parse_step step = parser.parse("efGET");
  EXPECT_EQ(step.body, "ef");
  EXPECT_EQ(step.consumed, 2u);
  EXPECT_EQ(parser.parse("GET").event, parse_event::complete);
}

TEST(request_parser, knows_whether_the_connection_may_go_on) {
  auto keeps = [](const char* version, const char* field) {
    transcript t = parse(std::string("GET / ") + version + "\r\nHost: a\r\n" + field + "\r\n");
    return t.messages.size() == 1 && t.messages[0].head.find(" keep") != std::string::npos;
  };
  EXPECT_TRUE(keeps("HTTP/1.1", ""));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: foo , CLOSE\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_TRUE(keeps("HTTP/1.1", "Connection: closed\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0", ""));
  EXPECT_TRUE(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

TEST(request_parser, sees_who_waits_for_100_continue) {
  auto expects = [](const char* start, const char* fields) {
    transcript t = parse(std::string(start) + "\r\nHost: a\r\n" + fields + "\r\n");
    return t.messages.size() == 1 && t.messages[0].head.find(" expects") != std::string::npos;
  };
  EXPECT_TRUE(expects("POST / HTTP/1.1", "Expect: 100-Continue\r\nContent-Length: 1\r\n"));
  EXPECT_FALSE(expects("POST / HTTP/1.0", "Expect: 100-continue\r\nContent-Length: 1\r\n"));
  EXPECT_FALSE(expects("POST / HTTP/1.1", "Expect: 100-continue\r\n"));
  EXPECT_FALSE(expects("POST / HTTP/1.1", "Content-Length: 1\r\n"));
}

TEST(request_parser, trims_values_and_keeps_bytes_above_ascii) {
  EXPECT_EQ(with_field("X: \t a\tb \xc3\xa9 \t"),
            "GET / 1.1 @a\nHost=a\nX=a\tb \xc3\xa9\nnone 0 keep\n");
  EXPECT_EQ(with_field("X:"), "GET / 1.1 @a\nHost=a\nX=\nnone 0 keep\n");
}

TEST(request_parser, ignores_one_empty_line_before_a_request) {
  transcript t = parse("\r\n" + small_get + "\r\n" + small_get);
  EXPECT_EQ(t.messages.size(), 2u);
  EXPECT_FALSE(t.failed);
  EXPECT_EQ(verdict("\r\n\r\n" + small_get), "400 empty lines before the request");
}

TEST(request_parser, stays_failed) {
  request_parser parser;
  EXPECT_EQ(parser.parse("\n").event, parse_event::error);
  EXPECT_EQ(parser.parse(small_get).event, parse_event::error);
  EXPECT_EQ(parser.parse({}).event, parse_event::error);
  EXPECT_EQ(parser.error().code, status::bad_request);
}

TEST(request_parser, may_be_moved_in_the_middle_of_anything) {
  std::string bytes =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  auto parser = std::make_unique<request_parser>();
  std::string pending;
  std::string body;
  bool complete = false;
  for (char c : bytes) {
    pending += c;
    parser = std::make_unique<request_parser>(std::move(*parser));
    for (;;) {
      parse_step step = parser->parse(pending);
      ASSERT_NE(step.event, parse_event::error) << parser->error().reason;
      body += step.body;
      complete |= step.event == parse_event::complete;
      pending.erase(0, step.consumed);
      if (step.event == parse_event::need_more) break;
    }
  }
  EXPECT_EQ(body, "abc");
  EXPECT_TRUE(complete);
}

TEST(request_parser, asks_for_more_while_a_request_is_cut_short) {
  for (std::size_t size = 0; size < small_get.size(); ++size) {
    transcript t = parse_whole(small_get.substr(0, size));
    EXPECT_TRUE(t.messages.empty() && !t.failed) << size;
  }
  feeder f;
  EXPECT_TRUE(f.parser().between_messages());
  f.feed("G");
  EXPECT_FALSE(f.parser().between_messages());
}

TEST(request_parser, reads_methods_that_it_need_not_know_and_refuses_the_rest) {
  EXPECT_EQ(verdict("PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n"),
            "PROPFIND / 1.1 @a\nHost=a\nnone 0 keep\n");
  for (const char* start : {"BREW / HTTP/1.1", "get / HTTP/1.1", "GETT / HTTP/1.1", "G / HTTP/1.1",
                            "PRI * HTTP/1.1", "DESCRIBE / HTTP/1.1"})
    EXPECT_EQ(verdict(std::string(start) + "\r\nHost: a\r\n\r\n"), "501 method not implemented")
        << start;
  EXPECT_EQ(verdict("G(T / HTTP/1.1\r\nHost: a\r\n\r\n"), "400 malformed method");
  EXPECT_EQ(verdict(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "400 malformed method");
}

TEST(request_parser, refuses_other_versions) {
  for (const char* version : {"HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/3.1"})
    EXPECT_EQ(verdict(std::string("GET / ") + version + "\r\nHost: a\r\n\r\n"),
              "505 version not supported")
        << version;
  for (const char* version : {"HTTP/1", "HTTP/1.1 ", "http/1.1", "HTTP/11", "HTTP/1.10", "RTSP/1.0",
                              "ICE/1.0", "", "HTTP/1.x"})
    EXPECT_EQ(verdict(std::string("GET / ") + version + "\r\nHost: a\r\n\r\n"),
              "400 malformed version")
        << version;
  EXPECT_EQ(verdict("GET /\r\nHost: a\r\n\r\n"), "400 request line without three parts");
  EXPECT_EQ(verdict("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "505 version not supported");
}

TEST(request_parser, refuses_odd_targets) {
  for (const char* target : {"/a#b", "/\xc3\xa9", "http://a/\x80"})
    EXPECT_EQ(verdict(std::string("GET ") + target + " HTTP/1.1\r\nHost: a\r\n\r\n"),
              "400 malformed target")
        << target;
  EXPECT_EQ(verdict("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), "400 target * without OPTIONS");
  EXPECT_EQ(verdict("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
            "OPTIONS * 1.1 @a\nHost=a\nnone 0 keep\n");
  EXPECT_EQ(verdict("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n"), "400 target of no known form");
  EXPECT_EQ(verdict("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), "400 malformed target");
  for (const char* target : {"index.html", "a:80", "?x", "*x"})
    EXPECT_EQ(
        verdict(std::string("OPTIONS ") + target + " HTTP/1.1\r\nHost: a\r\n\r\n").substr(0, 3),
        "400")
        << target;
}

TEST(request_parser, llhttp_is_built_in_strict_mode) {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  llhttp_t machine;
  llhttp_init(&machine, HTTP_REQUEST, &settings);
  const std::string bytes = "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(llhttp_execute(&machine, bytes.data(), bytes.size()), HPE_INVALID_URL);
}

// ---- H1: how long the message is ----

TEST(fault_H1, content_length_is_digits_once_and_alone) {
  for (const char* value :
       {"+5", "-5", "5 ,5", "5,5", "0x5", "5a", "a", "", "5 5", "99999999999999999999", "5.0", "\t",
        "18446744073709551616", "00000000000000000005"}) {
    std::string v = with_field(std::string("Content-Length: ") + value, "POST / HTTP/1.1");
    EXPECT_EQ(v.substr(0, 4), "400 ") << value << ": " << v;
  }
  EXPECT_EQ(with_field("Content-Length: 5\r\nContent-Length: 5").substr(0, 4), "400 ");
  EXPECT_EQ(with_field("Content-Length: 5\r\ncontent-length: 6").substr(0, 4), "400 ");
  EXPECT_EQ(with_field("Content-Length : 5"), "400 blank in or after a field name");
  EXPECT_EQ(with_field("Content-Length:5"),
            "GET / 1.1 @a\nHost=a\nContent-Length=5\nlength 5 keep\nincomplete\n");
  EXPECT_EQ(with_field("Content-Length: 0"),
            "GET / 1.1 @a\nHost=a\nContent-Length=0\nlength 0 keep\n");
}

TEST(fault_H1, length_and_coding_never_come_together) {
  EXPECT_EQ(with_field("Content-Length: 5\r\nTransfer-Encoding: chunked").substr(0, 4), "400 ");
  EXPECT_EQ(with_field("Transfer-Encoding: chunked\r\nContent-Length: 5").substr(0, 4), "400 ");
  EXPECT_EQ(with_field("Transfer-Encoding: chunked\r\nContent-Length: 0").substr(0, 4), "400 ");
  EXPECT_EQ(with_field("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked").substr(0, 4),
            "400 ");
  EXPECT_EQ(with_field("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked").substr(0, 4),
            "400 ");
}

TEST(fault_H1, transfer_encoding_is_chunked_or_refused) {
  for (const char* value :
       {"identity", "chunked, identity", "chunked, chunked", "xchunked", "chunkedx", "\"chunked\"",
        "chunked;q=1", "gzip", "", ",chunked", "chunked,", "chunked gzip",
        "\x0b"
        "chunked"})
    EXPECT_EQ(with_field(std::string("Transfer-Encoding: ") + value).substr(0, 4), "400 ") << value;
  EXPECT_EQ(with_field("Transfer-Encoding: gzip, chunked"), "501 transfer coding not implemented");
  EXPECT_EQ(with_field("Transfer-Encoding: ChUnKeD "),
            "GET / 1.1 @a\nHost=a\nTransfer-Encoding=ChUnKeD\nchunked 0 keep\nincomplete\n");
  EXPECT_EQ(with_field("Transfer-Encoding: chunked", "POST / HTTP/1.0"),
            "400 Transfer-Encoding in HTTP/1.0");
}

// ---- H2: where lines and names end ----

TEST(fault_H2, a_line_ends_with_cr_lf_and_nothing_else) {
  EXPECT_EQ(verdict("GET / HTTP/1.1\nHost: a\r\n\r\n"), "400 LF without CR");
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\n\r\n"), "400 LF without CR");
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\n\n"), "400 LF without CR");
  EXPECT_EQ(verdict("GET / HTTP/1.1\rHost: a\r\n\r\n"), "400 CR without LF");
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"), "400 CR without LF");
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"), "400 CR without LF");
  EXPECT_EQ(verdict("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), "400 LF without CR");
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\n\rX"), "400 CR without LF");
}

TEST(fault_H2, no_line_is_folded) {
  EXPECT_EQ(with_field("X: a\r\n b"), "400 obsolete line folding");
  EXPECT_EQ(with_field("X: a\r\n\tb"), "400 obsolete line folding");
  EXPECT_EQ(with_field("X:\r\n chunked"), "400 obsolete line folding");
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), "400 obsolete line folding");
  EXPECT_EQ(with_field("Transfer-Encoding:\r\n chunked"), "400 obsolete line folding");
}

TEST(fault_H2, no_control_byte_passes) {
  for (int c = 0; c < 0x20; ++c) {
    if (c == '\t' || c == '\r' || c == '\n') continue;
    const std::string byte(1, static_cast<char>(c));
    EXPECT_EQ(with_field("X: a" + byte + "b"), "400 control byte") << c;
    EXPECT_EQ(with_field("X" + byte + ": b"), "400 control byte") << c;
    EXPECT_EQ(verdict("GET /" + byte + " HTTP/1.1\r\nHost: a\r\n\r\n"), "400 control byte") << c;
  }
  EXPECT_EQ(with_field("X: a\x7f"), "400 control byte");
  EXPECT_EQ(verdict("GET /\t HTTP/1.1\r\nHost: a\r\n\r\n"), "400 malformed target");
  EXPECT_EQ(verdict("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"), "400 request line without three parts");
  EXPECT_EQ(with_field("X\t: b"), "400 blank in or after a field name");
}

TEST(fault_H2, every_field_has_a_name_and_its_colon) {
  EXPECT_EQ(with_field(": x"), "400 empty field name");
  EXPECT_EQ(with_field("X : a"), "400 blank in or after a field name");
  EXPECT_EQ(with_field("X\t: a"), "400 blank in or after a field name");
  EXPECT_EQ(with_field("X Y: a"), "400 blank in or after a field name");
  EXPECT_EQ(with_field("X"), "400 field without colon");
  for (const char* name : {"X(", "X/", "X\"", "X[", "X{", "X@", "X\xc3\xa9", "X,"})
    EXPECT_EQ(with_field(std::string(name) + ": a"), "400 odd byte in a field name") << name;
}

// ---- H3: chunks ----

TEST(fault_H3, chunks_are_joined) {
  EXPECT_EQ(with_chunks("0\r\n\r\n"), "body ");
  EXPECT_EQ(with_chunks("3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"), "body abc0123456789");
  EXPECT_EQ(with_chunks("0000000000000003\r\nabc\r\n0\r\n\r\n"), "body abc");
  EXPECT_EQ(with_chunks(
                "3;name=value;other=\"quoted text\"\r\nabc\r\n0;last\r\nX-Sum: 1\r\nY: 2\r\n\r\n"),
            "body abc");
  EXPECT_EQ(with_chunks("3;a=b;c=d; e\r\nabc\r\n0;\r\n\r\n"), "body abc");
  EXPECT_EQ(with_chunks("3\r\nab"), "part ab");
  EXPECT_EQ(with_chunks("3\r\nabc\r\n0\r\n"), "part abc");
}

TEST(fault_H3, chunk_sizes_are_short_hex) {
  for (const char* size : {"00000000000000003", "g", "", "-3", "+3", " 3", "0x3", "3 ", "3\t",
                           "3 ;x", "ffffffffffffffffff"})
    EXPECT_EQ(with_chunks(std::string(size) + "\r\nabc\r\n0\r\n\r\n").substr(0, 4), "400 ") << size;
  EXPECT_EQ(with_chunks("ffffffffffffffff\r\nabc").substr(0, 4), "413 ");
  EXPECT_EQ(with_chunks("3\r\nabc\r\nfffffffffffffffe\r\nabc").substr(0, 4), "413 ");
}

TEST(fault_H3, chunk_lines_end_with_cr_lf) {
  EXPECT_EQ(with_chunks("3\nabc\r\n0\r\n\r\n"), "400 LF without CR");
  EXPECT_EQ(with_chunks("3\rabc\r\n0\r\n\r\n"), "400 CR without LF");
  EXPECT_EQ(with_chunks("3\r\nabc\n0\r\n\r\n"), "400 chunk data not followed by CR LF");
  EXPECT_EQ(with_chunks("3\r\nabc\rX0\r\n\r\n"), "400 chunk data not followed by CR LF");
  EXPECT_EQ(with_chunks("3\r\nabcd\r\n0\r\n\r\n"), "400 chunk data not followed by CR LF");
  EXPECT_EQ(with_chunks("3;a\nb\r\nabc\r\n0\r\n\r\n"), "400 LF without CR");
  EXPECT_EQ(with_chunks("0\r\nX: a\n\r\n"), "400 LF without CR");
  EXPECT_EQ(with_chunks(std::string("3;\0\r\nabc\r\n0\r\n\r\n", 16)), "400 control byte");
}

TEST(fault_H3, trailers_are_as_strict_as_headers) {
  EXPECT_EQ(with_chunks("0\r\nX: a\r\n b\r\n\r\n"), "400 obsolete line folding");
  EXPECT_EQ(with_chunks("0\r\nX : a\r\n\r\n"), "400 blank in or after a field name");
  EXPECT_EQ(with_chunks("0\r\n: a\r\n\r\n"), "400 empty field name");
  EXPECT_EQ(
      with_chunks("0\r\n" + std::string("X: ") + std::string(4096 - 3 - 2 - 2, 'a') + "\r\n\r\n"),
      "body ");
  EXPECT_EQ(
      with_chunks("0\r\n" + std::string("X: ") + std::string(4096 - 3 - 2 - 1, 'a') + "\r\n\r\n"),
      "400 trailers too large");
  std::string flood = "0\r\n";
  for (int i = 0; i < 1000; ++i)
    flood += "X: abc\r\n";
  EXPECT_EQ(with_chunks(flood), "400 trailers too large");
}

TEST(request_parser, keeps_trailers_apart_from_headers_until_the_next_message) {
  transcript t = parse(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\nX-Sum: \t1 2 \r\nHost: b\r\nContent-Length: 5\r\nY:\r\n\r\n" +
      small_get);
  ASSERT_EQ(t.messages.size(), 2u) << t.text();
  EXPECT_EQ(t.messages[0].trailers, "X-Sum=1 2\nY=\n");
  EXPECT_EQ(t.messages[0].head.find("X-Sum"), std::string::npos);
  EXPECT_EQ(t.messages[1].trailers, "");

  request_parser parser;
  std::string bytes =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n";
  parse_step step = parser.parse(bytes);
  step = parser.parse(std::string_view(bytes).substr(step.consumed));
  ASSERT_EQ(step.event, parse_event::complete);
  bytes.assign(bytes.size(), '?');  // the parser has its own copy
  EXPECT_EQ(parser.trailer("a"), "b");
  EXPECT_EQ(parser.parse("G").event, parse_event::need_more);
  EXPECT_EQ(parser.trailer_count(), 0u);
}

TEST(fault_H3, framing_has_a_budget) {
  std::string extension = "1;x=" + std::string(7000, 'a') + "\r\nb\r\n";
  EXPECT_EQ(with_chunks(extension + extension + "0\r\n\r\n"), "body bb");
  EXPECT_EQ(with_chunks(extension + extension + extension + "0\r\n\r\n"),
            "400 too much chunk framing");
  EXPECT_EQ(with_chunks("1;x=" + std::string(20000, 'a')), "400 too much chunk framing");
  std::string tiny;  // 5 bytes of framing for 1 of data: 100 of them are spent after the 20th
  for (int i = 0; i < 19; ++i)
    tiny += "1\r\nb\r\n";
  EXPECT_EQ(with_chunks(tiny, {.framing_bytes_max = 100}), "part " + std::string(19, 'b'));
  EXPECT_EQ(with_chunks(tiny + "1\r\nb\r\n1\r\n", {.framing_bytes_max = 100}),
            "400 too much chunk framing");
}

TEST(fault_H3, honest_chunks_fit_a_raised_limit) {
  const std::string chunk = "80\r\n" + std::string(128, 'x') + "\r\n";
  request_parser parser({.body_bytes_max = 8u << 20});
  ASSERT_EQ(parser.parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").event,
            parse_event::head);
  for (std::uint32_t bytes = 0; bytes < 8u << 20; bytes += 128) {
    ASSERT_EQ(parser.parse(chunk).body.size(), 128u) << parser.error().reason;
    ASSERT_EQ(parser.parse("\r\n").event, parse_event::need_more);
  }
  EXPECT_EQ(parser.parse("0\r\n\r\n").event, parse_event::complete);
}

TEST(request_parser, bounds_bodies_and_lets_a_route_choose) {
  std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n";
  EXPECT_EQ(verdict(head), "413 body too large");
  EXPECT_EQ(verdict("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n"),
            "413 body too large");

  request_parser parser;
  ASSERT_EQ(parser.parse(head).event, parse_event::head);
  parser.set_body_limit(1048577);
  EXPECT_EQ(parser.parse("a").event, parse_event::body);

  request_parser smaller;
  ASSERT_EQ(smaller.parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").event,
            parse_event::head);
  smaller.set_body_limit(4);
  EXPECT_EQ(smaller.parse("3\r\nabc\r\n").body, "abc");
  EXPECT_EQ(smaller.parse("\r\n2\r\n").event, parse_event::error);
  EXPECT_EQ(smaller.error().code, status::content_too_large);
}

// ---- H4: floods ----

std::string get_with_fields(int count) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 1; i < count; ++i)
    bytes += "X: a\r\n";
  return bytes + "\r\n";
}

TEST(fault_H4, a_hundred_fields_and_no_more) {
  EXPECT_EQ(verdict(get_with_fields(101)), "431 too many fields");
  transcript t = parse(get_with_fields(100));
  EXPECT_EQ(t.messages.size(), 1u);
  EXPECT_EQ(verdict(get_with_fields(4), {.header_count_max = 3}), "431 too many fields");
}

TEST(fault_H4, targets_of_8_KiB_and_no_longer) {
  auto get = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  EXPECT_EQ(parse(get(8192)).messages.size(), 1u);
  EXPECT_EQ(verdict(get(8193)), "414 target too long");
  EXPECT_EQ(verdict(get(9000)), "414 request line too long");
  EXPECT_EQ(verdict("GET /" + std::string(9000, 'a')), "414 request line too long");
  EXPECT_EQ(verdict(std::string(9000, 'a')), "414 request line too long");
}

TEST(fault_H4, header_lines_of_8_KiB_and_no_longer) {
  auto get = [](std::size_t size) {
    return "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(size - 3, 'a') + "\r\n\r\n";
  };
  EXPECT_EQ(parse(get(8192)).messages.size(), 1u);
  EXPECT_EQ(verdict(get(8193)), "431 head too large");
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(8192, 'a')),
            "431 head too large");
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(9000, 'X')),
            "431 head too large");
}

TEST(fault_H4, heads_of_16_KiB_and_no_larger) {
  auto get = [](std::size_t total) {
    std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(8000, 'a') +
                        "\r\nB: " + std::string(5000, 'b') + "\r\nC: ";
    return bytes + std::string(total - bytes.size() - 4, 'c') + "\r\n\r\n";
  };
  ASSERT_EQ(get(16384).size(), 16384u);
  EXPECT_EQ(parse(get(16384)).messages.size(), 1u);
  EXPECT_EQ(parse("\r\n" + get(16384)).messages.size(), 1u);
  EXPECT_EQ(verdict(get(16385)), "431 head too large");
  EXPECT_EQ(verdict(get(16386)), "431 head too large");
  EXPECT_EQ(verdict(get(16387)), "431 head too large");
  EXPECT_EQ(verdict(get(20000)), "431 head too large");
}

TEST(fault_H4, small_limits_hold_at_every_offset) {
  const std::string bytes = "GET /abc HTTP/1.1\r\nHost: a\r\nX: abcdef\r\n\r\n";
  for (std::uint32_t limit = 0; limit <= bytes.size() + 3; ++limit) {
    transcript t = parse(bytes, {.head_bytes_max = limit});
    EXPECT_EQ(t.failed, limit < bytes.size()) << limit;
  }
}

TEST(fault_H4, a_byte_at_a_time_is_linear) {
  // Each byte is looked at once: a full head, fed by single bytes with all earlier ones still in
  // front.
  std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\nA: " + std::string(8000, 'a') +
                      "\r\nB: " + std::string(8000, 'b') + "\r\n\r\n";
  for (int round = 0; round < 4; ++round) {
    request_parser parser;
    for (std::size_t size = 1; size < bytes.size(); ++size)
      ASSERT_EQ(parser.parse(std::string_view(bytes).substr(0, size)).event,
                parse_event::need_more);
    ASSERT_EQ(parser.parse(bytes).event, parse_event::head);
  }
}

// ---- H5 ----

TEST(fault_H5, upgrades_are_ignored_and_the_body_is_still_a_body) {
  transcript t = parse(
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: "
      "3\r\n\r\nabc" +
      small_get);
  ASSERT_EQ(t.messages.size(), 2u);
  EXPECT_EQ(t.messages[0].body, "abc");
  t = parse(
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: "
      "chunked\r\n\r\n"
      "3\r\nabc\r\n0\r\n\r\n" +
      small_get);
  ASSERT_EQ(t.messages.size(), 2u);
  EXPECT_EQ(t.messages[0].body, "abc");
  t = parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" +
            small_get);
  EXPECT_EQ(t.messages.size(), 2u);
}

TEST(fault_H5, connect_has_no_body_and_ends_the_connection) {
  EXPECT_EQ(verdict("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
            "CONNECT a:443 1.1 @a:443\nHost=a:443\nnone 0 close\n");
  EXPECT_EQ(verdict("CONNECT a:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"),
            "400 CONNECT with a body");
  EXPECT_EQ(verdict("CONNECT a:443 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                .substr(0, 4),
            "400 ");
  EXPECT_EQ(verdict("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n").substr(0, 4), "400 ");
  EXPECT_EQ(verdict("CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n").substr(0, 4), "400 ");
  EXPECT_EQ(verdict("CONNECT a:443 HTTP/1.1\r\nHost: b\r\n\r\n"), "400 target and Host differ");
}

// ---- H7: whose request it is ----

TEST(fault_H7, host_comes_exactly_once) {
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\n\r\n"), "400 no Host");
  EXPECT_EQ(verdict("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), "400 several Host");
  EXPECT_EQ(verdict("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n"), "400 several Host");
  EXPECT_EQ(verdict("GET / HTTP/1.0\r\n\r\n"), "GET / 1.0 @\nnone 0 close\n");
}

TEST(fault_H7, host_is_a_host) {
  auto host = [](const std::string& value) {
    return verdict("GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n");
  };
  for (const char* good : {"a", "localhost:8080", "127.0.0.1", "example.com.", "[::1]", "[::1]:80",
                           "a_b-c.D", "a:1", "a:65535", "[::ffff:1.2.3.4]:8"})
    EXPECT_EQ(host(good).substr(0, 3), "GET") << good;
  for (const char* odd : {"",
                          ":80",
                          "a:",
                          "a:0",
                          "a:65536",
                          "a:x",
                          "a b",
                          "a,b",
                          "a/b",
                          "user@a",
                          "a%41",
                          "[::1",
                          "::1]",
                          "[::1]x",
                          "[::1]80",
                          "[zz]",
                          "[]",
                          "a:80:80",
                          "a\\b",
                          "\xc3\xa9",
                          "a?b",
                          "a#b",
                          "<a>",
                          "[:]",
                          "[::1%25eth0]",
                          "[1:2:3:4:5:6:7:8:9:a]"})
    EXPECT_EQ(host(odd), "400 malformed Host") << odd;
  EXPECT_EQ(host(std::string(253, 'a')).substr(0, 3), "GET");
  EXPECT_EQ(host(std::string(254, 'a')), "400 malformed Host");
}

TEST(fault_H7, an_absolute_target_and_host_agree) {
  auto get = [](const std::string& target, const std::string& host) {
    return verdict("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
  };
  EXPECT_EQ(get("http://a/x", "a"), "GET http://a/x 1.1 @a\nHost=a\nnone 0 keep\n");
  EXPECT_EQ(get("HTTP://A:80/x", "a"), "GET HTTP://A:80/x 1.1 @A:80\nHost=a\nnone 0 keep\n");
  EXPECT_EQ(get("https://a", "a:443"), "GET https://a 1.1 @a\nHost=a:443\nnone 0 keep\n");
  EXPECT_EQ(get("http://a?q", "a"), "GET http://a?q 1.1 @a\nHost=a\nnone 0 keep\n");
  EXPECT_EQ(get("http://a/", "b"), "400 target and Host differ");
  EXPECT_EQ(get("http://a:81/", "a"), "400 target and Host differ");
  EXPECT_EQ(get("https://a/", "a:80"), "400 target and Host differ");
  EXPECT_EQ(get("http://b@a/", "a").substr(0, 4), "400 ");
  EXPECT_EQ(get("http://", "a").substr(0, 4), "400 ");
  EXPECT_EQ(get("http:///x", "a").substr(0, 4), "400 ");
  EXPECT_EQ(verdict("GET http://a/ HTTP/1.0\r\n\r\n"), "GET http://a/ 1.0 @a\nnone 0 close\n");
}

}  // namespace
}  // namespace rouse::http

// Codecs, and messages in and out of streams, over the in-memory duplex.
#include <rouse/io/delimiter_codec.hpp>
#include <rouse/io/duplex.hpp>
#include <rouse/io/frame_reader.hpp>
#include <rouse/io/frame_writer.hpp>
#include <rouse/io/io_test.hpp>
#include <rouse/io/length_codec.hpp>
#include <rouse/io/read_until.hpp>

#include <random>

namespace rouse::io {
namespace {
using namespace testing;

static_assert(frame_decoder<line_codec> && frame_encoder<line_codec>);
static_assert(frame_decoder<delimiter_codec> && frame_encoder<delimiter_codec>);
static_assert(frame_decoder<length_codec> && frame_encoder<length_codec>);

/// The error of what must be ready with one.
template <class P>
error failure_of(P&& p) {
  auto answer = poll_once(p);
  EXPECT_TRUE(answer.is_ready());
  auto outcome = answer.take();
  EXPECT_FALSE(outcome.has_value());
  return outcome ? error() : outcome.error();
}

/// A message that must be there.
template <class Reader>
std::string message(Reader& from) {
  auto got = must_finish(from.next());
  if (!got || !*got) return "(none)";
  if constexpr (requires { (*got)->text(); })
    return std::string((*got)->text());
  else
    return **got;
}
template <class Reader>
bool at_end(Reader& from) {
  auto got = must_finish(from.next());
  return got && !*got;
}

// ---- lines

TEST(lines, end_with_either_mark_and_the_last_needs_none) {
  auto [a, b] = duplex();
  must_finish(a.write_all("one\ntwo\r\n\n\r\nlast"));
  a.shutdown_write();
  frame_reader in(b, line_codec());
  for (const char* expected : {"one", "two", "", "", "last"})
    EXPECT_EQ(message(in), expected);
  EXPECT_TRUE(at_end(in));
  EXPECT_TRUE(at_end(in));
}

TEST(lines, the_cap_is_exact_for_each_mark) {
  for (const std::string end : {"\n", "\r\n"}) {
    for (const std::size_t size : {9u, 10u, 11u}) {
      auto [a, b] = duplex();
      must_finish(a.write_all(std::string(size, 'x') + end + "next\n"));
      frame_reader in(b, line_codec(10));
      if (size <= 10) {
        EXPECT_EQ(message(in).size(), size);
        EXPECT_EQ(message(in), "next");
      } else {
        EXPECT_EQ(failure_of(in.next()), errc::too_large);
      }
    }
  }
}

TEST(lines, one_without_an_end_is_refused_as_soon_as_it_is_too_long) {
  auto [a, b] = duplex();
  frame_reader in(b, line_codec(10), 1);
  std::string text;
  auto next = in.next();
  for (int i = 0; i < 10; i++) {
    must_finish(a.write_all("x"));
    EXPECT_FALSE(poll_once(next).is_ready()) << i;
  }
  must_finish(a.write_all("y"));
  EXPECT_EQ(failure_of(next), errc::too_large);
  EXPECT_EQ(as_text(in.rest().bytes()), "xxxxxxxxxxy") << "what was read stays";
}

TEST(lines, a_byte_at_a_time_is_searched_once) {
  auto [a, b] = duplex();
  buffer input;
  line_codec codec(1u << 20);
  std::size_t searched = 0;
  for (int i = 0; i < 1000; i++) {
    input.append("x");
    ASSERT_FALSE(codec.decode(input, searched)->has_value());
    ASSERT_EQ(searched, input.size()) << "nothing is looked at twice";
  }
  input.append("\n");
  EXPECT_EQ((*codec.decode(input, searched))->size(), 1000u);
}

TEST(lines, a_cancelled_wait_keeps_what_has_come) {
  auto [a, b] = duplex();
  frame_reader in(b, line_codec());
  {
    auto next = in.next();
    must_finish(a.write_all("hel"));
    EXPECT_FALSE(poll_once(next).is_ready());
    must_finish(a.write_all("lo\nwo"));
    EXPECT_TRUE(cancel_once(next));
    EXPECT_FALSE(poll_once(next).is_ready()) << "starts nothing after a cancel";
  }
  EXPECT_EQ(message(in), "hello");
  {
    auto next = in.next();
    EXPECT_FALSE(poll_once(next).is_ready());
  }
  must_finish(a.write_all("rld\n"));
  EXPECT_EQ(message(in), "world");
}

TEST(lines, what_would_be_read_differently_is_not_written) {
  buffer out;
  const line_codec codec(5, true);
  EXPECT_EQ(codec.encode("a\nb", out).error(), errc::invalid_input);
  EXPECT_EQ(codec.encode("a\r", out).error(), errc::invalid_input);
  EXPECT_EQ(codec.encode("123456", out).error(), errc::too_large);
  EXPECT_TRUE(out.is_empty());
  EXPECT_TRUE(codec.encode("a\rb", out));
  EXPECT_EQ(out.text(), "a\rb\r\n");
}

// ---- any delimiter

TEST(delimited, a_delimiter_that_comes_in_pieces_is_found) {
  auto [a, b] = duplex();
  frame_reader in(b, delimiter_codec("END", 100), 1);
  auto next = in.next();
  for (const char* piece : {"aE", "bEN", "c", "E", "N"}) {
    must_finish(a.write_all(piece));
    EXPECT_FALSE(poll_once(next).is_ready());
  }
  must_finish(a.write_all("Drest"));
  EXPECT_EQ(**must_finish(next), "aEbENc");
}

TEST(delimited, the_cap_is_exact) {
  for (const std::size_t size : {4u, 5u, 6u}) {
    auto [a, b] = duplex();
    must_finish(a.write_all(std::string(size, 'x') + "--"));
    frame_reader in(b, delimiter_codec("--", 5));
    if (size <= 5)
      EXPECT_EQ(message(in).size(), size);
    else
      EXPECT_EQ(failure_of(in.next()), errc::too_large);
  }
}

TEST(delimited, messages_that_hold_or_complete_the_delimiter_are_refused) {
  buffer out;
  const delimiter_codec codec("--", 100);
  EXPECT_EQ(codec.encode("a--b", out).error(), errc::invalid_input);
  EXPECT_EQ(codec.encode("a-", out).error(), errc::invalid_input) << "would end one byte early";
  EXPECT_TRUE(codec.encode("-a", out));
  EXPECT_EQ(out.text(), "-a--");
}

// ---- lengths

TEST(lengths, numbers_of_every_width_and_order) {
  for (unsigned width = 1; width <= 8; width++) {
    for (const bool little : {false, true}) {
      const length_codec codec{.length_bytes = width, .is_little_endian = little};
      buffer bytes;
      ASSERT_TRUE(codec.encode(as_bytes("hello"), bytes));
      ASSERT_EQ(bytes.size(), width + 5u);
      EXPECT_EQ(bytes.bytes()[little ? 0 : width - 1], std::byte{5});
      std::size_t searched = 0;
      EXPECT_EQ((*codec.decode(bytes, searched))->text(), "hello");
      EXPECT_TRUE(bytes.is_empty());
    }
  }
}

TEST(lengths, what_does_not_fit_the_number_or_the_cap_is_refused_both_ways) {
  buffer bytes;
  const length_codec narrow{.frame_bytes_max = 1000, .length_bytes = 1};
  EXPECT_TRUE(narrow.encode(as_bytes(std::string(255, 'x')), bytes));
  EXPECT_EQ(narrow.encode(as_bytes(std::string(256, 'x')), bytes).error(), errc::too_large);
  EXPECT_EQ(bytes.size(), 256u);
  auto [a, b] = duplex();
  must_finish(a.write_all(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff", 8)));
  frame_reader in(b, length_codec{.frame_bytes_max = 10, .length_bytes = 8});
  EXPECT_EQ(failure_of(in.next()), errc::too_large);
}

TEST(lengths, a_stream_that_ends_within_a_message_is_an_error) {
  for (const std::string_view cut : {std::string_view("\0", 1), std::string_view("\0\5hel", 5)}) {
    auto [a, b] = duplex();
    must_finish(a.write_all(cut));
    a.shutdown_write();
    frame_reader in(b, length_codec{.length_bytes = 2});
    EXPECT_EQ(failure_of(in.next()), errc::end_of_stream);
  }
}

// ---- both directions

TEST(frames, what_is_sent_is_received_over_a_narrow_stream_with_cancels) {
  std::mt19937 random(7);
  auto [a, b] = duplex(7);
  const length_codec codec{.length_bytes = 2};
  frame_writer out(a, codec, {.bytes_max = 16});
  frame_reader in(b, codec, 5);
  std::vector<std::string> sent;
  std::vector<std::string> received;
  const auto receive_some = [&] {
    auto next = in.next();
    auto answer = poll_once(next);
    if (answer.is_ready())
      received.emplace_back((*answer.take())->text());
    else if (random() % 2)
      (void)cancel_once(next);
  };
  for (int i = 0; i < 200; i++) {
    const std::string text(random() % 30, static_cast<char>('a' + i % 26));
    for (bool taken = false; !taken;) {
      auto send = out.send(as_bytes(text));
      taken = poll_once(send).is_ready();
      if (!taken && random() % 2) EXPECT_TRUE(cancel_once(send));
      if (!taken) receive_some();
    }
    sent.push_back(text);
    EXPECT_LE(out.held_bytes(), 16u + 32u);
  }
  while (received.size() < sent.size()) {
    auto flush = out.flush();
    (void)poll_once(flush);
    receive_some();
  }
  EXPECT_EQ(received, sent);
}

TEST(frames, a_send_waits_at_the_high_water_mark_and_takes_nothing_when_cancelled) {
  auto [a, b] = duplex(1);
  frame_writer out(a, line_codec(), {.bytes_max = 4});
  must_finish(out.send("abcd"));
  {
    auto send = out.send("efgh");
    EXPECT_FALSE(poll_once(send).is_ready());
    EXPECT_TRUE(cancel_once(send));
    EXPECT_FALSE(poll_once(send).is_ready());
  }
  std::string seen = take_text(b);
  auto flush = out.flush();
  while (!poll_once(flush).is_ready())
    seen += take_text(b);
  seen += take_text(b);
  EXPECT_EQ(seen, "abcd\n");
}

TEST(frames, a_message_that_the_codec_refuses_is_an_error_and_the_writer_goes_on) {
  auto [a, b] = duplex();
  frame_writer out(a, line_codec());
  EXPECT_EQ(failure_of(out.send("a\nb")), errc::invalid_input);
  must_finish(out.send("c"));
  must_finish(out.flush());
  EXPECT_EQ(take_text(b), "c\n");
}

TEST(read_until, one_piece_then_another_from_one_reader) {
  auto [a, b] = duplex();
  must_finish(a.write_all("key: value\r\nrest"));
  a.shutdown_write();
  buffered_reader in(b);
  EXPECT_EQ(**must_finish(read_until(in, ": ", 10)), "key");
  EXPECT_EQ(**must_finish(read_line(in)), "value");
  EXPECT_EQ(failure_of(read_until(in, ";", 3)), errc::too_large);
  EXPECT_EQ(**must_finish(read_until(in, ";", 4)), "rest");
  EXPECT_FALSE(must_finish(read_line(in))->has_value());
}

}  // namespace
}  // namespace rouse::io

// read_exact, read_to_end and copy, over the in-memory duplex.
#include <rouse/io/copy.hpp>
#include <rouse/io/duplex.hpp>
#include <rouse/io/io_test.hpp>
#include <rouse/io/read_exact.hpp>
#include <rouse/io/read_to_end.hpp>

namespace rouse::io {
namespace {
using namespace testing;

TEST(read_exact, waits_for_every_byte) {
  auto [a, b] = duplex();
  block memory(5);
  auto read = read_exact(b, memory.first(5));
  EXPECT_FALSE(poll_once(read).is_ready());
  must_finish(a.write_all("abc"));
  EXPECT_FALSE(poll_once(read).is_ready());
  must_finish(a.write_all("defg"));
  must_finish(read);
  EXPECT_EQ(memory.text(5), "abcde");
  EXPECT_EQ(take_text(b), "fg");
}

TEST(read_exact, an_early_end_is_an_error_and_the_cursor_tells_where) {
  auto [a, b] = duplex();
  must_finish(a.write_all("abc"));
  a.shutdown_write();
  block memory(5);
  std::size_t cursor = 0;
  auto read = read_exact(b, memory.first(5), cursor);
  auto answer = poll_once(read);
  ASSERT_TRUE(answer.is_ready());
  EXPECT_EQ(answer.take().error(), errc::end_of_stream);
  EXPECT_EQ(cursor, 3u);
}

TEST(read_exact, nothing_is_lost_by_cancelling_with_a_cursor) {
  auto [a, b] = duplex();
  block memory(6);
  std::size_t cursor = 0;
  for (const char* piece : {"ab", "cd", "ef"}) {
    auto read = read_exact(b, memory.first(6), cursor);
    must_finish(a.write_all(piece));
    if (poll_once(read).is_ready()) break;
    EXPECT_TRUE(cancel_once(read));
    EXPECT_FALSE(poll_once(read).is_ready());
  }
  EXPECT_EQ(memory.text(6), "abcdef");
}

TEST(read_to_end, gives_all_there_was) {
  auto [a, b] = duplex(1000);
  const std::string text(25000, 'x');
  std::size_t cursor = 0;
  buffer into;
  auto read = read_to_end(b, into, 100000);
  while (cursor < text.size()) {
    auto write = a.write_all(as_bytes(text), cursor);
    (void)poll_once(write);
    EXPECT_FALSE(poll_once(read).is_ready());
  }
  a.shutdown_write();
  must_finish(read);
  EXPECT_EQ(into.text(), text);
}

TEST(read_to_end, exactly_the_limit_is_allowed_and_one_more_is_not) {
  for (const std::size_t extra : {0u, 1u}) {
    auto [a, b] = duplex();
    must_finish(a.write_all(std::string(10 + extra, 'x')));
    a.shutdown_write();
    buffer into;
    auto read = read_to_end(b, into, 10);
    auto answer = poll_once(read);
    ASSERT_TRUE(answer.is_ready());
    const auto outcome = answer.take();
    EXPECT_EQ(outcome.has_value(), extra == 0);
    if (extra) {
      EXPECT_EQ(outcome.error(), errc::too_large);
    }
    EXPECT_EQ(into.size(), 10 + extra);
  }
}

TEST(copy, moves_everything_until_the_end) {
  auto [a, b] = duplex(100);
  auto [c, d] = duplex(33);
  auto moving = copy(b, c, {.buffer_bytes = 10});
  const std::string text(1000, 'q');
  std::string seen;
  std::size_t cursor = 0;
  while (seen.size() < text.size()) {
    if (cursor < text.size()) {
      auto write = a.write_all(as_bytes(text), cursor);
      (void)poll_once(write);
    }
    EXPECT_FALSE(poll_once(moving).is_ready());
    seen += take_text(d);
  }
  a.shutdown_write();
  EXPECT_EQ(*must_finish(moving), 1000u);
  EXPECT_EQ(seen, text);
}

TEST(copy, stops_at_the_limit_and_leaves_the_rest) {
  auto [a, b] = duplex();
  auto [c, d] = duplex();
  must_finish(a.write_all("abcdef"));
  EXPECT_EQ(*must_finish(copy(b, c, {.bytes_max = 4})), 4u);
  EXPECT_EQ(take_text(d), "abcd");
  EXPECT_EQ(take_text(b), "ef");
}

TEST(copy, a_cancelled_one_gives_back_what_was_not_written) {
  auto [a, b] = duplex();
  auto [c, d] = duplex(2);
  must_finish(a.write_all("abcdef"));
  std::uint64_t total = 0;
  {
    auto moving = copy(b, c, total);
    EXPECT_FALSE(poll_once(moving).is_ready());
    EXPECT_TRUE(cancel_once(moving));
    EXPECT_FALSE(poll_once(moving).is_ready());
  }
  EXPECT_EQ(total, 2u);
  EXPECT_EQ(take_text(d), "ab");
  EXPECT_EQ(take_text(b), "cdef");
}

TEST(copy, a_destroyed_one_gives_back_what_was_not_written) {
  auto [a, b] = duplex();
  auto [c, d] = duplex(2);
  must_finish(a.write_all("abcdef"));
  {
    auto moving = copy(b, c);
    EXPECT_FALSE(poll_once(moving).is_ready());
  }
  EXPECT_EQ(take_text(b), "cdef");
}

TEST(copy, a_failed_writer_fails_it) {
  auto [a, b] = duplex();
  auto ends = duplex();
  {
    auto gone = std::move(ends.second);
  }
  must_finish(a.write_all("abc"));
  auto moving = copy(b, ends.first);
  auto answer = poll_once(moving);
  ASSERT_TRUE(answer.is_ready());
  EXPECT_EQ(answer.take().error(), std::errc::broken_pipe);
}

}  // namespace
}  // namespace rouse::io

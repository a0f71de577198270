#include <rouse/io/duplex.hpp>
#include <rouse/io/io_test.hpp>
#include <rouse/io/stream.hpp>

namespace rouse::io {
namespace {
using namespace testing;

static_assert(async_stream<duplex_stream> && can_unread<duplex_stream>);
static_assert(cancellable<duplex_read> && disownable<duplex_read> && disownable<duplex_write_all>);

TEST(duplex, what_one_end_writes_the_other_reads) {
  auto [a, b] = duplex();
  must_finish(a.write_all("ping"));
  EXPECT_EQ(take_text(b), "ping");
  must_finish(b.write_all("pong"));
  EXPECT_EQ(take_text(a), "pong");
}

TEST(duplex, a_reader_waits_until_it_is_woken_once) {
  auto [a, b] = duplex();
  block memory(8);
  auto read = b.read(memory.first(8));
  counting_waker waker;
  EXPECT_FALSE(poll_once(read, waker).is_ready());
  must_finish(a.write_all("x"));
  must_finish(a.write_all("y"));
  EXPECT_EQ(waker.wakes(), 1u);
  EXPECT_EQ(*must_finish(read), 2u);
}

TEST(duplex, a_writer_waits_for_room) {
  auto [a, b] = duplex(4);
  auto write = a.write_all("123456");
  counting_waker waker;
  EXPECT_FALSE(poll_once(write, waker).is_ready());
  EXPECT_EQ(waker.wakes(), 0u);
  EXPECT_EQ(take_text(b), "1234");
  EXPECT_EQ(waker.wakes(), 1u);
  EXPECT_TRUE(poll_once(write, waker).is_ready());
  EXPECT_EQ(take_text(b), "56");
}

TEST(duplex, bytes_written_before_the_end_are_read_before_it) {
  auto [a, b] = duplex();
  must_finish(a.write_all("last"));
  a.shutdown_write();
  EXPECT_EQ(take_text(b), "last");
  EXPECT_EQ(take_text(b), "");
  must_finish(b.write_all("still open this way"));
  EXPECT_EQ(take_text(a), "still open this way");
}

TEST(duplex, a_lost_peer_ends_the_reader_and_fails_the_writer) {
  auto ends = duplex(1);
  auto a = std::move(ends.first);
  counting_waker reader, writer;
  block memory(1);
  auto read = a.read(memory.first(1));
  auto write = a.write_all("ab");
  EXPECT_FALSE(poll_once(read, reader).is_ready());
  EXPECT_FALSE(poll_once(write, writer).is_ready());
  {
    auto gone = std::move(ends.second);
  }
  EXPECT_EQ(reader.wakes(), 1u);
  EXPECT_EQ(writer.wakes(), 1u);
  EXPECT_EQ(*must_finish(read), 0u);
  auto failed = poll_once(write);
  ASSERT_TRUE(failed.is_ready());
  EXPECT_EQ(failed.take().error(), std::errc::broken_pipe);
}

TEST(duplex, a_destroyed_operation_is_not_woken) {
  auto [a, b] = duplex();
  counting_waker waker;
  block memory(1);
  {
    auto read = b.read(memory.first(1));
    EXPECT_FALSE(poll_once(read, waker).is_ready());
  }
  must_finish(a.write_all("x"));
  EXPECT_EQ(waker.wakes(), 0u);
  EXPECT_EQ(take_text(b), "x");
}

TEST(duplex, a_cancelled_write_all_leaves_an_exact_cursor) {
  auto [a, b] = duplex(3);
  std::size_t cursor = 0;
  {
    auto write = a.write_all(as_bytes("abcdef"), cursor);
    EXPECT_FALSE(poll_once(write).is_ready());
    EXPECT_TRUE(cancel_once(write));
    EXPECT_EQ(take_text(b), "abc");
    EXPECT_FALSE(poll_once(write).is_ready()) << "starts nothing after a cancel";
  }
  EXPECT_EQ(cursor, 3u);
  must_finish(a.write_all(as_bytes("abcdef"), cursor));
  EXPECT_EQ(take_text(b), "def");
}

TEST(duplex, unread_bytes_come_first) {
  auto [a, b] = duplex();
  must_finish(a.write_all("c"));
  b.unread(as_bytes("b"));
  b.unread(as_bytes("a"));
  EXPECT_EQ(take_text(b), "ab");
  EXPECT_EQ(take_text(b), "c");
}

TEST(duplex, a_hot_stream_gives_way_when_the_budget_is_used_up) {
  auto [a, b] = duplex();
  must_finish(a.write_all("x"));
  unsigned budget = 0;
  counting_waker waker;
  context cx(waker, &budget);
  block memory(1);
  auto read = b.read(memory.first(1));
  EXPECT_FALSE(read.poll(cx).is_ready());
  EXPECT_EQ(waker.wakes(), 1u);
  EXPECT_EQ(*must_finish(read), 1u);
}

}  // namespace
}  // namespace rouse::io

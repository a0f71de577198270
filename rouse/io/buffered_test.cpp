// Buffered readers, buffered writers and gathered writes, over the in-memory duplex.
#include <rouse/io/buffered_reader.hpp>
#include <rouse/io/buffered_writer.hpp>
#include <rouse/io/copy.hpp>
#include <rouse/io/duplex.hpp>
#include <rouse/io/gather.hpp>
#include <rouse/io/io_test.hpp>
#include <rouse/io/read_exact.hpp>

#include <random>

namespace rouse::io {
namespace {
using namespace testing;

static_assert(async_read<buffered_reader<duplex_stream>>);
static_assert(can_unread<buffered_reader<duplex_stream>>);
static_assert(async_write<buffered_writer<duplex_stream>>);
static_assert(can_shut_down<duplex_stream>);
static_assert(!gathering_write<duplex_stream>);

/// Counts the reads that reach the stream.
struct counted_reads {
  duplex_stream* below;
  int reads = 0;
  duplex_read read(std::span<std::byte> into) {
    reads++;
    return below->read(into);
  }
};

template <class P>
error must_fail(P&& p) {
  auto answer = poll_once(p);
  EXPECT_TRUE(answer.is_ready());
  auto outcome = answer.take();
  EXPECT_FALSE(outcome.has_value());
  return outcome ? error() : outcome.error();
}

TEST(buffered_reader, small_reads_share_one_read_of_the_stream) {
  auto [a, b] = duplex();
  must_finish(a.write_all("0123456789"));
  counted_reads from{&b};
  buffered_reader in(from, 8);
  block memory(4);
  std::string all;
  for (int i = 0; i < 4; i++) {
    const auto count = must_finish(in.read(memory.first(i < 2 ? 3 : 2)));
    all += memory.text(*count);
  }
  EXPECT_EQ(all,
            "01234567"
            "89");
  EXPECT_EQ(from.reads, 2);
}

TEST(buffered_reader, a_large_read_goes_past_the_buffer) {
  auto [a, b] = duplex();
  must_finish(a.write_all("0123456789"));
  buffered_reader in(b, 4);
  block memory(64);
  EXPECT_EQ(*must_finish(in.read(memory.first(64))), 10u);
  EXPECT_TRUE(in.bytes().empty());
}

TEST(buffered_reader, the_end_of_the_stream_is_a_value) {
  auto [a, b] = duplex();
  a.shutdown_write();
  buffered_reader in(b);
  block memory(4);
  EXPECT_EQ(*must_finish(in.read(memory.first(4))), 0u);
  EXPECT_EQ(*must_finish(in.fill()), 0u);
}

TEST(buffered_reader, unread_bytes_come_before_those_that_are_held) {
  auto [a, b] = duplex();
  must_finish(a.write_all("bc"));
  buffered_reader in(b);
  must_finish(in.fill());
  in.unread(as_bytes("a"));
  EXPECT_EQ(as_text(in.bytes()), "abc");
  EXPECT_EQ(take_text(in), "abc");
}

TEST(buffered_reader, a_cancelled_or_destroyed_read_loses_no_byte) {
  auto [a, b] = duplex();
  buffered_reader in(b, 4);
  block memory(2);
  {
    auto read = in.read(memory.first(2));
    EXPECT_FALSE(poll_once(read).is_ready());
    must_finish(a.write_all("abc"));
    EXPECT_TRUE(cancel_once(read));
    EXPECT_FALSE(poll_once(read).is_ready()) << "starts nothing after a cancel";
  }
  {
    auto fill = in.fill();
  }
  EXPECT_EQ(take_text(in), "abc");
}

TEST(buffered_reader, other_operations_work_on_it) {
  auto [a, b] = duplex();
  auto [c, d] = duplex();
  must_finish(a.write_all("head-and-body"));
  a.shutdown_write();
  buffered_reader in(b, 16);
  block memory(5);
  must_finish(read_exact(in, memory.first(5)));
  EXPECT_EQ(memory.text(5), "head-");
  EXPECT_EQ(*must_finish(copy(in, c)), 8u);
  EXPECT_EQ(take_text(d), "and-body");
}

TEST(buffered_writer, takes_at_once_and_writes_at_the_flush) {
  auto [a, b] = duplex();
  buffered_writer out(a);
  must_finish(out.write_all("one "));
  must_finish(out.write_all("two"));
  auto early = b.read({});
  EXPECT_FALSE(poll_once(early).is_ready()) << "nothing is written yet";
  early.disown();
  EXPECT_EQ(out.held_bytes(), 7u);
  must_finish(out.flush());
  EXPECT_EQ(out.held_bytes(), 0u);
  EXPECT_EQ(take_text(b), "one two");
}

TEST(buffered_writer, waits_at_its_high_water_mark_and_not_before) {
  auto [a, b] = duplex(2);
  buffered_writer out(a, {.bytes_max = 4});
  must_finish(out.write_all("abcd"));
  std::size_t cursor = 0;
  auto write = out.write_all(as_bytes("efghij"), cursor);
  EXPECT_FALSE(poll_once(write).is_ready());
  EXPECT_EQ(out.held_bytes(), 4u);
  EXPECT_EQ(cursor, 0u);
  std::string seen;
  for (int i = 0; i < 10 && seen.size() < 8; i++) {
    seen += take_text(b);
    if (poll_once(write).is_ready()) break;
    EXPECT_LE(out.held_bytes(), 4u);
  }
  EXPECT_EQ(cursor, 6u);
}

TEST(buffered_writer, a_cancelled_write_counts_what_was_taken_and_loses_none_of_it) {
  auto [a, b] = duplex(3);
  buffered_writer out(a, {.bytes_max = 4});
  std::size_t cursor = 0;
  {
    auto write = out.write_all(as_bytes("abcdefghij"), cursor);
    EXPECT_FALSE(poll_once(write).is_ready());
    EXPECT_TRUE(cancel_once(write));
  }
  EXPECT_EQ(cursor, 4u);
  EXPECT_EQ(out.held_bytes(), 1u) << "three are in the stream";
  std::string seen = take_text(b);
  auto write = out.write_all(as_bytes("abcdefghij"), cursor);
  while (!poll_once(write).is_ready())
    seen += take_text(b);
  auto flush = out.flush();
  while (!poll_once(flush).is_ready())
    seen += take_text(b);
  seen += take_text(b);
  EXPECT_EQ(seen, "abcdefghij");
}

TEST(buffered_writer, a_destroyed_flush_keeps_what_is_not_written) {
  auto [a, b] = duplex(3);
  buffered_writer out(a);
  must_finish(out.write_all("abcdef"));
  {
    auto flush = out.flush();
    EXPECT_FALSE(poll_once(flush).is_ready());
  }
  EXPECT_EQ(out.held_bytes(), 3u);
  EXPECT_EQ(take_text(b), "abc");
  must_finish(out.flush());
  EXPECT_EQ(take_text(b), "def");
}

TEST(buffered_writer, some_is_what_there_is_room_for) {
  auto [a, b] = duplex();
  buffered_writer out(a, {.bytes_max = 4});
  EXPECT_EQ(*must_finish(out.write_some(as_bytes("abcdef"))), 4u);
  EXPECT_EQ(*must_finish(out.write_some(as_bytes("ef"))), 2u) << "written before more is taken";
  EXPECT_EQ(take_text(b), "abcd");
}

TEST(buffered_writer, a_stream_that_fails_fails_it_each_time) {
  auto ends = duplex();
  {
    auto gone = std::move(ends.second);
  }
  buffered_writer out(ends.first, {.bytes_max = 2});
  must_finish(out.write_all("ab"));
  EXPECT_EQ(must_fail(out.write_all("c")), std::errc::broken_pipe);
  EXPECT_EQ(must_fail(out.flush()), std::errc::broken_pipe);
  EXPECT_EQ(out.held_bytes(), 2u);
}

TEST(gather, pieces_are_written_one_after_the_other_and_resumed_by_the_cursor) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; round++) {
    auto [a, b] = duplex(1 + random() % 5);
    const std::string texts[] = {"one", "", "three", "seven77"};
    std::vector<slice> pieces;
    std::string all;
    for (const std::string& text : texts) {
      pieces.emplace_back(as_bytes(text));
      all += text;
    }
    std::size_t cursor = 0;
    std::string seen;
    for (bool done = false; !done;) {
      auto write = write_gathered(a, pieces, cursor);
      done = poll_once(write).is_ready();
      if (!done && random() % 2) EXPECT_TRUE(cancel_once(write));
      if (!done) seen += take_text(b);
    }
    EXPECT_EQ(cursor, all.size());
    if (seen.size() < all.size()) seen += take_text(b);
    EXPECT_EQ(seen, all);
  }
}

}  // namespace
}  // namespace rouse::io

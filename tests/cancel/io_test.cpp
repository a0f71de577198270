// Buffers, messages and joined streams, interrupted at each point, with a companion at the other
// end of an in-memory stream.
#include <rouse/io/buffered_writer.hpp>
#include <rouse/io/copy_both.hpp>
#include <rouse/io/duplex.hpp>
#include <rouse/io/frame_reader.hpp>
#include <rouse/io/frame_writer.hpp>
#include <rouse/io/gather.hpp>
#include <rouse/io/length_codec.hpp>
#include <rouse/io/read_until.hpp>
#include <rouse/io/within.hpp>

#include "cancel_every_await.hpp"

namespace scenarios {
namespace {

using namespace rouse;

class streams : public on_each_reactor {};
SCENARIOS_ON_EACH_REACTOR(streams);

/// Writes `text` in small pieces, and ends the stream.
task<void> say(io::duplex_stream& to, std::string text) {
  for (std::size_t at = 0; at < text.size(); at += 3) {
    co_await to.write_all(io::as_bytes(text.substr(at, 3)));
    co_await yield_now();
  }
  to.shutdown_write();
}

/// All that comes.
task<std::string> hear(io::duplex_stream& from) {
  std::string all;
  std::byte piece[4];
  for (;;) {
    const std::size_t n = co_await from.read(std::span(piece));
    if (n == 0) break;
    all += io::as_text(std::span(piece).first(n));
    co_await yield_now();
  }
  co_return all;
}

TEST_P(streams, a_line_that_was_given_up_is_whole_for_the_next_wait) {
  holds(3, [](trial& run) -> task<void> {
    auto [near, far] = io::duplex();
    io::frame_reader lines(near, io::line_codec(100), 5);
    auto companion = spawn(assume_owned(say(far, "hello\nworld\n")));
    std::string seen;
    auto first = co_await run.interrupt(lines.next());
    if (first) seen += first->value_or("(end)") + ".";
    for (;;) {
      auto line = co_await lines.next();
      if (!line) break;
      seen += *line + ".";
    }
    co_await companion;
    run.expect(seen == "hello.world.", seen);
  });
}

TEST_P(streams, a_line_within_a_time) {
  holds(3, [](trial& run) -> task<void> {
    auto [near, far] = io::duplex();
    io::buffered_reader in(near, 2);
    auto companion = spawn(assume_owned(say(far, "hello\n")));
    auto bounded = io::within(1s, io::read_line(in));
    auto line = co_await run.interrupt(std::move(bounded));
    if (!line) line = co_await io::read_line(in);
    co_await companion;
    run.expect(*line == "hello", "the line is cut");
  });
}

TEST_P(streams, a_message_is_sent_once_or_not_at_all) {
  holds(3, [](trial& run) -> task<void> {
    auto [near, far] = io::duplex(3);
    auto companion = spawn(assume_owned(hear(far)));
    io::frame_writer out(near, io::line_codec(), {.bytes_max = 4});
    co_await out.send("first");
    auto sent = co_await run.interrupt(out.send("second"));
    if (!sent) co_await out.send("second");
    co_await out.flush();
    near.shutdown_write();
    const std::string heard = co_await companion;
    run.expect(heard == "first\nsecond\n", heard);
  });
}

TEST_P(streams, a_buffered_write_and_its_flush) {
  holds(4, [](trial& run) -> task<void> {
    auto [near, far] = io::duplex(3);
    auto companion = spawn(assume_owned(hear(far)));
    io::buffered_writer out(near, {.bytes_max = 4});
    const std::string text = "0123456789abcdef";
    std::size_t done = 0;
    auto work = [](io::buffered_writer<io::duplex_stream>* to, const std::string* all,
                   std::size_t* cursor) -> task<void> {
      co_await to->write_all(io::as_bytes(*all), *cursor);
      co_await to->flush();
    };
    co_await run.interrupt(work(&out, &text, &done));
    co_await out.write_all(io::as_bytes(text), done);
    co_await out.flush();
    near.shutdown_write();
    const std::string heard = co_await companion;
    run.expect(heard == text, heard);
  });
}

TEST_P(streams, pieces_written_as_one) {
  holds(3, [](trial& run) -> task<void> {
    auto [near, far] = io::duplex(3);
    auto companion = spawn(assume_owned(hear(far)));
    const std::vector<slice> pieces{io::as_bytes("one"), io::as_bytes("two"),
                                    io::as_bytes("three")};
    std::size_t done = 0;
    co_await run.interrupt(io::write_gathered(near, pieces, done));
    co_await io::write_gathered(near, pieces, done);
    near.shutdown_write();
    const std::string heard = co_await companion;
    run.expect(heard == "onetwothree", heard);
  });
}

TEST_P(streams, joined_streams_lose_nothing_in_either_direction) {
  holds(4, [](trial& run) -> task<void> {
    auto [client, near] = io::duplex(4);
    auto [far, server] = io::duplex(4);
    auto asks = spawn(assume_owned(say(client, "a question")));
    auto answers = spawn(assume_owned(say(server, "an answer")));
    auto client_hears = spawn(assume_owned(hear(client)));
    auto server_hears = spawn(assume_owned(hear(server)));
    io::copied_both totals;
    auto ended = co_await run.interrupt(io::copy_both(near, far, totals));
    if (!ended) co_await io::copy_both(near, far, totals);
    co_await asks;
    co_await answers;
    const std::string to_client = co_await client_hears;
    const std::string to_server = co_await server_hears;
    run.expect(to_client == "an answer", to_client);
    run.expect(to_server == "a question", to_server);
    run.expect(totals.first_to_second == 10 && totals.second_to_first == 9, "other counts");
  });
}

}  // namespace
}  // namespace scenarios

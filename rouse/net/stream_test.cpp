// Streams and listeners on each real reactor: SPEC rows 41, 50, 51, 70, FAULTS M1 to M3, N1 to N3,
// N10, R12.
#include <rouse/net/net_test.hpp>

#include <rouse/io/copy.hpp>
#include <rouse/io/read_exact.hpp>
#include <rouse/io/read_to_end.hpp>
#include <rouse/net/halves.hpp>
#include <rouse/sys/table.hpp>

#include <sys/socket.h>

#include <array>
#include <csignal>

namespace rouse::net {
namespace {
using namespace testing;
using namespace std::chrono_literals;

static_assert(io::async_stream<tcp_stream> && io::async_stream<unix_stream> &&
              io::can_unread<tcp_stream>);
static_assert(io::gathering_write<tcp_stream> && io::can_shut_down<tcp_stream>);
static_assert(io::async_read<read_half> && io::async_write<write_half>);
static_assert(io::async_read<owned_read_half<tcp_stream>> &&
              io::async_write<owned_write_half<tcp_stream>>);
static_assert(cancellable<read_operation> && disownable<read_operation> &&
              throws_errors<read_operation>);
static_assert(sizeof(tcp_stream) == 32, "an idle connection is small");

class tcp : public on_each_reactor {};
ROUSE_ON_EACH_REACTOR(tcp);

TEST_P(tcp, port_0_takes_one_that_is_free_and_tells_it) {
  auto a = listen_here(), b = listen_here();
  EXPECT_NE(a.local_address()->port(), 0);
  EXPECT_NE(a.local_address()->port(), b.local_address()->port());
  EXPECT_EQ(a.subject(), a.local_address()->to_string());
}

TEST_P(tcp, both_ends_know_each_other) {
  auto [client, server] = connect_pair();
  EXPECT_EQ(client.peer_address(), *server.local_address());
  EXPECT_EQ(server.peer_address(), *client.local_address());
}

TEST_P(tcp, accepted_connections_have_no_delay) {
  auto [client, server] = connect_pair();
  EXPECT_TRUE(*server.nodelay());
  EXPECT_TRUE(server.set_nodelay(false));
  EXPECT_FALSE(*server.nodelay());
}

TEST_P(tcp, leased_and_lent_reads_give_what_was_written) {
  auto [client, server] = connect_pair();
  must(client.write_all("leased"));
  EXPECT_EQ(read_text(server), "leased");
  must(client.write_all("lent"));
  std::array<std::byte, 64> memory;
  const auto count = must(server.read(std::span(memory)));
  EXPECT_EQ(io::as_text(std::span(memory).first(count)), "lent");
}

TEST_P(tcp, a_read_waits_until_bytes_come) {
  auto [client, server] = connect_pair();
  auto read = server.read();
  counting_waker waker;
  EXPECT_TRUE(poll_pending(read, waker));
  look();
  EXPECT_EQ(waker.wakes(), 0u);
  must(client.write_all("now"));
  EXPECT_EQ(io::as_text(must(read).bytes()), "now");
}

TEST_P(tcp, one_connection_reads_and_writes_at_the_same_time) {
  auto [client, server] = connect_pair();
  auto waiting = server.read();
  EXPECT_TRUE(poll_pending(waiting));
  must(server.write_all("hello"));
  EXPECT_EQ(read_text(client), "hello");
  must(client.write_all("back"));
  EXPECT_EQ(io::as_text(must(waiting).bytes()), "back");
}

TEST_P(tcp, an_empty_write_is_done_at_once) {
  auto [client, server] = connect_pair();
  must(client.write_all(""));
  EXPECT_EQ(must(client.write_some(std::span<const std::byte>())), 0u);
  must(client.write_all(std::span<const slice>()));
}

TEST_P(tcp, a_write_that_is_only_tried_sends_at_once_or_says_0) {
  auto [client, server] = connect_pair();
  const std::vector<std::byte> bytes(64 * 1024, std::byte{7});
  EXPECT_EQ(client.try_write({}).value(), 0u);
  std::size_t sent = 0;
  while (const std::size_t now = client.try_write(bytes).value())
    sent += now;
  EXPECT_GT(sent, 0u);
  for (std::size_t left = sent; left != 0;)
    left -= must(server.read()).size();
  must(client.write_some(bytes));  // waits for the edge, after which trying goes on
  EXPECT_GT(client.try_write(bytes).value(), 0u);
  server.reset();
  look();
  while (client.try_write(bytes).value_or(1) == 0)
    look();
  EXPECT_FALSE(client.try_write(bytes));
}

TEST_P(tcp, a_write_that_is_only_tried_does_not_overtake_one_that_waits) {
  auto [client, server] = connect_pair();
  const std::vector<std::byte> bytes(64 * 1024, std::byte{7});
  std::size_t sent = 0;
  while (const std::size_t now = client.try_write(bytes).value())
    sent += now;
  auto waiting = client.write_all("first");
  EXPECT_TRUE(poll_pending(waiting));
  for (std::size_t left = sent; left != 0;)
    left -= must(server.read()).size();
  EXPECT_EQ(client.try_write(bytes).value(), 0u);
  must(waiting);
  EXPECT_EQ(read_text(server), "first");
}

TEST_P(tcp, accept_waits_and_takes_connections_in_order) {
  auto listener = listen_here();
  auto accepting = listener.accept();
  EXPECT_TRUE(poll_pending(accepting));
  const auto at = *listener.local_address();
  auto first = dial(at), second = dial(at);
  auto a = must(accepting);
  auto b = must(listener.accept());
  EXPECT_EQ(a.peer.port(), sys::local_address(first.get())->port());
  EXPECT_EQ(b.peer.port(), sys::local_address(second.get())->port());
}

TEST_P(tcp, several_listeners_share_a_port_when_asked) {
  auto first = listen_here({.reuse_port = true});
  const auto at = *first.local_address();
  EXPECT_TRUE(tcp_listener::bind(at, {.reuse_port = true}));
  const auto refused = tcp_listener::bind(at);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), std::errc::address_in_use);
}

TEST_P(tcp, a_port_is_free_again_right_after_its_server_ended) {
  auto listener = listen_here();
  const auto at = *listener.local_address();
  auto fd = dial(at);
  {
    auto served = must(listener.accept());
  }  // closes first, so TIME_WAIT is on this side
  listener.close();
  EXPECT_TRUE(tcp_listener::bind(at));
}

TEST_P(tcp, an_ipv6_listener_serves_ipv4_unless_told_otherwise) {
  auto both = tcp_listener::bind(address::any_v6());
  if (!both) GTEST_SKIP() << "no IPv6 here";
  const auto port = both->local_address()->port();
  auto fd = dial(address::loopback_v4(port));
  auto arrived = must(both->accept());
  EXPECT_EQ(arrived.peer.to_string().substr(0, 18), "[::ffff:127.0.0.1]");
  EXPECT_TRUE(arrived.peer.is_loopback());
  both->close();
  auto alone = tcp_listener::bind(address::any_v6(port), {.ipv6_only = true});
  ASSERT_TRUE(alone);
  EXPECT_TRUE(tcp_listener::bind(address::any_v4(port))) << "the IPv4 port is left to others";
}

TEST_P(tcp, gathered_writes_arrive_in_order) {
  auto [client, server] = connect_pair();
  const std::array<slice, 5> pieces{io::as_bytes("HTTP/1.1 "), io::as_bytes(""),
                                    io::as_bytes("200 OK\r\n"), io::as_bytes("\r\n"),
                                    io::as_bytes("body")};
  must(client.write_all(std::span(pieces)));
  must(client.shutdown());
  EXPECT_EQ(read_all(server), "HTTP/1.1 200 OK\r\n\r\nbody");
}

TEST_P(tcp, a_large_gathered_write_survives_partial_sends) {
  auto [client, server] = connect_pair({.receive_buffer_bytes = 4096});
  ASSERT_TRUE(client.set_send_buffer(4096));
  const std::string text = pattern(3000 * 700);
  std::vector<slice> pieces;
  for (std::size_t at = 0; at < text.size(); at += 700)
    pieces.emplace_back(io::as_bytes(text).subspan(at, 700));
  ASSERT_GT(pieces.size(), sys::slices_max);
  std::string seen;
  auto write = client.write_all(std::span<const slice>(pieces));
  while (poll_pending(write)) {
    look();
    seen += read_now(server);
  }
  must(client.shutdown());
  seen += read_all(server);
  EXPECT_TRUE(seen == text);
}

TEST_P(tcp, options_reach_the_socket) {
  auto [client, server] = connect_pair();
  EXPECT_TRUE(client.set_keep_alive({.idle_s = 5, .between_s = 1, .probes = 2}));
  EXPECT_TRUE(client.clear_keep_alive());
  EXPECT_TRUE(client.set_user_timeout(1500ms));
  EXPECT_TRUE(client.set_receive_buffer(10000));
  EXPECT_EQ(*client.receive_buffer(), 20000u) << "the kernel doubles it";
  EXPECT_TRUE(client.set_send_buffer(20000));
  EXPECT_EQ(*client.send_buffer(), 40000u);
}

TEST_P(tcp, unread_bytes_come_first) {
  auto [client, server] = connect_pair();
  must(client.write_all("c"));
  server.unread(io::as_bytes("b"));
  server.unread(io::as_bytes("a"));
  std::string seen;
  while (seen.size() < 3)
    seen += read_text(server);
  EXPECT_EQ(seen, "abc");
}

TEST_P(tcp, without_a_reactor_there_is_a_clear_error) {
  current<reactor>::scope nobody(nullptr);
  const auto made = tcp_listener::bind(address::loopback_v4());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), errc::no_context);
}

TEST_P(tcp, a_unix_address_is_none_of_its_own) {
  EXPECT_EQ(tcp_listener::bind(*address::unix_path("/tmp/x")).error(), errc::invalid_input);
}

// ---- adopt and release -----------------------------------------------------------------------

TEST_P(tcp, adopts_blocking_and_non_blocking_sockets) {
  for (const bool non_blocking : {false, true}) {
    auto listener = listen_here();
    auto fd = dial(*listener.local_address());
    auto served = must(listener.accept());
    ASSERT_TRUE(sys::set_nonblocking(fd.get(), non_blocking));
    auto adopted = tcp_stream::adopt(fd.release());
    ASSERT_TRUE(adopted) << adopted.error().message();
    EXPECT_EQ(adopted->peer_address(), *served.stream.local_address());
    auto read = adopted->read();
    EXPECT_TRUE(poll_pending(read)) << "must not block the thread";
    must(served.stream.write_all("x"));
    EXPECT_EQ(io::as_text(must(read).bytes()), "x");
  }
}

TEST_P(tcp, refuses_to_adopt_what_is_no_connection_and_closes_it) {
  const std::size_t before = open_descriptors();
  auto listener = listen_here();
  auto unconnected = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream);
  EXPECT_EQ(tcp_stream::adopt(unconnected->release()).error(), std::errc::not_connected);
  auto pair = sys::open_socket_pair();
  EXPECT_EQ(tcp_stream::adopt(pair->first.release()).error(), errc::invalid_input);
  EXPECT_EQ(tcp_stream::adopt(sys::duplicate(listener.fd())->release()).error(),
            errc::invalid_input);
  EXPECT_EQ(tcp_listener::adopt(pair->second.release()).error(), errc::invalid_input);
  listener.close();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_P(tcp, a_released_descriptor_works_on) {
  auto [client, server] = connect_pair();
  auto read = client.read();
  EXPECT_TRUE(poll_pending(read));
  cancel(read);
  sys::descriptor fd(client.release());
  EXPECT_FALSE(client);
  must(server.write_all("for the new owner"));
  char memory[64];
  EXPECT_EQ(sys::nonblocking::receive(fd.get(), memory, sizeof memory), 17);
  auto listener = listen_here();
  auto accepting = listener.accept();
  EXPECT_TRUE(poll_pending(accepting));
  cancel(accepting);
  auto again = tcp_listener::adopt(listener.release());
  ASSERT_TRUE(again);
  auto dialled = dial(*again->local_address());
  EXPECT_TRUE(must(again->accept()).stream);
}

// ---- halves ----------------------------------------------------------------------------------

TEST_P(tcp, borrowed_halves_work_on_one_stream) {
  auto [client, server] = connect_pair();
  auto [in, out] = server.split();
  auto read = in.read();
  EXPECT_TRUE(poll_pending(read));
  must(out.write_all("ping"));
  must(out.shutdown());
  EXPECT_EQ(read_all(client), "ping");
  must(client.write_all("pong"));
  EXPECT_EQ(io::as_text(must(read).bytes()), "pong");
  EXPECT_TRUE(in.borrows() && out.borrows());
}

TEST_P(tcp, owned_halves_end_independently) {
  const std::size_t before = open_descriptors();
  auto [client, server] = connect_pair();
  {
    auto halves = into_halves(std::move(server));
    EXPECT_TRUE(halves.read.belongs_to(halves.write));
    must(halves.write.write_all("bye"));
    {
      auto gone = std::move(halves.write);
    }
    EXPECT_EQ(read_all(client), "bye")
        << "the end of the writing half is the end of the stream for the peer";
    must(client.write_all("still heard"));
    EXPECT_EQ(read_text(halves.read), "still heard");
  }
  client.close();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_P(tcp, owned_halves_reunite) {
  auto [client, server] = connect_pair();
  auto halves = into_halves(std::move(server));
  auto whole = reunite(std::move(halves.read), std::move(halves.write));
  must(whole.write_all("whole"));
  EXPECT_EQ(read_text(client), "whole");
  must(client.write_all("again"));
  EXPECT_EQ(read_text(whole), "again");
}

// ---- io's operations on sockets --------------------------------------------------------------

TEST_P(tcp, copy_leases_from_a_socket_and_gives_back_what_it_could_not_write) {
  auto [client, server] = connect_pair();
  auto ends = connect_pair();
  must(client.write_all("through"));
  std::uint64_t total = 0;
  {
    auto moving = io::copy(server, ends.client, total);
    while (total < 7) {
      EXPECT_TRUE(poll_pending(moving));
      look();
    }
    cancel(moving);
  }
  EXPECT_EQ(read_text(ends.server), "through");
  EXPECT_EQ(total, 7u);
  must(client.write_all("limited"));
  EXPECT_EQ(must(io::copy(server, ends.client, {.bytes_max = 3})), 3u);
  EXPECT_EQ(read_text(ends.server), "lim");
  EXPECT_EQ(read_text(server), "ited");
}

TEST_P(tcp, read_to_end_stops_at_the_peers_shutdown) {
  auto [client, server] = connect_pair();
  must(client.write_all("request"));
  must(client.shutdown());
  io::buffer all;
  must(io::read_to_end(server, all, 100));
  EXPECT_EQ(all.text(), "request");
}

// ---- SPEC row 41 -----------------------------------------------------------------------------

class spec_row_41 : public on_each_reactor {};
ROUSE_ON_EACH_REACTOR(spec_row_41);

// A server that echoes with its own leased reads, a client that reads only when its writes are
// stuck, through buffers of 4 KiB each way: every partial write and every wait happens thousands of
// times.
TEST_P(spec_row_41, echo_of_64_MiB_through_a_tiny_receive_buffer) {
  constexpr std::size_t total = 64u << 20;
  auto [client, server] =
      connect_pair({.receive_buffer_bytes = 4096, .send_buffer_bytes = 4096}, 4096);
  const std::string piece = pattern(1u << 20);
  auto echo = io::copy(server, server);
  std::size_t sent = 0, seen = 0, cursor = 0;
  bool equal = true;
  std::vector<std::byte> memory(64 * 1024);
  while (seen < total) {
    if (sent < total) {
      auto write = client.write_all(io::as_bytes(piece), cursor);
      if (!poll_pending(write)) sent += piece.size(), cursor = 0;
      // destroyed while pending: the cursor must tell exactly how far it came
    }
    if (!poll_pending(echo)) FAIL() << "the echo ended early";
    look();
    auto read = client.read(std::span(memory));
    context cx(no_wakeable());
    if (auto answer = read.poll(cx); answer.is_ready()) {
      const auto count = answer.take();
      ASSERT_TRUE(count) << count.error().message();
      for (std::size_t i = 0; i < *count && equal; i++)
        equal = static_cast<char>(memory[i]) == piece[(seen + i) % piece.size()];
      ASSERT_TRUE(equal) << "after " << seen;
      seen += *count;
    }
  }
  EXPECT_EQ(sent, total);
}

TEST_P(spec_row_41, half_close_ends_one_direction_only) {
  auto [client, server] = connect_pair();
  must(client.write_all("question"));
  must(client.shutdown(direction::write));
  EXPECT_EQ(read_all(server), "question");
  must(server.write_all("answer"));
  must(server.shutdown());
  EXPECT_EQ(read_all(client), "answer");
}

TEST_P(spec_row_41, a_reset_is_an_error_for_both_directions) {
  auto [client, server] = connect_pair();
  auto read = server.read();
  EXPECT_TRUE(poll_pending(read));
  client.reset();
  EXPECT_EQ(must_fail(read), std::errc::connection_reset);
  const error failed = must_fail(server.write_all("x"));
  EXPECT_TRUE(failed == std::errc::broken_pipe || failed == std::errc::connection_reset)
      << failed.message();
}

TEST_P(spec_row_41, an_exception_names_operation_and_peer) {
  auto [client, server] = connect_pair();
  client.reset();
  auto read = server.read();
  EXPECT_EQ(must_fail(read), std::errc::connection_reset);
  EXPECT_EQ(read.subject(), server.peer_address().to_string());
}

// ---- FAULTS ----------------------------------------------------------------------------------

class fault_N1 : public on_each_reactor {};
ROUSE_ON_EACH_REACTOR(fault_N1);

TEST_P(fault_N1, a_write_to_a_closed_peer_is_an_error_and_never_a_signal) {
  static bool signalled;
  signalled = false;
  struct sigaction old{}, watch{};
  watch.sa_handler = [](int) { signalled = true; };
  sigaction(SIGPIPE, &watch, &old);
  auto [client, server] = connect_pair();
  client.close();
  error failed;
  for (int i = 0; i < 1000 && !failed.code; i++) {
    auto written = run(server.write_all("x"));
    if (!written) failed = written.error();
    const std::array<slice, 2> two{io::as_bytes("a"), io::as_bytes("b")};
    if (written) written = run(server.write_all(std::span(two)));
    if (!written) failed = written.error();
  }
  sigaction(SIGPIPE, &old, nullptr);
  EXPECT_TRUE(failed == std::errc::broken_pipe || failed == std::errc::connection_reset)
      << failed.message();
  EXPECT_FALSE(signalled);
}

class fault_N2 : public on_each_reactor {};
ROUSE_ON_EACH_REACTOR(fault_N2);

TEST_P(fault_N2, bytes_before_a_hang_up_are_delivered_before_the_end) {
  auto [client, server] = connect_pair();
  auto read = server.read();
  EXPECT_TRUE(poll_pending(read));
  const std::string text = pattern(40000);
  must(client.write_all(text));
  must(client.shutdown(direction::both));
  std::string seen(io::as_text(must(read).bytes()));
  seen += read_all(server);
  EXPECT_TRUE(seen == text) << seen.size();
  EXPECT_EQ(read_all(server), "") << "the end stays the end";
}

class fault_M1 : public on_each_reactor {};
ROUSE_ON_EACH_REACTOR(fault_M1);

TEST_P(fault_M1, a_cancelled_read_loses_no_byte) {
  auto [client, server] = connect_pair();
  std::string sent, seen;
  context cx(no_wakeable());
  for (int round = 0; round < 100; round++) {
    const std::string text = "round " + std::to_string(round) + ";";
    {
      auto leased = server.read();
      EXPECT_TRUE(poll_pending(leased));
      must(client.write_all(text));
      sent += text;
      if (round % 3) look();
      cancel(leased);
      if (round % 2)  // the one poll that is allowed: a value that beat the cancel
        if (auto answer = leased.poll(cx); answer.is_ready())
          seen += io::as_text(answer.take()->bytes());
    }
    while (seen.size() < sent.size()) {
      std::array<std::byte, 5> memory;
      auto lent = server.read(std::span(memory));
      auto answer = lent.poll(cx);
      if (!answer.is_ready()) {
        if (round % 2) look();
        cancel(lent);
        look();
        answer = lent.poll(cx);
      }
      if (answer.is_ready()) seen += io::as_text(std::span(memory).first(*answer.take()));
    }
  }
  EXPECT_EQ(seen, sent);
}

TEST_P(fault_M1, a_read_destroyed_in_flight_loses_no_byte) {
  auto [client, server] = connect_pair();
  std::string sent, seen;
  for (int round = 0; round < 200; round++) {
    const std::string text = pattern(static_cast<std::size_t>(round % 40 + 1));
    std::array<std::byte, 16> memory;
    const auto look_or_not = [&] {
      if (round % 3 == 0) look();
    };
    if (round % 2) {
      auto read = server.read();
      (void)poll_pending(read);
      must(client.write_all(text));
      look_or_not();
    } else {
      auto read = server.read(std::span(memory));
      if (!poll_pending(read)) {  // what the former round left
        FAIL() << "nothing was there to read";
      }
      must(client.write_all(text));
      look_or_not();
    }
    sent += text;
    while (seen.size() < sent.size())
      seen += read_text(server);
  }
  EXPECT_TRUE(seen == sent);
}

TEST_P(fault_M1, an_idle_connection_holds_no_buffer_and_a_destroyed_read_gives_its_own_back) {
  auto [client, server] = connect_pair();
  for (int round = 0; round < 2000; round++) {  // more often than there are buffers
    auto read = server.read();
    EXPECT_TRUE(poll_pending(read));
  }
  must(client.write_all("x"));
  EXPECT_EQ(read_text(server), "x");
}

TEST_P(fault_M1, a_cancelled_write_all_leaves_an_exact_cursor) {
  auto [client, server] = connect_pair({.receive_buffer_bytes = 4096});
  ASSERT_TRUE(client.set_send_buffer(4096));
  const std::string text = pattern(1u << 20);
  std::size_t cursor = 0;
  std::string seen;
  for (int round = 0; cursor < text.size(); round++) {
    auto write = client.write_all(io::as_bytes(text), cursor);
    if (!poll_pending(write)) break;
    if (round % 3 == 0) look();
    if (round % 2) cancel(write);
    seen += read_now(server);
  }
  must(client.shutdown());
  seen += read_all(server);
  EXPECT_EQ(cursor, text.size());
  EXPECT_TRUE(seen == text) << seen.size();
}

TEST_P(fault_M1, a_cancelled_gathered_write_leaves_an_exact_cursor) {
  auto [client, server] = connect_pair({.receive_buffer_bytes = 4096});
  ASSERT_TRUE(client.set_send_buffer(4096));
  const std::string text = pattern(1u << 19);
  std::vector<slice> pieces;
  for (std::size_t at = 0; at < text.size(); at += 1000)
    pieces.emplace_back(
        io::as_bytes(text).subspan(at, std::min<std::size_t>(1000, text.size() - at)));
  std::size_t cursor = 0;
  std::string seen;
  for (int round = 0; cursor < text.size(); round++) {
    auto write = client.write_all(std::span<const slice>(pieces), cursor);
    if (!poll_pending(write)) break;
    look();
    if (round % 2) cancel(write);
    seen += read_now(server);
  }
  must(client.shutdown());
  seen += read_all(server);
  EXPECT_EQ(cursor, text.size());
  EXPECT_TRUE(seen == text) << seen.size();
}

TEST_P(fault_M1, a_cancelled_read_starts_nothing_more) {
  auto [client, server] = connect_pair();
  auto read = server.read();
  cancel(read);  // never polled
  must(client.write_all("x"));
  look();
  EXPECT_TRUE(poll_pending(read));
  EXPECT_EQ(read_text(server), "x");
}

class fault_M2 : public on_each_reactor {};
ROUSE_ON_EACH_REACTOR(fault_M2);

TEST_P(fault_M2, a_connection_that_comes_too_late_is_kept_for_the_next_accept) {
  auto listener = listen_here();
  const auto at = *listener.local_address();
  for (int round = 0; round < 50; round++) {
    sys::descriptor fd;
    {
      auto accepting = listener.accept();
      EXPECT_TRUE(poll_pending(accepting));
      fd = dial(at);
      if (round % 2) look();
      if (round % 3 == 0) cancel(accepting);
    }
    auto arrived = must(listener.accept());
    EXPECT_EQ(arrived.peer.port(), sys::local_address(fd.get())->port());
  }
}

TEST_P(fault_M2, a_hundred_thousand_cancelled_accepts_leave_the_descriptor_count) {
  auto listener = listen_here();
  const auto at = *listener.local_address();
  look();
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 100000; round++) {
    auto accepting = listener.accept();
    const bool waits = poll_pending(accepting);
    if (round % 4 < 2) look();  // the kernel has it now, if it is a ring
    if (round % 2 && waits) cancel(accepting);
    if (round % 1000 == 0)
      (void)dial(at);  // closed again at once; somebody has to take the other end
  }
  for (;;) {
    auto accepting = listener.accept();
    if (poll_pending(accepting)) {
      look();
      if (poll_pending(accepting)) break;
    }
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_P(fault_M2, late_connections_are_closed_with_their_listener) {
  const std::size_t before = open_descriptors();
  {
    auto listener = listen_here();
    std::vector<sys::descriptor> clients;
    for (int round = 0; round < 20; round++) {
      auto accepting = listener.accept();
      (void)poll_pending(accepting);
      clients.push_back(dial(*listener.local_address()));
      look();
    }
  }
  EXPECT_EQ(open_descriptors(), before);
}

class fault_M3 : public on_each_reactor {};
ROUSE_ON_EACH_REACTOR(fault_M3);

TEST_P(fault_M3, closing_ends_the_operations_in_flight_and_wakes_them) {
  const std::size_t before = open_descriptors();
  auto [client, server] = connect_pair();
  auto read = server.read();
  counting_waker waker;
  EXPECT_TRUE(poll_pending(read, waker));
  look();
  server.close();
  EXPECT_EQ(must_fail(read), std::errc::operation_canceled);
  auto listener = listen_here();
  auto accepting = listener.accept();
  EXPECT_TRUE(poll_pending(accepting));
  listener.close();
  EXPECT_EQ(must_fail(accepting), std::errc::operation_canceled);
  client.close();
  EXPECT_EQ(open_descriptors(), before);
}

class fault_N10 : public on_each_reactor {};
ROUSE_ON_EACH_REACTOR(fault_N10);

// The number is used again at once; an event for the former socket must not reach the
// new one.
TEST_P(fault_N10, spec_row_51_a_reused_descriptor_number_sees_no_event_of_its_former_owner) {
  for (int round = 0; round < 50; round++) {
    auto first = connect_pair();
    auto old = first.server.read();
    EXPECT_TRUE(poll_pending(old));
    look();
    must(first.client.write_all("for the old one"));
    const int number = first.server.fd();
    first.server.close();
    auto second = connect_pair();
    auto& reused = second.server.fd() == number ? second.server : second.client;
    auto read = reused.read();
    counting_waker waker;
    EXPECT_TRUE(poll_pending(read, waker));
    look();
    look();
    EXPECT_EQ(waker.wakes(), 0u);
    EXPECT_TRUE(poll_pending(read, waker));
    EXPECT_EQ(must_fail(old), std::errc::operation_canceled);
  }
}

class fault_R12 : public on_each_reactor {};
ROUSE_ON_EACH_REACTOR(fault_R12);

// Every call moves one byte at most, as signals and small windows can make it.
TEST_P(fault_R12, all_loops_are_right_when_each_call_moves_one_byte) {
  auto [client, server] = connect_pair();
  sys::table one = sys::real_table;
  one.short_read_means_empty = false;
  one.recv = [](int fd, void* into, std::size_t bytes, int flags) {
    return sys::real_table.recv(fd, into, std::min<std::size_t>(bytes, 1), flags);
  };
  one.send = [](int fd, const void* from, std::size_t bytes, int flags) {
    return sys::real_table.send(fd, from, std::min<std::size_t>(bytes, 1), flags);
  };
  one.sendmsg = [](int fd, const void* message, int flags) {
    const auto& all = *static_cast<const msghdr*>(message);
    for (std::size_t i = 0; i < all.msg_iovlen; i++)
      if (all.msg_iov[i].iov_len != 0)
        return sys::real_table.send(fd, all.msg_iov[i].iov_base, 1, flags);
    return 0L;
  };
  const sys::scoped_table scope(one);
  const std::string text = pattern(2000);
  must(client.write_all(text));
  std::vector<std::byte> memory(text.size());
  must(io::read_exact(server, std::span(memory)));
  EXPECT_TRUE(io::as_text(memory) == text);
  EXPECT_EQ(must(client.write_some(io::as_bytes("some"))), 1u);
  EXPECT_EQ(read_text(server), "s");
  std::vector<slice> pieces;
  for (std::size_t at = 0; at < text.size(); at += 100)
    pieces.emplace_back(io::as_bytes(text).subspan(at, 100));
  must(server.write_all(std::span<const slice>(pieces)));
  must(server.shutdown());
  EXPECT_TRUE(read_all(client) == text);
}

class spec_row_50 : public on_each_reactor {};
ROUSE_ON_EACH_REACTOR(spec_row_50);

TEST_P(spec_row_50, a_reactor_that_goes_wakes_its_readers_with_an_error) {
  auto [client, server] = connect_pair();
  auto read = server.read();
  counting_waker waker;
  EXPECT_TRUE(poll_pending(read, waker));
  TearDown();
  reactor_ = reactor_ptr();
  EXPECT_EQ(waker.wakes(), 1u);
  context cx(no_wakeable());
  auto answer = read.poll(cx);
  ASSERT_TRUE(answer.is_ready());
  EXPECT_EQ(answer.take().error(), errc::runtime_shut_down);
  auto later = client.write_all("x");
  auto refused = later.poll(cx);
  ASSERT_TRUE(refused.is_ready());
  EXPECT_EQ(refused.take().error(), errc::runtime_shut_down);
}

class spec_row_70 : public on_each_reactor {};
ROUSE_ON_EACH_REACTOR(spec_row_70);

TEST_P(spec_row_70, fault_N3_a_peer_that_never_reads_makes_the_writer_wait) {
  auto [client, server] = connect_pair({.receive_buffer_bytes = 4096});
  ASSERT_TRUE(client.set_send_buffer(4096));
  const std::string text(1u << 20, 'x');
  std::size_t cursor = 0;
  auto write = client.write_all(io::as_bytes(text), cursor);
  for (int i = 0; i < 100; i++) {
    EXPECT_TRUE(poll_pending(write));
    look();
  }
  EXPECT_LT(cursor, 256u * 1024);
}

}  // namespace
}  // namespace rouse::net

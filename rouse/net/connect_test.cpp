// Connecting and listening by address and by name: FAULTS N6, and the deadlines of SPEC row 70.
// Time stands still here, and moves when a test says so.
#include <rouse/net/connect.hpp>

#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/net/fake_names_test.hpp>
#include <rouse/net/listen.hpp>
#include <rouse/net/net_test.hpp>

#include <array>

namespace rouse::net {
namespace {
using namespace testing;
using namespace std::chrono_literals;

class connecting : public on_each_reactor {
 protected:
  /// A listener whose backlog is full: whoever connects waits for ever.
  struct black_hole {
    tcp_listener listener;
    std::vector<sys::descriptor> fillers;
    address where;
  };
  black_hole make_black_hole(const address& at = address::loopback_v4()) {
    auto listener = tcp_listener::bind(at, {.backlog = 1});
    EXPECT_TRUE(listener);
    black_hole hole{std::move(*listener), {}, {}};
    hole.where = *hole.listener.local_address();
    for (int i = 0; i < 8; i++)
      hole.fillers.push_back(dial(hole.where));
    return hole;
  }
  /// A port that nobody listens at.
  address refusing() {
    auto listener = listen_here();
    return *listener.local_address();
  }
  /// Polls and looks until it is ready or `rounds` have passed; time stands still.
  template <class P>
  bool becomes_ready(P& p, int rounds = 50) {
    for (int i = 0; i < rounds; i++) {
      context cx(no_wakeable());
      if (p.poll(cx).is_ready()) return true;
      look();
    }
    return false;
  }
};
ROUSE_ON_EACH_REACTOR(connecting);

TEST_P(connecting, by_address_text) {
  auto listener = must(listen("127.0.0.1:0"));
  const auto at = *listener.local_address();
  auto client = must(connect(at.to_string()));
  auto arrived = must(listener.accept());
  EXPECT_EQ(client.peer_address(), at);
  EXPECT_EQ(arrived.peer, *client.local_address());
  EXPECT_TRUE(*client.nodelay());
  must(client.write_all("hi"));
  EXPECT_EQ(read_text(arrived.stream), "hi");
}

TEST_P(connecting, to_ipv6) {
  auto listener = run(listen("[::1]:0"));
  if (!listener) GTEST_SKIP() << "no IPv6 here";
  auto client = must(connect(*listener->local_address()));
  EXPECT_TRUE(client.peer_address().is_ipv6());
}

TEST_P(connecting, a_port_alone_is_this_machine) {
  auto listener = must(listen(":0"));
  auto client = must(connect(":" + std::to_string(listener.local_address()->port())));
  EXPECT_TRUE(client.peer_address().is_loopback());
}

TEST_P(connecting, from_a_chosen_local_address) {
  auto listener = listen_here();
  const auto from = *address::parse("127.0.0.2:0");
  auto client = must(connect(*listener.local_address(), {.from = &from}));
  EXPECT_EQ(client.local_address()->with_port(0), from);
  EXPECT_EQ(must(listener.accept()).peer.with_port(0), from);
}

TEST_P(connecting, with_buffers_of_a_chosen_size) {
  auto listener = listen_here();
  auto client = must(connect(*listener.local_address(),
                             {.receive_buffer_bytes = 8192, .send_buffer_bytes = 16384}));
  EXPECT_EQ(*client.receive_buffer(), 16384u);
  EXPECT_EQ(*client.send_buffer(), 32768u);
}

TEST_P(connecting, malformed_text_is_an_error_when_it_is_awaited) {
  EXPECT_STREQ(must_fail(connect("127.0.0.1")).operation, "address: the port is missing");
  EXPECT_STREQ(must_fail(listen("127.0.0.1:x")).operation, "address: the port is not a number");
  EXPECT_EQ(must_fail(connect("unix:/tmp/x")), errc::invalid_input);
  EXPECT_EQ(must_fail(listen("unix:/tmp/x")), errc::invalid_input);
  EXPECT_EQ(must_fail(connect_unix("unix:")), errc::invalid_input);
}

TEST_P(connecting, may_move_while_it_is_pending) {
  auto hole = make_black_hole();
  auto first = connect(hole.where);
  EXPECT_FALSE(becomes_ready(first, 3));
  auto second = std::move(first);
  EXPECT_FALSE(becomes_ready(second, 3));
  advance(31s);
  EXPECT_EQ(must_fail(second), std::errc::timed_out);
}

TEST_P(connecting, cancelled_or_destroyed_it_leaves_no_descriptor) {
  auto hole = make_black_hole();
  look();
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 40; round++) {
    auto pending_one = connect(hole.where);
    EXPECT_FALSE(becomes_ready(pending_one, round % 3));
    if (round % 2) cancel(pending_one);
    context cx(no_wakeable());
    if (round % 4 == 1) {
      EXPECT_FALSE(pending_one.poll(cx).is_ready());
    }
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_P(connecting, a_connection_that_beat_the_cancel_is_delivered_or_closed) {
  auto listener = listen_here();
  look();
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 20; round++) {
    auto racing = connect(*listener.local_address());
    context cx(no_wakeable());
    auto answer = racing.poll(cx);
    if (!answer.is_ready()) {
      look();
      cancel(racing);
      if (round % 2) answer = racing.poll(cx);
    }
  }
  EXPECT_EQ(open_descriptors(), before);
}

TEST_P(connecting, names_through_the_pool) {
  fake_names names;
  blocking_pool pool;
  current<blocking_pool>::scope scope(&pool);
  names.set("server.example", {"127.0.0.1"});
  auto listener = must(listen("server.example:0"));
  auto client = must(connect("server.example:" + std::to_string(listener.local_address()->port())));
  EXPECT_EQ(client.peer_address(), *listener.local_address());
  auto lost = connect("missing.example:80");
  EXPECT_EQ(must_fail(lost), errc::host_not_found);
  EXPECT_EQ(lost.subject(), "missing.example:80");
  EXPECT_EQ(must_fail(listen("missing.example:80")), errc::host_not_found);
}

// ---- FAULTS N6 -------------------------------------------------------------------------------

class fault_N6 : public connecting {};
ROUSE_ON_EACH_REACTOR(fault_N6);

TEST_P(fault_N6, refused_is_told_with_the_peers_name) {
  const auto nobody = refusing();
  auto lost = connect(nobody);
  EXPECT_EQ(must_fail(lost), std::errc::connection_refused);
  EXPECT_EQ(lost.subject(), nobody.to_string());
}

TEST_P(fault_N6, unreachable_and_no_local_port_are_told_as_they_are) {
  static int pretend;
  sys::table table = sys::real_table;
  table.connect = [](int, const void*, unsigned) { return pretend; };
  table.ring_completion = [](unsigned char code, int result) {
    return code == static_cast<unsigned char>(opcode::connect) ? pretend : result;
  };
  const auto somewhere = refusing();
  const sys::scoped_table scope(table);
  for (const int code : {ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EACCES}) {
    pretend = -code;
    EXPECT_EQ(must_fail(connect(somewhere)).code, code);
  }
}

TEST_P(fault_N6, a_black_hole_ends_at_the_deadline_and_not_before) {
  auto hole = make_black_hole();
  auto waiting = connect(hole.where, {.within = 5s});
  EXPECT_FALSE(becomes_ready(waiting));
  advance(5s - 1ns);
  EXPECT_FALSE(becomes_ready(waiting));
  advance(1ns);
  EXPECT_EQ(must_fail(waiting), std::errc::timed_out);
}

TEST_P(fault_N6, the_deadline_holds_for_the_look_up_too) {
  fake_names names;
  blocking_pool pool;
  current<blocking_pool>::scope scope(&pool);
  names.hold();
  auto waiting = connect("late.example:80", {.within = 5s});
  EXPECT_FALSE(becomes_ready(waiting));
  advance(5s);
  EXPECT_EQ(must_fail(waiting), std::errc::timed_out);
  names.release();
}

TEST_P(fault_N6, the_next_address_is_tried_at_once_when_one_is_refused) {
  fake_names names;
  blocking_pool pool;
  current<blocking_pool>::scope scope(&pool);
  auto listener = tcp_listener::bind(*address::parse("127.0.0.3:0"));
  ASSERT_TRUE(listener);
  names.set("two.example", {"127.0.0.2", "127.0.0.3"});
  auto client = must(connect("two.example:" + std::to_string(listener->local_address()->port())));
  EXPECT_EQ(client.peer_address(), *listener->local_address());
}

TEST_P(fault_N6, a_silent_address_gets_a_head_start_and_then_company) {
  fake_names names;
  blocking_pool pool;
  current<blocking_pool>::scope scope(&pool);
  auto hole = make_black_hole();  // 127.0.0.1
  auto good = tcp_listener::bind(address::ipv4(127, 0, 0, 2, hole.where.port()));
  ASSERT_TRUE(good);
  names.set("two.example", {"127.0.0.1", "127.0.0.2"});
  look();
  const std::size_t before = open_descriptors();
  {
    auto racing = connect("two.example:" + std::to_string(hole.where.port()), {.stagger = 200ms});
    while (names.queries == 0 || pool.status().running != 0)
      EXPECT_FALSE(becomes_ready(racing, 1));
    EXPECT_FALSE(becomes_ready(racing));
    advance(200ms - 1ns);
    EXPECT_FALSE(becomes_ready(racing));
    advance(1ns);
    auto client = must(racing);
    EXPECT_EQ(client.peer_address(), *good->local_address());
  }
  EXPECT_EQ(open_descriptors(), before) << "the loser is closed";
}

TEST_P(fault_N6, when_all_addresses_fail_the_last_error_is_told) {
  fake_names names;
  blocking_pool pool;
  current<blocking_pool>::scope scope(&pool);
  names.set("none.example", {"127.0.0.2", "127.0.0.3", "127.0.0.4"});
  const auto port = refusing().port();
  EXPECT_EQ(must_fail(connect("none.example:" + std::to_string(port))),
            std::errc::connection_refused);
}

// ---- deadlines, SPEC row 70 ------------------------------------------------------------------

class spec_row_70_deadlines : public connecting {};
ROUSE_ON_EACH_REACTOR(spec_row_70_deadlines);

TEST_P(spec_row_70_deadlines, a_silent_peer_ends_a_read_and_the_stream_goes_on) {
  auto [client, server] = connect_pair();
  std::array<std::byte, 16> memory;
  for (int round = 0; round < 3; round++) {
    {
      auto read = server.read({.within = 30s});
      EXPECT_FALSE(becomes_ready(read));
      advance(30s - 1ns);
      EXPECT_FALSE(becomes_ready(read));
      advance(1ns);
      const error failed = must_fail(read);
      EXPECT_EQ(failed, std::errc::timed_out);
      EXPECT_STREQ(failed.operation, "receive");
      EXPECT_EQ(read.subject(), server.peer_address().to_string());
    }
    {
      auto lent = server.read(std::span(memory), {.within = 1s});
      EXPECT_FALSE(becomes_ready(lent, 2));
      advance(1s);
      EXPECT_EQ(must_fail(lent), std::errc::timed_out);
    }
    must(client.write_all("late"));
    EXPECT_EQ(io::as_text(must(server.read({.within = 1s})).bytes()), "late");
  }
}

TEST_P(spec_row_70_deadlines, bytes_that_came_in_time_win_over_the_deadline) {
  auto [client, server] = connect_pair();
  auto read = server.read({.within = 1s});
  EXPECT_FALSE(becomes_ready(read, 2));
  must(client.write_all("in time"));
  advance(2s);
  EXPECT_EQ(io::as_text(must(read).bytes()), "in time");
}

TEST_P(spec_row_70_deadlines, a_stuck_write_ends_with_an_exact_cursor) {
  auto [client, server] = connect_pair({.receive_buffer_bytes = 4096});
  ASSERT_TRUE(client.set_send_buffer(4096));
  const std::string text = pattern(1u << 20);
  std::size_t cursor = 0;
  {
    auto write = client.write_all(io::as_bytes(text), cursor, {.within = 10s});
    EXPECT_FALSE(becomes_ready(write));
    advance(10s);
    EXPECT_EQ(must_fail(write), std::errc::timed_out);
  }
  const std::size_t sent = cursor;
  EXPECT_LT(sent, text.size());
  must(client.shutdown());
  const std::string seen = read_all(server);
  EXPECT_EQ(seen.size(), sent);
  EXPECT_TRUE(seen == text.substr(0, sent));
}

TEST_P(spec_row_70_deadlines, without_a_limit_no_timer_is_needed) {
  auto [client, server] = connect_pair();
  timer_scope_.reset();
  must(client.write_all("x"));
  auto read = server.read(io_options{});
  EXPECT_EQ(io::as_text(must(read).bytes()), "x");
  auto waiting = server.read({.within = 1s});
  EXPECT_EQ(must_fail(waiting), errc::no_context);
}

}  // namespace
}  // namespace rouse::net

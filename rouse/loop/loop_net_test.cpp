#include <rouse/base/io_error.hpp>
#include <rouse/loop/loop_net.hpp>
#include <rouse/loop/on_loop_test.hpp>
#include <rouse/sys/table.hpp>

#include <tests/support/open_descriptors.hpp>
#include <tests/support/scratch_folder.hpp>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace loop_test {
namespace {

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class loop_net : public on_loop {
 protected:
  /// A server that sends back what it gets; closed by the caller.
  rouse::loop_server echo() {
    return it().net().listen("127.0.0.1:0", [](const rouse::loop_socket& client) {
      client.on_data([client](auto bytes) { client.write(bytes); });
    });
  }
  static std::string where(const rouse::loop_server& server) {
    return server.local_address().to_string();
  }
};
INSTANTIATE_TEST_SUITE_P(each, loop_net, support::reactors(), support::reactor_name);

TEST_P(loop_net, tells_the_events_of_an_exchange_in_their_order) {
  const auto server = echo();
  const auto socket = it().net().connect(where(server));
  socket.on_connect([&, socket] {
    log.emplace_back("connect");
    socket.write("hello");
  });
  socket.on_data([&, socket](auto bytes) {
    log.push_back("data " + text_of(bytes));
    socket.end();
  });
  socket.on_end(say("end"));
  socket.on_close([&](bool failed) {
    log.emplace_back(failed ? "failed" : "close");
    server.close(say("server closed"));
  });
  it().run();
  EXPECT_EQ(log, (lines{"connect", "data hello", "end", "close", "server closed"}));
  EXPECT_EQ(socket.bytes_read(), 5U);
  EXPECT_EQ(socket.bytes_written(), 5U);
}

TEST_P(loop_net, a_socket_whose_end_cannot_be_said_fails_and_closes) {
  rouse::sys::table calls = rouse::sys::real_table;
  calls.shutdown = [](int, int) { return -ENOTCONN; };
  const rouse::sys::scoped_table in_force(calls);
  const auto server = it().net().listen(
      "127.0.0.1:0", [](const rouse::loop_socket& peer) { peer.on_data([](auto) {}); });
  const auto socket = it().net().connect(where(server));
  socket.on_error([&](const rouse::error& why) { log.push_back(why.operation); });
  socket.on_close([&](bool failed) {
    log.emplace_back(failed ? "failed" : "close");
    server.close();
  });
  socket.end();
  it().run();
  EXPECT_EQ(log, (lines{"shutdown", "failed"}));
}

TEST_P(loop_net, listens_on_a_socket_that_was_made_elsewhere) {
  rouse::net::tcp_listener made;
  {
    const rouse::runtime::entered here(it().runtime());
    made = rouse::net::tcp_listener::bind(*rouse::net::address::parse("127.0.0.1:0")).value();
  }
  rouse::loop_server server;
  server = it().net().listen(std::move(made), [&](const rouse::loop_socket& client) {
    client.end("hello");
    client.resume();  // or it would not see the other end
    server.close();
  });
  const auto socket = it().net().connect(where(server));
  socket.on_data([&](auto bytes) { log.push_back(text_of(bytes)); });
  it().run();
  EXPECT_EQ(log, lines{"hello"});
}

TEST_P(loop_net, speaks_over_unix_sockets_too) {
  const support::scratch_folder folder;
  const std::string path = "unix:" + (folder / "s");
  const auto server = it().net().listen(path, [&](const rouse::loop_socket& client) {
    client.on_data([&, client](auto bytes) {
      log.push_back(text_of(bytes));
      client.end("bye");
    });
  });
  const auto socket = it().net().connect(path);
  socket.write("early");  // before it is connected
  socket.on_data([&](auto bytes) { log.push_back(text_of(bytes)); });
  socket.on_close([&](bool) { server.close(); });
  it().run();
  EXPECT_EQ(log, (lines{"early", "bye"}));
}

TEST_P(loop_net, tells_a_refused_connection_in_the_pending_phase_or_as_an_event_and_closes) {
  const auto server = echo();
  const std::string nobody = where(server);
  server.close();
  it().run();
  const auto socket = it().net().connect(nobody);
  socket.on_error([&](const rouse::error& e) {
    EXPECT_EQ(e, std::errc::connection_refused);
    log.emplace_back("error");
  });
  socket.on_close([&](bool failed) { log.emplace_back(failed ? "failed" : "close"); });
  it().run();
  EXPECT_EQ(log, (lines{"error", "failed"}));
}

TEST_P(loop_net, an_error_that_nobody_takes_leaves_run_and_names_the_peer) {
  const auto server = echo();
  const std::string nobody = where(server);
  server.close();
  it().run();
  const auto socket = it().net().connect(nobody);
  try {
    it().run();
    FAIL();
  } catch (const rouse::io_error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr(nobody));
  }
  it().run();
  EXPECT_TRUE(socket.is_closed());
}

TEST_P(loop_net, refuses_to_listen_where_it_cannot) {
  EXPECT_THROW((void)it().net().listen("nonsense", [](auto) {}), rouse::io_error);
  const auto server = echo();
  EXPECT_THROW((void)it().net().listen(where(server), [](auto) {}), rouse::io_error);
  server.close();
  it().run();
}

TEST_P(loop_net, says_when_too_much_waits_and_when_it_has_drained) {
  std::size_t got = 0;
  const auto server = it().net().listen("127.0.0.1:0", [&](const rouse::loop_socket& client) {
    client.on_data([&](auto bytes) { got += bytes.size(); });
  });
  const auto socket = it().net().connect(where(server));
  const std::string piece(64 * 1024, 'x');
  int sent = 0;
  std::size_t most = 0;
  const std::function<void()> fill = [&, socket] {
    bool room = true;
    while (room && sent < 512) {
      room = socket.write(piece);
      ++sent;
      most = std::max(most, socket.buffered_bytes());
    }
    if (sent == 512) socket.end();
  };
  socket.on_connect(fill);
  socket.on_drain([&] {
    log.emplace_back("drain");
    fill();
  });
  socket.on_close([&](bool) { server.close(); });
  socket.on_data([](auto) {});
  it().run();
  EXPECT_EQ(got, 512 * piece.size());
  EXPECT_GT(log.size(), 100U);
  EXPECT_LE(most, 2 * piece.size());
}

TEST_P(loop_net, drains_before_it_tells_of_writes_and_not_after_the_end) {
  for (const bool ends_at_once : {false, true}) {
    rouse::loop_server server;
    server = it().net().listen("127.0.0.1:0", [&](const rouse::loop_socket& client) {
      client.resume();
      server.close();
    });
    const auto socket = it().net().connect(where(server));
    socket.on_drain([&, socket] {
      log.emplace_back("drain");
      socket.end();
    });
    EXPECT_TRUE(socket.write("some", [&](auto) { log.emplace_back("some"); }));
    EXPECT_FALSE(
        socket.write(std::string(17 * 1024, 'x'), [&](auto) { log.emplace_back("much"); }));
    if (ends_at_once) socket.end();
    it().run();
  }
  EXPECT_EQ(log, (lines{"drain", "some", "much", "some", "much"}));
}

TEST_P(loop_net, stops_reading_while_it_is_paused) {
  const auto server = it().net().listen("127.0.0.1:0", [&](const rouse::loop_socket& client) {
    client.pause();
    client.on_data([&](auto bytes) { log.push_back(text_of(bytes)); });
    it().set_timeout(10ms, [&, client] {
      log.emplace_back("resume");
      client.resume();
    });
  });
  const auto socket = it().net().connect(where(server));
  socket.on_data([](auto) {});
  socket.end("data");
  socket.on_close([&](bool) { server.close(); });
  it().run();
  EXPECT_EQ(log, (lines{"resume", "data"}));
}

TEST_P(loop_net,
       fault_M15_drops_the_events_of_a_socket_that_a_callback_of_the_same_batch_has_closed) {
  std::vector<rouse::loop_socket> accepted;
  const auto server = it().net().listen("127.0.0.1:0", [&](const rouse::loop_socket& client) {
    accepted.push_back(client);
    client.on_data([&, client](auto) {
      log.emplace_back("data");
      for (const auto& other : accepted)
        if (other != client) other.destroy();
    });
    client.on_close([&](bool) { log.emplace_back("close"); });
  });
  std::vector<rouse::loop_socket> clients;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(it().net().connect(where(server)));
    clients.back().on_error([](auto&) {}).on_data([](auto) {});
  }
  it().set_timeout(5ms, [&] {  // both have arrived by then
    for (const auto& c : clients)
      c.write("x");
  });
  it().set_timeout(10ms, [&] {
    for (const auto& s : accepted)
      s.destroy();
    for (const auto& c : clients)
      c.destroy();
    server.close();
  });
  it().run();
  EXPECT_EQ(log, (lines{"data", "close", "close"}));
}

TEST_P(loop_net, may_be_destroyed_and_replace_its_callbacks_inside_them) {
  const auto server = echo();
  const auto socket = it().net().connect(where(server));
  socket.on_connect([socket] { socket.write("1"); });
  auto token = std::make_shared<int>(7);
  socket.on_data([&, socket, token](auto bytes) {
    socket.on_data([&, socket](auto more) {
      log.push_back("second " + text_of(more));
      socket.destroy();
      socket.write("lost", [&](rouse::result<void> r) {
        EXPECT_EQ(r.error(), rouse::errc::closed);
        log.emplace_back("not sent");
      });
    });
    log.push_back("first " + text_of(bytes) + " " + std::to_string(*token));
    socket.write("2");
  });
  socket.on_close([&](bool) {
    log.emplace_back("close");
    server.close();
  });
  it().run();
  EXPECT_EQ(log, (lines{"first 1 7", "second 2", "not sent", "close"}));
  EXPECT_EQ(token.use_count(), 1);
}

TEST_P(loop_net, tells_each_write_how_it_ended) {
  rouse::loop_socket never_reads;
  const auto server = it().net().listen(
      "127.0.0.1:0", [&](const rouse::loop_socket& client) { never_reads = client; });
  const auto socket = it().net().connect(where(server));
  socket.on_connect([&, socket] {
    socket.write("a", [&](rouse::result<void> r) { log.emplace_back(r ? "a sent" : "a lost"); });
    socket.write(std::string(64 << 20, 'b'), [&](rouse::result<void> r) {
      log.emplace_back(r ? "b sent" : r.error().is_cancelled() ? "b cancelled" : "b lost");
    });
    it().set_timeout(5ms, [socket] { socket.destroy(); });
  });
  socket.on_close([&](bool) {
    log.emplace_back("close");
    server.close();
    never_reads.destroy();
  });
  it().run();
  EXPECT_EQ(log, (lines{"a sent", "b cancelled", "close"}));
}

TEST_P(loop_net, tells_of_a_write_of_nothing_and_calls_nobody_inside_destroy) {
  const auto server = echo();
  const auto socket = it().net().connect(where(server));
  socket.on_connect([&, socket] {
    socket.write("", [&, socket](rouse::result<void> r) {
      log.emplace_back(r ? "nothing sent" : "nothing lost");
      socket.write(
          "x", [&](rouse::result<void> late) { log.emplace_back(late ? "sent" : "cancelled"); });
      socket.destroy();
      log.emplace_back("destroyed");
      server.close();
    });
  });
  it().run();
  EXPECT_EQ(log, (lines{"nothing sent", "destroyed", "cancelled"}));
}

TEST_P(loop_net, calls_no_more_after_exit_and_the_rest_after_an_exception) {
  for (const bool exits : {true, false}) {
    make();
    log.clear();
    const auto server = it().net().listen("127.0.0.1:0", [&](const rouse::loop_socket& client) {
      client.on_data([&, client](auto bytes) {
        log.emplace_back("data");
        if (log.size() > 1) return client.destroy();
        EXPECT_LT(bytes.size(), 300'000U);
        if (exits) return it().exit(7);
        throw std::runtime_error("thrown");
      });
    });
    const auto socket = it().net().connect(where(server));
    socket.write(std::string(300'000, 'x'));
    socket.on_error([](auto&) {}).on_data([](auto) {});
    socket.on_close([&](bool) { server.close(); });
    if (exits) {
      EXPECT_EQ(it().run([] {}), 7);
      EXPECT_EQ(log, lines{"data"});
    } else {
      EXPECT_THROW(it().run(), std::runtime_error);
      EXPECT_EQ(log, lines{"data"});
      it().run();
      EXPECT_EQ(log, (lines{"data", "data"}));
    }
  }
}

TEST_P(loop_net, each_run_throws_one_of_what_a_socket_leaves_that_fails) {
  auto server = it().net().listen("127.0.0.1:0", [](auto) {});
  const auto gone = where(server);
  server.close();
  it().run();
  const auto socket = it().net().connect(gone);
  socket.write("a", fail("a"));
  socket.write("b", fail("b"));
  socket.on_close(fail("close"));
  EXPECT_THAT(thrown(), testing::EndsWith("Connection refused"));
  EXPECT_EQ(thrown(), "a");
  EXPECT_EQ(thrown(), "b");
  EXPECT_EQ(thrown(), "close");
  EXPECT_EQ(thrown(), "nothing");
}

TEST_P(loop_net, tells_sockets_that_close_together_in_their_order_or_in_that_of_node) {
  for (const bool like_node : {false, true}) {
    make({.node_compatible = like_node});
    log.clear();
    const auto server = echo();
    std::vector<rouse::loop_socket> all;
    for (int i = 0; i < 3; ++i) {
      all.push_back(it().net().connect(where(server)));
      all.back().on_close([this, i](bool) { log.push_back(std::to_string(i)); });
    }
    it().set_timeout(5ms, [&] {
      for (const auto& s : all)
        s.destroy();
      server.close();
    });
    it().run();
    EXPECT_EQ(log, like_node ? (lines{"2", "1", "0"}) : (lines{"0", "1", "2"}));
  }
}

TEST_P(loop_net, keeps_no_loop_alive_that_it_is_not_asked_to) {
  const auto server = it().net().listen("127.0.0.1:0", [&](const rouse::loop_socket& client) {
    log.emplace_back("accepted");
    client.unref();
  });
  server.unref();
  const auto socket = it().net().connect(where(server));
  socket.on_connect([&, socket] {
    log.emplace_back("connect");
    it().set_timeout(1ms, [socket] { socket.unref(); });
  });
  socket.on_data([](auto) {});
  it().run();
  EXPECT_THAT(log, testing::UnorderedElementsAre("connect", "accepted"));
}

TEST_P(loop_net, leaves_nothing_behind_when_the_loop_ends_in_the_middle) {
  it().run_nowait();
  const std::size_t before = support::open_descriptors();
  auto token = std::make_shared<int>(0);
  rouse::loop_socket kept;
  {
    const auto server = it().net().listen("127.0.0.1:0", [token](const rouse::loop_socket& client) {
      client.on_data([client, token](auto bytes) { client.write(bytes); });
    });
    for (int i = 0; i < 5; ++i) {
      const auto socket = it().net().connect(where(server));
      socket.on_data([socket, token](auto) {});
      socket.on_close([socket, token](bool) {});
      socket.write("x");
      kept = socket;
    }
    for (int i = 0; i < 3; ++i)
      it().run_nowait();
    kept.destroy();
    it().close().value();
    EXPECT_TRUE(server.is_closed());
  }
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_LE(support::open_descriptors(), before);
  EXPECT_TRUE(kept.is_closed());
  EXPECT_FALSE(kept.write("y"));
  kept.end();
  kept.destroy();
}

TEST_P(loop_net, carries_64_mib_through_small_buffers_both_ways) {
  constexpr std::size_t total = 64U << 20;
  const auto server = it().net().listen("127.0.0.1:0", [](const rouse::loop_socket& client) {
    client.on_data([client](auto bytes) {
      if (!client.write(bytes)) client.pause();
    });
    client.on_drain([client] { client.resume(); });
  });
  const auto socket = it().net().connect(where(server));
  std::size_t sent = 0, got = 0;
  bool same = true;
  const auto byte_at = [](std::size_t i) { return static_cast<char>(i * 2654435761U >> 13); };
  const std::function<void()> fill = [&, socket] {
    std::string piece(100'000, ' ');
    bool room = true;
    while (room && sent < total) {
      piece.resize(std::min(piece.size(), total - sent));
      for (std::size_t i = 0; i < piece.size(); ++i)
        piece[i] = byte_at(sent + i);
      sent += piece.size();
      room = socket.write(piece);
    }
    if (sent == total) socket.end();
  };
  socket.on_connect(fill);
  socket.on_drain(fill);
  socket.on_data([&](std::span<const std::byte> bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i)
      same &= static_cast<char>(bytes[i]) == byte_at(got + i);
    got += bytes.size();
  });
  socket.on_close([&](bool) { server.close(); });
  it().run();
  EXPECT_EQ(got, total);
  EXPECT_TRUE(same);
}

TEST_P(loop_net, row_28_serves_500_ready_sockets_in_two_turns_and_in_more_when_bounded) {
  for (const unsigned bound : {1024U, 64U}) {
    make({.callbacks_per_phase = bound});
    int got = 0;
    std::vector<std::uint64_t> turns;
    const auto server = it().net().listen("127.0.0.1:0", [&](const rouse::loop_socket& client) {
      client.on_data([&](auto) {
        ++got;
        turns.push_back(it().metrics().turns);
      });
    });
    std::vector<rouse::loop_socket> clients;
    for (int i = 0; i < 500; ++i)
      clients.push_back(it().net().connect(where(server)));
    it().set_timeout(5ms, [&] {
      for (const auto& c : clients)
        c.write("x");
    });
    it().set_timeout(10ms, [&] {
      for (const auto& c : clients)
        c.end();
      server.close();
      it().exit(0);
    });
    it().run();
    EXPECT_EQ(got, 500);
    ASSERT_FALSE(turns.empty());
    const auto took = turns.back() - turns.front() + 1;
    if (bound == 64)
      EXPECT_GE(took, 8U);
    else
      EXPECT_LE(took, 2U);
  }
}

TEST(handle_of_no_socket_or_server, is_closed_and_says_so_when_it_is_used) {
  const rouse::loop_socket socket;
  EXPECT_TRUE(socket.is_closed());
  EXPECT_DEATH(socket.destroy(), "a loop_socket of no socket");
  const rouse::loop_server server;
  EXPECT_TRUE(server.is_closed());
  EXPECT_DEATH(server.close(), "a loop_server of no server");
}

}  // namespace
}  // namespace loop_test

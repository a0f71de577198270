// TCP: the events of an exchange, and where they stand among phases.
#include "program.hpp"

#include <rouse/loop/loop_net.hpp>

namespace node_order {

namespace {

using bytes = std::span<const std::byte>;

std::string text_of(bytes b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

/// On a port of its own; kept by the script.
rouse::loop_server& listen(script& s, rouse::callback<void(rouse::loop_socket)> connected,
                           const rouse::loop_socket_options& options = {}) {
  return s.keep(s.loop.net().listen("127.0.0.1:0", std::move(connected), options));
}
rouse::loop_socket connect(script& s, const rouse::loop_server& to) {
  return s.loop.net().connect(to.local_address().to_string());
}
auto says_data(script& s, const std::string& who = "") {
  return [&s, who](bytes b) { s.log(who + "data " + text_of(b)); };
}
auto says_exit(script& s) {
  return [&s](int code) { s.log("exit " + std::to_string(code)); };
}

void tcp_client(script& s) {
  auto& server = listen(s, [](rouse::loop_socket socket) {
    socket.end("hello");
    socket.resume();
  });
  const rouse::loop_socket client = connect(s, server);
  client.on_connect(s.says("connect"));
  client.on_data(says_data(s));
  client.on_end(s.says("end"));
  client.on_close([&](bool) {
    s.log("close");
    server.close();
  });
}

void tcp_server(script& s) {
  auto& server = s.keep<rouse::loop_server>();
  server = listen(s, [&](rouse::loop_socket socket) {
    s.log("connection");
    socket.on_data([&s, socket](bytes b) {
      s.log("data " + text_of(b));
      socket.write("hello");
    });
    socket.on_end(s.says("end"));
    socket.on_close([&](bool) {
      s.log("close");
      server.close(s.says("server closed"));
    });
  });
  const rouse::loop_socket client = connect(s, server);
  client.write("hi");
  client.on_data([client](bytes) { client.end(); });
}

void tcp_ping_pong(script& s) {
  auto& server = listen(
      s, [](rouse::loop_socket socket) { socket.on_data([socket](bytes b) { socket.write(b); }); });
  const rouse::loop_socket client = connect(s, server);
  int& n = s.keep(0);
  client.on_connect([&n, client] { client.write(std::to_string(n)); });
  client.on_data([&, client](bytes b) {
    s.log("data " + text_of(b));
    if (++n < 5) {
      client.write(std::to_string(n));
      return;
    }
    client.end();
    server.close();
  });
  client.on_end(s.says("end"));
  client.on_close([&s](bool) { s.log("close"); });
}

void tcp_check_comes_before_timers(script& s) {
  auto& server = listen(s, [](rouse::loop_socket socket) { socket.end("hello"); });
  const rouse::loop_socket client = connect(s, server);
  client.on_data([&, client](bytes) {
    s.log("data");
    s.loop.set_timeout(1ms, s.says("timer"));
    s.loop.set_immediate(s.says("immediate"));
    s.loop.next_tick(s.says("tick"));
    server.close();
    client.destroy();
    s.pass(5ms);
  });
}

void tcp_writes_call_back_in_order(script& s) {
  auto& server = listen(s, [](rouse::loop_socket socket) { socket.resume(); });
  const rouse::loop_socket client = connect(s, server);
  client.on_connect([&, client] {
    for (const char* text : {"a", "b", "c"})
      client.write(text, [&s, text](rouse::result<void>) { s.log(std::string("sent ") + text); });
    client.end();
    server.close();
  });
  client.resume();
  client.on_end(s.says("end"));
  client.on_close([&s](bool) { s.log("close"); });
}

void tcp_half_open(script& s) {
  auto& server = s.keep<rouse::loop_server>();
  server = listen(s,
                  [&](rouse::loop_socket socket) {
                    socket.on_data(says_data(s, "server: "));
                    socket.on_end([&s, socket] {
                      s.log("server: end");
                      s.loop.set_timeout(5ms, [socket] { socket.end("late"); });
                    });
                    socket.on_close([&](bool) { server.close(); });
                  },
                  {.allow_half_open = true});
  const rouse::loop_socket client = connect(s, server);
  client.end("hi");
  client.on_data(says_data(s, "client: "));
}

void tcp_paused(script& s) {
  auto& server = listen(s, [](rouse::loop_socket socket) { socket.end("hello"); });
  const rouse::loop_socket client = connect(s, server);
  client.on_data(says_data(s));
  client.on_end(s.says("end"));
  client.on_close([&](bool) {
    s.log("close");
    server.close();
  });
  client.pause();
  s.loop.set_timeout(50ms, [&s, client] {
    s.log("resume");
    client.resume();
  });
}

void tcp_much(script& s) {
  constexpr std::size_t size = 4 << 20;
  auto& server = s.keep<rouse::loop_server>();
  server = listen(s, [&](rouse::loop_socket socket) {
    socket.resume();
    socket.end(std::string(size, 'x'));
    server.close();
  });
  const rouse::loop_socket client = connect(s, server);
  std::size_t& got = s.keep<std::size_t>();
  client.on_data([&](bytes b) { got += b.size(); });
  client.on_end([&] { s.log(got == size ? "got all: true" : "got all: false"); });
  client.on_close([&s](bool) { s.log("client closed"); });
}

void closed_after_check_before_timers(script& s) {
  auto& server = listen(s, [](rouse::loop_socket socket) { socket.resume(); });
  const rouse::loop_socket client = connect(s, server);
  client.on_connect([&, client] {
    s.log("connect");
    server.close();
    client.on_close([&s](bool) {
      s.log("close");
      s.loop.next_tick(s.says("tick"));
      s.loop.set_immediate(s.says("immediate of close"));
    });
    s.loop.set_timeout(1ms, s.says("timer"));
    s.loop.set_immediate(s.says("immediate"));
    client.destroy();
    s.pass(5ms);
  });
}

void closed_by_an_immediate(script& s) {
  auto& server = listen(s, [](rouse::loop_socket socket) { socket.resume(); });
  const rouse::loop_socket client = connect(s, server);
  client.on_connect([&, client] {
    server.close();
    client.on_close([&s](bool) { s.log("close"); });
    s.loop.set_immediate([&s, client] {
      s.log("immediate 1");
      client.destroy();
      s.loop.set_immediate(s.says("immediate 2"));
    });
  });
}

void connection_refused(script& s) {
  const rouse::loop_server server = listen(s, [](const rouse::loop_socket&) {});
  const std::string nobody = server.local_address().to_string();
  server.close([&s, nobody] {
    const rouse::loop_socket client = s.loop.net().connect(nobody);
    client.on_connect(s.says("never: connect"));
    client.on_error([&s](const rouse::error& e) {
      s.log(e == std::errc::connection_refused ? "ECONNREFUSED" : "another error");
      s.loop.next_tick(s.says("tick"));
    });
    client.on_close([&s](bool failed) { s.log(failed ? "close true" : "close false"); });
    s.log("called");
  });
}

void unref_server_holds_nothing(script& s) {
  s.loop.on_exit(says_exit(s));
  const rouse::loop_server server = listen(s, [](const rouse::loop_socket&) {});
  s.loop.set_timeout(5ms, s.says("timer"));
  server.unref();
}

void unref_sockets_hold_nothing(script& s) {
  s.loop.on_exit(says_exit(s));
  auto& server = s.keep<rouse::loop_server>();
  auto& client = s.keep<rouse::loop_socket>();
  server = listen(s, [&](rouse::loop_socket socket) {
    socket.on_data([&, socket](bytes) {
      s.log("data");
      socket.unref();
      server.unref();
      client.unref();
    });
    socket.on_close([&s](bool) { s.log("never: close"); });
  });
  client = connect(s, server);
  client.write("hello");
  client.on_close([&s](bool) { s.log("never: close"); });
}

}  // namespace

std::span<const program> socket_programs() {
  static constexpr program all[] = {
      {"tcp_client", tcp_client},
      {"tcp_server", tcp_server},
      {"tcp_ping_pong", tcp_ping_pong},
      {"tcp_check_comes_before_timers", tcp_check_comes_before_timers},
      {"tcp_writes_call_back_in_order", tcp_writes_call_back_in_order},
      {"tcp_half_open", tcp_half_open},
      {"tcp_paused", tcp_paused},
      {"tcp_much", tcp_much},
      {"closed_after_check_before_timers", closed_after_check_before_timers},
      {"closed_by_an_immediate", closed_by_an_immediate},
      {"connection_refused", connection_refused},
      {"unref_server_holds_nothing", unref_server_holds_nothing},
      {"unref_sockets_hold_nothing", unref_sockets_hold_nothing},
  };
  return all;
}

}  // namespace node_order

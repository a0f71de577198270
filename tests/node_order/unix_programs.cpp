// Unix sockets.
#include "program.hpp"

#include <rouse/loop/loop_net.hpp>

#include <tests/support/scratch_folder.hpp>

namespace node_order {

namespace {

using bytes = std::span<const std::byte>;

std::string text_of(bytes b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

/// A server, and where it listens.
struct place {
  support::scratch_folder folder;
  std::string path = "unix:" + (folder / "socket");
  rouse::loop_server server;
};

/// What Node.js calls in its listen callback runs as a next tick.
place& listen(script& s, rouse::callback<void(rouse::loop_socket)> connected,
              const rouse::loop_socket_options& options = {}) {
  place& at = *s.keep(std::make_shared<place>());
  at.server = s.loop.net().listen(at.path, std::move(connected), options);
  return at;
}

void unix_client(script& s) {
  place& at = listen(s, [](rouse::loop_socket socket) {
    socket.end("hello");
    socket.resume();
  });
  s.loop.next_tick([&] {
    const rouse::loop_socket client = s.loop.net().connect(at.path);
    client.on_connect(s.says("connect"));
    client.on_data([&s](bytes b) { s.log("data " + text_of(b)); });
    client.on_end(s.says("end"));
    client.on_close([&](bool) {
      s.log("close");
      at.server.close();
    });
  });
}

void unix_both_sides(script& s) {
  auto& server = s.keep<rouse::loop_server>();
  place& at = listen(s, [&](rouse::loop_socket socket) {
    socket.resume();
    socket.on_end(s.says("server: end"));
    socket.on_close([&](bool) {
      s.log("server: close");
      server.close();
    });
  });
  server = at.server;
  s.loop.next_tick([&] {
    const rouse::loop_socket client = s.loop.net().connect(at.path);
    client.on_connect([&s, client] {
      s.log("connect");
      s.loop.next_tick(s.says("tick"));
      s.loop.set_immediate(s.says("immediate"));
      client.end("hello");
    });
    client.resume();
    client.on_close([&s](bool) { s.log("client: close"); });
    s.log("called");
  });
}

void unix_missing(script& s) {
  const rouse::loop_socket client = s.loop.net().connect("unix:/nowhere/to/be/found");
  client.on_connect(s.says("never: connect"));
  client.on_error([&s](const rouse::error& e) {
    s.log(e == std::errc::no_such_file_or_directory ? "ENOENT" : "another error");
    s.loop.next_tick(s.says("tick"));
  });
  client.on_close([&s](bool failed) { s.log(failed ? "close true" : "close false"); });
  s.loop.set_immediate(s.says("immediate"));
  s.loop.next_tick(s.says("tick of main"));
  s.log("main");
}

void unix_ping_pong(script& s) {
  place& at = listen(
      s, [](rouse::loop_socket socket) { socket.on_data([socket](bytes b) { socket.write(b); }); });
  int& n = s.keep(0);
  s.loop.next_tick([&] {
    const rouse::loop_socket client = s.loop.net().connect(at.path);
    client.on_connect([&n, client] { client.write(std::to_string(n)); });
    client.on_data([&, client](bytes b) {
      s.log("data " + text_of(b));
      s.loop.set_immediate([&] { s.log("immediate " + std::to_string(n)); });
      if (++n < 4) {
        client.write(std::to_string(n));
        return;
      }
      client.end();
      at.server.close();
    });
    client.on_close([&s](bool) { s.log("close"); });
  });
}

void unix_check_comes_before_timers(script& s) {
  place& at = listen(s, [](rouse::loop_socket socket) { socket.end("hello"); });
  s.loop.next_tick([&] {
    const rouse::loop_socket client = s.loop.net().connect(at.path);
    client.on_data([&, client](bytes) {
      s.log("data");
      s.loop.set_timeout(1ms, s.says("timer"));
      s.loop.set_immediate(s.says("immediate"));
      s.loop.next_tick(s.says("tick"));
      at.server.close();
      client.destroy();
      s.pass(5ms);
    });
  });
}

void unix_half_open(script& s) {
  auto& server = s.keep<rouse::loop_server>();
  place& at = listen(s,
                     [&](rouse::loop_socket socket) {
                       socket.on_data([&s](bytes b) { s.log("server: data " + text_of(b)); });
                       socket.on_end([&s, socket] {
                         s.log("server: end");
                         s.loop.set_immediate([socket] { socket.end("late"); });
                       });
                       socket.on_close([&](bool) { server.close(); });
                     },
                     {.allow_half_open = true});
  server = at.server;
  s.loop.next_tick([&] {
    const rouse::loop_socket client = s.loop.net().connect(at.path);
    client.end("hi");
    client.on_data([&s](bytes b) { s.log("client: data " + text_of(b)); });
    client.on_end(s.says("client: end"));
  });
}

constexpr std::size_t much = 4 << 20;

void unix_drain_comes_before_sent(script& s) {
  place& at = listen(s, [](rouse::loop_socket socket) { socket.resume(); });
  s.loop.next_tick([&] {
    const rouse::loop_socket client = s.loop.net().connect(at.path);
    client.on_connect([&s, client] {
      const bool more =
          client.write(std::string(much, 'x'), [&s](rouse::result<void>) { s.log("sent"); });
      s.log(more ? "more: true" : "more: false");
    });
    client.on_drain([&, client] {
      s.log("drain");
      client.end();
      at.server.close();
    });
    client.resume();
    client.on_close([&s](bool) { s.log("close"); });
  });
}

void unix_no_drain_after_end(script& s) {
  auto& server = s.keep<rouse::loop_server>();
  place& at = listen(s, [&](rouse::loop_socket socket) {
    socket.resume();
    server.close();
  });
  server = at.server;
  s.loop.next_tick([&] {
    const rouse::loop_socket client = s.loop.net().connect(at.path);
    client.on_connect([&, client] {
      client.write(std::string(much, 'x'), [&s](rouse::result<void>) { s.log("sent"); });
      client.end();
    });
    client.on_drain(s.says("never: drain"));
    client.resume();
    client.on_close([&s](bool) { s.log("close"); });
  });
}

}  // namespace

std::span<const program> unix_programs() {
  static constexpr program all[] = {
      {"unix_client", unix_client},
      {"unix_both_sides", unix_both_sides},
      {"unix_missing", unix_missing},
      {"unix_ping_pong", unix_ping_pong},
      {"unix_check_comes_before_timers", unix_check_comes_before_timers},
      {"unix_half_open", unix_half_open},
      {"unix_drain_comes_before_sent", unix_drain_comes_before_sent},
      {"unix_no_drain_after_end", unix_no_drain_after_end},
  };
  return all;
}

}  // namespace node_order

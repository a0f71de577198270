// The scenario `loop_sockets`: an echo server at two places, over TCP and a Unix socket, its
// clients, and one that goes as soon as it is there.
#include <rouse/io/bytes.hpp>
#include <rouse/loop/loop_net.hpp>

#include <unistd.h>
#include <tests/faults/looped.hpp>

#include <array>

namespace faults {

using namespace rouse;

namespace {

class sockets final : public looped_program {
 public:
  using looped_program::looped_program;

 private:
  struct client {
    const char* name;
    loop_socket socket;
    std::size_t sent = 0;
    std::size_t got = 0;
    bool has_failed = false;
  };

  void begin() override {
    on().on_error([this](std::exception_ptr why) {
      out.note_failure("loop", why);
      give_up();
    });
    listen(tcp_, "127.0.0.1:0");
    const std::string local = "unix:@faults-" + std::to_string(::getpid());
    listen(unix_, local);
    if (is_over()) return;
    const std::string at = tcp_.local_address().to_string();
    talk(clients_[0], at);
    talk(clients_[1], at);
    talk(clients_[2], local);
    come_and_go(at);
  }
  void listen(loop_server& at, std::string_view where) {
    at = on().net().listen(where, [this](loop_socket peer) { echo(peer); });
    at.on_error([this](const error& why) { fail("listen", why); });
  }
  void echo(const loop_socket& peer) {
    peer_closes_.expect();
    peer.on_close([this](bool) { peer_closes_.came(out); });
    peer.on_error([this](const error& why) { out.note_failure("server", why); });
    peer.on_drain([peer] { peer.resume(); });
    peer.on_data([peer](std::span<const std::byte> bytes) {
      if (!peer.write(bytes)) peer.pause();
    });
  }

  void talk(client& c, const std::string& where) {
    ask(closes_, [&] {
      c.socket = on().net().connect(where);
      ++open_;
    });
    if (!c.socket) return;
    c.socket.on_error([this, &c](const error& why) {
      if (std::exchange(c.has_failed, true)) out.note_wrong(c.name, "failed twice");
      out.note_failure(c.name, why);
    });
    c.socket.on_close([this, &c](bool failed) { closed(c, failed); });
    c.socket.on_connect([this, &c] { send(c); });
    c.socket.on_drain([this, &c] { send(c); });
    c.socket.on_data([this, &c](std::span<const std::byte> bytes) { compare(c, bytes); });
  }
  void send(client& c) {
    constexpr std::size_t piece = 7'000;
    bool goes_on = true;
    while (goes_on && c.sent != site.text.size()) {
      const std::string_view next = site.text.substr(c.sent, piece);
      c.sent += next.size();
      sents_.expect();
      try {
        goes_on = c.socket.write(next, [this](const result<void>& sent) {
          if (!sent && !*sent.error().operation) out.note_wrong("sent", "says not what failed");
          sents_.came(out);
        });
      } catch (...) {
        sents_.waive();
        throw;
      }
    }
    if (c.sent == site.text.size()) c.socket.end();
  }
  void compare(client& c, std::span<const std::byte> bytes) {
    const std::string_view came = io::as_text(bytes);
    if (site.text.substr(c.got, came.size()) != came)
      out.note_wrong(c.name, "got bytes that were not sent");
    c.got += came.size();
  }
  void closed(client& c, bool failed) {
    closes_.came(out);
    if (failed && !c.has_failed) out.note_wrong(c.name, "failed without saying so");
    if (!failed && c.got == site.text.size())
      out.note_complete();
    else if (!failed && !is_over())
      out.note_cut(c.name);
    if (--open_ == 0) close_servers();
  }

  /// What it writes is lost, and it is told so.
  void come_and_go(const std::string& where) {
    ask(closes_, [&] {
      guest_ = on().net().connect(where);
      ++open_;
    });
    if (!guest_) return;
    guest_.on_error([this](const error& why) { out.note_failure("guest", why); });
    guest_.on_close([this](bool) {
      closes_.came(out);
      if (--open_ == 0) close_servers();
    });
    ask(sents_, [this] {
      guest_.write("never seen", [this](const result<void>& sent) {
        sents_.came(out);
        if (sent && !is_over()) out.note_wrong("guest", "was told that it was sent");
      });
    });
    guest_.on_connect([this] { guest_.destroy(); });
  }

  void close_servers() {
    for (loop_server* each : {&tcp_, &unix_}) {
      if (!*each) continue;
      ask(server_closes_, [&] { each->close([this] { server_closes_.came(out); }); });
    }
  }
  void let_go() noexcept override {
    for (client& c : clients_)
      if (c.socket) c.socket.destroy();
    if (guest_) guest_.destroy();
    if (tcp_) tcp_.close();
    if (unix_) unix_.close();
  }
  void settle() noexcept override {
    for (const due_calls* each : {&closes_, &peer_closes_, &server_closes_, &sents_})
      each->settle(out);
  }

  loop_server tcp_;
  loop_server unix_;
  std::array<client, 3> clients_{{{"client 0", {}}, {"client 1", {}}, {"client 2", {}}}};
  loop_socket guest_;
  due_calls closes_{"close of a client"};
  due_calls peer_closes_{"close of a peer"};
  due_calls server_closes_{"close of a server"};
  due_calls sents_{"sent"};
  int open_ = 0;
};

}  // namespace

void run_loop_sockets(const looped_site& at, outcome& out) { sockets(at, out).run(); }

}  // namespace faults

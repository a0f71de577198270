// A chat server twice in one process and on one loop: in callbacks, as one would write it for
// Node.js, and in coroutines. Clients of either kind talk in both rooms.
//
//   loop_chat                    two clients in each room talk, and it ends
//   loop_chat ADDRESS ADDRESS    serves until interrupted: connect with nc, type a name, then lines
#include <rouse/io/read_until.hpp>
#include <rouse/loop.hpp>
#include <rouse/rouse.hpp>

#include <cstdio>
#include <list>
#include <memory>
#include <string>
#include <string_view>

// ---- the room in callbacks

class callback_room {
 public:
  callback_room(rouse::loop& loop, std::string_view where)
      : server_(loop.net().listen(where,
                                  [this](const rouse::loop_socket& client) { welcome(client); })) {}
  [[nodiscard]] std::string address() const { return server_.local_address().to_string(); }
  void close() {
    server_.close();
    for (const auto& m : members_)
      m.socket.end();
  }

 private:
  struct member {
    rouse::loop_socket socket;
    std::string name;
    std::string unread;  // of a line that has not ended
  };

  void welcome(const rouse::loop_socket& client) {
    members_.push_back({client, "", ""});
    const auto me = std::prev(members_.end());
    client.on_data([this, me](auto bytes) {
      me->unread.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      for (std::size_t end = 0; (end = me->unread.find('\n')) != std::string::npos;) {
        take_line(*me, me->unread.substr(0, end));
        me->unread.erase(0, end + 1);
      }
    });
    client.on_error([](const rouse::error&) {});  // the close event follows
    client.on_close([this, me](bool) {
      const std::string name = me->name;
      members_.erase(me);
      if (!name.empty()) tell_all(name + " leaves");
    });
  }
  /// The first line of a member is its name.
  void take_line(member& from, const std::string& line) {
    if (!from.name.empty()) return tell_all(from.name + ": " + line);
    from.name = line;
    tell_all(line + " joins");
  }
  void tell_all(const std::string& line) {
    for (const auto& m : members_)
      if (!m.name.empty()) m.socket.write(line + "\n");
  }

  std::list<member> members_;
  rouse::loop_server server_;
};

// ---- the same room in coroutines

class task_room {
 public:
  explicit task_room(rouse::net::tcp_listener listener) : listener_(std::move(listener)) {}
  [[nodiscard]] std::string address() const { return listener_.local_address()->to_string(); }

  rouse::task<void> run() {
    co_await rouse::supervise([this](rouse::nursery& all) -> rouse::task<void> {
      for (;;) {
        auto client = co_await listener_.accept();
        all.spawn(serve(std::move(client.stream)));
      }
    });
  }

 private:
  struct member {
    rouse::net::tcp_stream stream;
    std::string name;
    std::string outbox;
    rouse::sync::notify has_mail;
  };

  rouse::task<void> serve(rouse::net::tcp_stream stream) {
    members_.emplace_back();
    const auto me = std::prev(members_.end());
    me->stream = std::move(stream);
    co_await rouse::select(read_lines(*me), write_out(*me));  // the end of one is the end of both
    const std::string name = me->name;
    members_.erase(me);
    if (!name.empty()) tell_all(name + " leaves");
  }
  rouse::task<void> read_lines(member& me) {
    rouse::io::buffered_reader in(me.stream);
    while (auto line = co_await rouse::io::read_line(in))
      take_line(me, std::string(*line));
  }
  rouse::task<void> write_out(member& me) {
    for (;;) {
      co_await me.has_mail.wait();
      const std::string text = std::exchange(me.outbox, "");
      co_await me.stream.write_all(text);
    }
  }
  void take_line(member& from, const std::string& line) {
    if (!from.name.empty()) return tell_all(from.name + ": " + line);
    from.name = line;
    tell_all(line + " joins");
  }
  void tell_all(const std::string& line) {
    for (auto& m : members_) {
      if (m.name.empty()) continue;
      m.outbox += line + "\n";
      m.has_mail.notify_one();
    }
  }

  rouse::net::tcp_listener listener_;
  std::list<member> members_;
};

// ---- two who talk: bob in coroutines, ann in callbacks

rouse::task<void> bob(std::string where) {
  auto stream = co_await rouse::net::connect(where);
  co_await stream.write_all("bob\n");
  rouse::io::buffered_reader in(stream);
  while (auto line = co_await rouse::io::read_line(in)) {
    if (*line == "bob joins") co_await stream.write_all("hi ann\n");
    if (*line == "ann: hi bob") co_return;
  }
}

void ann(rouse::loop& loop, const std::string& where, const char* room,
         rouse::callback<void()> gone) {
  const auto socket = loop.net().connect(where);
  socket.write("ann\n");
  socket.on_data([&loop, socket, where, room, unread = std::string()](auto bytes) mutable {
    unread.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    for (std::size_t end = 0; (end = unread.find('\n')) != std::string::npos;) {
      const std::string line = unread.substr(0, end);
      unread.erase(0, end + 1);
      std::printf("%s: %s\n", room, line.c_str());
      if (line == "ann joins") loop.spawn(bob(where)).detach();
      if (line == "bob: hi ann") socket.write("hi bob\n");
      if (line == "bob leaves") socket.end();
    }
  });
  socket.on_close([gone = std::move(gone)](bool) mutable { gone(); });
}

int main(int argc, char** argv) {
  if (argc != 1 && argc != 3)
    return std::fprintf(stderr, "usage: loop_chat [ADDRESS ADDRESS]\n"), 2;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  rouse::loop loop;
  callback_room calls(loop, argc == 3 ? argv[1] : "127.0.0.1:0");
  const auto listen = [&](const char* where) {
    const rouse::runtime::entered here(loop.runtime());  // a listener belongs to its reactor
    return rouse::net::tcp_listener::bind(rouse::net::address::parse(where).value()).value();
  };
  task_room tasks(listen(argc == 3 ? argv[2] : "127.0.0.1:0"));
  std::printf("in callbacks at %s, in coroutines at %s\n", calls.address().c_str(),
              tasks.address().c_str());
  auto serving = loop.spawn(rouse::assume_owned(tasks.run()));

  if (argc == 1) {
    const auto leave = [&, rooms = std::make_shared<int>(2)] {
      if (--*rooms != 0) return;
      calls.close();
      serving.abort();
    };
    ann(loop, calls.address(), "callbacks", leave);
    ann(loop, tasks.address(), "coroutines", leave);
  }
  loop.run();
}

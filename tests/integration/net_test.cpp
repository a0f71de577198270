// Sockets in coroutines, on the whole stack of each reactor: what rouse/net's own tests show with
// polls by hand.
#include <rouse/rouse.hpp>
#include <rouse/sys/socket.hpp>
#include <rouse/time/manual_clock.hpp>

#include <gtest/gtest.h>
#include <unistd.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/open_descriptors.hpp>

#include <array>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace rouse;
using namespace std::chrono_literals;

using support::open_descriptors;

/// Text that shows where a byte was lost, doubled or moved.
std::string pattern(std::size_t bytes, std::uint32_t seed = 1) {
  std::string text(bytes, '\0');
  for (char& c : text) {
    seed = seed * 1664525 + 1013904223;
    c = static_cast<char>(seed >> 24);
  }
  return text;
}

class sockets : public support::each_reactor {
 protected:
  /// Makes the stack and runs `root` on it.
  template <class P>
  auto run(P root) {
    return stack().block_on(std::move(root));
  }
  runtime& stack() {
    if (!runtime_) runtime_.emplace(make());
    return *runtime_;
  }
  runtime make() {
    runtime_options options;
    options.reactor.kind = GetParam();
    options.clock = clock_;
    return std::move(runtime::make(options).value());
  }

  rouse::clock* clock_ = nullptr;
  std::optional<runtime> runtime_;
};
INSTANTIATE_TEST_SUITE_P(reactor, sockets, support::reactors(), support::reactor_name);

task<> echo(net::tcp_stream stream) {
  while (auto bytes = co_await stream.read())
    co_await stream.write_all(bytes);
}

task<> serve(net::tcp_listener& listener) {
  auto body = [&](nursery& clients) -> task<> {
    for (;;) {
      auto client = co_await listener.accept();
      clients.spawn(echo(std::move(client.stream)));
    }
  };
  co_await supervise(std::move(body));
}

/// Sends all of `text` and reads as much back, both at once.
task<std::string> talk(net::tcp_stream stream, std::string text) {
  auto halves = net::into_halves(std::move(stream));
  std::string seen(text.size(), '\0');
  auto memory = std::as_writable_bytes(std::span(seen));
  auto sending = [](auto& out, const std::string& what) -> task<> {
    co_await out.write_all(what);
    co_await out.shutdown();
  };
  auto receiving = [](auto& in, std::span<std::byte> into) -> task<> {
    co_await io::read_exact(in, into);
  };
  co_await when_all(sending(halves.write, text), receiving(halves.read, memory));
  auto end = co_await halves.read.read();
  EXPECT_FALSE(end);
  co_return seen;
}

TEST_P(sockets, spec_row_41_a_hundred_clients_are_echoed) {
  const std::size_t before = open_descriptors();
  auto body = []() -> task<> {
    auto listener = co_await net::listen("127.0.0.1:0");
    const auto at = *listener.local_address();
    auto clients = [at]() -> task<> {
      auto all = [at](nursery& children) -> task<> {
        for (unsigned i = 0; i < 100; i++) {
          auto one = [](net::address where, unsigned number) -> task<> {
            auto stream = co_await net::connect(where);
            const std::string text = pattern(20000 + number * 100, number);
            const std::string seen = co_await talk(std::move(stream), text);
            EXPECT_TRUE(seen == text) << number;
          };
          children.spawn(one(at, i));
        }
        co_return;
      };
      co_await scope(std::move(all));
    };
    auto done = co_await select(serve(listener), clients());
    EXPECT_EQ(done.index(), 1u);
  };
  run(body());
  runtime_.reset();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_P(sockets, spec_row_41_echo_of_64_MiB_through_a_tiny_receive_buffer) {
  auto body = []() -> task<> {
    auto listener = co_await net::listen("127.0.0.1:0",
                                         {.receive_buffer_bytes = 4096, .send_buffer_bytes = 4096});
    auto client = [](net::address at) -> task<> {
      auto stream = co_await net::connect(at, {.receive_buffer_bytes = 4096});
      constexpr int pieces = 64;
      const std::string piece = pattern(1u << 20);
      auto sending = [](net::write_half out, const std::string& what) -> task<> {
        for (int i = 0; i < pieces; i++)
          co_await out.write_all(what);
        co_await out.shutdown();
      };
      auto receiving = [](net::read_half in, const std::string& what) -> task<> {
        std::string seen(what.size(), '\0');
        for (int i = 0; i < pieces; i++) {
          co_await io::read_exact(in, std::as_writable_bytes(std::span(seen)));
          EXPECT_TRUE(seen == what) << i;
        }
        auto end = co_await in.read();
        EXPECT_FALSE(end);
      };
      auto [in, out] = stream.split();
      co_await when_all(sending(out, piece), receiving(in, piece));
    };
    auto done = co_await select(serve(listener), client(*listener.local_address()));
    EXPECT_EQ(done.index(), 1u);
  };
  run(body());
}

TEST_P(sockets, an_exception_names_the_operation_and_the_peer) {
  auto body = []() -> task<std::string> {
    net::address nobody;
    {
      auto listener = co_await net::listen("127.0.0.1:0");
      nobody = *listener.local_address();
    }
    try {
      auto stream = co_await net::connect(nobody);
    } catch (const io_error& e) {
      EXPECT_EQ(e.reason(), std::errc::connection_refused);
      EXPECT_NE(std::string(e.what()).find(nobody.to_string()), std::string::npos) << e.what();
      EXPECT_NE(std::string(e.what()).find("connect"), std::string::npos) << e.what();
    }
    auto refused = co_await net::connect(nobody).result();
    EXPECT_FALSE(refused);
    co_return nobody.to_string();
  };
  EXPECT_FALSE(run(body()).empty());
}

TEST_P(sockets, names_are_looked_up_on_the_runtimes_own_pool) {
  auto body = []() -> task<> {
    auto listener = co_await net::listen("localhost:0");
    auto stream =
        co_await net::connect("localhost:" + std::to_string(listener.local_address()->port()));
    EXPECT_TRUE(stream.peer_address().is_loopback());
  };
  run(body());
}

// A read that loses a select again and again, and the reads after it, must give every byte once.
TEST_P(sockets, fault_M1_a_read_that_loses_a_select_loses_no_byte) {
  auto body = []() -> task<> {
    auto listener = co_await net::listen("127.0.0.1:0");
    auto client = co_await net::connect(*listener.local_address());
    auto server = co_await listener.accept();
    const std::string text = pattern(200000);
    auto writer = [](net::tcp_stream& out, const std::string& what) -> task<> {
      for (std::size_t at = 0; at < what.size();) {
        const std::size_t n = std::min<std::size_t>(1 + at % 997, what.size() - at);
        co_await out.write_all(std::string_view(what).substr(at, n));
        at += n;
        co_await yield_now();
      }
      co_await out.shutdown();
    };
    auto reader = [](net::tcp_stream& in, std::string& seen, int& lost) -> task<> {
      std::array<std::byte, 100> memory;
      for (bool leased = true;; leased = !leased) {
        if (leased) {
          auto done = co_await select(in.read(), yield_now());
          if (done.index() == 1) {
            lost++;
            continue;
          }
          const auto& bytes = std::get<0>(done);
          if (!bytes) co_return;
          seen += io::as_text(bytes.bytes());
        } else {
          auto done = co_await select(in.read(std::span(memory)), yield_now());
          if (done.index() == 1) {
            lost++;
            continue;
          }
          const std::size_t count = std::get<0>(done);
          if (count == 0) co_return;
          seen += io::as_text(std::span(memory).first(count));
        }
      }
    };
    std::string seen;
    int lost = 0;
    co_await when_all(writer(client, text), reader(server.stream, seen, lost));
    EXPECT_TRUE(seen == text) << seen.size();
    EXPECT_GE(lost, 3);
  };
  run(body());
}

TEST_P(sockets, fault_M1_an_aborted_writer_leaves_an_exact_cursor) {
  auto body = []() -> task<> {
    auto listener = co_await net::listen("127.0.0.1:0", {.receive_buffer_bytes = 4096});
    auto client = co_await net::connect(*listener.local_address(), {.send_buffer_bytes = 4096});
    auto server = co_await listener.accept();
    const std::string text = pattern(1u << 20);
    std::size_t cursor = 0;
    auto writing = [](net::tcp_stream& out, const std::string& what, std::size_t& at) -> task<> {
      co_await out.write_all(io::as_bytes(what), at);
    };
    auto reading = [](net::tcp_stream& in, std::string& seen) -> task<> {
      for (int i = 0; i < 3; i++)
        seen += io::as_text((co_await in.read()).bytes());
    };
    std::string seen;
    int rounds = 0;
    while (cursor < text.size()) {
      auto done = co_await select(writing(client, text, cursor), reading(server.stream, seen));
      rounds++;
      if (done.index() == 0) break;
    }
    co_await client.shutdown();
    while (auto bytes = co_await server.stream.read())
      seen += io::as_text(bytes.bytes());
    EXPECT_EQ(cursor, text.size());
    EXPECT_TRUE(seen == text) << seen.size();
    EXPECT_GT(rounds, 5);
  };
  run(body());
}

TEST_P(sockets, fault_M2_accepts_that_lose_a_select_lose_no_connection) {
  const std::size_t before = open_descriptors();
  auto body = []() -> task<> {
    auto listener = co_await net::listen("127.0.0.1:0");
    constexpr int count = 300;
    auto dial = [](net::address at) -> task<> {
      for (int i = 0; i < count; i++) {
        auto stream = co_await net::connect(at);
        co_await stream.write_all(std::to_string(i) + ";");
        if (i % 7 == 0) co_await yield_now();
      }
    };
    auto take = [](net::tcp_listener& from, std::string& seen, int& lost) -> task<> {
      for (int i = 0; i < count;) {
        auto done = co_await select(from.accept(), yield_now());
        if (done.index() == 1) {
          lost++;
          continue;
        }
        auto client = std::move(std::get<0>(done));
        while (auto bytes = co_await client.stream.read())
          seen += io::as_text(bytes.bytes());
        i++;
      }
    };
    std::string seen, expected;
    int lost = 0;
    for (int i = 0; i < count; i++)
      expected += std::to_string(i) + ";";
    while (lost < 3) {  // nobody has dialled yet: these lose for sure
      auto done = co_await select(listener.accept(), yield_now());
      if (done.index() == 1) lost++;
    }
    co_await when_all(dial(*listener.local_address()), take(listener, seen, lost));
    EXPECT_EQ(seen, expected);
    EXPECT_GE(lost, 3);
  };
  run(body());
  runtime_.reset();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_P(sockets, spec_row_50_a_runtime_that_goes_takes_waiting_readers_along) {
  const std::size_t before = open_descriptors();
  auto body = []() -> task<> {
    auto listener = co_await net::listen("127.0.0.1:0");
    auto client = co_await net::connect(*listener.local_address());
    auto server = co_await listener.accept();
    spawn(echo(std::move(server.stream))).detach();
    spawn(echo(std::move(client))).detach();
    auto waiting = [](net::tcp_listener at) -> task<> { auto never = co_await at.accept(); };
    spawn(waiting(std::move(listener))).detach();
    co_await yield_now();
  };
  run(body());
  runtime_.reset();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_P(sockets, spec_row_70_a_silent_client_is_dropped_at_its_deadline) {
  manual_clock time;
  time.set_auto_advance(true);
  clock_ = &time;
  auto body = []() -> task<> {
    auto listener = co_await net::listen("127.0.0.1:0");
    auto client = co_await net::connect(*listener.local_address());
    auto server = co_await listener.accept();
    try {
      auto bytes = co_await server.stream.read({.within = 30s});
      ADD_FAILURE() << bytes.size();
    } catch (const io_error& e) {
      EXPECT_TRUE(e.reason().is_timed_out());
      EXPECT_NE(std::string(e.what()).find(client.local_address()->to_string()), std::string::npos);
    }
    co_await client.write_all("late");
    auto late = co_await server.stream.read();
    EXPECT_EQ(io::as_text(late), "late");
  };
  run(body());
  runtime_.reset();
}

// One connection that always has bytes must not keep another from its turn.
TEST_P(sockets, fault_C9_a_hot_socket_does_not_starve_its_neighbour) {
  auto body = []() -> task<> {
    auto listener = co_await net::listen("127.0.0.1:0");
    const auto at = *listener.local_address();
    auto flood = [](net::address where) -> task<> {
      auto stream = co_await net::connect(where);
      const std::string much(256 * 1024, 'x');
      auto sending = [](net::write_half out, const std::string& what) -> task<> {
        for (;;)
          co_await out.write_all(what);
      };
      auto receiving = [](net::read_half in) -> task<> {
        for (;;)
          auto bytes = co_await in.read();
      };
      auto [in, out] = stream.split();
      co_await when_all(sending(out, much), receiving(in));
    };
    auto quiet = [](net::address where) -> task<int> {
      auto stream = co_await net::connect(where);
      int rounds = 0;
      for (; rounds < 200; rounds++) {
        co_await stream.write_all("ping");
        std::array<std::byte, 4> memory;
        co_await io::read_exact(stream, std::span(memory));
      }
      co_return rounds;
    };
    auto done = co_await select(serve(listener), flood(at), flood(at), quiet(at));
    EXPECT_EQ(done.index(), 3u);
  };
  run(body());
}

TEST_P(sockets, unix_sockets_echo_too) {
  const std::string name =
      "unix:@rouse-integration-" + std::to_string(::getpid()) + name_of(GetParam());
  auto body = [](std::string where) -> task<> {
    auto listener = co_await net::listen_unix(where);
    auto server = [](net::unix_listener& from) -> task<> {
      auto client = co_await from.accept();
      co_await io::copy(client.stream, client.stream);
      co_await client.stream.shutdown();
    };
    auto client = [](std::string at) -> task<> {
      auto stream = co_await net::connect_unix(at);
      const std::string text = pattern(1u << 20);
      auto sending = [](net::write_half out, const std::string& what) -> task<> {
        co_await out.write_all(what);
        co_await out.shutdown();
      };
      auto receiving = [](net::read_half in, io::buffer& all) -> task<> {
        co_await io::read_to_end(in, all, 2u << 20);
      };
      auto [in, out] = stream.split();
      io::buffer all;
      co_await when_all(sending(out, text), receiving(in, all));
      EXPECT_TRUE(all.text() == text);
    };
    co_await when_all(server(listener), client(where));
  };
  run(body(name));
}

}  // namespace

// Sockets, interrupted at each point: every connection and every byte arrives, whoever takes it.
#include <rouse/io/copy.hpp>
#include <rouse/io/read_exact.hpp>

#include <unistd.h>
#include <array>
#include <vector>

#include "cancel_every_await.hpp"

namespace scenarios {
namespace {

using namespace rouse;

class sockets : public on_each_reactor {};
SCENARIOS_ON_EACH_REACTOR(sockets);

struct connection {
  net::tcp_stream client;
  net::tcp_stream server;
};
net::tcp_listener listen_here(const net::listen_options& options = {}) {
  return net::tcp_listener::bind(net::address::loopback_v4(), options).value();
}
/// With small buffers in the kernel, so that a writer soon waits for its reader.
task<connection> connect_pair() {
  constexpr std::size_t small = 4096;
  net::listen_options accepting;
  accepting.send_buffer_bytes = accepting.receive_buffer_bytes = small;
  auto listener = listen_here(accepting);
  net::connect_options dialing;
  dialing.send_buffer_bytes = dialing.receive_buffer_bytes = small;
  auto client = co_await net::connect(*listener.local_address(), dialing);
  auto server = co_await listener.accept();
  co_return connection{std::move(client), std::move(server.stream)};
}

task<net::tcp_stream> dial_and_say(net::address to, std::string text) {
  auto stream = co_await net::connect(to);
  co_await stream.write_all(text);
  co_return std::move(stream);
}
/// One byte of each.
task<std::string> first_bytes(std::vector<net::tcp_stream>& streams) {
  std::string all;
  for (net::tcp_stream& s : streams) {
    auto bytes = co_await s.read();
    all += io::as_text(bytes.bytes());
  }
  co_return all;
}
task<std::string> read_all(net::tcp_stream& from) {
  std::string all;
  while (auto bytes = co_await from.read())
    all += io::as_text(bytes.bytes());
  co_return all;
}

TEST_P(sockets, accept_loses_no_connection) {
  holds(4, [](trial& run) -> task<void> {
    constexpr std::size_t clients_max = 3;
    auto listener = listen_here();
    const net::address here = *listener.local_address();
    auto dial_all = [](net::address to) -> task<std::vector<net::tcp_stream>> {
      std::vector<net::tcp_stream> clients;
      for (std::size_t i = 0; i < clients_max; ++i) {
        clients.push_back(co_await dial_and_say(to, std::string(1, static_cast<char>('a' + i))));
        co_await yield_now();
      }
      co_return std::move(clients);
    };
    auto dialing = spawn(dial_all(here));
    std::vector<net::tcp_stream> accepted;
    auto accept_all = [](net::tcp_listener& from,
                         std::vector<net::tcp_stream>& into) -> task<void> {
      while (into.size() < clients_max) {
        auto next = co_await from.accept();
        into.push_back(std::move(next.stream));
      }
    };
    co_await run.interrupt(accept_all(listener, accepted));
    co_await accept_all(listener, accepted);
    const std::string heard = co_await first_bytes(accepted);
    run.expect(heard == "abc", "connections are lost or out of order");
    auto clients = co_await std::move(dialing);
    run.expect(clients.size() == clients_max, "clients are lost");
  });
}

TEST_P(sockets, accept_on_a_unix_socket) {
  holds(2, [](trial& run) -> task<void> {
    const auto name = net::address::unix_abstract("rouse-cancel-" + std::to_string(::getpid()));
    auto listener = co_await net::listen_unix(*name);
    auto dial = [](net::address to) -> task<net::unix_stream> {
      co_await yield_now();
      auto stream = co_await net::connect_unix(to);
      co_return std::move(stream);
    };
    auto dialing = spawn(dial(*name));
    auto first = co_await run.interrupt(listener.accept());
    if (!first) first.emplace(co_await listener.accept());
    auto client = co_await std::move(dialing);
    co_await client.write_all("x");
    auto bytes = co_await first->stream.read();
    run.expect(io::as_text(bytes.bytes()) == "x", "another connection");
  });
}

TEST_P(sockets, connect_leaves_nothing_half_open) {
  holds(2, [](trial& run) -> task<void> {
    auto listener = listen_here();
    const net::address here = *listener.local_address();
    auto stream = co_await run.interrupt(net::connect(here));
    if (!stream) stream.emplace(co_await net::connect(here));
    co_await stream->write_all("x");
    // What was cancelled may have got as far as the backlog: it was closed there.
    std::string heard;
    while (heard.empty()) {
      auto next = co_await listener.accept();
      auto bytes = co_await next.stream.read().result();
      if (bytes) heard = io::as_text(bytes->bytes());
    }
    run.expect(heard == "x", "something else was heard");
  });
}

TEST_P(sockets, a_borrowed_descriptor_takes_nothing_from_its_lender) {
  holds(2, [](trial& run) -> task<void> {
    auto pair = co_await connect_pair();
    auto write_later = [](net::tcp_stream& to) -> task<void> {
      co_await yield_now();
      co_await to.write_all("x");
    };
    auto writing = spawn(assume_owned(write_later(pair.client)));
    auto lent = net::borrowed_descriptor::borrow(pair.server.fd()).value();
    auto told = co_await run.interrupt(lent.readable());
    if (!told) co_await lent.readable();
    auto both = co_await run.interrupt(lent.writable());
    if (!both) co_await lent.writable();
    auto bytes = co_await pair.server.read();
    run.expect(io::as_text(bytes.bytes()) == "x", "the byte is gone");
    co_await std::move(writing);
  });
}

TEST_P(sockets, connect_by_name) {
  holds(2, [](trial& run) -> task<void> {
    auto listener = listen_here();
    const std::string here = "localhost:" + std::to_string(listener.local_address()->port());
    auto stream = co_await run.interrupt(net::connect(here));
    if (!stream) stream.emplace(co_await net::connect(here));
    run.expect(static_cast<bool>(*stream), "not connected");
  });
}

TEST_P(sockets, connect_that_is_refused) {
  holds(1, [](trial& run) -> task<void> {
    auto listener = listen_here();
    const net::address nobody = *listener.local_address();
    listener.close();
    auto refused = co_await run.interrupt(net::connect(nobody).result());
    run.expect(!refused || !*refused, "connected to nobody");
    co_await yield_now();
  });
}

task<net::tcp_stream> say_in_pieces(net::tcp_stream to, std::string text, std::size_t piece) {
  for (std::size_t at = 0; at < text.size(); at += piece) {
    co_await to.write_all(std::string_view(text).substr(at, piece));
    co_await sleep(1s);
  }
  co_await to.shutdown();
  co_return std::move(to);
}

TEST_P(sockets, read_loses_no_byte) {
  holds(6, [](trial& run) -> task<void> {
    auto pair = co_await connect_pair();
    const std::string text = pattern(3000);
    auto saying = spawn(say_in_pieces(std::move(pair.client), text, 1000));
    std::string heard;
    auto listen = [](net::tcp_stream& from, std::string& into) -> task<void> {
      while (auto bytes = co_await from.read())
        into += io::as_text(bytes.bytes());
    };
    co_await run.interrupt(listen(pair.server, heard));
    co_await listen(pair.server, heard);
    run.expect(heard == text, "bytes are lost, doubled or moved");
    co_await std::move(saying);
  });
}

TEST_P(sockets, a_read_itself_loses_no_byte) {
  holds(2, [](trial& run) -> task<void> {
    auto pair = co_await connect_pair();
    auto saying = spawn(say_in_pieces(std::move(pair.client), "hello", 5));
    std::string heard;
    if (auto bytes = co_await run.interrupt(pair.server.read()))
      heard = io::as_text(bytes->bytes());
    heard += co_await read_all(pair.server);
    run.expect(heard == "hello", "bytes are lost, doubled or moved");
    co_await std::move(saying);
  });
}

TEST_P(sockets, read_into_own_memory_loses_no_byte) {
  holds(4, [](trial& run) -> task<void> {
    auto pair = co_await connect_pair();
    const std::string text = pattern(2000);
    auto saying = spawn(say_in_pieces(std::move(pair.client), text, 700));
    std::string heard;
    auto listen = [](net::tcp_stream& from, std::string& into) -> task<void> {
      std::array<std::byte, 300> buffer;
      std::size_t n = 1;
      while (n != 0) {
        n = co_await from.read(buffer);
        into += io::as_text(std::span(buffer).first(n));
      }
    };
    co_await run.interrupt(listen(pair.server, heard));
    co_await listen(pair.server, heard);
    run.expect(heard == text, "bytes are lost, doubled or moved");
    co_await std::move(saying);
  });
}

TEST_P(sockets, read_with_a_limit) {
  holds(4, [](trial& run) -> task<void> {
    auto pair = co_await connect_pair();
    auto saying = spawn(say_in_pieces(std::move(pair.client), "abc", 1));  // one a second
    std::string heard;
    auto listen = [](net::tcp_stream& from, std::string& into) -> task<void> {
      bool more = true;
      while (more) {
        auto bytes = co_await from.read({.within = 300ms}).result();
        if (bytes) into += io::as_text(bytes->bytes());
        more = !bytes || *bytes;
      }
    };
    co_await run.interrupt(listen(pair.server, heard));
    co_await listen(pair.server, heard);
    run.expect(heard == "abc", "bytes are lost, doubled or moved");
    co_await std::move(saying);
  });
}

TEST_P(sockets, read_exact_keeps_its_cursor) {
  holds(4, [](trial& run) -> task<void> {
    auto pair = co_await connect_pair();
    const std::string text = pattern(2500);
    auto saying = spawn(say_in_pieces(std::move(pair.client), text, 1000));
    std::vector<std::byte> memory(text.size());
    std::size_t cursor = 0;
    co_await run.interrupt(io::read_exact(pair.server, memory, cursor));
    run.expect(cursor == text.size() || run.was_interrupted(), "the cursor lags");
    co_await io::read_exact(pair.server, memory, cursor);
    run.expect(io::as_text(memory) == text, "bytes are lost, doubled or moved");
    co_await std::move(saying);
  });
}

TEST_P(sockets, read_behind_select) {
  holds(4, [](trial& run) -> task<void> {
    auto pair = co_await connect_pair();
    auto saying = spawn(say_in_pieces(std::move(pair.client), "abc", 1));
    std::string heard;
    auto listen = [](net::tcp_stream& from, std::string& into) -> task<void> {
      bool more = true;
      while (more) {
        auto first = co_await select(from.read(), sleep(400ms));
        if (auto* bytes = std::get_if<0>(&first)) {
          into += io::as_text(bytes->bytes());
          more = static_cast<bool>(*bytes);
        }
      }
    };
    co_await run.interrupt(listen(pair.server, heard));
    co_await listen(pair.server, heard);
    run.expect(heard == "abc", "bytes are lost, doubled or moved");
    co_await std::move(saying);
  });
}

/// Reads slowly, to the end.
task<std::string> read_slowly(net::tcp_stream from) {
  std::string all;
  while (auto bytes = co_await from.read()) {
    all += io::as_text(bytes.bytes());
    co_await yield_now();
  }
  co_return all;
}

TEST_P(sockets, write_all_sends_what_its_cursor_says) {
  holds(4, [](trial& run) -> task<void> {
    auto pair = co_await connect_pair();
    const std::string text = pattern(60'000);
    auto reading = spawn(read_slowly(std::move(pair.server)));
    std::size_t cursor = 0;
    auto sent = co_await run.interrupt(pair.client.write_all(io::as_bytes(text), cursor));
    run.expect(!sent || cursor == text.size(), "the cursor lags");
    co_await pair.client.shutdown();
    const std::string heard = co_await std::move(reading);
    run.expect(heard == text.substr(0, cursor), "the cursor tells " + std::to_string(cursor) +
                                                    ", the peer got " +
                                                    std::to_string(heard.size()));
  });
}

TEST_P(sockets, write_all_goes_on_where_its_cursor_stands) {
  holds(4, [](trial& run) -> task<void> {
    auto pair = co_await connect_pair();
    const std::string text = pattern(60'000);
    auto reading = spawn(read_slowly(std::move(pair.server)));
    std::size_t cursor = 0;
    co_await run.interrupt(pair.client.write_all(io::as_bytes(text), cursor));
    co_await pair.client.write_all(io::as_bytes(text), cursor);
    co_await pair.client.shutdown();
    const std::string heard = co_await std::move(reading);
    run.expect(heard == text, "bytes are lost, doubled or moved");
  });
}

TEST_P(sockets, gathering_write_goes_on_where_its_cursor_stands) {
  holds(4, [](trial& run) -> task<void> {
    auto pair = co_await connect_pair();
    const std::string text = pattern(60'000);
    auto reading = spawn(read_slowly(std::move(pair.server)));
    std::vector<net::slice> slices;
    for (std::size_t at = 0; at < text.size(); at += 7000) {
      slices.emplace_back(io::as_bytes(std::string_view(text).substr(at, 7000)));
    }
    std::size_t cursor = 0;
    co_await run.interrupt(pair.client.write_all(slices, cursor));
    co_await pair.client.write_all(slices, cursor);
    co_await pair.client.shutdown();
    const std::string heard = co_await std::move(reading);
    run.expect(heard == text, "bytes are lost, doubled or moved");
  });
}

TEST_P(sockets, copy_gives_back_what_it_has_not_passed_on) {
  holds(6, [](trial& run) -> task<void> {
    auto in = co_await connect_pair();
    auto out = co_await connect_pair();
    const std::string text = pattern(30'000);
    auto saying = spawn(say_in_pieces(std::move(in.client), text, 10'000));
    auto reading = spawn(read_slowly(std::move(out.server)));
    std::uint64_t total = 0;
    co_await run.interrupt(io::copy(in.server, out.client, total));
    co_await io::copy(in.server, out.client, total);
    run.expect(total == text.size(), "the total is not exact");
    co_await out.client.shutdown();
    const std::string heard = co_await std::move(reading);
    run.expect(heard == text, "bytes are lost, doubled or moved");
    co_await std::move(saying);
  });
}

TEST_P(sockets, echo_server_under_supervise) {
  holds(8, [](trial& run) -> task<void> {
    auto listener = listen_here();
    const net::address here = *listener.local_address();
    auto talk = [](net::address to) -> task<std::string> {
      auto stream = co_await net::connect(to).result();
      if (!stream) co_return "";
      auto sent = co_await stream->write_all("ping").result();
      if (!sent) co_return "";
      std::string heard;
      while (heard.size() < 4) {
        auto bytes = co_await stream->read().result();
        if (!bytes || !*bytes) co_return "";  // closed, which is an answer too
        heard += io::as_text(bytes->bytes());
      }
      co_return heard;
    };
    auto one = spawn(talk(here));
    auto two = spawn(talk(here));
    auto echo = [](net::tcp_stream stream) -> task<void> {
      while (auto bytes = co_await stream.read())
        co_await stream.write_all(bytes);
    };
    auto serve = [&](nursery& clients) -> task<void> {
      for (int i = 0; i < 2; ++i) {
        auto next = co_await listener.accept();
        clients.spawn(echo(std::move(next.stream)));
      }
    };
    co_await run.interrupt(supervise(std::move(serve)));
    listener.close();
    const std::string first = co_await std::move(one);
    const std::string second = co_await std::move(two);
    run.expect(first == "ping" || run.was_interrupted(), "the first had no answer");
    run.expect(second == "ping" || run.was_interrupted(), "the second had no answer");
  });
}

}  // namespace
}  // namespace scenarios

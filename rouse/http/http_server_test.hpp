// A server on each reactor, and a client that sends what it likes.
#pragma once

#include <rouse/http/server.hpp>

#include <rouse/coro/scope.hpp>
#include <rouse/coro/yield.hpp>
#include <rouse/net/connect.hpp>
#include <rouse/net/listen.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/time/manual_clock.hpp>

#include <gtest/gtest.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/open_descriptors.hpp>

#include <string>
#include <vector>

namespace rouse::http {

class recording_log final : public access_log {
 public:
  void record(const access_record& r) noexcept override {
    answers.push_back(static_cast<int>(r.answered));
    bytes.push_back(r.bytes);
  }
  std::vector<int> answers;
  std::vector<std::uint64_t> bytes;
};

inline std::size_t count_of(const std::string& text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1))
    ++n;
  return n;
}

inline std::string get(std::string_view target, std::string_view more = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(more) + "\r\n";
}

inline task<std::string> read_all(net::tcp_stream& stream) {
  std::string all;
  for (;;) {
    auto more = co_await stream.read().result();
    if (!more || !*more) co_return all;
    all.append(io::as_text(more->bytes()));
  }
}

class http_server : public support::each_reactor {
 protected:
  http_server() { options.log = &log; }
  /// Runs a server beside `client(address, server)`, then stops it.
  template <class Client>
  void serve(handler& h, Client client) {
    const std::size_t descriptors = support::open_descriptors();
    {
      runtime_options how;
      how.reactor.kind = GetParam();
      how.clock = clock;
      runtime rt = std::move(runtime::make(how).value());
      rt.block_on(assume_owned(everything(h, std::move(client))));
    }
    EXPECT_EQ(support::open_descriptors(), descriptors);
  }
  /// One connection: sends `text` in pieces of `piece` bytes, gives all that comes until the server
  /// closes.
  static task<std::string> talk(net::address at, std::string text, std::size_t piece = 1u << 20) {
    auto stream = co_await net::connect(at);
    for (std::size_t i = 0; i < text.size(); i += piece) {
      co_await stream.write_all(std::string_view(text).substr(i, piece));
      if (piece == 1) co_await yield_now();
    }
    auto all = co_await read_all(stream);
    co_return all;
  }
  static task<void> turns(int n) {
    for (int i = 0; i < n; ++i)
      co_await yield_now();
  }

  recording_log log;
  server_options options;
  manual_clock* clock = nullptr;

 private:
  template <class Client>
  task<void> everything(handler& h, Client client) {
    auto listener = co_await net::listen("127.0.0.1:0");
    const net::address at = listener.local_address().value();
    server s(std::move(listener), h, options);
    co_await scope([&](nursery& n) -> task<void> {
      n.spawn(s.run());
      co_await client(at, s);
      s.stop();
    });
    EXPECT_EQ(s.connections(), 0u);
  }
};

}  // namespace rouse::http

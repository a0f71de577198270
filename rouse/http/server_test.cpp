// The server on each reactor, against a client that sends what it likes.
#include <rouse/http/http_server_test.hpp>

#include <rouse/fs/directory.hpp>
#include <rouse/http/static_files.hpp>
#include <rouse/sys/table.hpp>

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <tests/support/scratch_folder.hpp>

#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>

namespace rouse::http {
namespace {

using namespace std::chrono_literals;

/// Answers by the target: /throw, /fail, /cut, /wait, else the target itself.
class test_handler final : public handler {
 public:
  task<result<void>> respond(exchange& x) override {
    const std::string target(x.request().target());
    if (target == "/throw") throw std::runtime_error("no");
    if (target == "/fail") {
      x.text("not this");
      co_return std::unexpected(error("test", EIO));
    }
    if (target == "/cut") {
      body_writer& body = x.begin(status::ok, "text/plain", 100);
      auto sent = co_await body.write("a part").result();
      if (sent) co_return std::unexpected(error("test", EIO));
    }
    if (target == "/wait") {
      arrived = true;
      auto opened = gate.wait();
      co_await opened;
    }
    x.text(target);
    co_return result<void>();
  }
  sync::local_notify gate;
  bool arrived = false;
};

class plain_server : public http_server {
 protected:
  using http_server::serve;
  template <class Client>
  void serve(Client client) {
    serve(answers, std::move(client));
  }
  test_handler answers;
};

TEST_P(plain_server, pipelined_requests_are_answered_in_order_with_one_write) {
  static std::size_t sends;
  sends = 0;
  sys::table counting = sys::real_table;
  counting.send = [](int fd, const void* from, std::size_t bytes, int flags) {
    return ++sends, sys::real_table.send(fd, from, bytes, flags);
  };
  serve([&](net::address at, server&) -> task<void> {
    const sys::scoped_table in_force(counting);
    const std::string all =
        co_await talk(at, get("/one") + get("/two") + get("/three", "Connection: close\r\n"));
    const auto one = all.find("/one"), two = all.find("/two"), three = all.find("/three");
    EXPECT_EQ(count_of(all, "HTTP/1.1 200"), 3u);
    EXPECT_TRUE(one < two && two < three && three != std::string::npos) << all;
    EXPECT_EQ(sends, 2u);  // the client's and the server's
  });
}

TEST_P(plain_server, a_request_may_come_byte_by_byte) {
  serve([&](net::address at, server&) -> task<void> {
    const std::string all = co_await talk(at, get("/a") + get("/b", "Connection: close\r\n"), 1);
    EXPECT_EQ(count_of(all, "HTTP/1.1 200"), 2u);
    EXPECT_NE(all.find("/b"), std::string::npos);
  });
}

TEST_P(plain_server, fault_H1_what_cannot_be_trusted_gets_400_and_the_end) {
  serve([&](net::address at, server&) -> task<void> {
    const std::string all = co_await talk(at,
                                          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: "
                                          "1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
                                              get("/never"));
    EXPECT_EQ(all.find("HTTP/1.1 400"), 0u);
    EXPECT_EQ(count_of(all, "HTTP/1.1"), 1u);
  });
}

TEST_P(plain_server, fault_H3_a_request_that_was_answered_gets_no_second_answer) {
  serve([&](net::address at, server&) -> task<void> {
    const std::string all = co_await talk(
        at, "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n\r\n");
    EXPECT_EQ(count_of(all, "HTTP/1.1"), 1u) << all;
  });
}

TEST_P(plain_server, fault_H5_expect_continue_gets_a_final_answer_and_the_end) {
  serve([&](net::address at, server&) -> task<void> {
    // The body never comes; talk() returns only when the server closes.
    const std::string all = co_await talk(
        at, "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(count_of(all, "HTTP/1.1 200"), 1u);
    EXPECT_NE(all.find("Connection: close"), std::string::npos);
  });
}

TEST_P(plain_server, http_1_0_ends_after_its_answer) {
  serve([&](net::address at, server&) -> task<void> {
    const std::string all = co_await talk(at, "GET /old HTTP/1.0\r\n\r\n");
    EXPECT_EQ(count_of(all, "/old"), 1u);
  });
}

TEST_P(plain_server, a_handler_that_fails_before_it_sends_becomes_500_and_loses_no_earlier_answer) {
  for (const char* failing : {"/throw", "/fail"}) {
    serve([&](net::address at, server&) -> task<void> {
      const std::string all = co_await talk(at, get("/first") + get(failing) + get("/never"));
      EXPECT_EQ(count_of(all, "HTTP/1.1 200"), 1u) << all;
      EXPECT_EQ(count_of(all, "HTTP/1.1 500"), 1u) << all;
      EXPECT_EQ(all.find('\0'), std::string::npos);
      EXPECT_EQ(log.bytes.at(0) + log.bytes.at(1), all.size());
    });
    log = {};
  }
}

TEST_P(plain_server, a_handler_that_fails_after_it_sent_cuts_the_connection) {
  serve([&](net::address at, server&) -> task<void> {
    const std::string all = co_await talk(at, get("/first") + get("/cut"));
    EXPECT_EQ(count_of(all, "HTTP/1.1 200"), 2u);
    EXPECT_EQ(count_of(all, "/cut"), 0u);
    EXPECT_EQ(count_of(all, "HTTP/1.1 500"), 0u);
    EXPECT_EQ(log.bytes.at(0) + log.bytes.at(1), all.size());
  });
}

TEST_P(plain_server, fault_N4_a_slow_head_gets_408_and_an_idle_connection_just_ends) {
  manual_clock hand;
  clock = &hand;
  serve([&](net::address at, server&) -> task<void> {
    auto slow = co_await net::connect(at);
    auto idle = co_await net::connect(at);
    co_await slow.write_all("GET / HT");
    co_await turns(200);
    hand.advance(options.header_limit + 1ms);
    const std::string refused = co_await read_all(slow);
    EXPECT_EQ(refused.find("HTTP/1.1 408"), 0u) << refused;
    hand.advance(options.idle_limit);
    const std::string nothing = co_await read_all(idle);
    EXPECT_EQ(nothing, "");
  });
}

// There is always more to read, so no read has to wait for its limit.
TEST_P(plain_server, fault_N4_a_body_that_never_pauses_ends_at_its_limit_too) {
  manual_clock hand;
  clock = &hand;
  serve([&](net::address at, server&) -> task<void> {
    auto stream = co_await net::connect(at);
    co_await stream.write_all(
        "POST /endless HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    // Straight to the socket and to the brim, which the server never reaches in one poll.
    const std::string piece = "1000\r\n" + std::string(0x1000, 'x') + "\r\n";
    std::string rest;
    int turn = 0;
    for (ssize_t sent = 0; turn < 3000; ++turn) {
      for (;;) {
        if (rest.empty()) rest = piece;
        sent = ::send(stream.fd(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) break;
        rest.erase(0, static_cast<std::size_t>(sent));
      }
      if (errno != EAGAIN) break;
      hand.advance(50ms);
      co_await yield_now();
    }
    EXPECT_LT(turn, 2000);  // the limit is 60 s
  });
}

TEST_P(plain_server, fault_H15_stop_answers_what_was_asked_and_ends_the_idle) {
  serve([&](net::address at, server& s) -> task<void> {
    auto idle = co_await net::connect(at);
    co_await idle.write_all(get("/warm"));
    auto warm = co_await idle.read();
    auto busy = co_await net::connect(at);
    co_await busy.write_all(get("/wait"));
    while (!answers.arrived)
      co_await yield_now();
    s.stop();
    const std::string end = co_await read_all(idle);
    EXPECT_EQ(end, "");
    answers.gate.notify_one();
    const std::string answer = co_await read_all(busy);
    EXPECT_NE(answer.find("/wait"), std::string::npos);
  });
}

TEST_P(plain_server, fault_H15_a_connection_accepted_just_before_stop_is_answered) {
  serve([&](net::address at, server& s) -> task<void> {
    auto stream = co_await net::connect(at);
    co_await stream.write_all(get("/late"));
    while (s.connections() == 0)
      co_await yield_now();
    s.stop();
    const std::string answer = co_await read_all(stream);
    EXPECT_NE(answer.find("/late"), std::string::npos);
  });
}

TEST_P(plain_server, connections_beyond_the_limit_wait_for_their_turn) {
  options.connections_max = 1;
  serve([&](net::address at, server& s) -> task<void> {
    auto first = co_await net::connect(at);
    auto second = co_await net::connect(at);
    co_await second.write_all(get("/second", "Connection: close\r\n"));
    co_await turns(100);
    EXPECT_EQ(s.connections(), 1u);
    first.close();
    const std::string answer = co_await read_all(second);
    EXPECT_NE(answer.find("/second"), std::string::npos);
  });
}

TEST_P(plain_server, fault_F1_a_file_that_shrinks_cuts_the_connection_and_is_never_padded) {
  const support::scratch_folder folder;
  constexpr std::size_t whole = 16u << 20;
  std::ofstream(folder.path() + "/big") << std::string(whole, 'x');
  static_files files(
      fs::directory(sys::open_at(-100, folder.path().c_str(), {.directory = true}).value()));
  serve(files, [&](net::address at, server&) -> task<void> {
    auto stream = co_await net::connect(at);
    co_await stream.write_all(get("/big"));
    std::size_t got = 0;
    while (got < 100'000) {
      auto some = co_await stream.read();
      if (!some) break;
      got += some.bytes().size();
    }
    std::filesystem::resize_file(folder.path() + "/big", 1u << 20);
    const std::string rest = co_await read_all(stream);
    EXPECT_LT(got + rest.size(), whole);
    EXPECT_EQ(rest.find('\0'), std::string::npos);
  });
}

INSTANTIATE_TEST_SUITE_P(on, plain_server, support::reactors(), support::reactor_name);

}  // namespace
}  // namespace rouse::http

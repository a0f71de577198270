// The client on each reactor, against a server that says what it likes.
#include <rouse/http/client.hpp>

#include <rouse/base/io_error.hpp>
#include <rouse/coro/scope.hpp>
#include <rouse/coro/select.hpp>
#include <rouse/coro/yield.hpp>
#include <rouse/net/listen.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/time/manual_clock.hpp>
#include <rouse/time/sleep.hpp>

#include <gtest/gtest.h>
#include <tests/support/each_reactor.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace rouse::http {
namespace {

using namespace std::chrono_literals;

const std::string ok_hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

/// One connection as the server sees it.
class talk {
 public:
  talk(net::tcp_stream stream, unsigned index) : stream_(std::move(stream)), index_(index) {}

  /// The next request's head, and its body as far as Content-Length says; empty at the end.
  task<std::string> hear() {
    auto head = co_await hear_until("\r\n\r\n");
    const std::size_t at = head.find("Content-Length: ");
    if (at == std::string::npos) co_return head;
    auto body = co_await hear_bytes(std::stoul(head.substr(at + 16)));
    co_return head + body;
  }
  task<std::string> hear_until(std::string end) {
    while (in_.find(end) == std::string::npos) {
      const bool more = co_await read_more();
      if (!more) co_return std::exchange(in_, {});
    }
    co_return take(in_.find(end) + end.size());
  }
  task<std::string> hear_bytes(std::size_t bytes) {
    while (in_.size() < bytes) {
      const bool more = co_await read_more();
      if (!more) co_return std::exchange(in_, {});
    }
    co_return take(bytes);
  }
  task<void> say(std::string text, std::size_t piece = 1u << 20) {
    for (std::size_t at = 0; at < text.size(); at += piece) {
      auto said = co_await stream_.write_all(std::string_view(text).substr(at, piece)).result();
      if (!said) co_return;
      if (piece == 1) co_await yield_now();
    }
  }
  /// Until the client closes.
  task<void> wait_for_end() {
    for (;;) {
      const bool more = co_await read_more();
      if (!more) co_return;
    }
  }
  void hang_up() { stream_.close(); }
  void reset() { stream_.reset(); }
  [[nodiscard]] unsigned index() const { return index_; }

 private:
  task<bool> read_more() {
    auto more = co_await stream_.read().result();
    if (!more || !*more) co_return false;
    in_.append(io::as_text(more->bytes()));
    co_return true;
  }
  std::string take(std::size_t bytes) {
    std::string text = in_.substr(0, bytes);
    in_.erase(0, bytes);
    return text;
  }

  net::tcp_stream stream_;
  unsigned index_;
  std::string in_;
};

class http_client : public support::each_reactor {
 protected:
  /// Runs a server whose connections are `peer(talk&)` beside `body(client, base URL)`.
  template <class Peer, class Body>
  void play(Peer peer, Body body) {
    runtime_options how;
    how.reactor.kind = GetParam();
    if (with_clock) how.clock = &clock.emplace();
    if (clock) clock->set_auto_advance(true);
    runtime rt = std::move(runtime::make(how).value());
    rt.block_on(assume_owned(everything(peer, body)));
  }
  /// The same answer to every request.
  static auto always(std::string answer, std::size_t piece = 1u << 20) {
    return [answer, piece](talk& t) -> task<void> {
      for (;;) {
        auto request = co_await t.hear();
        if (request.empty()) co_return;
        co_await t.say(answer, piece);
      }
    };
  }
  /// The whole of an answer, or "error: why" where it is none.
  static task<std::string> text_of(reply& r) {
    auto text = co_await r.body().read_to_end().result();
    if (!text) co_return std::string("error: ") + text.error().operation;
    co_return *text;
  }
  static task<std::string> fetch(client& c, std::string where) {
    auto answer = co_await c.get(where).result();
    if (!answer) co_return "error: " + answer.error().message();
    auto text = co_await text_of(*answer);
    co_return std::to_string(static_cast<int>(answer->code())) + " " + text;
  }
  static task<void> turns(int n) {
    for (int i = 0; i < n; ++i)
      co_await yield_now();
  }

  client_options options;
  bool with_clock = false;
  std::optional<manual_clock> clock;
  unsigned accepted = 0;
  std::vector<std::string> heard;  // what peers note

 private:
  template <class Peer>
  static task<void> one(Peer& peer, net::tcp_stream stream, unsigned index) {
    talk t(std::move(stream), index);
    co_await peer(t);
  }
  template <class Peer>
  task<void> accept_all(net::tcp_listener& listener, nursery& connections, Peer& peer) {
    for (;;) {
      auto next = co_await listener.accept();
      connections.spawn(one(peer, std::move(next.stream), accepted++));
    }
  }
  template <class Peer, class Body>
  task<void> everything(Peer& peer, Body& body) {
    auto listener = co_await net::listen("127.0.0.1:0");
    const std::string base = "http://" + listener.local_address().value().to_string();
    co_await scope([&](nursery& n) -> task<void> {
      n.spawn(accept_all(listener, n, peer));
      client c(options);
      co_await body(c, base);
      EXPECT_EQ(c.busy_connections(), 0u);
      n.cancel();
    });
  }
};
INSTANTIATE_TEST_SUITE_P(on, http_client, support::reactors(), support::reactor_name);

// ---- answers ----

TEST_P(http_client, gets_an_answer_and_keeps_the_connection) {
  auto peer = [&](talk& t) -> task<void> {
    for (;;) {
      auto request = co_await t.hear();
      if (request.empty()) co_return;
      heard.push_back(request);
      co_await t.say(
          "HTTP/1.1 200 Fine\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
    }
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    {
      auto answer = co_await c.get(base + "/a?b");
      EXPECT_EQ(answer.code(), status::ok);
      EXPECT_TRUE(answer.is_success());
      EXPECT_EQ(answer.reason(), "Fine");
      EXPECT_EQ(answer.header("content-TYPE"), "text/plain");
      EXPECT_EQ(answer.where().to_string(), base + "/a?b");
      auto all = co_await answer.body().read_to_end();
      EXPECT_EQ(all, "hello");
      EXPECT_EQ(c.idle_connections(), 1u);  // though the answer still lives
      EXPECT_EQ(answer.header("Content-Length"), "5");
      auto more = co_await answer.body().read();
      EXPECT_TRUE(more.empty());
    }
    auto again = co_await fetch(c, base);
    EXPECT_EQ(again, "200 hello");
    EXPECT_EQ(accepted, 1u);
    const std::string host = base.substr(7);
    EXPECT_EQ(heard.at(0), "GET /a?b HTTP/1.1\r\nHost: " + host +
                               "\r\nUser-Agent: rouse\r\nAccept: */*\r\n\r\n");
    EXPECT_EQ(heard.at(1).substr(0, 16), "GET / HTTP/1.1\r\n");
  });
}

TEST_P(http_client, reads_every_kind_of_body_in_segments_of_any_size) {
  const struct {
    std::string answer;
    std::string text;
    bool keeps;
  } kinds[] = {
      {ok_hello, "hello", true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n",
       "hello", true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true},
      {"HTTP/1.1 204 No Content\r\n\r\n", "", true},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "", true},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", false},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\n" + ok_hello, "hello", true},
  };
  for (const auto& kind : kinds)
    for (std::size_t piece : {1uz, 7uz, 1uz << 20})
      play(always(kind.answer, piece), [&](client& c, std::string base) -> task<void> {
        auto answer = co_await c.get(base);
        auto text = co_await text_of(answer);
        EXPECT_EQ(text, kind.text) << kind.answer;
        EXPECT_EQ(c.idle_connections(), kind.keeps ? 1u : 0u) << kind.answer;
      });
}

TEST_P(http_client, a_body_without_length_ends_with_its_connection) {
  auto peer = [](talk& t) -> task<void> {
    auto request = co_await t.hear();
    co_await t.say("HTTP/1.1 200 OK\r\n\r\nhel");
    co_await t.say("lo");
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    auto text = co_await fetch(c, base);
    EXPECT_EQ(text, "200 hello");
    EXPECT_EQ(c.idle_connections(), 0u);
  });
}

TEST_P(http_client, tells_trailers_after_the_body) {
  play(always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: "
              "7\r\nContent-Length: 9\r\n\r\n"),
       [&](client& c, std::string base) -> task<void> {
         auto answer = co_await c.get(base);
         EXPECT_EQ(answer.trailer("x-sum"), std::nullopt);
         auto text = co_await text_of(answer);
         EXPECT_EQ(text, "a");
         EXPECT_EQ(answer.trailer("x-sum"), "7");
         EXPECT_EQ(answer.trailer("content-length"), std::nullopt);
         EXPECT_EQ(answer.header("x-sum"), std::nullopt);
       });
}

TEST_P(http_client, head_has_no_body) {
  play(always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
       [&](client& c, std::string base) -> task<void> {
         for (int i = 0; i < 2; ++i) {
           auto answer = co_await c.head(base);
           EXPECT_EQ(answer.header("content-length"), "5");
           auto text = co_await text_of(answer);
           EXPECT_EQ(text, "");
         }
         EXPECT_EQ(accepted, 1u);
       });
}

TEST_P(http_client, streams_a_large_body_with_little_memory) {
  constexpr std::size_t bytes = 8u << 20;
  auto peer = [&](talk& t) -> task<void> {
    auto request = co_await t.hear();
    co_await t.say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n");
    const std::string block(64 * 1024, 'x');
    for (std::size_t sent = 0; sent < bytes; sent += block.size())
      co_await t.say(block);
    co_await t.wait_for_end();
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    auto answer = co_await c.get(base);
    std::size_t got = 0;
    for (;;) {
      auto piece = co_await answer.body().read();
      if (piece.empty()) break;
      got += piece.size();
    }
    EXPECT_EQ(got, bytes);
    EXPECT_EQ(c.idle_connections(), 1u);
  });
}

TEST_P(http_client, an_answer_that_is_dropped_closes_its_connection_unless_all_has_come) {
  auto peer = [](talk& t) -> task<void> {
    auto request = co_await t.hear();
    co_await t.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    co_await t.wait_for_end();
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    {
      auto answer = co_await c.get(base);
      EXPECT_EQ(c.busy_connections(), 1u);
    }
    EXPECT_EQ(c.busy_connections(), 0u);
    EXPECT_EQ(c.idle_connections(), 0u);
  });
  play(always(ok_hello), [&](client& c, std::string base) -> task<void> {
    {
      auto answer = co_await c.get(base);
    }
    EXPECT_EQ(c.idle_connections(), 1u);
  });
}

// ---- H12 ----

TEST_P(http_client, fault_H12_a_body_cut_short_is_an_error) {
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"}) {
    auto peer = [&](talk& t) -> task<void> {
      auto request = co_await t.hear();
      co_await t.say(answer);
    };
    play(peer, [&](client& c, std::string base) -> task<void> {
      auto got = co_await c.get(base);
      auto first = co_await got.body().read();
      EXPECT_EQ(io::as_text(first), "hello");
      for (int i = 0; i < 2; ++i) {  // and it stays one
        auto rest = co_await got.body().read().result();
        EXPECT_EQ(rest.error(), errc::end_of_stream) << answer;
      }
      EXPECT_EQ(c.idle_connections(), 0u);
    });
  }
}

TEST_P(http_client, fault_H12_bytes_after_an_answer_poison_the_connection) {
  play(always(ok_hello + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
       [&](client& c, std::string base) -> task<void> {
         for (int i = 0; i < 2; ++i) {
           auto text = co_await fetch(c, base);
           EXPECT_EQ(text, "200 hello");
           EXPECT_EQ(c.idle_connections(), 0u);
         }
         EXPECT_EQ(accepted, 2u);
       });
}

TEST_P(http_client, fault_H12_bytes_that_come_while_idle_poison_the_connection) {
  auto peer = [](talk& t) -> task<void> {
    auto request = co_await t.hear();
    co_await t.say(ok_hello);
    co_await t.say("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    co_await t.wait_for_end();
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    for (int i = 0; i < 2; ++i) {
      auto text = co_await fetch(c, base);
      EXPECT_EQ(text, "200 hello");
      co_await turns(20);
    }
    EXPECT_EQ(accepted, 2u);
  });
}

TEST_P(http_client, fault_H12_a_flood_of_interim_answers_is_an_error) {
  auto flood = [](int n) {
    std::string text;
    for (int i = 0; i < n; ++i)
      text += "HTTP/1.1 102 Processing\r\n\r\n";
    return text + ok_hello;
  };
  play(always(flood(16)), [&](client& c, std::string base) -> task<void> {
    auto text = co_await fetch(c, base);
    EXPECT_EQ(text, "200 hello");
  });
  play(always(flood(17)), [&](client& c, std::string base) -> task<void> {
    auto text = co_await fetch(c, base);
    EXPECT_EQ(text, "error: response: too many interim responses: over the limit");
    EXPECT_EQ(c.idle_connections(), 0u);
  });
  play(always("HTTP/1.1 101 x\r\nUpgrade: y\r\n\r\n"),
       [&](client& c, std::string base) -> task<void> {
         auto text = co_await fetch(c, base);
         EXPECT_EQ(text, "error: response: switches protocols unasked: invalid input");
       });
}

TEST_P(http_client, fault_H12_a_malformed_answer_says_what_is_wrong) {
  for (const auto& [answer, why] : std::vector<std::pair<std::string, std::string>>{
           {"HTTP/1.1 200 OK\nX: y\r\n\r\n", "LF without CR"},
           {"SSH-2.0-x\r\n", "malformed status line"},
           {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "obsolete line folding"}})
    play(always(answer),
         [&, expected = "error: " + why + ": invalid input"](client& c,
                                                             std::string base) -> task<void> {
           auto text = co_await fetch(c, base);
           EXPECT_EQ(text, expected);
         });
}

TEST_P(http_client, errors_name_the_url) {
  auto hang_up = [](talk& t) -> task<void> { auto request = co_await t.hear(); };
  play(hang_up, [&](client& c, std::string base) -> task<void> {
    std::string why;
    try {
      auto answer = co_await c.get(base + "/x");
    } catch (const io_error& e) {
      why = e.what();
    }
    EXPECT_EQ(why, "response head " + base + "/x: the stream ended early");
    auto none = co_await c.get("http://127.0.0.1:1/").result();
    EXPECT_EQ(none.error(), std::errc::connection_refused);
    auto https = co_await c.get("https://a/").result();
    EXPECT_EQ(https.error(), std::errc::protocol_not_supported);
  });
}

// ---- connections ----

TEST_P(http_client, replaces_a_connection_that_was_closed_while_idle) {
  auto peer = [](talk& t) -> task<void> {
    auto request = co_await t.hear();
    co_await t.say(ok_hello);
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    for (int i = 0; i < 3; ++i) {
      auto answer = co_await c.send(outgoing("POST", base).body("x"));
      auto text = co_await text_of(answer);
      EXPECT_EQ(text, "hello");
      co_await turns(20);
    }
    EXPECT_EQ(accepted, 3u);
  });
}

TEST_P(http_client, sends_an_idempotent_request_once_more_when_no_byte_of_an_answer_came) {
  auto peer = [&](talk& t) -> task<void> {
    auto first = co_await t.hear();
    heard.push_back(first.substr(0, 5));
    co_await t.say(ok_hello);
    auto second = co_await t.hear();
    if (!second.empty()) heard.push_back(second.substr(0, 5));
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    auto text = co_await fetch(c, base + "/a");
    EXPECT_EQ(text, "200 hello");
    text = co_await fetch(c, base + "/b");  // its first connection hears it and hangs up
    EXPECT_EQ(text, "200 hello");
    EXPECT_EQ(accepted, 2u);
    EXPECT_EQ(heard.size(), 3u);
    auto post = co_await c.send(outgoing("POST", base).body("x")).result();
    EXPECT_EQ(post.error(), errc::end_of_stream);
    EXPECT_EQ(accepted, 2u);
  });
}

TEST_P(http_client, does_not_send_again_once_an_answer_began) {
  auto peer = [&](talk& t) -> task<void> {
    auto first = co_await t.hear();
    co_await t.say(ok_hello);
    auto second = co_await t.hear();
    co_await t.say("HTTP/1.1 2");
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    auto text = co_await fetch(c, base);
    auto answer = co_await c.get(base).result();
    EXPECT_EQ(answer.error(), errc::end_of_stream);
    EXPECT_EQ(accepted, 1u);
  });
}

TEST_P(http_client, waits_for_a_connection_when_all_are_in_use) {
  options.connections_per_host_max = 1;
  play(always(ok_hello), [&](client& c, std::string base) -> task<void> {
    std::vector<std::string> got;
    auto one = [&](std::string path) -> task<void> {
      auto text = co_await fetch(c, base + path);
      got.push_back(text);
    };
    co_await scope([&](nursery& n) -> task<void> {
      for (int i = 0; i < 5; ++i)
        n.spawn(one("/" + std::to_string(i)));
      co_return;
    });
    EXPECT_EQ(got.size(), 5u);
    EXPECT_EQ(accepted, 1u);
  });
}

TEST_P(http_client, who_waits_for_a_connection_waits_in_line) {
  options.connections_max = 2;
  play(always(ok_hello), [&](client& c, std::string base) -> task<void> {
    std::vector<int> order;
    auto one = [&](int n) -> task<void> {
      auto answer = co_await c.get(base);
      order.push_back(n);
      auto text = co_await text_of(answer);
      EXPECT_EQ(text, "hello");
    };
    co_await scope([&](nursery& n) -> task<void> {
      for (int i = 0; i < 20; ++i)
        n.spawn(one(i));
      co_return;
    });
    EXPECT_TRUE(std::ranges::is_sorted(order));
    EXPECT_EQ(order.size(), 20u);
    EXPECT_EQ(accepted, 2u);
  });
}

TEST_P(http_client, a_place_that_is_not_taken_goes_on_to_the_next_in_line) {
  options.connections_max = 1;
  auto peer = [&](talk& t) -> task<void> {
    auto request = co_await t.hear();
    const bool is_slow = request.starts_with("GET /slow");
    const std::string part = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel";
    const std::string& said = is_slow ? part : ok_hello;
    co_await t.say(said);
    co_await t.wait_for_end();
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    std::optional<reply> slow;
    slow.emplace(co_await c.get(base + "/slow"));
    EXPECT_EQ(c.busy_connections(), 1u);
    std::string got;
    auto second = [&]() -> task<void> {
      co_await yield_now();
      auto text = co_await fetch(c, base);
      got = text;
    };
    // The first in line is given the place and cancelled in one poll, before it could take it.
    auto free_the_place = [&]() -> task<void> {
      co_await turns(5);
      slow.reset();
    };
    co_await scope([&](nursery& n) -> task<void> {
      n.spawn(second());
      auto ended = co_await select(c.get(base), free_the_place());
      EXPECT_EQ(ended.index(), 1u);
    });
    EXPECT_EQ(got, "200 hello");
  });
}

TEST_P(http_client, an_idle_connection_makes_room_for_another_host) {
  options.connections_max = 1;
  play(always(ok_hello), [&](client& c, std::string base) -> task<void> {
    auto text = co_await fetch(c, base);
    const std::string port = base.substr(base.rfind(':'));
    text = co_await fetch(c, "http://127.0.0.2" + port);
    EXPECT_TRUE(text.starts_with("error: connect: ") || text == "200 hello") << text;
    EXPECT_LE(c.idle_connections(), 1u);
    EXPECT_EQ(c.busy_connections(), 0u);
  });
}

TEST_P(http_client, an_idle_connection_is_dropped_when_it_is_old) {
  with_clock = true;
  play(always(ok_hello), [&](client& c, std::string base) -> task<void> {
    auto text = co_await fetch(c, base);
    co_await sleep(options.idle_limit);
    text = co_await fetch(c, base);
    EXPECT_EQ(accepted, 1u);
    co_await sleep(options.idle_limit + 1ns);
    text = co_await fetch(c, base);
    EXPECT_EQ(text, "200 hello");
    EXPECT_EQ(accepted, 2u);
    c.close_idle();
    EXPECT_EQ(c.idle_connections(), 0u);
  });
}

// ---- redirects ----

class http_redirects : public http_client {
 protected:
  /// Answers by the path: /CODE[/where] redirects, all else says what was asked for.
  auto by_path() {
    return [&](talk& t) -> task<void> {
      for (;;) {
        auto request = co_await t.hear();
        if (request.empty()) co_return;
        heard.push_back(request);
        const std::string target = request.substr(request.find(' ') + 1);
        const int code = std::atoi(target.c_str() + 1);
        if (code < 300) {
          const std::string text = request.substr(0, request.find(" HTTP"));
          co_await t.say("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) +
                         "\r\n\r\n" + text);
        } else {
          co_await t.say("HTTP/1.1 " + std::to_string(code) + " x\r\nLocation: " + location +
                         "\r\nContent-Length: 4\r\n\r\ngone");
        }
      }
    };
  }
  static task<std::string> said(client& c, outgoing request) {
    auto answer = co_await c.send(std::move(request)).result();
    if (!answer) co_return "error: " + answer.error().message();
    auto text = co_await text_of(*answer);
    co_return std::to_string(static_cast<int>(answer->code())) + " " + text;
  }
  std::string location = "there?x#y";
};
INSTANTIATE_TEST_SUITE_P(on, http_redirects, support::reactors(), support::reactor_name);

TEST_P(http_redirects, keep_or_change_the_method) {
  play(by_path(), [&](client& c, std::string base) -> task<void> {
    const struct {
      const char* method;
      const char* code;
      const char* then;
    } rules[] = {{"GET", "301", "GET"},   {"GET", "302", "GET"},   {"GET", "303", "GET"},
                 {"GET", "307", "GET"},   {"GET", "308", "GET"},   {"POST", "301", "GET"},
                 {"POST", "302", "GET"},  {"POST", "303", "GET"},  {"POST", "307", "POST"},
                 {"POST", "308", "POST"}, {"PUT", "301", "PUT"},   {"PUT", "302", "PUT"},
                 {"PUT", "303", "GET"},   {"DELETE", "303", "GET"}};
    for (const auto& rule : rules) {
      outgoing request(rule.method, base + "/" + rule.code);
      request.header("Content-Type", "a/b");
      if (rule.method[0] == 'P') request.body("text");
      heard.clear();
      auto got = co_await said(c, std::move(request));
      EXPECT_EQ(got, std::string("200 ") + rule.then + " /there?x") << rule.method << rule.code;
      const bool has_body = heard.back().ends_with("\r\n\r\ntext");
      EXPECT_EQ(has_body, rule.then[0] == 'P');
      EXPECT_EQ(heard.back().find("Content-Type") != std::string::npos,
                std::string_view(rule.then) == rule.method);
    }
    EXPECT_EQ(accepted, 1u);  // the bodies of redirects are read
  });
}

TEST_P(http_redirects, end_after_ten) {
  location = "/302";
  play(by_path(), [&](client& c, std::string base) -> task<void> {
    auto got = co_await said(c, outgoing("GET", base + "/302"));
    EXPECT_EQ(got, "error: request: too many redirects: Too many levels of symbolic links");
    EXPECT_EQ(heard.size(), 11u);
  });
  options.redirects_max = 0;
  play(by_path(), [&](client& c, std::string base) -> task<void> {
    auto got = co_await said(c, outgoing("GET", base + "/302"));
    EXPECT_EQ(got, "302 gone");
  });
}

TEST_P(http_redirects, to_what_cannot_be_reached_are_errors_and_without_location_answers) {
  location = "https://127.0.0.1/";
  play(by_path(), [&](client& c, std::string base) -> task<void> {
    auto got = co_await said(c, outgoing("GET", base + "/302"));
    EXPECT_EQ(got, "error: url: https is not supported: Protocol not supported");
    location = "http://u:p@127.0.0.1/";
    got = co_await said(c, outgoing("GET", base + "/302"));
    EXPECT_EQ(got, "error: url: user information is not allowed: invalid input");
  });
  play(always("HTTP/1.1 302 x\r\nContent-Length: 1\r\n\r\na"),
       [&](client& c, std::string base) -> task<void> {
         auto got = co_await said(c, outgoing("GET", base + "/302"));
         EXPECT_EQ(got, "302 a");
       });
}

TEST_P(http_redirects, fault_H12_credentials_stay_with_their_host) {
  auto request_to = [](std::string where) {
    return outgoing("GET", where)
        .header("Authorization", "secret")
        .header("Cookie", "secret")
        .header("X-Other", "kept");
  };
  play(by_path(), [&](client& c, std::string base) -> task<void> {
    auto got = co_await said(c, request_to(base + "/302"));
    EXPECT_NE(heard.back().find("secret"), std::string::npos);  // the same origin
    location = "http://localhost" + base.substr(base.rfind(':')) + "/302";
    const std::string home = base + "/home";
    got = co_await said(c, request_to(base + "/307"));
    // To another name, and from there to itself until the limit: none of them heard it.
    for (std::size_t i = 3; i < heard.size(); ++i) {
      EXPECT_EQ(heard[i].find("secret"), std::string::npos) << heard[i];
      EXPECT_NE(heard[i].find("X-Other: kept"), std::string::npos);
    }
  });
}

TEST_P(http_redirects, of_a_written_body_is_the_answer_unless_nothing_was_written) {
  play(by_path(), [&](client& c, std::string base) -> task<void> {
    int written = 0;
    auto write = [&](body_writer& to) -> task<result<void>> {
      ++written;
      auto sent = co_await to.write("text").result();
      co_return sent;
    };
    auto answer = co_await c.send(outgoing("POST", base + "/307").body_length(4), write);
    EXPECT_EQ(answer.code(), status::temporary_redirect);
    EXPECT_EQ(written, 1);
    auto get = co_await c.send(outgoing("POST", base + "/303").body_length(4), write);
    EXPECT_EQ(get.code(), status::ok);
    EXPECT_EQ(heard.back().substr(0, 10), "GET /there");
  });
}

// ---- requests with bodies ----

TEST_P(http_client, sends_bodies_by_length_and_in_chunks_with_trailers) {
  auto peer = [&](talk& t) -> task<void> {
    auto head = co_await t.hear();
    if (head.find("chunked") != std::string::npos) {
      auto body = co_await t.hear_until("0\r\nX-Sum: 7\r\n\r\n");
      head += body;
    }
    heard.push_back(head.substr(head.find("Accept")));
    co_await t.say(ok_hello);
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    auto text = co_await c.send(outgoing("POST", base).header("X", "y").body("text"));
    EXPECT_EQ(heard.at(0), "Accept: */*\r\nX: y\r\nContent-Length: 4\r\n\r\ntext");
    auto none = co_await c.send(outgoing("POST", base));
    EXPECT_EQ(heard.at(1), "Accept: */*\r\nContent-Length: 0\r\n\r\n");
    auto by_length = co_await c.send(outgoing("PUT", base).body_length(5),
                                     [](body_writer& to) -> task<result<void>> {
                                       for (const char* piece : {"he", "llo"}) {
                                         auto sent = co_await to.write(piece).result();
                                         if (!sent) co_return sent;
                                       }
                                       co_return result<void>();
                                     });
    EXPECT_EQ(by_length.code(), status::ok);
    EXPECT_EQ(heard.at(2), "Accept: */*\r\nContent-Length: 5\r\n\r\nhello");
    auto chunked =
        co_await c.send(outgoing("PUT", base), [](body_writer& to) -> task<result<void>> {
          auto sent = co_await to.write("hello").result();
          if (sent) sent = to.trailer("X-Sum", "7");
          co_return sent;
        });
    EXPECT_EQ(chunked.code(), status::ok);
    EXPECT_EQ(heard.at(3),
              "Accept: */*\r\nTransfer-Encoding: chunked\r\n\r\n"
              "5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n");
  });
}

TEST_P(http_client, a_body_that_fails_or_is_too_short_ends_the_request) {
  auto peer = [](talk& t) -> task<void> { co_await t.wait_for_end(); };
  play(peer, [&](client& c, std::string base) -> task<void> {
    auto failed = co_await c
                      .send(outgoing("PUT", base),
                            [](body_writer&) -> task<result<void>> {
                              co_return std::unexpected(error("my file", EIO));
                            })
                      .result();
    EXPECT_EQ(failed.error().message(), "my file: Input/output error");
    auto cut = co_await c
                   .send(outgoing("PUT", base).body_length(9),
                         [](body_writer& to) -> task<result<void>> {
                           auto sent = co_await to.write("four").result();
                           co_return sent;
                         })
                   .result();
    EXPECT_EQ(cut.error(), errc::invalid_input);
    std::string thrown;
    try {
      auto answer =
          co_await c.send(outgoing("PUT", base), [](body_writer& to) -> task<result<void>> {
            co_await to.write("a");
            throw std::runtime_error("mine");
          });
    } catch (const std::runtime_error& e) {
      thrown = e.what();
    }
    EXPECT_EQ(thrown, "mine");
    EXPECT_EQ(c.idle_connections(), 0u);
  });
}

TEST_P(http_client, an_early_refusal_ends_the_upload) {
  auto peer = [](talk& t) -> task<void> {
    auto head = co_await t.hear_until("\r\n\r\n");
    co_await t.say("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
    co_await t.wait_for_end();
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    bool ended = false;
    auto answer =
        co_await c.send(outgoing("PUT", base), [&](body_writer& to) -> task<result<void>> {
          const std::string block(256 * 1024, 'x');
          for (int i = 0; i < 100'000; ++i) {
            auto sent = co_await to.write(block).result();
            if (!sent) co_return sent;
            co_await yield_now();
          }
          ended = true;
          co_return result<void>();
        });
    EXPECT_EQ(answer.code(), status::content_too_large);
    EXPECT_FALSE(ended);
    auto text = co_await text_of(answer);
    EXPECT_EQ(text, "big");
    EXPECT_EQ(c.idle_connections(), 0u);  // the rest of the body never went
  });
}

TEST_P(http_client, an_early_success_waits_for_the_upload) {
  auto peer = [&](talk& t) -> task<void> {
    auto head = co_await t.hear_until("\r\n\r\n");
    co_await t.say(ok_hello);
    auto body = co_await t.hear_bytes(300'000);
    heard.push_back(body);
    co_await t.wait_for_end();
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    auto answer = co_await c.send(outgoing("PUT", base).body_length(300'000),
                                  [&](body_writer& to) -> task<result<void>> {
                                    const std::string block(100'000, 'x');
                                    for (int i = 0; i < 3; ++i) {
                                      co_await turns(10);
                                      auto sent = co_await to.write(block).result();
                                      if (!sent) co_return sent;
                                    }
                                    co_return result<void>();
                                  });
    auto text = co_await text_of(answer);
    EXPECT_EQ(text, "hello");
    while (heard.empty())
      co_await yield_now();
    EXPECT_EQ(heard.at(0).size(), 300'000u);
    EXPECT_EQ(c.idle_connections(), 1u);
  });
}

TEST_P(http_client, waits_for_100_continue_but_not_for_ever) {
  with_clock = true;
  auto peer = [&](talk& t) -> task<void> {
    for (;;) {
      auto head = co_await t.hear_until("\r\n\r\n");
      if (head.empty()) co_return;
      EXPECT_NE(head.find("Expect: 100-continue\r\n"), std::string::npos);
      if (head.find("/ask") != std::string::npos) {
        co_await sleep(500ms);
        co_await t.say("HTTP/1.1 100 Continue\r\n\r\n");
      }
      if (head.find("/refuse") != std::string::npos) {
        co_await t.say("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
        continue;
      }
      auto body = co_await t.hear_bytes(4);
      heard.push_back(body);
      co_await t.say(ok_hello);
    }
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    const struct {
      const char* path;
      nanoseconds passes;
      status code;
    } cases[] = {{"/ask", 500ms, status::ok},
                 {"/silent", 1s, status::ok},
                 {"/refuse", 0s, status::forbidden}};
    for (const auto& one : cases) {
      heard.clear();
      const instant begin = now();
      auto answer =
          co_await c.send(outgoing("POST", base + one.path).body("text").expect_continue());
      EXPECT_EQ(answer.code(), one.code);
      EXPECT_EQ((now() - begin).count(), one.passes.count()) << one.path;
      EXPECT_EQ(heard.size(), one.code == status::ok ? 1u : 0u);
    }
  });
}

TEST_P(http_client, fault_H6_what_breaks_a_request_apart_is_rejected_when_set) {
  auto fault = [](outgoing request) {
    return request.fault() ? std::string(request.fault()->operation) : "none";
  };
  const char* where = "http://127.0.0.1:1/";
  EXPECT_EQ(fault(outgoing("GET", where).header("X", "a\tb")), "none");
  EXPECT_EQ(fault(outgoing("GET", where).header("X", "a\r\nY: b")),
            "request header: malformed value");
  EXPECT_EQ(fault(outgoing("GET", where).header("X", std::string_view("a\0b", 3))),
            "request header: malformed value");
  for (const char* name : {"", "X Y", "X:", "X\r\n", "Host", "content-length", "Transfer-Encoding",
                           "Connection", "Expect", "Upgrade"})
    EXPECT_EQ(fault(outgoing("GET", where).header(name, "a")),
              "request header: no such name may be set")
        << name;
  EXPECT_EQ(fault(outgoing("GET x", where)), "request: malformed method");
  EXPECT_EQ(fault(outgoing("", where)), "request: malformed method");
  EXPECT_EQ(fault(outgoing("CONNECT", where)), "request: CONNECT");
  EXPECT_EQ(fault(outgoing("GET", "http://a/\r\nX: y")), "url: blank or control byte");
  play(always(ok_hello), [&](client& c, std::string base) -> task<void> {
    auto answer = co_await c.send(outgoing("GET", base).header("X", "a\nb")).result();
    EXPECT_EQ(answer.error(), errc::invalid_input);
    EXPECT_EQ(accepted, 0u);
  });
}

// ---- deadlines ----

TEST_P(http_client, every_wait_has_its_limit) {
  with_clock = true;
  auto peer = [](talk& t) -> task<void> {
    auto request = co_await t.hear_until("\r\n\r\n");
    if (request.find("/body") != std::string::npos)
      co_await t.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
    if (request.find("/drip") != std::string::npos) {
      co_await t.say("HTTP/1.1 200 OK\r\n\r\n");
      for (;;) {
        co_await sleep(20s);
        co_await t.say("x");
      }
    }
    co_await t.wait_for_end();
  };
  play(peer, [&](client& c, std::string base) -> task<void> {
    instant begin = now();
    auto silent = co_await c.get(base).result();
    EXPECT_EQ(silent.error().message(), "response head: Connection timed out");
    EXPECT_EQ(now() - begin, options.head_limit);

    begin = now();
    auto stalled = co_await c.get(base + "/body");
    auto text = co_await stalled.body().read_to_end().result();
    EXPECT_TRUE(text.error().is_timed_out());
    EXPECT_EQ(now() - begin, options.read_limit);

    begin = now();
    auto whole = co_await c.send(outgoing("GET", base).within(5s)).result();
    EXPECT_EQ(whole.error().message(), "request: Connection timed out");
    EXPECT_EQ(now() - begin, nanoseconds(5s));

    begin = now();
    auto slow = co_await c.send(outgoing("GET", base + "/drip").within(70s));
    text = co_await slow.body().read_to_end().result();
    EXPECT_TRUE(text.error().is_timed_out());
    EXPECT_EQ(now() - begin, nanoseconds(70s));
    EXPECT_EQ(c.idle_connections(), 0u);
  });
}

}  // namespace
}  // namespace rouse::http

// Bodies in both directions: as they come, as they go, and when either side is slow, early or gone.
#include <rouse/http/http_server_test.hpp>

#include <rouse/http/event_stream.hpp>
#include <rouse/http/router.hpp>
#include <rouse/io/copy.hpp>
#include <rouse/time/sleep.hpp>

#include <functional>

namespace rouse::http {
namespace {

using namespace std::chrono_literals;

/// A handler from a function.
template <class F>
class answers_with final : public handler {
 public:
  explicit answers_with(F f) : f_(std::move(f)) {}
  task<result<void>> respond(exchange& x) override { return f_(x); }

 private:
  F f_;
};

std::string post(std::string_view target, std::string_view more, std::string_view body) {
  return "POST " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(more) + "\r\n" +
         std::string(body);
}

std::string sized(std::string_view body, std::string_view more = "") {
  return post("/p", "Content-Length: " + std::to_string(body.size()) + "\r\n" + std::string(more),
              body);
}

class http_streaming : public http_server {};

TEST_P(http_streaming, a_body_is_read_whole_however_it_is_cut_and_the_next_request_is_answered) {
  answers_with echo([](exchange& x) -> task<result<void>> {
    auto all = co_await x.body().read_to_end().result();
    if (!all) co_return std::unexpected(all.error());
    x.text("[" + *all + "]");
    co_return result<void>();
  });
  const std::string chunked = post("/c", "Transfer-Encoding: chunked\r\n",
                                   "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX-T: 1\r\n\r\n");
  for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{1}, std::size_t{7}}) {
    serve(echo, [&](net::address at, server&) -> task<void> {
      const std::string all = co_await talk(
          at, sized("hello") + chunked + sized("") + sized("bye", "Connection: close\r\n"), piece);
      EXPECT_EQ(count_of(all, "HTTP/1.1 200"), 4u) << all;
      const auto one = all.find("[hello]"), two = all.find("[abcdefg]"), three = all.find("[]");
      EXPECT_TRUE(one < two && two < three && three < all.find("[bye]")) << all;
    });
  }
}

TEST_P(http_streaming, views_of_the_head_stay_valid_while_the_body_comes) {
  answers_with late([](exchange& x) -> task<result<void>> {
    const std::string_view target = x.request().target();
    const auto field = x.request().header("x-field");
    auto all = co_await x.body().read_to_end().result();
    if (!all) co_return std::unexpected(all.error());
    x.text(std::string(target) + " " + std::string(field.value_or("none")));
    co_return result<void>();
  });
  serve(late, [&](net::address at, server&) -> task<void> {
    const std::string all = co_await talk(
        at, sized(std::string(50'000, 'b'), "X-Field: here\r\nConnection: close\r\n"), 100);
    EXPECT_TRUE(all.ends_with("/p here")) << all;
  });
}

TEST_P(http_streaming, trailers_are_there_after_the_body_and_not_before) {
  answers_with trailing([](exchange& x) -> task<result<void>> {
    const bool early = x.trailer("x-sum").has_value();
    auto skipped = co_await x.body().skip().result();
    if (!skipped) co_return std::unexpected(skipped.error());
    x.text((early ? "early " : "") + std::string(x.trailer("x-sum").value_or("none")));
    co_return result<void>();
  });
  serve(trailing, [&](net::address at, server&) -> task<void> {
    const std::string all =
        co_await talk(at, post("/", "Transfer-Encoding: chunked\r\nConnection: close\r\n",
                               "1\r\na\r\n0\r\nX-Sum: 42\r\n\r\n"));
    EXPECT_TRUE(all.ends_with("\r\n\r\n42")) << all;
  });
}

TEST_P(http_streaming,
       fault_H5_continue_is_said_when_the_body_is_wanted_and_the_connection_lives_on) {
  answers_with echo([](exchange& x) -> task<result<void>> {
    auto all = co_await x.body().read_to_end().result();
    if (!all) co_return std::unexpected(all.error());
    x.text(*all);
    co_return result<void>();
  });
  serve(echo, [&](net::address at, server&) -> task<void> {
    auto stream = co_await net::connect(at);
    co_await stream.write_all(post("/p", "Content-Length: 4\r\nExpect: 100-continue\r\n", ""));
    auto go = co_await stream.read();
    EXPECT_EQ(io::as_text(go.bytes()), "HTTP/1.1 100 Continue\r\n\r\n");
    go = {};
    co_await stream.write_all("body" + get("/", "Connection: close\r\n"));
    const std::string all = co_await read_all(stream);
    EXPECT_EQ(count_of(all, "HTTP/1.1 200"), 2u) << all;
    EXPECT_NE(all.find("\r\n\r\nbody"), std::string::npos);
  });
}

TEST_P(http_streaming, fault_H5_an_answer_that_begins_first_says_continue_too) {
  answers_with echo([](exchange& x) -> task<result<void>> {
    body_writer& out = x.begin(status::ok, "text/plain");
    for (;;) {
      auto piece = co_await x.body().read().result();
      if (!piece) co_return std::unexpected(piece.error());
      if (piece->empty()) co_return result<void>();
      auto sent = co_await out.write(*piece).result();
      if (!sent) co_return sent;
    }
  });
  serve(echo, [&](net::address at, server&) -> task<void> {
    auto stream = co_await net::connect(at);
    co_await stream.write_all(post("/p", "Content-Length: 4\r\nExpect: 100-continue\r\n", ""));
    std::string first;
    while (first.find("100 Continue\r\n\r\n") == std::string::npos) {
      auto some = co_await stream.read();
      first += io::as_text(some.bytes());
    }
    EXPECT_EQ(first.find("HTTP/1.1 100 Continue"), 0u) << first;
    co_await stream.write_all("body" + get("/", "Connection: close\r\n"));
    const std::string all = first + co_await read_all(stream);
    EXPECT_EQ(count_of(all, "HTTP/1.1 200"), 2u) << all;
    EXPECT_NE(all.find("4\r\nbody\r\n0\r\n\r\n"), std::string::npos) << all;
  });
}

TEST_P(http_streaming, what_the_client_did_wrong_in_the_body_is_told_to_the_client) {
  answers_with reads([](exchange& x) -> task<result<void>> {
    auto all = co_await x.body().read_to_end(10).result();
    if (!all) co_return std::unexpected(all.error());
    x.text("read");
    co_return result<void>();
  });
  serve(reads, [&](net::address at, server&) -> task<void> {
    const std::string broken =
        co_await talk(at, post("/", "Transfer-Encoding: chunked\r\n", "x\r\n") + get("/never"));
    EXPECT_EQ(broken.find("HTTP/1.1 400"), 0u) << broken;
    EXPECT_EQ(count_of(broken, "HTTP/1.1"), 1u);
    const std::string cut = co_await [](net::address to) -> task<std::string> {
      auto stream = co_await net::connect(to);
      co_await stream.write_all(post("/", "Content-Length: 9\r\n", "abc"));
      co_await stream.shutdown();
      auto all = co_await read_all(stream);
      co_return all;
    }(at);
    EXPECT_EQ(cut.find("HTTP/1.1 400"), 0u) << cut;
    const std::string large = co_await talk(at, sized("more than ten") + get("/never"));
    EXPECT_EQ(large.find("HTTP/1.1 413"), 0u) << large;
    const std::string chunked = co_await talk(
        at, post("/", "Transfer-Encoding: chunked\r\n", "d\r\nmore than ten\r\n0\r\n\r\n"));
    EXPECT_EQ(chunked.find("HTTP/1.1 413"), 0u) << chunked;
  });
}

TEST_P(http_streaming, a_limit_may_be_raised_for_one_route_and_is_413_elsewhere) {
  options.limits.body_bytes_max = 100;
  answers_with counts([](exchange& x) -> task<result<void>> {
    if (x.path() == "/big") x.allow_body(1u << 20);
    auto bytes = co_await x.body().skip().result();
    if (!bytes) co_return std::unexpected(bytes.error());
    x.text(std::to_string(*bytes));
    co_return result<void>();
  });
  serve(counts, [&](net::address at, server&) -> task<void> {
    const std::string body(100'000, 'x');
    const std::string length = "Content-Length: 100000\r\nConnection: close\r\n";
    const std::string allowed = co_await talk(at, post("/big", length, body));
    EXPECT_TRUE(allowed.ends_with("\r\n\r\n100000")) << allowed;
    const std::string refused = co_await talk(at, post("/small", length, body));
    EXPECT_EQ(refused.find("HTTP/1.1 413"), 0u) << refused.substr(0, 300);
  });
}

TEST_P(http_streaming, fault_H5_an_early_answer_drops_a_short_body_and_closes_on_a_long_one) {
  options.limits.body_bytes_max = 1u << 30;
  answers_with early([](exchange& x) -> task<result<void>> {
    x.text("early");
    co_return result<void>();
  });
  serve(early, [&](net::address at, server&) -> task<void> {
    const std::string kept =
        co_await talk(at, sized(std::string(100'000, 'x')) + get("/next", "Connection: close\r\n"));
    EXPECT_EQ(count_of(kept, "HTTP/1.1 200"), 2u);
    auto stream = co_await net::connect(at);
    co_await stream.write_all(post("/p", "Content-Length: 900000000\r\n", ""));
    std::size_t sent = 0;
    const std::string piece(64 * 1024, 'y');
    for (; sent < 900'000'000; sent += piece.size()) {
      auto wrote = co_await stream.write_all(piece).result();
      if (!wrote) break;
    }
    EXPECT_LT(sent, 50'000'000u);
  });
}

TEST_P(http_streaming, a_client_does_not_pay_for_the_time_that_its_handler_takes) {
  manual_clock hand;
  clock = &hand;
  int arrived = 0;
  answers_with busy([&](exchange& x) -> task<result<void>> {
    ++arrived;
    co_await sleep(90s);  // beyond the grace, and the limit of a request
    if (x.path() == "/drop") {
      x.text("dropped");
      co_return result<void>();
    }
    auto all = co_await x.body().read_to_end().result();
    if (!all) co_return std::unexpected(all.error());
    x.text(*all);
    co_return result<void>();
  });
  const auto upload = [&](net::address at, std::string_view target) -> task<std::string> {
    auto stream = co_await net::connect(at);
    co_await stream.write_all(post(target, "Content-Length: 5\r\n", ""));
    const int before = arrived;
    while (arrived == before)
      co_await yield_now();
    co_await stream.write_all("hello" + get("/drop", "Connection: close\r\n"));
    co_await turns(20);
    hand.advance(90s);
    while (arrived == before + 1)
      co_await yield_now();
    hand.advance(90s);
    auto all = co_await read_all(stream);
    co_return all;
  };
  serve(busy, [&](net::address at, server&) -> task<void> {
    const std::string read = co_await upload(at, "/read");
    EXPECT_NE(read.find("\r\n\r\nhello"), std::string::npos) << read;
    const std::string dropped = co_await upload(at, "/drop");
    EXPECT_EQ(count_of(dropped, "\r\n\r\ndropped"), 2u) << dropped;
  });
}

TEST_P(http_streaming, a_500_has_none_of_the_fields_of_the_answer_that_failed) {
  answers_with failing([](exchange& x) -> task<result<void>> {
    (void)x.field("Content-Encoding", "gzip");
    (void)x.field("Cache-Control", "max-age=3600");
    co_return std::unexpected(error("database", errc::invalid_input));
  });
  serve(failing, [&](net::address at, server&) -> task<void> {
    const std::string all = co_await talk(at, get("/"));
    EXPECT_EQ(all.find("HTTP/1.1 500"), 0u) << all;
    EXPECT_EQ(all.find("gzip"), std::string::npos) << all;
    EXPECT_EQ(all.find("max-age"), std::string::npos) << all;
  });
}

TEST_P(http_streaming, a_head_without_an_end_is_no_answer_and_the_next_one_is_not_taken_for_it) {
  answers_with halves([](exchange& x) -> task<result<void>> {
    if (x.path() == "/next") {
      x.text("next");
    } else {
      auto head = x.head(status::ok);
      head.content_type("text/plain");
    }
    co_return result<void>();
  });
  serve(halves, [&](net::address at, server&) -> task<void> {
    const std::string all = co_await talk(at, get("/half") + get("/next"));
    EXPECT_EQ(all.find("HTTP/1.1 500"), 0u) << all;
    EXPECT_EQ(count_of(all, "HTTP/1.1"), 1u) << all;
  });
}

TEST_P(http_streaming, a_connection_that_the_handler_closes_stays_closed_after_100_continue) {
  answers_with last([](exchange& x) -> task<result<void>> {
    x.close_after();
    auto all = co_await x.body().read_to_end().result();
    if (!all) co_return std::unexpected(all.error());
    x.text(*all);
    co_return result<void>();
  });
  serve(last, [&](net::address at, server&) -> task<void> {
    auto stream = co_await net::connect(at);
    co_await stream.write_all(post("/", "Content-Length: 3\r\nExpect: 100-continue\r\n", ""));
    auto told = co_await stream.read();
    EXPECT_EQ(io::as_text(told.bytes()).find("HTTP/1.1 100"), 0u);
    told = lease();
    co_await stream.write_all("abc" + get("/next"));
    const std::string all = co_await read_all(stream);
    EXPECT_NE(all.find("Connection: close"), std::string::npos) << all;
    EXPECT_EQ(count_of(all, "HTTP/1.1"), 1u) << all;
  });
}

TEST_P(http_streaming, fault_N4_a_body_may_be_slow_but_not_too_slow) {
  manual_clock hand;
  clock = &hand;
  answers_with counts([](exchange& x) -> task<result<void>> {
    auto bytes = co_await x.body().skip().result();
    if (!bytes) co_return std::unexpected(bytes.error());
    x.text(std::to_string(*bytes));
    co_return result<void>();
  });
  const auto upload = [&](net::address at, std::size_t per_second) -> task<std::string> {
    auto stream = co_await net::connect(at);
    co_await stream.write_all(post("/", "Content-Length: 10000\r\nConnection: close\r\n", ""));
    for (std::size_t sent = 0; sent < 10'000; sent += per_second) {
      auto wrote = co_await stream.write_all(std::string(per_second, 'x')).result();
      if (!wrote) break;
      co_await turns(40);
      hand.advance(1s);
      co_await turns(40);
    }
    auto all = co_await read_all(stream);
    co_return all;
  };
  serve(counts, [&](net::address at, server&) -> task<void> {
    const std::string slow = co_await upload(at, 250);
    EXPECT_TRUE(slow.ends_with("\r\n\r\n10000")) << slow;
    const std::string too_slow = co_await upload(at, 100);
    EXPECT_EQ(too_slow.find("HTTP/1.1 408"), 0u) << too_slow;
  });
}

TEST_P(http_streaming, an_answer_in_pieces_is_chunked_with_trailers_or_ends_with_the_connection) {
  answers_with pieces([](exchange& x) -> task<result<void>> {
    body_writer& body = x.begin(status::ok, "text/plain");
    for (std::string_view part : {"one ", "", "two "}) {
      auto sent = co_await body.write(part).result();
      if (!sent) co_return sent;
    }
    auto gathered = body.gather("three");
    if (!gathered) co_return gathered;
    const bool is_chunked = body.trailer("X-Sum", "3").has_value();
    EXPECT_EQ(is_chunked, x.request().minor_version() == 1 && !x.is_head());
    EXPECT_FALSE(body.trailer("Content-Length", "3").has_value());
    co_return result<void>();
  });
  serve(pieces, [&](net::address at, server&) -> task<void> {
    const std::string chunked = co_await talk(at, get("/", "Connection: close\r\n"));
    EXPECT_TRUE(
        chunked.ends_with("\r\n\r\n4\r\none \r\n4\r\ntwo \r\n5\r\nthree\r\n0\r\nX-Sum: "
                          "3\r\n\r\n"))
        << chunked;
    EXPECT_NE(chunked.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
    const std::string old = co_await talk(at, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(old.ends_with("\r\n\r\none two three")) << old;
    EXPECT_EQ(old.find("Transfer-Encoding"), std::string::npos);
    const std::string head =
        co_await talk(at, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
    EXPECT_EQ(head.find("one"), std::string::npos);
  });
}

TEST_P(http_streaming, a_body_that_is_not_as_long_as_it_said_cuts_the_connection) {
  answers_with lies([](exchange& x) -> task<result<void>> {
    body_writer& body = x.begin(status::ok, "text/plain", 10);
    auto sent = co_await body.write(x.path() == "/more" ? "0123456789abc" : "0123").result();
    co_return sent;
  });
  serve(lies, [&](net::address at, server&) -> task<void> {
    const std::string less = co_await talk(at, get("/less") + get("/never"));
    EXPECT_EQ(count_of(less, "HTTP/1.1"), 1u) << less;
    const std::string more = co_await talk(at, get("/more") + get("/never"));
    EXPECT_EQ(more.find("HTTP/1.1 500"), 0u) << more;  // nothing of it had been sent
    EXPECT_EQ(more.find("0123456789"), std::string::npos);
  });
}

TEST_P(http_streaming, fault_N3_a_writer_waits_for_a_slow_reader) {
  std::size_t written = 0;
  answers_with endless([&](exchange& x) -> task<result<void>> {
    body_writer& body = x.begin(status::ok, "text/plain");
    const std::string piece(256 * 1024, 'p');
    for (int i = 0; i < 400; ++i) {
      auto sent = co_await body.write(piece).result();
      if (!sent) co_return sent;
      written += piece.size();
    }
    co_return result<void>();
  });
  serve(endless, [&](net::address at, server&) -> task<void> {
    auto stream = co_await net::connect(at);
    co_await stream.write_all(get("/", "Connection: close\r\n"));
    std::size_t before = 1;
    while (before != written) {
      before = written;
      co_await turns(500);
    }
    EXPECT_LT(written, 30u << 20);  // what the kernel's buffers hold
    const std::string all = co_await read_all(stream);
    EXPECT_GT(all.size(), 400u * 256 * 1024);
  });
}

TEST_P(http_streaming, fault_N1_a_client_that_resets_in_the_middle_ends_its_answer_only) {
  bool failed = false;
  answers_with endless([&](exchange& x) -> task<result<void>> {
    if (x.path() == "/short") {
      x.text("short");
      co_return result<void>();
    }
    body_writer& body = x.begin(status::ok, "text/plain");
    const std::string piece(64 * 1024, 'p');
    for (;;) {
      auto sent = co_await body.write(piece).result();
      failed = !sent;
      if (failed) co_return sent;
    }
  });
  serve(endless, [&](net::address at, server& s) -> task<void> {
    auto stream = co_await net::connect(at);
    co_await stream.write_all(get("/"));
    auto some = co_await stream.read();
    some = {};
    stream.reset();
    while (s.connections() != 0)
      co_await yield_now();
    EXPECT_TRUE(failed);
    const std::string other = co_await talk(at, get("/short", "Connection: close\r\n"));
    EXPECT_TRUE(other.ends_with("short"));
  });
}

TEST_P(http_streaming, an_answer_that_is_ready_does_not_wait_for_the_next_handler) {
  sync::local_notify gate;
  answers_with waits([&](exchange& x) -> task<result<void>> {
    if (x.path() == "/slow") {
      auto opened = gate.wait();
      co_await opened;
    }
    x.text(x.path());
    co_return result<void>();
  });
  serve(waits, [&](net::address at, server&) -> task<void> {
    auto stream = co_await net::connect(at);
    co_await stream.write_all(get("/a") + get("/b") + get("/slow") +
                              get("/c", "Connection: close\r\n"));
    std::string first;
    while (first.find("\r\n\r\n/b") == std::string::npos) {
      auto some = co_await stream.read();
      first += io::as_text(some.bytes());
    }
    EXPECT_EQ(count_of(first, "HTTP/1.1 200"), 2u) << first;
    gate.notify_one();
    const std::string rest = co_await read_all(stream);
    EXPECT_EQ(count_of(rest, "HTTP/1.1 200"), 2u) << rest;
    EXPECT_LT(rest.find("/slow"), rest.find("/c"));
  });
}

TEST_P(http_streaming, a_handler_that_gives_no_answer_is_a_500) {
  answers_with silent([](exchange&) -> task<result<void>> { co_return result<void>(); });
  serve(silent, [&](net::address at, server&) -> task<void> {
    const std::string all = co_await talk(at, get("/"));
    EXPECT_EQ(all.find("HTTP/1.1 500"), 0u) << all;
  });
}

TEST_P(http_streaming, fault_H6_line_breaks_in_what_a_handler_sets_are_refused) {
  answers_with careless([](exchange& x) -> task<result<void>> {
    EXPECT_FALSE(x.field("X-A", "a\r\nX-B: b").has_value());
    EXPECT_FALSE(x.field("X-A: ", "a").has_value());
    EXPECT_FALSE(x.field("Content-Length", "5").has_value());
    EXPECT_FALSE(x.redirect("/a\r\nX-B: b").has_value());
    EXPECT_TRUE(x.field("X-Good", "yes").has_value());
    EXPECT_TRUE(x.redirect("/there").has_value());
    co_return result<void>();
  });
  serve(careless, [&](net::address at, server&) -> task<void> {
    const std::string all = co_await talk(at, get("/", "Connection: close\r\n"));
    EXPECT_EQ(all.find("HTTP/1.1 302"), 0u) << all;
    EXPECT_NE(all.find("\r\nX-Good: yes\r\n"), std::string::npos);
    EXPECT_EQ(all.find("X-B"), std::string::npos);
  });
}

TEST_P(http_streaming, events_arrive_when_they_are_sent_and_a_client_that_leaves_is_noticed) {
  bool left = false;
  answers_with ticks([&](exchange& x) -> task<result<void>> {
    event_stream events(x);
    EXPECT_EQ(events.last_event_id(), "7");
    const server_event broken{.data = "x", .event = "a\nb"};
    auto bad = co_await events.send(broken);
    EXPECT_FALSE(bad);
    const server_event whole{.data = "two\nlines\r\n", .event = "tick", .id = "8", .retry = 2s};
    auto sent = co_await events.send(whole);
    while (sent) {
      sent = co_await events.keep_alive();
      co_await yield_now();
    }
    left = true;
    co_return sent;
  });
  serve(ticks, [&](net::address at, server& s) -> task<void> {
    auto stream = co_await net::connect(at);
    co_await stream.write_all(get("/", "Last-Event-ID: 7\r\n"));
    std::string all;
    while (all.find(":\n\n") == std::string::npos) {
      auto some = co_await stream.read();
      all += io::as_text(some.bytes());
    }
    EXPECT_NE(all.find("Content-Type: text/event-stream\r\n"), std::string::npos);
    EXPECT_NE(all.find("event: tick\nid: 8\nretry: 2000\ndata: two\ndata: lines\ndata: \n\n"),
              std::string::npos)
        << all;
    stream.close();
    while (s.connections() != 0)
      co_await yield_now();
    EXPECT_TRUE(left);
  });
}

INSTANTIATE_TEST_SUITE_P(on, http_streaming, support::reactors(), support::reactor_name);

}  // namespace
}  // namespace rouse::http

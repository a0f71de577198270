// The whole server, ended at each point of its interplay with clients: every client hears an answer
// or the end of the connection, and nothing of the server is left.
#include <rouse/http/router.hpp>
#include <rouse/http/server.hpp>
#include <rouse/http/static_files.hpp>
#include <rouse/sys/file.hpp>

#include <fstream>
#include <optional>

#include <tests/support/scratch_folder.hpp>
#include "cancel_every_await.hpp"

namespace scenarios {
namespace {

using namespace rouse;

class http_server : public on_each_reactor {
 protected:
  http_server() {
    std::ofstream(folder_ / "small") << "hello";
    std::ofstream(folder_ / "large") << pattern(large);
  }

  static constexpr std::size_t large = 300'000;
  const support::scratch_folder folder_;
};
SCENARIOS_ON_EACH_REACTOR(http_server);

std::string get(std::string_view target, std::string_view more = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n" + std::string(more) + "\r\n";
}

/// What comes until the end, whatever that is.
task<std::string> ask(net::address to, std::string request) {
  std::string heard;
  auto stream = co_await net::connect(to).result();
  if (!stream) co_return heard;
  auto sent = co_await stream->write_all(request).result();
  if (!sent) co_return heard;
  for (;;) {
    auto more = co_await stream->read().result();
    if (!more || !*more) co_return heard;
    heard += io::as_text(more->bytes());
    co_await yield_now();
  }
}

/// The body of an answer, as far as it came.
std::string_view body_of(std::string_view answer) {
  const std::size_t end_of_head = answer.find("\r\n\r\n");
  return end_of_head == std::string_view::npos ? std::string_view()
                                               : answer.substr(end_of_head + 4);
}

struct talk {
  std::string request;
  std::string body;  // of the answer
  std::string heard = {};
};

/// Waits until both have been answered, then has the server stop, if there still is one.
task<void> ask_both(net::address at, talk& one, talk& two, std::optional<http::server>& server) {
  auto first = spawn(ask(at, one.request));
  auto second = spawn(ask(at, two.request));
  one.heard = co_await std::move(first);
  two.heard = co_await std::move(second);
  if (server) server->stop();
}

/// What comes goes back, while it comes.
task<result<void>> echo_body(http::exchange& x) {
  const std::uint64_t length = x.request().content_length();
  http::body_writer& back = x.begin(http::status::ok, "text/plain", length);
  for (;;) {
    auto piece = co_await x.body().read().result();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return result<void>();
    auto sent = co_await back.write(*piece).result();
    if (!sent) co_return sent;
  }
}

task<result<void>> three_chunks(http::exchange& x) {
  http::body_writer& body = x.begin(http::status::ok, "text/plain");
  for (const std::string_view part : {"one", "two", "three"}) {
    co_await yield_now();
    auto sent = co_await body.write(part).result();
    if (!sent) co_return sent;
  }
  co_return body.trailer("X-Sum", "3");
}

/// The work under test is the server.
task<void> serve_two(trial& run, std::string folder, talk one, talk two) {
  auto root = co_await fs::open_directory(std::move(folder));
  http::static_files_options how;
  how.sendfile = true;
  http::static_files files(std::move(root), how);
  http::router app;
  app.use([](http::exchange& x, http::next_step next) { return next(x); });
  app.post("/echo", echo_body);
  app.get("/chunks", three_chunks);
  app.mount("/", files);
  auto listener = net::tcp_listener::bind(net::address::loopback_v4()).value();
  const net::address here = *listener.local_address();
  std::optional<http::server> server;
  server.emplace(std::move(listener), app);
  auto asking = spawn(assume_owned(ask_both(here, one, two, server)));
  co_await run.interrupt(server->run());
  run.expect(server->connections() == 0, "connections are left");
  server.reset();  // with it goes the listener: whom it had not accepted hears the end
  co_await std::move(asking);
  for (const talk* t : {&one, &two}) {
    run.expect(t->body.starts_with(body_of(t->heard)), "another answer to " + t->request);
    run.expect(run.was_interrupted() || body_of(t->heard) == t->body, "no answer to " + t->request);
  }
}

TEST_P(http_server, small_files) {
  holds(20, [this](trial& run) {
    const std::string request = get("/small", "Connection: close\r\n");
    return serve_two(run, folder_.path(), {request, "hello"}, {request, "hello"});
  });
}

TEST_P(http_server, a_large_file_and_a_page) {
  holds(20, [this](trial& run) {
    const talk file = {get("/large", "Connection: close\r\n"), pattern(large)};
    const talk missing = {"HEAD /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", ""};
    return serve_two(run, folder_.path(), file, missing);
  });
}

TEST_P(http_server, bodies_that_stream_both_ways) {
  holds(20, [this](trial& run) {
    const std::string body = pattern(100'000);
    const talk echoed = {
        "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Content-Length: 100000\r\n\r\n" +
            body,
        body};
    const talk chunks = {get("/chunks", "Connection: close\r\n"),
                         "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\nX-Sum: 3\r\n\r\n"};
    return serve_two(run, folder_.path(), echoed, chunks);
  });
}

TEST_P(http_server, parts_of_files) {
  holds(20, [this](trial& run) {
    const talk part = {get("/large", "Connection: close\r\nRange: bytes=1000-250000\r\n"),
                       pattern(large).substr(1000, 249'001)};
    const talk same = {get("/small", "Connection: close\r\nIf-None-Match: *\r\n"), ""};
    return serve_two(run, folder_.path(), part, same);
  });
}

TEST_P(http_server, a_client_that_stays) {
  holds(20, [this](trial& run) {
    // Kept alive: the server ends it when it has been idle for long, or is stopped.
    return serve_two(run, folder_.path(), {get("/small"), "hello"},
                     {get("/small", "Connection: close\r\n"), "hello"});
  });
}

}  // namespace
}  // namespace scenarios

// A small web application: a page, a list of notes that one can read and add to, a stream of
// events, uploads of any size that go back as they come, and the files of a directory. http_server
// [PORT] [DIRECTORY]
#include <rouse/http/event_stream.hpp>
#include <rouse/http/router.hpp>
#include <rouse/http/server.hpp>
#include <rouse/http/static_files.hpp>
#include <rouse/rouse.hpp>

#include <cstdio>
#include <vector>

namespace http = rouse::http;
using rouse::result;
using rouse::task;
using namespace std::chrono_literals;

namespace {

// Counts up as long as the client listens, and ends when the server wants to.
task<result<void>> ticks(http::exchange& x) {
  http::event_stream events(x);
  for (int i = 0; !x.is_stopping(); ++i) {
    const std::string text = std::to_string(i);
    const http::server_event event{.data = text, .event = "tick"};
    auto sent = co_await events.send(event);
    if (!sent) co_return sent;  // the client has left
    co_await rouse::sleep(100ms);
  }
  co_return result<void>();
}

// The body is read and written at the same time, so its size does not matter.
task<result<void>> echo(http::exchange& x) {
  x.allow_body(std::uint64_t{1} << 40);
  http::body_writer& out = x.begin(http::status::ok, "application/octet-stream");
  for (;;) {
    auto piece = co_await x.body().read().result();  // lent until the next read
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return result<void>();
    auto sent = co_await out.write(*piece).result();  // waits until the kernel has it
    if (!sent) co_return sent;
  }
}

task<void> stop_when_asked(http::server& server) {
  const int signal = co_await rouse::stop_requested();
  (void)signal;
  server.stop();
}

task<void> serve(std::string port, std::string directory) {
  std::vector<std::string> notes;
  http::router app;

  // Around every request: this one puts a field on each answer.
  app.use([](http::exchange& x, http::next_step next) {
    (void)x.field("X-Powered-By", "Rouse");
    return next(x);
  });

  app.get("/", [](http::exchange& x) {
    x.html(
        "<!doctype html><title>Notes</title><p><a href=\"/notes\">notes</a> "
        "<a href=\"/ticks\">ticks</a> <a href=\"/files/\">files</a>");
  });
  app.get("/hello/:name", [](http::exchange& x) {
    x.text("Hello, " + std::string(x.parameter("name")) + x.query("mark").value_or("!") + "\n");
  });
  app.get("/notes", [&](http::exchange& x) {
    std::string all;
    for (const std::string& note : notes)
      all += note + "\n";
    x.text(all);
  });
  app.post("/notes", [&](http::exchange& x) -> task<void> {
    notes.push_back(co_await x.body().read_to_end(1000));  // longer ones are 413
    x.empty(http::status::created);
  });
  app.get("/ticks", ticks);
  app.put("/echo", echo);

  auto root = co_await rouse::fs::open_directory(std::move(directory));
  http::static_files files(std::move(root));
  app.mount("/files", files);

  auto listener = co_await rouse::net::listen("127.0.0.1:" + port);
  std::printf("http://%s/\n", listener.local_address()->to_string().c_str());
  std::fflush(stdout);
  http::server server(std::move(listener), app);
  co_await rouse::scope([&](rouse::nursery& n) -> task<void> {
    n.spawn(stop_when_asked(server));
    co_await server.run();  // ctrl-c: answers what is under way, then returns
    n.cancel();
  });
}

}  // namespace

int main(int argc, char** argv) {
  return rouse::run(serve(argc > 1 ? argv[1] : "8080", argc > 2 ? argv[2] : "."));
}

// A tour of the loop: file reads, a long computation, timers and a web call are under way at once,
// and one thread does it all but the computation. Each line begins with the name of the thread that
// printed it.
//
//   loop_tour                      some 4 seconds
//   ROUSE_TRACE=loop loop_tour     the same, with what the loop does and why it waits
#include <rouse/http/router.hpp>
#include <rouse/http/server.hpp>
#include <rouse/loop.hpp>
#include <rouse/rouse.hpp>

#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <latch>
#include <memory>
#include <string>

namespace http = rouse::http;
using namespace std::chrono_literals;

void print(const std::string& line) {
  char thread[16] = {};
  pthread_getname_np(pthread_self(), thread, sizeof thread);
  std::printf("%s: %s\n", thread, line.c_str());
}

void print_between_rules(const std::string& title, const std::string& text) {
  print("===== " + title + " =====");
  print(text);
  print("=====");
}

// ---- a file to read, and a server that takes its time

std::filesystem::path make_test_file() {
  auto path = std::filesystem::temp_directory_path() /
              ("loop_tour." + std::to_string(getpid()) + ".test.txt");
  std::ofstream(path) << "Hello world! This is a text to encrypt!";  // 39 characters
  return path;
}

rouse::task<void> answer_slowly(http::exchange& x) {
  co_await rouse::sleep(2000ms);
  x.text("Good things take two seconds.");
}

rouse::net::tcp_listener listen(rouse::loop& loop) {
  const rouse::runtime::entered here(loop.runtime());  // a listener belongs to its reactor
  return rouse::net::tcp_listener::bind(rouse::net::address::parse("127.0.0.1:0").value()).value();
}

// ---- what would stop the loop for a second, were it not on another thread

long fibonacci(long n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

void encrypt(rouse::loop& loop, long n) {
  const auto job = [n] {  // on a thread of the pool
    print("takes a job, fibonacci(" + std::to_string(n) + ")");
    const long number = fibonacci(n);
    print("has finished it");
    return number;
  };
  loop.jobs().run(job, [](rouse::result<long> number) {  // here again
    print("\"Encrypted\" number is: " + std::to_string(number.value()));
  });
}

/// The pool makes threads as jobs need them. Here all four are to be seen from beginning to end,
/// and four jobs that wait for each other need four.
void start_all_threads(rouse::loop& loop) {
  const auto all = std::make_shared<std::latch>(4);
  for (int i = 0; i < 4; ++i) {
    const auto job = [all] { all->arrive_and_wait(); };
    loop.jobs().run(job, [](rouse::result<void>) {});
  }
  all->wait();
}

// ---- the program: each call returns at once, and its callback comes when there is something to
// ---- tell

void tour(rouse::loop& loop, const std::string& file, const std::string& url,
          http::server& server) {
  print("First call to read test.txt");
  loop.fs().read_file(file, [&loop](rouse::result<std::string> text) {
    print("First count: " + std::to_string(text.value().size()) + " characters.");
    print("I want to \"encrypt\" it to a number.");
    encrypt(loop, static_cast<long>(text->size()));
  });

  print("Registering immediate timeout 1");
  loop.set_timeout(0ms, [] { print("Immediate1 timed out"); });
  print("Registering immediate timeout 2");
  loop.set_timeout(0ms, [] { print("Immediate2 timed out"); });

  print("Second call to read test.txt");
  loop.fs().read_file(file, [&loop, file](rouse::result<std::string> text) {
    print("Second count: " + std::to_string(text.value().size()) + " characters.");
    print("Third call to read test.txt");
    loop.fs().read_file(file, [](rouse::result<std::string> again) {
      print_between_rules("file read", again.value());
    });
  });

  print("Registering a 3000 and a 500 ms timeout");
  loop.set_timeout(3000ms, [&loop] {
    print("3000ms timer timed out");
    loop.set_timeout(500ms, [] { print("500ms timer(nested) timed out"); });
  });

  print("Registering a 1000 ms timeout");
  loop.set_timeout(1000ms, [] { print("SETTIMEOUT"); });

  print("Registering http get request");
  loop.http().get(url, [&server](rouse::result<rouse::http_answer> answer) {
    print_between_rules("web call", answer.value().body);
    server.stop();  // it would keep the loop alive
  });
}

int main() {
  pthread_setname_np(pthread_self(), "main");
  std::setvbuf(stdout, nullptr, _IOLBF, 0);

  rouse::loop_options options;
  options.on_turn = [](auto turn, auto) { print("===== TICK " + std::to_string(turn) + " ====="); };
  options.on_reactor_closed = [](auto) { print("the reactor is closed"); };
  options.runtime.blocking.keep_alive = rouse::no_limit;  // or idle threads would go after 10 s
  options.runtime.blocking.after_start = [](auto, auto) { print("starts"); };
  options.runtime.blocking.before_stop = [](auto, auto) { print("closes"); };
  rouse::loop loop(options);
  start_all_threads(loop);

  // The server is a task, and a tenant of the same loop.
  http::router app;
  app.get("/", answer_slowly);
  auto listener = listen(loop);
  const std::string url = "http://" + listener.local_address()->to_string() + "/";
  http::server server(std::move(listener), app);
  loop.spawn(rouse::assume_owned(server.run())).detach();

  const std::filesystem::path file = make_test_file();
  const int code =
      loop.run([&] { tour(loop, file, url, server); });  // returns when nothing is left
  std::filesystem::remove(file);
  print("FINISHED");
  return code;
}

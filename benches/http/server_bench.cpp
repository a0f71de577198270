// Question: what does a GET of a small file cost beside a server written straight on epoll that
// makes the same openat2, fstat, pread and close? CPU of the server's process for a request,
// without a log; support/load.hpp says how it is measured.
#include <support/bare_servers.hpp>
#include <support/bare_sleeper.hpp>
#include <support/load.hpp>
#include <support/row.hpp>

#include <rouse/coro/task.hpp>
#include <rouse/fs/directory.hpp>
#include <rouse/http/server.hpp>
#include <rouse/http/static_files.hpp>
#include <rouse/net/tcp_listener.hpp>
#include <rouse/runtime/runtime.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

namespace {

/// A directory of one small file, gone with the program.
class site {
 public:
  site() {
    if (!::mkdtemp(path_.data())) std::abort();
    std::FILE* file = std::fopen((path_ + "/hello.txt").c_str(), "we");
    if (!file) std::abort();
    std::fputs("hello, world\n", file);
    std::fflush(file);  // else its last write comes after its time is set
    // A file that changed in this second has a weak tag, two bytes longer than later ones.
    const timespec long_ago[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    if (::futimens(::fileno(file), long_ago) != 0) std::abort();
    std::fclose(file);
  }
  site(const site&) = delete;
  site& operator=(const site&) = delete;
  ~site() {
    ::unlink((path_ + "/hello.txt").c_str());
    ::rmdir(path_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/rouse_bench_XXXXXX";
};

const std::string& site_path() {
  static const site one;
  return one.path();
}

rouse::task<void> serve(int listener) {
  auto root = co_await rouse::fs::open_directory(site_path());
  auto adopted = rouse::net::tcp_listener::adopt(listener);
  if (!adopted) std::abort();
  rouse::http::static_files files(std::move(root));
  rouse::http::server_options options;
  options.idle_limit = rouse::no_limit;  // rounds of other rows come between two of ours
  rouse::http::server server(std::move(*adopted), files, options);
  co_await server.run();
}

bench::server http_over(rouse::reactor_kind kind) {
  return [kind](int listener) {
    auto runtime = rouse::runtime::make({.reactor = {.kind = kind}});
    if (!runtime || runtime->reactor().kind() != kind) std::abort();
    runtime->block_on(serve(listener));
  };
}

void bare_http(int listener) {
  bench::bare_epoll_http(listener, ::open(site_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

bench::work cpu(bench::server s, int pipelined, bool needs_ring) {
  return [=](benchmark::State& state) {
    if (needs_ring && !bench::has_ring()) return bench::not_here(state, "no io_uring");
    (void)site_path();  // made here, not in the child that is killed
    bench::load l;
    if (bench::is_quick()) l.connections = 16;
    l.rounds = static_cast<int>(bench::scaled(500 / pipelined + 100));
    l.warm_rounds = l.rounds / 10 + 1;
    for (int i = 0; i < pipelined; ++i)
      l.message += "GET /hello.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    l.echo = false;
    l.answers = pipelined;
    for (auto _ : state) {
      const bench::load_result found = bench::measure_load(s, l);
      if (*found.error) return state.SkipWithError(found.error);
      bench::gauge(state, found.cpu_ns / 1e3);
    }
  };
}

constexpr auto epoll = rouse::reactor_kind::epoll;
constexpr auto ring = rouse::reactor_kind::io_uring;

const bench::rows here({
    {.name = "http, GET of a small file, epoll",
     .unit = "us",
     .at = bench::times_floor(1.1),
     .ours = cpu(http_over(epoll), 1, false),
     .floor = cpu(bare_http, 1, false),
     .once = true},
    {.name = "http, GET of a small file, io_uring",
     .unit = "us",
     .at = bench::times_floor(1.1),
     .ours = cpu(http_over(ring), 1, true),
     .floor = cpu(bare_http, 1, true),
     .once = true},
    {.name = "http, the same pipelined x16, epoll",
     .unit = "us",
     .at = bench::times_floor(1.5),
     .ours = cpu(http_over(epoll), 16, false),
     .floor = cpu(bare_http, 16, false),
     .once = true},
});

}  // namespace

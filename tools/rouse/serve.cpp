#include "serve.hpp"

#include <rouse/base/io_error.hpp>
#include <rouse/coro/scope.hpp>
#include <rouse/fs/directory.hpp>
#include <rouse/http/server.hpp>
#include <rouse/http/static_files.hpp>
#include <rouse/net/listen.hpp>
#include <rouse/reactor/reactor.hpp>
#include <rouse/runtime/run.hpp>

#include <cstdio>
#include <filesystem>

namespace tool {
namespace {

constexpr int ports_tried_max = 100;

std::string endpoint_of(const std::string& host, int port) {
  const bool bare_ipv6 = host.find(':') != std::string::npos && host.front() != '[';
  return (bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

rouse::task<rouse::net::tcp_listener> listen(serve_options options) {
  const int tries = options.port_given ? 1 : ports_tried_max;
  for (int i = 0;; ++i) {
    const std::string where = endpoint_of(options.bind, options.port + i);
    auto listener = co_await rouse::net::listen(where).result();
    if (listener) co_return std::move(*listener);
    const bool taken = listener.error() == std::errc::address_in_use;
    if (!taken || i + 1 >= tries || options.port + i >= 65535)
      rouse::throw_error(listener.error(), where);
  }
}

void greet(const serve_options& options, const std::string& where) {
  const std::string url = "http://" + where + "/";
  std::printf("Serving %s at %s (%s)\n\n", options.directory.c_str(), url.c_str(),
              rouse::current<rouse::reactor>::get()->backend());
  std::printf("Try: a browser at %s\n", url.c_str());
  std::printf("     curl -i %s\n", url.c_str());
  std::printf("     rouse serve --help\n\n");
  std::printf("ctrl-c finishes what is in flight and ends.\n");
  std::fflush(stdout);
}

rouse::nanoseconds seconds(double s) noexcept {
  return rouse::nanoseconds(static_cast<std::int64_t>(s * 1e9));
}

rouse::http::static_files_options files_options(const serve_options& options) {
  rouse::http::static_files_options how;
  how.root_name = std::filesystem::weakly_canonical(options.directory).filename().string();
  if (how.root_name.empty()) how.root_name = "/";
  how.listing = options.listing;
  how.listed_entries_max = options.entries_max;
  how.precompressed = options.precompressed;
  how.sendfile = options.sendfile;
  how.cached_for = seconds(options.cached_for_s);
  how.cache_control = options.cache_control;
  return how;
}

rouse::http::server_options server_limits(const serve_options& options) {
  rouse::http::server_options limits;
  limits.connections_max = options.connections_max;
  limits.header_limit = seconds(options.header_limit_s);
  limits.request_limit = seconds(options.request_limit_s);
  limits.idle_limit = seconds(options.idle_limit_s);
  limits.write_limit = seconds(options.write_limit_s);
  limits.drain_limit = seconds(options.drain_limit_s);
  return limits;
}

rouse::task<void> stop_when_asked(rouse::http::server* server) {
  const int signal = co_await rouse::stop_requested();
  (void)signal;
  server->stop();
}

rouse::task<void> serve_files(serve_options options) {
  auto root = co_await rouse::fs::open_directory(options.directory);
  auto listener = co_await listen(options);
  const auto where = listener.local_address();
  if (!where) rouse::throw_error(where.error());
  greet(options, where->to_string());

  rouse::http::static_files files(std::move(root), files_options(options));
  request_log log(options.log);
  rouse::http::server_options limits = server_limits(options);
  if (options.log != log_format::none) limits.log = &log;
  rouse::http::server server(std::move(listener), files, limits);
  co_await rouse::scope([&](rouse::nursery& n) -> rouse::task<void> {
    n.spawn(stop_when_asked(&server), {.name = "stop"});
    co_await server.run();
    n.cancel();
  });
}

/// A directory that is not there and a port that is taken are for the user to mend: no source line.
rouse::task<int> report_to_user(serve_options options) {
  std::string why;
  try {
    co_await serve_files(std::move(options));
  } catch (const rouse::io_error& e) {
    why = e.what();
  }
  if (why.empty()) co_return 0;
  std::fprintf(stderr, "rouse: %s\n", why.c_str());
  co_return 1;
}

}  // namespace

int serve(const serve_options& options) { return rouse::run(report_to_user(options)); }

}  // namespace tool

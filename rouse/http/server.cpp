#include <rouse/http/server.hpp>

#include <rouse/http/internal/connection.hpp>

#include <rouse/base/log.hpp>
#include <rouse/coro/scope.hpp>
#include <rouse/coro/select.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/time/sleep.hpp>

namespace rouse::http {

server::server(net::tcp_listener listener, handler& answers, server_options options)
    : listener_(std::move(listener)),
      handler_(&answers),
      options_(options),
      workspaces_(new internal::workspaces(options.limits, options.write_limit)) {}
server::~server() { delete workspaces_; }

std::string_view server::date() noexcept { return dates_.at(sys::wall_now().seconds); }

task<void> server::accept_all(nursery& clients) {
  auto stopped = stop_.wait();
  while (!stopping_) {
    auto room = co_await select(clients.room(), stopped);
    if (room.index() == 1) break;
    auto next = co_await select(listener_.accept(), stopped);
    if (next.index() == 1) break;
    clients.spawn(connection::run(*this, std::move(std::get<0>(next).stream), ticket(*this)),
                  {.name = "http connection"});
  }
}

task<void> server::drained() {
  while (count_ != 0) {
    auto gone = gone_.wait();
    co_await gone;
  }
}

task<void> server::run() {
  co_await supervise(
      [this](nursery& clients) -> task<void> {
        co_await accept_all(clients);
        listener_.close();
        for (connection* c = connections_.front(); c; c = connections_.next(*c))
          c->end_when_idle();
        auto rest = co_await select(drained(), sleep(options_.drain_limit));
        if (rest.index() == 1) ROUSE_LOG(warning, "%zu connections did not end in time", count_);
        clients.cancel();
      },
      internal::log_failure(), {.children_max = options_.connections_max});
}

void server::stop() noexcept {
  stopping_ = true;
  stop_.notify_all();
}

}  // namespace rouse::http

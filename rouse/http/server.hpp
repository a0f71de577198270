// An HTTP/1.1 server: takes connections, reads requests, has them answered in order, and ends in
// peace.
#pragma once

#include <rouse/coro/nursery.hpp>
#include <rouse/http/access_log.hpp>
#include <rouse/http/exchange.hpp>
#include <rouse/http/http_date.hpp>
#include <rouse/http/request_parser.hpp>
#include <rouse/net/tcp_listener.hpp>
#include <rouse/sync/notify.hpp>

namespace rouse::internal {
class workspaces;
}

namespace rouse::http {

/// Limits of a server; the defaults are the secure ones.
struct server_options {
  request_limits limits;
  std::size_t connections_max = 10'000;  ///< beyond, the kernel's backlog holds them
  nanoseconds header_limit =
      std::chrono::seconds(10);  ///< from a request's first byte to the end of its head
  nanoseconds request_limit = std::chrono::seconds(60);  ///< from there to the end of its body
  /// A body slower than this, once it had `body_grace`, is a request that takes too long.
  std::uint32_t body_bytes_per_second_min = 240;
  nanoseconds body_grace = std::chrono::seconds(5);
  /// Of a body that its handler left unread; more closes the connection.
  std::uint64_t dropped_body_bytes_max = 256 * 1024;
  nanoseconds idle_limit = std::chrono::seconds(15);  ///< silence between requests
  nanoseconds write_limit =
      std::chrono::seconds(60);  ///< a peer that takes nothing of one piece for so long
  nanoseconds drain_limit = std::chrono::seconds(10);  ///< after stop(), for requests in flight
  access_log* log = nullptr;                           ///< null: none
};

/// @threads  One: that of the runtime it runs on. Stays where it is while it runs.
class server {
 public:
  /// `answers` must outlive the server.
  server(net::tcp_listener listener, handler& answers, server_options options = {});
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  ~server();

  /// Serves until stop(), then lets what is in flight finish, for at most `drain_limit`, and
  /// returns.
  /// @errors  throws what the listener reports, after the connections have ended.
  /// @cancel  Ends all connections at once.
  [[nodiscard]] task<void> run();
  /// Takes no more connections, closes idle ones, answers what has been asked. Idempotent.
  void stop() noexcept;

  [[nodiscard]] const net::tcp_listener& listener() const noexcept { return listener_; }
  [[nodiscard]] std::size_t connections() const noexcept { return count_; }

 private:
  class connection;
  /// Counts a connection from its accept on, though its task may not have run yet.
  class ticket {
   public:
    explicit ticket(server& home) noexcept : home_(&home) { ++home_->count_; }
    ticket(ticket&& other) noexcept : home_(std::exchange(other.home_, nullptr)) {}
    ticket& operator=(ticket&&) = delete;
    ~ticket() {
      if (home_ && --home_->count_ == 0) home_->gone_.notify_all();
    }

   private:
    server* home_;
  };
  [[nodiscard]] task<void> accept_all(nursery& clients);
  [[nodiscard]] task<void> drained();
  [[nodiscard]] std::string_view date() noexcept;

  net::tcp_listener listener_;
  handler* handler_;
  server_options options_;
  date_cache dates_;
  internal::workspaces* const workspaces_;  // owned; a pointer keeps its headers out
  list<connection> connections_;
  std::size_t count_ = 0;
  bool stopping_ = false;
  sync::local_notify stop_;
  sync::local_notify gone_;
};

}  // namespace rouse::http

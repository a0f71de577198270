// The connections of a client: those in use are counted, those that wait for their next request are
// kept by origin. No task watches them: what expired or was closed by its server is noticed when
// the pool is next asked.
//
// A request needs a place within the limits before a connection. Who finds none waits in line, and
// who gives one up hands it to the first in line that may have it: one wake, whatever the crowd.
#pragma once

#include <rouse/base/list.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/http/client_options.hpp>
#include <rouse/http/url.hpp>
#include <rouse/net/tcp_stream.hpp>

#include <string>
#include <vector>

namespace rouse::http {

class client_pool {
 public:
  struct origin {
    std::string host;
    std::uint16_t port = 0;
    friend bool operator==(const origin&, const origin&) = default;
  };

  /// One that is in use. Closed when it is destroyed, unless keep() gives it back.
  class connection {
   public:
    connection(connection&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)),
          to_(std::move(other.to_)),
          stream_(std::move(other.stream_)),
          is_reused_(other.is_reused_) {}
    connection& operator=(connection&&) = delete;
    ~connection() { close(); }

    [[nodiscard]] net::tcp_stream& stream() noexcept { return stream_; }
    /// Whether an earlier request went over it: then the server may have closed it meanwhile.
    [[nodiscard]] bool is_reused() const noexcept { return is_reused_; }
    [[nodiscard]] bool is_open() const noexcept { return pool_ != nullptr; }
    void close() noexcept;
    /// For the next request to the same origin.
    void keep() noexcept;

   private:
    friend client_pool;
    explicit connection(origin to) noexcept : to_(std::move(to)) {}

    client_pool* pool_ = nullptr;  // null: has no place yet, or no more
    origin to_;
    net::tcp_stream stream_;
    bool is_reused_ = false;
  };

  explicit client_pool(const client_options& options) noexcept;
  client_pool(const client_pool&) = delete;
  client_pool& operator=(const client_pool&) = delete;
  ~client_pool();

  /// An idle connection to there, or a new one, once the limits allow it.
  /// @param fresh  a new one in any case.
  [[nodiscard]] task<result<connection>> get(url& where, bool fresh);
  void close_idle() noexcept;

  [[nodiscard]] std::size_t idle_count() const noexcept { return idle_.size(); }
  [[nodiscard]] std::size_t in_use_count() const noexcept { return in_use_; }

 private:
  struct idle {
    origin to;
    net::tcp_stream stream;
    instant since;
  };
  struct count {
    origin to;
    std::size_t in_use = 0;
    std::size_t waiting = 0;
  };
  class waiter;

  [[nodiscard]] count* find(const origin& to) noexcept;
  /// What use() and keep() will need.
  void prepare(const origin& to);
  [[nodiscard]] bool may_use(const origin& to) noexcept;
  void use(connection& place) noexcept;
  void end_use(const origin& to) noexcept;
  void forget_if_unused(const origin& to) noexcept;
  [[nodiscard]] bool take_idle(const origin& to, net::tcp_stream& into) noexcept;
  void drop_expired() noexcept;

  const client_options& options_;
  std::vector<idle> idle_;     // the longest idle first; has room for all that use and wait
  std::vector<count> counts_;  // of origins that are in use or waited for
  list<waiter> waiting_;       // none of them may_use(): each place goes on at once
  std::size_t in_use_ = 0;
  std::size_t waiting_count_ = 0;
};

}  // namespace rouse::http

// One request and the answer to it, as a handler sees them.
#pragma once

#include <rouse/coro/task.hpp>
#include <rouse/http/answer.hpp>
#include <rouse/http/request.hpp>
#include <rouse/net/stream.hpp>

#include <cstdint>
#include <string>

namespace rouse::http {

/// Lent to a handler for one call. Small answers are appended to `out`, which the connection sends
/// together with those of the requests that came along; a large one is sent in pieces with `flush`.
class exchange {
 public:
  exchange(net::stream& peer, const http::request& head, std::string& out, std::string_view date,
           bool keep_alive, nanoseconds write_limit) noexcept
      : peer_(&peer), head_(&head), out_(&out), earlier_(out.size()), write_limit_(write_limit) {
    options_ = answer_to(head, date);
    if (!keep_alive) options_.persistence.keep_alive = false;
  }

  /// Its views end with the first flush().
  [[nodiscard]] const http::request& request() const noexcept { return *head_; }
  [[nodiscard]] const answer_options& options() const noexcept { return options_; }
  [[nodiscard]] bool is_head() const noexcept { return options_.head_only; }
  [[nodiscard]] std::string& out() noexcept { return *out_; }

  /// Sends what is in `out`, and waits until the kernel has taken it.
  /// @errors  ETIMEDOUT: the peer took nothing for too long; EPIPE, ECONNRESET.
  [[nodiscard]] task<result<void>> flush();
  /// Sends `bytes` directly, after what is in `out`.
  [[nodiscard]] task<result<void>> send(std::span<const std::byte> bytes);
  /// Ends the connection after this answer.
  void close_after() noexcept { options_.persistence.keep_alive = false; }

  // For the log.
  void set_status(status code) noexcept { status_ = code; }
  [[nodiscard]] status answered() const noexcept { return status_; }
  /// Of this answer, sent or gathered.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return sent_ + (out_->size() - earlier_); }
  /// Takes back what of this answer is gathered; false when something of it may be on its way.
  [[nodiscard]] bool take_back() {
    if (has_sent_) return false;
    out_->resize(earlier_);
    return true;
  }

 private:
  net::stream* peer_;
  const http::request* head_;
  std::string* out_;
  std::size_t earlier_;  // bytes in out_ that belong to answers before this one
  answer_options options_;
  nanoseconds write_limit_;
  status status_ = status::ok;
  std::uint64_t sent_ = 0;
  bool has_sent_ = false;  // or tried to
};

/// Answers requests. One object serves all connections of a server, on its thread.
class handler {
 public:
  handler() = default;
  handler(const handler&) = delete;
  handler& operator=(const handler&) = delete;
  virtual ~handler() = default;

  /// Appends or sends the whole answer. An error means that the answer was cut in the middle, or
  /// never began: the connection is closed, since nothing true can follow. The request's body, if
  /// it has one, is read and dropped by the connection.
  [[nodiscard]] virtual task<result<void>> respond(exchange& x) = 0;
};

}  // namespace rouse::http

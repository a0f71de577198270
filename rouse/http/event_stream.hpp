// Server-Sent Events: a stream of texts to a browser's EventSource (HTML Living Standard, section
// 9.2).
#pragma once

#include <rouse/http/exchange.hpp>

#include <string>
#include <string_view>

namespace rouse::http {

struct server_event {
  std::string_view data = {};   ///< may have several lines
  std::string_view event = {};  ///< its type; empty: "message"
  std::string_view id = {};     ///< comes back as Last-Event-ID when the client reconnects
  nanoseconds retry{};          ///< how long the client waits before it does; 0: as it likes
};

/// ```
/// app.get("/ticks", [](http::exchange& x) -> task<result<void>> {
///   http::event_stream events(x);
///   for (int i = 0; !x.is_stopping(); ++i) {
///     auto sent = co_await events.send({.data = std::to_string(i)});
///     if (!sent) co_return sent;          // the client has left
///     co_await sleep(1s);
///   }
///   co_return result<void>();
/// });
/// ```
class event_stream {
 public:
  /// Begins the answer: "text/event-stream", not to be cached.
  explicit event_stream(exchange& x);
  /// Id of the last event that a client got before it lost the connection; empty: none.
  [[nodiscard]] std::string_view last_event_id() const noexcept { return last_event_id_; }
  /// Sends one event at once, and waits until the kernel has taken it.
  /// @errors  invalid_input, and nothing is sent: a line break in `event` or `id`, or NUL in `id`.
  ///          EPIPE, ECONNRESET, ETIMEDOUT: the client has left.
  [[nodiscard]] task<result<void>> send(const server_event& e);
  /// A line that the client ignores, so that both ends see that the connection is alive.
  [[nodiscard]] task<result<void>> keep_alive();

 private:
  [[nodiscard]] task<result<void>> deliver(result<void> formed, std::string text);

  body_writer* body_;
  std::string_view last_event_id_;
};

/// Appends `e` in the form of the stream. @errors  as send().
[[nodiscard]] result<void> append_event(std::string& out, const server_event& e);

}  // namespace rouse::http

// An HTTP/1.1 client: keeps connections, follows redirects, streams bodies both ways, and never
// takes a part of an answer for the whole.
#pragma once

#include <rouse/coro/fallible_task.hpp>
#include <rouse/http/client_options.hpp>
#include <rouse/http/outgoing.hpp>
#include <rouse/http/reply.hpp>

#include <bits/unique_ptr.h>

#include <concepts>
#include <string_view>
#include <utility>

namespace rouse::http {

class client_pool;
class body_supplier;

/// What a function must be that writes a request's body.
template <class F>
concept body_function = std::invocable<F&, body_writer&> &&
                        std::same_as<std::invoke_result_t<F&, body_writer&>, task<result<void>>>;

/// One object for many requests, also at once; requests to the same host share its connections.
///
/// An idle connection that its server has closed is replaced. Where that shows only after a request
/// was sent on it and no byte of an answer came, the request is sent once more on a new connection
/// if its method is idempotent and its body is kept.
///
/// Redirects are followed with GET after 303, and after 301 and 302 of a POST; 307 and 308 send the
/// same request again. One that cannot be sent again (its body was written by a function) is the
/// answer itself. Credentials (Authorization, Cookie) are not sent to another origin.
/// @threads  One: that of the runtime it is used on. Stays where it is; outlives its replies.
/// @example
///   http::client client;
///   auto answer = co_await client.get("http://127.0.0.1:8080/");
///   while (auto piece = co_await answer.body().read(); !piece.empty()) ...
class client {
 public:
  explicit client(const client_options& options = {});
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  ~client();

  /// @errors  Those of the URL, of connecting (host_not_found, ECONNREFUSED, ...) and of the
  ///          connection; ETIMEDOUT with what took too long; end_of_stream: closed without an
  ///          answer; invalid_input: the answer is malformed, and says how; ELOOP: too many
  ///          redirects. A status of 400 or above is an answer, no error.
  /// @cancel  Closes the request's connection.
  [[nodiscard]] fallible_task<reply> get(std::string_view where) {
    return send(outgoing("GET", where));
  }
  [[nodiscard]] fallible_task<reply> head(std::string_view where) {
    return send(outgoing("HEAD", where));
  }
  /// @errors  as get(); what the request refused when it was built.
  [[nodiscard]] fallible_task<reply> send(outgoing request);
  /// With a body that `write` writes: `task<result<void>> write(body_writer&)`. An error of its own
  /// ends the request. An answer of 300 or above that comes before the body's end cancels it; one
  /// below waits for it.
  template <body_function F>
  [[nodiscard]] fallible_task<reply> send(outgoing request, F write) {
    std::string subject = request.subject();
    return {send_written(std::move(request), std::move(write)), std::move(subject)};
  }

  /// Connections that wait for a request, and those that have one.
  [[nodiscard]] std::size_t idle_connections() const noexcept;
  [[nodiscard]] std::size_t busy_connections() const noexcept;
  void close_idle() noexcept;

 private:
  [[nodiscard]] task<result<reply>> run(outgoing request, body_supplier* from);
  [[nodiscard]] task<result<reply>> follow(outgoing& request, body_supplier* from,
                                           instant deadline);
  [[nodiscard]] task<result<reply>> attempt(outgoing& request, url& where, body_supplier* from,
                                            instant deadline);
  [[nodiscard]] static result<bool> redirect(outgoing& request, url& where,
                                             const client_exchange& answer);

  // Through a plain pointer, so that the client's machinery is compiled once.
  [[nodiscard]] task<result<reply>> run_written(outgoing request, void* function,
                                                task<result<void>> (*call)(void*, body_writer&));
  template <class F>
  task<result<reply>> send_written(outgoing request, F write) {
    auto call = [](void* f, body_writer& to) { return (*static_cast<F*>(f))(to); };
    auto answer = co_await run_written(std::move(request), &write, call);
    co_return std::move(answer);
  }

  client_options options_;
  std::unique_ptr<client_pool> pool_;
};

}  // namespace rouse::http

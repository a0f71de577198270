// An HTTP client in callbacks: `http::client`, one for each loop, so that requests to the same host
// share its connections.
#pragma once

#include <rouse/http/client_options.hpp>
#include <rouse/http/outgoing.hpp>
#include <rouse/loop/http_answer.hpp>
#include <rouse/loop/loop.hpp>
#include <rouse/loop/loop_flow.hpp>
#include <rouse/loop/loop_sink.hpp>

#include <string_view>

namespace rouse {

/// `loop.http()`. A light object: the loop, seen from here.
///
/// Redirects are followed, idle connections kept; a status of 400 or above is an answer, no error.
/// A request has 60 s for everything unless `http::outgoing::within` or `configure` say otherwise.
/// @errors   As http::client, and too_large for a body beyond its limit, to `done`. Throws
///           io_error(closed) once the loop has closed.
/// @threads  The loop's.
/// @example
///   loop.http().get("http://127.0.0.1:8080/", [](auto answer) {
///     if (answer) std::puts(answer->body.c_str());
///   });
class loop_http {
 public:
  using site = loop::site;
  using on_answer = callback<void(result<http_answer>)>;
  static constexpr std::size_t body_bytes_max = 16 * 1024 * 1024;

  explicit loop_http(loop& of) noexcept : loop_(&of) {}

  /// `done` gets the answer with its whole body, in the poll phase.
  /// @returns  what `loop::cancel` takes; the request's connection is closed then.
  request_id get(std::string_view where, on_answer done, site at = site::current()) {
    return request(http::outgoing("GET", where), std::move(done), at);
  }
  /// @param what  method, URL, fields, body:
  /// `http::outgoing("POST", url).header("Content-Type", "text/plain").body("hello")`
  request_id request(http::outgoing what, on_answer done, site at = site::current()) {
    return request(std::move(what), body_bytes_max, std::move(done), at);
  }
  /// @param bytes_max  of the answer's body.
  request_id request(http::outgoing what, std::size_t bytes_max, on_answer done,
                     site at = site::current());

  /// The same with a body that flows: `on_response` gets the answer without it, and the flow, to
  /// whom it tells who takes the pieces. What ends the request before comes to the flow's on_error,
  /// so set that on the handle that this call gives.
  loop_flow request_stream(http::outgoing what,
                           callback<void(http_answer head, loop_flow body)> on_response,
                           site at = site::current());

  /// The same with a body that is written bit by bit; `done` gets the whole answer. A body whose
  /// length `what` does not tell (`body_length`) is sent in chunks. What ends the request comes to
  /// the sink's on_error; an answer of 300 or above that comes before the end of the body closes
  /// it.
  /// @example
  ///   auto body = loop.http().upload({"PUT", url}, [](http_answer answer) { ... });
  ///   body.write("some");
  ///   body.end(" text");
  loop_sink upload(http::outgoing what, callback<void(http_answer)> done,
                   site at = site::current());

  /// Limits for requests from now on; they get connections of their own.
  void configure(const http::client_options& options);
  [[nodiscard]] std::size_t idle_connections() const noexcept;
  /// Closes the connections that no request has.
  void close_idle() noexcept;

 private:
  loop* loop_;
};

inline loop_http loop::http() noexcept { return loop_http(*this); }

}  // namespace rouse

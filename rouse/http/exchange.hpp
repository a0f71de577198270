// One request and the answer to it, as a handler sees them.
#pragma once

#include <rouse/coro/task.hpp>
#include <rouse/fs/file.hpp>
#include <rouse/http/answer.hpp>
#include <rouse/http/body.hpp>
#include <rouse/http/request.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace rouse::http {

/// What an exchange asks of the connection that it happens on.
class exchange_source : public body_source {
 public:
  /// See exchange::allow_body().
  virtual void allow_body(std::uint64_t bytes_max, nanoseconds within) noexcept = 0;
  /// The body will be read while the answer goes out: a client that waits for "100 Continue" is
  /// told.
  virtual void want_body() = 0;
  /// Trailers of the body, once it was read to its end; nothing before, and where there are none.
  [[nodiscard]] virtual std::optional<std::string_view> trailer(
      std::string_view name) const noexcept = 0;
  [[nodiscard]] virtual bool is_stopping() const noexcept = 0;

 protected:
  ~exchange_source() = default;
};

/// A part of the path that a pattern of the router has named; decoded, but for what '*' took, which
/// may be several segments.
struct path_parameter {
  std::string_view name;
  std::string_view value;
};

/// Lent to a handler for one call. There is one answer: whole, with one of the calls that take a
/// text, or begun and then written. Whole answers are gathered, and sent together with those of the
/// requests that came along; a body that is begun goes out as it is written. A code that no final
/// answer can have (below 200, above 999) becomes 500, so that nothing a handler passes on can stop
/// the server.
class exchange {
 public:
  /// For servers and tests. All outlive the exchange.
  exchange(exchange_source& from, const http::request& head, output& to, std::string_view date,
           bool keep_alive, std::uint64_t batch = 0);
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;

  // ---- What was asked.
  /// Its views stay valid for the whole exchange.
  [[nodiscard]] const http::request& request() const noexcept { return *head_; }
  [[nodiscard]] bool is_head() const noexcept { return options_.head_only; }
  /// The target below the place where the handler is mounted: origin-form, as it was sent, with its
  /// query.
  [[nodiscard]] std::string_view target() const noexcept { return target_; }
  /// The same without query.
  [[nodiscard]] std::string_view path() const noexcept {
    return target_.substr(0, target_.find('?'));
  }
  /// What the target has before target(), as it was sent: "" or "/files".
  [[nodiscard]] std::string_view mounted_at() const noexcept { return mounted_at_; }
  /// A parameter of the route; empty when there is none of that name.
  [[nodiscard]] std::string_view parameter(std::string_view name) const noexcept;
  /// The first value of `name` in the query ("a=1&b=x+y%21"), decoded; nothing when it is missing
  /// or malformed.
  [[nodiscard]] std::optional<std::string> query(std::string_view name) const;

  // ---- The body of the request. One that nobody reads is dropped, up to a limit.
  [[nodiscard]] body_reader body() noexcept { return body_reader(*from_); }
  /// Another limit for this body, and for the time until its end: before anything of it was read.
  void allow_body(std::uint64_t bytes_max, nanoseconds within = no_limit) noexcept {
    from_->allow_body(bytes_max, within);
  }
  /// A trailer, once the body was read to its end.
  [[nodiscard]] std::optional<std::string_view> trailer(std::string_view name) const noexcept {
    return from_->trailer(name);
  }

  // ---- A whole answer.
  /// "text/plain; charset=utf-8".
  void text(std::string_view body, status code = status::ok);
  /// "text/html; charset=utf-8"; what is foreign in it must be escaped.
  void html(std::string_view body, status code = status::ok);
  /// "application/json".
  void json(std::string_view body, status code = status::ok);
  /// @param type  a constant or a field value.
  void answer(std::string_view type, std::string_view body, status code = status::ok);
  /// An answer without a body: 204, or one that says all in its head.
  void empty(status code = status::no_content);
  /// An error of the usual look: a page for browsers, a line of text for programs. A code below 400
  /// is none, and becomes 500.
  /// @param allow  for 405: "GET, HEAD".
  void error(status code, std::string_view allow = {});
  /// @param location  a target ("/there") or a URL, encoded.
  /// @errors  invalid_input, and nothing is answered: no field value.
  [[nodiscard]] result<void> redirect(std::string_view location, status code = status::found);

  // ---- An answer in pieces.
  /// A field of the answer, before it begins.
  /// @errors  invalid_input, and nothing is set: no token, no field value, or one of the names that
  ///          frame the message.
  result<void> field(std::string_view name, std::string_view value);
  /// Begins an answer whose body is written piece by piece. The body of the request may be read
  /// before, between and after. Without a length it is chunked, or ends
  /// with the connection for HTTP/1.0. The writer finishes with the handler.
  body_writer& begin(status code, std::string_view type,
                     std::optional<std::uint64_t> length = std::nullopt);
  /// Begins an answer whose head the caller writes, to its end(), and then appends a small body to
  /// out() or calls begin_body().
  [[nodiscard]] response_head head(status code);
  /// The body after head().
  body_writer& begin_body(body_framing framing, std::uint64_t length = 0);
  /// What the connection will send next; a small body goes right behind its head.
  [[nodiscard]] std::string& out() noexcept { return to_->text(); }

  [[nodiscard]] const answer_options& options() const noexcept { return options_; }
  /// Ends the connection after this answer.
  void close_after() noexcept {
    options_.persistence.keep_alive = false;
    closes_ = true;
  }
  /// The server takes no more requests: whoever answers without end should come to one.
  [[nodiscard]] bool is_stopping() const noexcept { return from_->is_stopping(); }

  // ---- For routers and middleware.
  void set_parameters(std::span<const path_parameter> all) noexcept { parameters_ = all; }
  /// @param prefix_bytes  of target(), which belong to the mount point; the rest begins with '/'.
  void mount(std::size_t prefix_bytes) noexcept;
  /// The same for requests that arrived together, in one read of one connection, with none between
  /// them that may change something, and for no others: what was found out for one of them holds
  /// for all. 0: it came alone, or nobody knows.
  [[nodiscard]] std::uint64_t batch() const noexcept { return batch_; }
  [[nodiscard]] bool has_begun() const noexcept { return begun_; }
  [[nodiscard]] status answered() const noexcept { return status_; }
  /// Of this answer, sent or gathered: all, and without its head.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return to_->total() - before_; }
  [[nodiscard]] std::uint64_t body_bytes() const noexcept {
    return bytes() > head_bytes_ ? bytes() - head_bytes_ : 0;
  }
  /// Takes back what of this answer is gathered, with the fields set for it, so that there can be
  /// another; false when something of it may be on its way.
  [[nodiscard]] bool take_back();
  /// For the server: ends a body that was begun. @errors  those of body_writer::finish().
  [[nodiscard]] result<void> finish();
  /// For the server: what is gathered or sent so far does not belong to the answer, unless that has
  /// begun.
  void begin_here() noexcept;
  /// For the server: what is gathered and belongs to answers before this one; and that it was sent.
  [[nodiscard]] std::size_t earlier_bytes() const noexcept { return earlier_; }
  void forget_earlier() noexcept { earlier_ = 0; }
  /// For the server: a client that waited for "100 Continue" has been told.
  void may_keep_alive() noexcept {
    options_.persistence.keep_alive = head_->keep_alive() && !closes_;
  }

 private:
  status begin_answer(status code) noexcept;

  exchange_source* from_;
  const http::request* head_;
  output* to_;
  std::uint64_t batch_;
  std::uint64_t before_;  // to_->total() when this began
  std::size_t earlier_;   // bytes gathered that belong to answers before this one
  std::uint64_t head_bytes_ = 0;
  answer_options options_;
  std::string fields_;  // options_.fields
  std::string rooted_;  // of a target that had no path
  std::string_view target_;
  std::string_view mounted_at_;
  std::span<const path_parameter> parameters_;
  std::optional<body_writer> writer_;
  status status_ = status::ok;
  bool begun_ = false;
  bool closes_ = false;  // whatever the client would like
};

/// Answers requests. One object serves all connections of a server, on its thread.
class handler {
 public:
  handler() = default;
  handler(const handler&) = delete;
  handler& operator=(const handler&) = delete;
  virtual ~handler() = default;

  /// Gives one answer. An error, or an exception, becomes a 500 where nothing of the answer was
  /// sent yet, and else cuts the connection, since nothing true can follow.
  [[nodiscard]] virtual task<result<void>> respond(exchange& x) = 0;
};

}  // namespace rouse::http

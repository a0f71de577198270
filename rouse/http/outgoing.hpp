// A request before it is sent: method, URL, fields and how its body goes. What could break a
// request apart is rejected when it is set (H6), and the fields that frame the message have calls
// of their own.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/http/request.hpp>
#include <rouse/http/url.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace rouse::http {

/// Built in one expression or in steps; `client::send` takes it.
///
/// A part that is refused is not stored; the first fault stays, `fault()` tells it at once, and
/// send() fails with it before anything is connected.
/// @example  `http::outgoing("POST", url).header("Content-Type", "text/plain").body("hello")`
class outgoing {
 public:
  /// @param method  a token, case matters; all but CONNECT.
  outgoing(std::string_view method, std::string_view where);
  outgoing(std::string_view method, http::url where);

  /// One more field. Refused: a name that is no token or frames the message (Host, Connection,
  /// Content-Length, Transfer-Encoding, Expect, TE, Trailer, Upgrade), a value with CR, LF or
  /// another control byte.
  outgoing& header(std::string_view name, std::string_view value) &;
  outgoing&& header(std::string_view name, std::string_view value) && {
    return std::move(header(name, value));
  }
  /// The whole body, kept so that it can be sent again after a redirect.
  outgoing& body(std::string text) &;
  outgoing&& body(std::string text) && { return std::move(body(std::move(text))); }
  /// How long the body is that the second argument of send() writes; without it, chunks are sent.
  outgoing& body_length(std::uint64_t bytes) &;
  outgoing&& body_length(std::uint64_t bytes) && { return std::move(body_length(bytes)); }
  /// Asks the server whether it wants the body before sending it.
  outgoing& expect_continue() &;
  outgoing&& expect_continue() && { return std::move(expect_continue()); }
  /// Longest time for all of it, body of the answer included; instead of the client's.
  outgoing& within(nanoseconds limit) & { return limit_ = limit, *this; }
  outgoing&& within(nanoseconds limit) && { return std::move(within(limit)); }

  /// Null while nothing was refused.
  [[nodiscard]] const error* fault() const noexcept { return fault_ ? &*fault_ : nullptr; }
  /// The URL as it was given, for error texts.
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }

 private:
  friend class client;
  friend class client_exchange;

  enum class body_source_kind : std::uint8_t { none, text, written };
  struct field {
    std::string name;
    std::string value;
  };

  void refuse(const error& why) noexcept {
    if (!fault_) fault_ = why;
  }
  // Appends the head for `target`, with the framing of the body.
  void append_head(std::string& out, const http::url& target, std::string_view agent) const;
  [[nodiscard]] bool has_field(std::string_view name) const noexcept;
  [[nodiscard]] bool is_idempotent() const noexcept;
  // For redirects.
  void become_get();
  void drop_credentials();

  std::string method_;
  std::string subject_;
  result<http::url> url_;
  std::vector<field> fields_;
  std::string text_;
  std::optional<std::uint64_t> length_;
  std::optional<error> fault_;
  std::optional<nanoseconds> limit_;
  verb verb_ = verb::other;
  body_source_kind from_ = body_source_kind::none;
  bool expects_continue_ = false;
};

}  // namespace rouse::http

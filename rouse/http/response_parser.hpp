// Reads responses from the bytes of one connection: the face of `message_parser` that knows the
// status line and when a response has no body. As strict as the server's side: a server that
// frames its answers in two ways is not believed either of them.
#pragma once

#include <rouse/http/message_parser.hpp>
#include <rouse/http/request.hpp>

namespace rouse::http {

/// A parsed response head: what a server answered.
class response : public message_head {
 public:
  /// Any number of 100..999, named by `status` or not.
  [[nodiscard]] status code() const noexcept { return code_; }
  /// The phrase as it was sent, often empty. For people only.
  [[nodiscard]] std::string_view reason() const noexcept { return text(reason_); }
  /// 1xx: another response to the same request follows.
  [[nodiscard]] bool is_interim() const noexcept { return static_cast<unsigned>(code_) < 200; }

 private:
  friend class response_parser;

  piece reason_;
  status code_ = status::ok;
};

/// Caps on what one response may cost.
struct response_limits {
  std::uint32_t status_line_bytes_max = 1024;
  std::uint32_t header_line_bytes_max = 16 * 1024;
  std::uint32_t head_bytes_max = 32 * 1024;
  std::uint32_t header_count_max = 100;  ///< up to message_head::header_capacity
  std::uint64_t body_bytes_max = ~std::uint64_t(0);
  /// Bytes of chunk framing beyond 20 a chunk (extensions) and one for every 16 bytes of data.
  std::uint32_t framing_bytes_max = 16 * 1024;
  std::uint32_t trailer_bytes_max = 4 * 1024;
};

/// An incremental HTTP/1.0 and 1.1 response parser for one connection. Used like `request_parser`,
/// with two calls more: set_request() before a response, finish() at the end of the stream.
///
/// An interim response (1xx) is a message of its own, events `head` and `complete`.
/// @threads  One thread at a time. May be moved between calls.
/// @cost     1.1 KiB; allocates for trailers only.
class response_parser final : public message_parser {
 public:
  /// @param limits  head_bytes_max at most 65,535, header_count_max at most
  /// message_head::header_capacity.
  explicit response_parser(const response_limits& limits = {}) noexcept;

  /// The method that is answered, GET unless told: the answer to HEAD has no body. Between
  /// messages only; holds until changed.
  void set_request(verb method) noexcept;

  /// As request_parser::parse().
  [[nodiscard]] parse_step parse(std::string_view input) noexcept {
    return message_parser::parse(input, head_);
  }

  /// The stream has ended and everything before has been parsed.
  /// @returns  `complete` when that is the body's proper end, else `error`: the response was cut
  /// short, or never began.
  [[nodiscard]] parse_step finish() noexcept { return end_of_stream(); }

  /// From event `head` until the call after event `complete`. Its views point into the input of the
  /// call that reported `head`.
  [[nodiscard]] const response& head() const noexcept { return head_; }
  /// As head().rebase(), for the parser's own.
  void rebase_head(const char* copy) noexcept { head_.rebase(copy); }

 private:
  [[nodiscard]] bool start_line(std::string_view line) noexcept override;
  [[nodiscard]] bool finish_head() noexcept override;
  [[nodiscard]] bool is_without_body() const noexcept;

  verb method_ = verb::get;
  response head_;
};

}  // namespace rouse::http

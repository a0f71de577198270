// What a client got: the answer's head, and its body as it comes.
#pragma once

#include <rouse/http/body.hpp>
#include <rouse/http/response_parser.hpp>
#include <rouse/http/url.hpp>

#include <bits/unique_ptr.h>

#include <optional>
#include <string_view>

namespace rouse::http {

class client_exchange;

/// The answer to a request; `client` makes it, and outlives it.
///
/// Its connection goes back to the client once the body has been read to its end. Dropped before,
/// the connection is closed, unless the rest had already arrived.
/// @threads  That of the client. May be moved, also while its body is read.
class reply {
 public:
  reply(reply&&) noexcept;
  reply& operator=(reply&&) noexcept;
  ~reply();

  [[nodiscard]] status code() const noexcept { return head().code(); }
  /// 200..299.
  [[nodiscard]] bool is_success() const noexcept {
    return static_cast<unsigned>(code()) / 100 == 2;
  }
  /// The phrase as it was sent, often empty. For people only.
  [[nodiscard]] std::string_view reason() const noexcept { return head().reason(); }
  /// The value of the first field of that name, in any case. Valid while the reply lives.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const noexcept {
    return head().header(name);
  }
  /// All of the head: fields in order, framing, version.
  [[nodiscard]] const response& head() const noexcept;
  /// Where it came from in the end, after redirects.
  [[nodiscard]] const url& where() const noexcept;

  /// Reads the body; one reader at a time.
  [[nodiscard]] body_reader body() noexcept;
  /// Fields that came after a chunked body: complete once that was read to its end.
  [[nodiscard]] std::optional<std::string_view> trailer(std::string_view name) const noexcept;
  [[nodiscard]] const http::trailers& trailers() const noexcept;

 private:
  friend class client;
  explicit reply(client_exchange* owned) noexcept;

  std::unique_ptr<client_exchange> exchange_;
};

}  // namespace rouse::http

// Writes the head of an answer straight into the output buffer of its connection: a few appends, no
// tree of fields in between. What could break a head apart never gets in (H6): status lines come
// from a table, values are checked when set, and the fields that frame the message have calls of
// their own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <rouse/base/error.hpp>
#include <rouse/http/request.hpp>
#include <rouse/http/status.hpp>

namespace rouse::http {

/// A connection gathers answers up to this and writes them at once; at this mark it stops reading
/// requests.
inline constexpr std::size_t gather_bytes_max = 64 * 1024;

/// Whether the connection goes on after an answer, and what its head must say so that the client
/// knows.
struct persistence {
  bool keep_alive = false;
  int minor_version = 1;  ///< the client's
};

/// As the request asks for; a server that is stopping gives `{false, r.minor_version()}` instead.
[[nodiscard]] inline persistence persistence_of(const request& r) noexcept {
  return {.keep_alive = r.keep_alive(), .minor_version = r.minor_version()};
}

/// What every answer to a request depends on. The defaults fit a request that could not be read:
/// plain text, then close.
struct answer_options {
  std::string_view date = {};  ///< date_cache::at()
  http::persistence persistence = {};
  bool head_only = false;  ///< the request was HEAD: the length is told, the body left out
  bool html = false;       ///< the client is a browser; programs get errors as a line of text
  /// More fields, each a whole line that was checked when it was set.
  std::string_view fields = {};
};

/// Whether `value` can be a field value: no CR, LF, NUL or other control byte but tab, no blank at
/// either end.
[[nodiscard]] bool is_field_value(std::string_view value) noexcept;

/// Whether response_head::field() takes a field of this name: a token that has no call of its own.
[[nodiscard]] bool is_settable_field(std::string_view name) noexcept;

/// One head, from its status line to its empty line.
///
/// ```
/// response_head head(out, status::ok, answer_to(request, dates.at(now)));
/// head.content_type(content_type_of(name));
/// head.content_length(size);
/// head.end();                                            // now append the body, unless the
/// request was HEAD
/// ```
/// Without end() the destructor takes everything back, so half a head is never sent. Nothing else
/// may be appended to the buffer in between.
/// @cost  Appends to `out`; allocates only when `out` grows.
class response_head {
 public:
  /// Writes the status line, Date, and `X-Content-Type-Options: nosniff`.
  /// @param code  100 to 999; one that `status` does not name has no phrase.
  /// @param date  from date_cache::at().
  response_head(std::string& out, status code, std::string_view date);
  /// The same, then Connection and the fields that the options name.
  /// @param bytes  gets the size of the head when it ends, where given.
  response_head(std::string& out, status code, const answer_options& options,
                std::uint64_t* bytes = nullptr);
  ~response_head();
  response_head(const response_head&) = delete;
  response_head& operator=(const response_head&) = delete;

  /// Says "Connection: close", or "keep-alive" to HTTP/1.0, or nothing where nothing is needed.
  void persistence(const http::persistence& p);
  /// Once at most, and never for 1xx and 204. An answer that may have a body needs it, or it ends
  /// with the connection.
  void content_length(std::uint64_t bytes);
  /// @param type  from content_type_of() or a constant; must be a field value.
  void content_type(std::string_view type);

  /// "Transfer-Encoding: chunked", in the place of a length; never for 1xx and 204, nor to
  /// HTTP/1.0.
  void chunked();

  /// Any other field.
  /// @errors  invalid_input, and nothing is written: the name is not a token, or one of those that
  /// have a call of their own
  ///          (Connection, Content-Length, Transfer-Encoding, Date); the value is no field value.
  [[nodiscard]] result<void> field(std::string_view name, std::string_view value);
  /// The same for names and values that stand in the program: asserts instead.
  void constant_field(std::string_view name, std::string_view value);

  /// Writes the empty line. The head is complete.
  void end();

 private:
  void append(std::string_view name, std::string_view value);

  std::string& out_;
  std::size_t begin_;
  std::uint64_t* bytes_ = nullptr;
  status code_;
  bool has_length_ = false;
  bool ended_ = false;
};

/// "HTTP/1.1 100 Continue": for a request that expects_continue(), once its body is wanted.
inline constexpr std::string_view continue_response = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace rouse::http

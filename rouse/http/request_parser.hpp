// Reads requests from the bytes of one connection: the face of `message_parser` that knows the
// request line, whose request it is, and what a server must refuse.
#pragma once

#include <rouse/http/message_parser.hpp>
#include <rouse/http/request.hpp>

namespace rouse::http {

/// Caps on what one message may cost; the defaults are the secure ones.
struct request_limits {
  std::uint32_t target_bytes_max = 8 * 1024;  ///< above: 414
  std::uint32_t header_line_bytes_max =
      8 * 1024;  ///< name, colon and value of one field; above: 431
  std::uint32_t head_bytes_max =
      16 * 1024;                         ///< request line to empty line, CR LF included; above: 431
  std::uint32_t header_count_max = 100;  ///< up to request::header_capacity; above: 431
  std::uint64_t body_bytes_max = 1024 * 1024;  ///< above: 413; see request_parser::set_body_limit
  /// Bytes of chunk framing on top of one for every 16 bytes of data; above: 400. A fixed budget
  /// alone would refuse an honest upload of many MiB once its route has raised the body limit.
  std::uint32_t framing_bytes_max = 16 * 1024;
  std::uint32_t trailer_bytes_max = 4 * 1024;  ///< above: 400
};

/// An incremental HTTP/1.0 and 1.1 request parser for one connection.
///
/// Call parse() with everything received and not yet consumed, drop what it consumed, act on the
/// event, repeat until `need_more`. Body pieces may come in any sizes; everything else does not
/// depend on how the bytes arrived.
/// @threads  One thread at a time. May be moved between calls.
/// @cost     1.1 KiB; allocates for trailers only.
class request_parser final : public message_parser {
 public:
  /// @param limits  head_bytes_max at most 65,535, header_count_max at most
  /// request::header_capacity.
  explicit request_parser(const request_limits& limits = {}) noexcept;

  /// Looks at `input` up to the next event. Reports one event a call, so pipelined requests come
  /// one after another.
  ///
  /// @param input  begins with the first byte that no earlier call consumed; what was there before
  /// is unchanged, though it may stand elsewhere in memory.
  /// @cost         Linear in the bytes not seen before.
  [[nodiscard]] parse_step parse(std::string_view input) noexcept {
    return message_parser::parse(input, head_);
  }

  /// The current message's head: from event `head` until the call after event `complete`. Its views
  /// point into the input of the call that reported `head`.
  [[nodiscard]] const request& head() const noexcept { return head_; }

  /// The bytes of the current head now stand elsewhere: its views follow.
  /// @param copy  the first byte of a copy of head().bytes().
  void rebase_head(const char* copy) noexcept { head_.rebase(copy); }

 private:
  [[nodiscard]] bool start_line(std::string_view line) noexcept override;
  [[nodiscard]] bool finish_head() noexcept override;
  [[nodiscard]] bool check_authority() noexcept;

  std::uint32_t target_bytes_max_;
  request head_;
};

}  // namespace rouse::http

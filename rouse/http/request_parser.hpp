// Reads requests from the bytes of one connection, one message at a time, as they come.
//
// llhttp reads the grammar, in strict mode. Before it sees a line, the line has passed our own
// checks, because llhttp lets pass obsolete folding, empty names, bytes that end a line elsewhere,
// Transfer-Encoding in HTTP/1.0, two or no Host, 17-digit chunk sizes. Two readers that must agree
// are what request smuggling has to get through.
//
// Text is cut into lines first and llhttp always gets whole lines; every limit and every check is
// tied to a position in the message, never to a packet. So the same bytes give the same answer
// however they are split. The price: bytes of an unfinished line stay with the caller, at most
// `head_bytes_max` of them; they are never looked at twice.
//
//   idle --> head --> no_body -----------------------------------+--> idle      (any --> failed)
//             |  \--> fixed_body --------------------------------+
//             +--> chunk_size --> chunk_data --> chunk_end --+   |
//                  ^   \--> trailers -----------------------|---+
//                  +-----------------------------------------+
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <rouse/http/request.hpp>
#include <rouse/http/status.hpp>

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

enum class parse_event : std::uint8_t {
  need_more,  ///< everything that could be told has been told; read more, or finish at end of
              ///< stream
  head,       ///< head() is complete and says how the body goes
  body,       ///< a piece of the body, 1 byte or more
  complete,   ///< the message ended; the next byte belongs to the next one
  error,      ///< error() says what to answer; then close: the connection cannot be used again
};

struct parse_step {
  parse_event event = parse_event::need_more;
  std::size_t consumed =
      0;  ///< bytes at the front of the input that are done with: pass the rest again next time
  std::string_view body = {};  ///< event body: the piece, inside the input
};

/// Why a request was refused.
struct parse_error {
  status code = status::bad_request;  ///< 400, 413, 414, 431, 501 or 505
  const char* reason = "";            ///< static text for the log, not for the client
};

/// An incremental HTTP/1.0 and 1.1 request parser for one connection; see the file's head.
///
/// Call parse() with everything received and not yet consumed, drop what it consumed, act on the
/// event, repeat until `need_more`. Body pieces may come in any sizes; everything else does not
/// depend on how the bytes arrived.
/// @threads  One thread at a time. May be moved between calls.
/// @cost     1 KiB; never allocates.
class request_parser {
 public:
  /// @param limits  head_bytes_max at most 65,535, header_count_max at most
  /// request::header_capacity.
  explicit request_parser(const request_limits& limits = {}) noexcept;

  /// Looks at `input` up to the next event. Reports one event a call, so pipelined requests come
  /// one after another.
  ///
  /// @param input  begins with the first byte that no earlier call consumed; what was there before
  /// is unchanged, though
  ///               it may stand elsewhere in memory.
  /// @cost         Linear in the bytes not seen before.
  [[nodiscard]] parse_step parse(std::string_view input) noexcept;

  /// The current message's head: from event `head` until the call after event `complete`. Its views
  /// point into the input of the call that reported `head`.
  [[nodiscard]] const request& head() const noexcept { return head_; }

  /// The bytes of the current head now stand elsewhere: its views follow.
  /// @param copy  the first byte of a copy of head().bytes().
  void rebase_head(const char* copy) noexcept { head_.rebase(copy); }

  /// After event `error`.
  [[nodiscard]] const parse_error& error() const noexcept { return error_; }

  /// Another limit for the body of this message only: after event `head`, before the next call.
  void set_body_limit(std::uint64_t bytes) noexcept;

  /// Whether no byte of a message is under way: then end of stream is a clean end, and a time-out
  /// an idle one rather than a slow request.
  [[nodiscard]] bool between_messages() const noexcept { return phase_ == phase::idle; }

 private:
  enum class phase : std::uint8_t {
    idle,
    head,
    no_body,
    fixed_body,
    chunk_size,
    chunk_data,
    chunk_end,
    trailers,
    failed
  };
  enum class line_result : std::uint8_t { incomplete, complete, too_long, malformed };
  enum class head_result : std::uint8_t { go_on, ended, failed };
  enum class part_result : std::uint8_t { taken, wait, ended, failed };

  [[nodiscard]] parse_step parse_head(std::string_view input) noexcept;
  void begin_head() noexcept;
  [[nodiscard]] head_result head_line(std::string_view input) noexcept;
  [[nodiscard]] bool request_line(std::string_view line) noexcept;
  [[nodiscard]] bool header_line(std::string_view line) noexcept;
  void note_field(std::string_view name, std::string_view value,
                  request::field_pieces pieces) noexcept;
  [[nodiscard]] bool finish_head() noexcept;
  [[nodiscard]] bool check_framing() noexcept;
  [[nodiscard]] bool check_authority() noexcept;

  [[nodiscard]] parse_step parse_fixed(std::string_view input) noexcept;
  [[nodiscard]] parse_step parse_chunked(std::string_view input) noexcept;
  [[nodiscard]] part_result take_chunk_size(std::string_view rest, std::size_t& taken) noexcept;
  [[nodiscard]] part_result take_chunk_end(std::string_view rest, std::size_t& taken) noexcept;
  [[nodiscard]] part_result take_trailer(std::string_view rest, std::size_t& taken) noexcept;
  [[nodiscard]] bool check_chunk_size(std::string_view line, std::size_t& digits) noexcept;
  [[nodiscard]] bool check_field_syntax(std::string_view line, std::size_t& colon) noexcept;

  [[nodiscard]] line_result next_line(std::string_view input, std::size_t line_bytes_max,
                                      std::size_t end_max) noexcept;
  [[nodiscard]] bool run_llhttp(std::string_view lines) noexcept;
  bool refuse(status code, const char* reason) noexcept;
  [[nodiscard]] parse_step failed() noexcept;
  [[nodiscard]] parse_step complete(std::size_t consumed) noexcept;
  [[nodiscard]] request::piece piece_of(std::string_view part) const noexcept;

  struct machine;  // llhttp's state behind a door: its header fills the global name space
  [[nodiscard]] machine& llhttp() noexcept;

  request_limits limits_;
  parse_error error_;
  std::uint64_t body_limit_ = 0;
  std::uint64_t body_left_ = 0;  // bytes of the fixed body, or of the current chunk, still to come
  std::uint64_t body_seen_ = 0;  // chunked: data bytes announced so far
  std::uint64_t framing_seen_ = 0;  // chunked: bytes of the body that were not data

  // Offsets into the input, all from its first unconsumed byte.
  std::size_t scanned_ = 0;     // before it, no byte that next_line() has not judged
  std::size_t line_begin_ = 0;  // first byte of the line at hand
  std::size_t line_end_ = 0;    // its CR, once next_line() said complete
  std::size_t head_begin_ = 0;  // 2 after an empty line, else 0
  std::size_t shown_ = 0;       // before it, everything has gone through llhttp
  std::size_t trailer_bytes_ = 0;

  phase phase_ = phase::idle;
  bool has_request_line_ = false;

  // What the fields of this head said, before finish_head() draws conclusions.
  struct framing_fields {
    std::uint8_t host_count = 0;
    std::uint8_t length_count = 0;
    std::uint8_t coding_count = 0;
    bool close = false;
    bool keep_alive = false;
    std::uint8_t host = 0;  // indices into the fields
    std::uint8_t length = 0;
    std::uint8_t coding = 0;
  } said_;

  request head_;
  alignas(void*) unsigned char llhttp_storage_[128] = {};
};

}  // namespace rouse::http

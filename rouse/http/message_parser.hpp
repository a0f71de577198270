// Reads messages from the bytes of one connection, one at a time, as they come: what
// `request_parser` and `response_parser` share.
//
// llhttp reads the grammar, in strict mode. Before it sees a line, the line has passed our own
// checks, because llhttp lets pass obsolete folding, empty names, bytes that end a line elsewhere,
// Transfer-Encoding in HTTP/1.0, two or no Host, 17-digit chunk sizes. Two readers that must agree
// are what smuggling has to get through.
//
// Text is cut into lines first and llhttp always gets whole lines; every limit and every check is
// tied to a position in the message, never to a packet. So the same bytes give the same answer
// however they are split. The price: bytes of an unfinished line stay with the caller, at most
// `head_bytes_max` of them; they are never looked at twice.
//
//   idle --> head --> no_body -----------------------------------+--> idle      (any --> failed)
//             |  \--> fixed_body --------------------------------+
//             |  \--> until_close -------------------------------+
//             +--> chunk_size --> chunk_data --> chunk_end --+   |
//                  ^   \--> trailers -----------------------|---+
//                  +-----------------------------------------+
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <rouse/http/message_head.hpp>
#include <rouse/http/status.hpp>
#include <rouse/http/trailers.hpp>

namespace rouse::http {

enum class parse_event : std::uint8_t {
  need_more,  ///< everything that could be told has been told; read more, or finish at end of
              ///< stream
  head,       ///< head() is complete and says how the body goes
  body,       ///< a piece of the body, 1 byte or more
  complete,   ///< the message ended; the next byte belongs to the next one
  error,      ///< error() says why; then close: the connection cannot be used again
};

struct parse_step {
  parse_event event = parse_event::need_more;
  std::size_t consumed =
      0;  ///< bytes at the front of the input that are done with: pass the rest again next time
  std::string_view body = {};  ///< event body: the piece, inside the input
};

/// Why a message was refused.
struct parse_error {
  status code = status::bad_request;  ///< to a request: 400, 413, 414, 431, 501, 503 or 505
  const char* reason = "";            ///< static text for the log, not for the peer
};

/// The part of a parser that does not care who speaks.
/// @threads  One thread at a time. May be moved between calls.
class message_parser {
 public:
  /// After event `error`.
  [[nodiscard]] const parse_error& error() const noexcept { return error_; }

  /// Another limit for the body of this message only: after event `head`, before the next call.
  void set_body_limit(std::uint64_t bytes) noexcept;

  /// Whether no byte of a message is under way: then end of stream is a clean end, and a time-out
  /// an idle one rather than a slow peer.
  [[nodiscard]] bool between_messages() const noexcept { return phase_ == phase::idle; }

  /// The fields after a chunked body: complete from event `complete` until the next message begins.
  /// Never among the headers; those that may not come late are dropped.
  [[nodiscard]] std::size_t trailer_count() const noexcept { return trailers_.count(); }
  [[nodiscard]] header_field trailer_at(std::size_t index) const noexcept {
    return trailers_.at(index);
  }
  [[nodiscard]] std::optional<std::string_view> trailer(std::string_view name) const noexcept {
    return trailers_.find(name);
  }
  [[nodiscard]] const http::trailers& trailers() const noexcept { return trailers_; }

 protected:
  /// What one message may cost, whoever speaks.
  struct caps {
    std::uint32_t start_line_bytes_max = 0;
    std::uint32_t header_line_bytes_max = 0;
    std::uint32_t head_bytes_max = 0;
    std::uint32_t header_count_max = 0;
    std::uint64_t body_bytes_max = 0;
    std::uint32_t framing_bytes_max = 0;
    std::uint32_t trailer_bytes_max = 0;
    std::uint32_t free_framing_bytes_per_chunk = 0;  // not counted by the budget
  };
  enum class side : std::uint8_t { request, response };

  enum class phase : std::uint8_t {
    idle,
    head,
    no_body,
    fixed_body,
    until_close,
    chunk_size,
    chunk_data,
    chunk_end,
    trailers,
    failed
  };

  // What the fields of this head said, before a face draws conclusions.
  struct framing_fields {
    std::uint8_t host_count = 0;
    std::uint8_t length_count = 0;
    std::uint8_t coding_count = 0;
    bool close = false;
    bool keep_alive = false;
    bool expects_continue = false;
    std::uint8_t host = 0;  // indices into the fields
    std::uint8_t length = 0;
    std::uint8_t coding = 0;
  };

  message_parser(side speaks, const caps& limits) noexcept;
  message_parser(const message_parser&) = default;
  message_parser(message_parser&&) noexcept = default;
  message_parser& operator=(const message_parser&) = default;
  message_parser& operator=(message_parser&&) noexcept = default;
  ~message_parser() = default;

  // A face's part of the head: the first line, and what follows from the fields. False after
  // refuse().
  [[nodiscard]] virtual bool start_line(std::string_view line) noexcept = 0;
  [[nodiscard]] virtual bool finish_head() noexcept = 0;

  /// Looks at `input` up to the next event.
  /// @param head  the face's, the same in every call.
  [[nodiscard]] parse_step parse(std::string_view input, message_head& head) noexcept;
  /// Reads Content-Length and Transfer-Encoding; without either, the message has no body.
  [[nodiscard]] bool read_framing(message_head& head) noexcept;
  /// Whether llhttp reads the head as we did: what finish_head() ends with.
  [[nodiscard]] bool has_agreement(const message_head& head) noexcept;
  /// Ends a body that has no other end than the connection's. @returns event complete or error.
  [[nodiscard]] parse_step end_of_stream() noexcept;

  bool refuse(status code, const char* reason) noexcept;
  [[nodiscard]] static message_head::piece piece_of(const message_head& head,
                                                    std::string_view part) noexcept {
    return {.begin = static_cast<std::uint16_t>(part.data() - head.base_),
            .size = static_cast<std::uint16_t>(part.size())};
  }

  [[nodiscard]] const framing_fields& said() const noexcept { return said_; }
  void go_to(phase next) noexcept { phase_ = next; }

 private:
  enum class line_result : std::uint8_t { incomplete, complete, too_long, malformed };
  enum class head_result : std::uint8_t { go_on, ended, failed };
  enum class part_result : std::uint8_t { taken, wait, ended, failed };

  [[nodiscard]] parse_step parse_head(std::string_view input, message_head& head) noexcept;
  void begin_head(message_head& head) noexcept;
  [[nodiscard]] head_result head_line(std::string_view input, message_head& head) noexcept;
  [[nodiscard]] bool header_line(std::string_view line, message_head& head) noexcept;
  void note_field(std::string_view name, std::string_view value, std::uint8_t index) noexcept;

  [[nodiscard]] parse_step parse_fixed(std::string_view input) noexcept;
  [[nodiscard]] parse_step parse_until_close(std::string_view input) noexcept;
  [[nodiscard]] parse_step parse_chunked(std::string_view input) noexcept;
  [[nodiscard]] part_result take_chunk_size(std::string_view rest, std::size_t& taken) noexcept;
  [[nodiscard]] part_result take_chunk_end(std::string_view rest, std::size_t& taken) noexcept;
  [[nodiscard]] part_result take_trailer(std::string_view rest, std::size_t& taken) noexcept;
  [[nodiscard]] bool keep_trailer(std::string_view line, std::size_t colon) noexcept;
  [[nodiscard]] bool check_chunk_size(std::string_view line, std::size_t& digits) noexcept;
  [[nodiscard]] bool check_field_syntax(std::string_view line, std::size_t& colon) noexcept;

  [[nodiscard]] line_result next_line(std::string_view input, std::size_t line_bytes_max,
                                      std::size_t end_max) noexcept;
  [[nodiscard]] bool run_llhttp(std::string_view lines) noexcept;
  [[nodiscard]] parse_step failed() noexcept;
  [[nodiscard]] parse_step complete(std::size_t consumed) noexcept;

  struct machine;  // llhttp's state behind a door: its header fills the global name space
  [[nodiscard]] machine& llhttp() noexcept;

  caps caps_;
  parse_error error_;
  std::uint64_t body_limit_ = 0;
  std::uint64_t body_left_ = 0;  // bytes of the fixed body, or of the current chunk, still to come
  std::uint64_t body_seen_ = 0;  // chunked: data bytes announced so far; until_close: given out
  std::uint64_t framing_seen_ = 0;  // chunked: bytes of the body that were not data

  // Offsets into the input, all from its first unconsumed byte.
  std::size_t scanned_ = 0;     // before it, no byte that next_line() has not judged
  std::size_t line_begin_ = 0;  // first byte of the line at hand
  std::size_t line_end_ = 0;    // its CR, once next_line() said complete
  std::size_t head_begin_ = 0;  // 2 after an empty line, else 0
  std::size_t shown_ = 0;       // before it, everything has gone through llhttp
  std::size_t trailer_bytes_ = 0;

  side side_;
  phase phase_ = phase::idle;
  bool has_start_line_ = false;
  framing_fields said_;
  http::trailers trailers_;
  alignas(void*) unsigned char llhttp_storage_[128] = {};
};

}  // namespace rouse::http

#include <llhttp.h>

#include <algorithm>
#include <new>

#include <rouse/base/assert.hpp>
#include <rouse/http/internal/characters.hpp>
#include <rouse/http/internal/scan.hpp>
#include <rouse/http/message_parser.hpp>

namespace rouse::http {
namespace {

constexpr std::size_t content_length_digits_max = 19;  // any such number fits 64 bits
constexpr std::size_t chunk_size_digits_max = 16;
constexpr std::uint64_t data_bytes_per_framing_byte = 16;

}  // namespace

// What llhttp said besides its error: set by its callbacks, which are few because lines are cut
// before it sees them.
struct message_parser::machine {
  llhttp_t parser;
  bool head_ended;
  bool chunk_begun;
  bool message_ended;
};

message_parser::message_parser(side speaks, const caps& limits) noexcept
    : caps_(limits), side_(speaks) {
  static_assert(sizeof(machine) <= sizeof(llhttp_storage_) && alignof(machine) <= alignof(void*));
  ROUSE_ASSERT(limits.head_bytes_max <= 65535);  // offsets have 16 bits
  ROUSE_ASSERT(limits.header_count_max <= message_head::header_capacity);
  new (llhttp_storage_) machine{};
}

message_parser::machine& message_parser::llhttp() noexcept {
  return *std::launder(reinterpret_cast<machine*>(llhttp_storage_));
}

parse_step message_parser::parse(std::string_view input, message_head& head) noexcept {
  switch (phase_) {
    case phase::idle:
      if (input.empty()) return {};
      begin_head(head);
      [[fallthrough]];
    case phase::head: return parse_head(input, head);
    case phase::no_body: return complete(0);
    case phase::fixed_body: return parse_fixed(input);
    case phase::until_close: return parse_until_close(input);
    case phase::chunk_size:
    case phase::chunk_data:
    case phase::chunk_end:
    case phase::trailers: return parse_chunked(input);
    case phase::failed: return failed();
  }
  ROUSE_UNREACHABLE();
}

void message_parser::set_body_limit(std::uint64_t bytes) noexcept {
  ROUSE_ASSERT(phase_ == phase::no_body || phase_ == phase::fixed_body ||
               phase_ == phase::until_close || phase_ == phase::chunk_size);
  ROUSE_ASSERT(body_seen_ == 0);
  body_limit_ = bytes;
}

// ---- lines ----

// Looks for the CR LF that ends the line at line_begin_, from where the last look ended. Limits are
// positions: the line may have line_bytes_max bytes, and its CR LF may end at end_max.
message_parser::line_result message_parser::next_line(std::string_view input,
                                                      std::size_t line_bytes_max,
                                                      std::size_t end_max) noexcept {
  if (end_max < line_begin_ + 2) return line_result::too_long;
  std::size_t last_cr = line_begin_ + line_bytes_max;
  if (last_cr > end_max - 2) last_cr = end_max - 2;
  const std::size_t stop = input.size() <= last_cr ? input.size() : last_cr + 1;

  for (std::size_t at = scanned_;; ++at) {
    at = internal::find_control(input.data(), at, stop);
    scanned_ = at;
    if (at == stop) return input.size() > last_cr ? line_result::too_long : line_result::incomplete;
    if (input[at] == '\t') continue;
    if (input[at] != '\r') {
      refuse(status::bad_request, input[at] == '\n' ? "LF without CR" : "control byte");
      return line_result::malformed;
    }
    if (at + 1 == input.size()) return line_result::incomplete;
    if (input[at + 1] != '\n') {
      refuse(status::bad_request, "CR without LF");
      return line_result::malformed;
    }
    line_end_ = at;
    return line_result::complete;
  }
}

// Gives llhttp whole lines, or chunk data. Its verdict comes second for each line, so that ours
// names the fault.
bool message_parser::run_llhttp(std::string_view lines) noexcept {
  machine& m = llhttp();
  m.parser.data = &m;  // set here, because parsers may move
  llhttp_errno code = llhttp_execute(&m.parser, lines.data(), lines.size());
  switch (code) {
    case HPE_OK: return true;
    // After a whole message; whether to upgrade is not its business.
    case HPE_PAUSED_UPGRADE: return true;
    // Methods it does not know, those of RTSP, and HTTP/2's PRI: "HTTP/1.x" itself was checked
    // before.
    case HPE_INVALID_METHOD:
    case HPE_INVALID_CONSTANT:
    case HPE_INVALID_VERSION:
      if (side_ == side::request) return refuse(status::not_implemented, "method not implemented");
      break;
    default: break;
  }
  const char* reason = llhttp_get_error_reason(&m.parser);
  return refuse(status::bad_request, reason != nullptr ? reason : "malformed message");
}

bool message_parser::refuse(status code, const char* reason) noexcept {
  error_ = {.code = code, .reason = reason};
  return false;
}

parse_step message_parser::failed() noexcept {
  phase_ = phase::failed;
  return {.event = parse_event::error};
}

parse_step message_parser::complete(std::size_t consumed) noexcept {
  phase_ = phase::idle;
  return {.event = parse_event::complete, .consumed = consumed};
}

// ---- head ----

void message_parser::begin_head(message_head& head) noexcept {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_headers_complete = [](llhttp_t* p) {
      return static_cast<machine*>(p->data)->head_ended = true, 0;
    };
    s.on_chunk_header = [](llhttp_t* p) {
      return static_cast<machine*>(p->data)->chunk_begun = true, 0;
    };
    s.on_message_complete = [](llhttp_t* p) {
      return static_cast<machine*>(p->data)->message_ended = true, 0;
    };
    return s;
  }();
  machine& m = llhttp();
  llhttp_init(&m.parser, side_ == side::request ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
  m.head_ended = m.chunk_begun = m.message_ended = false;

  phase_ = phase::head;
  scanned_ = line_begin_ = line_end_ = head_begin_ = shown_ = trailer_bytes_ = 0;
  body_limit_ = caps_.body_bytes_max;
  body_left_ = body_seen_ = framing_seen_ = 0;
  has_start_line_ = false;
  said_ = {};
  trailers_.clear();
  head.content_length_ = 0;
  head.size_ = 0;
  head.body_ = body_kind::none;
  head.header_count_ = 0;
  head.keep_alive_ = false;
}

parse_step message_parser::parse_head(std::string_view input, message_head& head) noexcept {
  head.base_ = input.data() + head_begin_;
  head_result result = head_result::go_on;
  while (result == head_result::go_on) {
    std::size_t line_bytes_max =
        has_start_line_ ? caps_.header_line_bytes_max : caps_.start_line_bytes_max;
    line_result line = next_line(input, line_bytes_max, head_begin_ + caps_.head_bytes_max);
    if (line == line_result::incomplete) break;
    if (line == line_result::complete) {
      result = head_line(input, head);
      continue;
    }
    result = head_result::failed;
    if (line == line_result::too_long && has_start_line_)
      refuse(status::header_fields_too_large, "head too large");
    else if (line == line_result::too_long)
      refuse(status::uri_too_long,
             side_ == side::request ? "request line too long" : "status line too long");
  }

  // The lines before the one at hand: had they come alone, llhttp would have judged them by now.
  std::string_view lines = input.substr(shown_, line_begin_ - shown_);
  shown_ = line_begin_;
  if (!lines.empty() && !run_llhttp(lines)) return failed();
  if (result == head_result::failed) return failed();
  if (result == head_result::go_on) return {};

  head.size_ = static_cast<std::uint16_t>(line_begin_ - head_begin_);
  if (!finish_head()) return failed();
  parse_step step{.event = parse_event::head, .consumed = line_begin_};
  scanned_ = line_begin_ = 0;
  return step;
}

message_parser::head_result message_parser::head_line(std::string_view input,
                                                      message_head& head) noexcept {
  std::string_view line = input.substr(line_begin_, line_end_ - line_begin_);
  const std::size_t next = line_end_ + 2;
  bool ended = false;
  if (has_start_line_) {
    ended = line.empty();
    if (!ended && !header_line(line, head)) return head_result::failed;
  } else if (!line.empty() || side_ == side::response) {
    if (!start_line(line)) return head_result::failed;
    has_start_line_ = true;
  } else {
    // RFC 9112, 2.2: one empty line may precede a request; some clients end a body with one too
    // many.
    if (head_begin_ != 0) {
      refuse(status::bad_request, "empty lines before the request");
      return head_result::failed;
    }
    head_begin_ = shown_ = next;
    head.base_ = input.data() + next;
  }
  scanned_ = line_begin_ = next;
  return ended ? head_result::ended : head_result::go_on;
}

bool message_parser::check_field_syntax(std::string_view line, std::size_t& colon) noexcept {
  if (line.front() == ' ' || line.front() == '\t')
    return refuse(status::bad_request, "obsolete line folding");
  colon = 0;
  while (colon < line.size() && internal::has_class(line[colon], internal::class_token))
    ++colon;
  if (colon == line.size()) return refuse(status::bad_request, "field without colon");
  if (line[colon] == ' ' || line[colon] == '\t')
    return refuse(status::bad_request, "blank in or after a field name");
  if (line[colon] != ':') return refuse(status::bad_request, "odd byte in a field name");
  if (colon == 0) return refuse(status::bad_request, "empty field name");
  return true;
}

bool message_parser::header_line(std::string_view line, message_head& head) noexcept {
  std::size_t colon = 0;
  if (!check_field_syntax(line, colon)) return false;
  if (head.header_count_ == caps_.header_count_max)
    return refuse(status::header_fields_too_large, "too many fields");
  std::string_view name = line.substr(0, colon);
  std::string_view value = internal::trimmed(line.substr(colon + 1));
  const message_head::field_pieces pieces{.name = piece_of(head, name),
                                          .value = piece_of(head, value)};
  const std::uint8_t index = head.header_count_++;
  head.fields_[index] = pieces;
  note_field(name, value, index);
  return true;
}

// Remembers what the fields that frame the message say. The length of a name rules out nearly all
// others.
void message_parser::note_field(std::string_view name, std::string_view value,
                                std::uint8_t index) noexcept {
  switch (name.size()) {
    case 4:
      if (!internal::equal_ignoring_case(name, "host")) return;
      ++said_.host_count;
      said_.host = index;
      return;
    case 6:
      if (internal::equal_ignoring_case(name, "expect") &&
          internal::equal_ignoring_case(value, "100-continue"))
        said_.expects_continue = true;
      return;
    case 10:
      if (!internal::equal_ignoring_case(name, "connection")) return;
      said_.close |= internal::list_contains(value, "close");
      said_.keep_alive |= internal::list_contains(value, "keep-alive");
      return;
    case 14:
      if (!internal::equal_ignoring_case(name, "content-length")) return;
      ++said_.length_count;
      said_.length = index;
      return;
    case 17:
      if (!internal::equal_ignoring_case(name, "transfer-encoding")) return;
      ++said_.coding_count;
      said_.coding = index;
      return;
    default: return;
  }
}

// RFC 9112, 6.3, without any of its leniences (H1).
bool message_parser::read_framing(message_head& head) noexcept {
  if (said_.coding_count != 0) {
    if (head.minor_version_ == 0)
      return refuse(status::bad_request, "Transfer-Encoding in HTTP/1.0");
    if (said_.coding_count > 1) return refuse(status::bad_request, "several Transfer-Encoding");
    if (said_.length_count != 0)
      return refuse(status::bad_request, "Content-Length with Transfer-Encoding");
    std::string_view codings = head.text(head.fields_[said_.coding].value);
    bool others = false;
    while (codings.find(',') != std::string_view::npos) {
      std::string_view coding = internal::take_list_element(codings);
      if (coding.empty() || internal::equal_ignoring_case(coding, "chunked"))
        return refuse(status::bad_request, "malformed Transfer-Encoding");
      others = true;
    }
    if (!internal::equal_ignoring_case(internal::trimmed(codings), "chunked"))
      return refuse(status::bad_request, "Transfer-Encoding does not end in chunked");
    if (others) return refuse(status::not_implemented, "transfer coding not implemented");
    head.body_ = body_kind::chunked;
    phase_ = phase::chunk_size;
    return true;
  }
  if (said_.length_count == 0) {
    phase_ = phase::no_body;
    return true;
  }
  if (said_.length_count > 1) return refuse(status::bad_request, "several Content-Length");
  std::string_view digits = head.text(head.fields_[said_.length].value);
  if (digits.empty() || digits.size() > content_length_digits_max ||
      !internal::all_have_class(digits, internal::class_digit))
    return refuse(status::bad_request, "malformed Content-Length");
  for (char c : digits)
    head.content_length_ = head.content_length_ * 10 + static_cast<unsigned>(c - '0');
  head.body_ = body_kind::length;
  body_left_ = head.content_length_;
  phase_ = phase::fixed_body;
  return true;
}

bool message_parser::has_agreement(const message_head& head) noexcept {
  const machine& m = llhttp();
  const bool other_chunked = (m.parser.flags & F_CHUNKED) != 0;
  if (m.head_ended && other_chunked == (head.body_ == body_kind::chunked) &&
      m.parser.content_length == head.content_length_)
    return true;
  return refuse(status::bad_request, "ambiguous framing");
}

// ---- bodies ----

parse_step message_parser::parse_fixed(std::string_view input) noexcept {
  if (body_left_ > body_limit_ - body_seen_) {
    refuse(status::content_too_large, "body too large");
    return failed();
  }
  if (body_left_ == 0) return complete(0);
  if (input.empty()) return {};
  std::string_view piece = input.substr(0, body_left_);
  body_left_ -= piece.size();
  body_seen_ += piece.size();
  return {.event = parse_event::body, .consumed = piece.size(), .body = piece};
}

parse_step message_parser::parse_until_close(std::string_view input) noexcept {
  if (input.empty()) return {};
  std::string_view piece = input.substr(0, body_limit_ - body_seen_);
  if (piece.empty()) {
    refuse(status::content_too_large, "body too large");
    return failed();
  }
  body_seen_ += piece.size();
  return {.event = parse_event::body, .consumed = piece.size(), .body = piece};
}

parse_step message_parser::end_of_stream() noexcept {
  if (phase_ == phase::until_close || phase_ == phase::no_body) return complete(0);
  if (phase_ == phase::fixed_body && body_left_ == 0) return complete(0);
  if (phase_ != phase::failed) refuse(status::bad_request, "message cut short");
  return failed();
}

// Takes the framing away. Offsets of the line at hand count from the first byte that is not taken
// yet.
parse_step message_parser::parse_chunked(std::string_view input) noexcept {
  for (std::size_t done = 0;;) {
    std::string_view rest = input.substr(done);
    std::size_t taken = 0;
    part_result result = part_result::failed;
    switch (phase_) {
      case phase::chunk_size: result = take_chunk_size(rest, taken); break;
      case phase::chunk_end: result = take_chunk_end(rest, taken); break;
      case phase::trailers: result = take_trailer(rest, taken); break;
      case phase::chunk_data: {
        if (rest.empty()) return {.consumed = done};
        std::string_view piece = rest.substr(0, body_left_);
        if (!run_llhttp(piece)) return failed();
        body_left_ -= piece.size();
        if (body_left_ == 0) phase_ = phase::chunk_end;
        return {.event = parse_event::body, .consumed = done + piece.size(), .body = piece};
      }
      default: ROUSE_UNREACHABLE();
    }
    done += taken;
    scanned_ = taken != 0 ? 0 : scanned_;
    switch (result) {
      case part_result::taken: break;
      case part_result::wait: return {.consumed = done};
      case part_result::ended: return complete(done);
      case part_result::failed: return failed();
    }
  }
}

message_parser::part_result message_parser::take_chunk_size(std::string_view rest,
                                                            std::size_t& taken) noexcept {
  const std::uint64_t allowed = caps_.framing_bytes_max + body_seen_ / data_bytes_per_framing_byte;
  const std::uint64_t left = allowed > framing_seen_ ? allowed - framing_seen_ : 0;
  line_result line =
      next_line(rest, caps_.header_line_bytes_max, left + caps_.free_framing_bytes_per_chunk);
  if (line == line_result::incomplete) return part_result::wait;
  if (line == line_result::too_long) refuse(status::bad_request, "too much chunk framing");
  if (line != line_result::complete) return part_result::failed;

  const std::size_t line_bytes = line_end_ + 2;
  std::size_t digits = 0;
  if (!check_chunk_size(rest.substr(0, line_end_), digits)) return part_result::failed;
  // llhttp 8.1 refuses a second extension after an unquoted value, so extensions, which nobody may
  // act on, are not shown.
  machine& m = llhttp();
  m.chunk_begun = false;
  if (!run_llhttp(rest.substr(0, digits)) || !run_llhttp(rest.substr(line_end_, 2)))
    return part_result::failed;
  if (!m.chunk_begun) {
    refuse(status::bad_request, "malformed chunk size");
    return part_result::failed;
  }
  body_left_ = m.parser.content_length;
  if (body_left_ > body_limit_ - body_seen_) {
    refuse(status::content_too_large, "body too large");
    return part_result::failed;
  }
  body_seen_ += body_left_;
  const std::uint64_t framing = line_bytes + 2;  // with what ends the data
  framing_seen_ += framing - std::min<std::uint64_t>(framing, caps_.free_framing_bytes_per_chunk);
  phase_ = body_left_ == 0 ? phase::trailers : phase::chunk_data;
  taken = line_bytes;
  return part_result::taken;
}

message_parser::part_result message_parser::take_chunk_end(std::string_view rest,
                                                           std::size_t& taken) noexcept {
  const bool wrong = (!rest.empty() && rest[0] != '\r') || (rest.size() > 1 && rest[1] != '\n');
  if (wrong) {
    refuse(status::bad_request, "chunk data not followed by CR LF");
    return part_result::failed;
  }
  if (rest.size() < 2) return part_result::wait;
  if (!run_llhttp(rest.substr(0, 2))) return part_result::failed;
  phase_ = phase::chunk_size;
  taken = 2;
  return part_result::taken;
}

message_parser::part_result message_parser::take_trailer(std::string_view rest,
                                                         std::size_t& taken) noexcept {
  line_result line =
      next_line(rest, caps_.header_line_bytes_max, caps_.trailer_bytes_max - trailer_bytes_);
  if (line == line_result::incomplete) return part_result::wait;
  if (line == line_result::too_long) refuse(status::bad_request, "trailers too large");
  if (line != line_result::complete) return part_result::failed;

  std::string_view text = rest.substr(0, line_end_);
  const std::size_t line_bytes = line_end_ + 2;
  std::size_t colon = 0;
  if (!text.empty() && !check_field_syntax(text, colon)) return part_result::failed;
  if (!run_llhttp(rest.substr(0, line_bytes))) return part_result::failed;
  trailer_bytes_ += line_bytes;
  taken = line_bytes;
  if (!text.empty()) return keep_trailer(text, colon) ? part_result::taken : part_result::failed;
  if (llhttp().message_ended) return part_result::ended;
  refuse(status::bad_request, "ambiguous framing");
  return part_result::failed;
}

bool message_parser::keep_trailer(std::string_view line, std::size_t colon) noexcept {
  try {
    trailers_.add(line.substr(0, colon), internal::trimmed(line.substr(colon + 1)));
    return true;
  } catch (const std::bad_alloc&) {
    return refuse(status::service_unavailable, "no memory for the trailers");
  }
}

bool message_parser::check_chunk_size(std::string_view line, std::size_t& digits) noexcept {
  digits = 0;
  while (digits < line.size() && internal::has_class(line[digits], internal::class_hex))
    ++digits;
  if (digits == 0) return refuse(status::bad_request, "chunk size without digits");
  if (digits > chunk_size_digits_max)
    return refuse(status::bad_request, "chunk size of too many digits");
  if (digits < line.size() && line[digits] != ';')
    return refuse(status::bad_request, "malformed chunk size");
  return true;
}

}  // namespace rouse::http

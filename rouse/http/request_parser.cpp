#include <llhttp.h>

#include <new>

#include <rouse/base/assert.hpp>
#include <rouse/http/internal/authority.hpp>
#include <rouse/http/internal/characters.hpp>
#include <rouse/http/internal/scan.hpp>
#include <rouse/http/request_parser.hpp>

namespace rouse::http {
namespace {

constexpr std::size_t request_line_overhead_max = 64;  // of a request line: all but the target
constexpr std::size_t content_length_digits_max = 19;  // any such number fits 64 bits
constexpr std::size_t chunk_size_digits_max = 16;
constexpr std::uint64_t data_bytes_per_framing_byte = 16;

verb verb_of(std::string_view name) noexcept {
  switch (name.size()) {
    case 3:
      if (name == "GET") return verb::get;
      if (name == "PUT") return verb::put;
      break;
    case 4:
      if (name == "HEAD") return verb::head;
      if (name == "POST") return verb::post;
      break;
    case 5:
      if (name == "PATCH") return verb::patch;
      if (name == "TRACE") return verb::trace;
      break;
    case 6:
      if (name == "DELETE") return verb::delete_;
      break;
    case 7:
      if (name == "OPTIONS") return verb::options;
      if (name == "CONNECT") return verb::connect;
      break;
    default: break;
  }
  return verb::other;
}

// A target is made of visible ASCII, and a fragment is never sent.
bool is_target_text(std::string_view target) noexcept {
  bool odd = false;
  for (char c : target)
    odd |= (static_cast<unsigned char>(c) & 0x80) != 0 || c == '#' || c == '\t';
  return !odd;
}

}  // namespace

// What llhttp said besides its error: set by its callbacks, which are few because lines are cut
// before it sees them.
struct request_parser::machine {
  llhttp_t parser;
  bool head_ended;
  bool chunk_begun;
  bool message_ended;
};

request_parser::request_parser(const request_limits& limits) noexcept : limits_(limits) {
  static_assert(sizeof(machine) <= sizeof(llhttp_storage_) && alignof(machine) <= alignof(void*));
  ROUSE_ASSERT(limits.head_bytes_max <= 65535);  // offsets have 16 bits
  ROUSE_ASSERT(limits.header_count_max <= request::header_capacity);
  new (llhttp_storage_) machine{};
}

request_parser::machine& request_parser::llhttp() noexcept {
  return *std::launder(reinterpret_cast<machine*>(llhttp_storage_));
}

parse_step request_parser::parse(std::string_view input) noexcept {
  switch (phase_) {
    case phase::idle:
      if (input.empty()) return {};
      begin_head();
      [[fallthrough]];
    case phase::head: return parse_head(input);
    case phase::no_body: return complete(0);
    case phase::fixed_body: return parse_fixed(input);
    case phase::chunk_size:
    case phase::chunk_data:
    case phase::chunk_end:
    case phase::trailers: return parse_chunked(input);
    case phase::failed: return failed();
  }
  ROUSE_UNREACHABLE();
}

void request_parser::set_body_limit(std::uint64_t bytes) noexcept {
  ROUSE_ASSERT(phase_ == phase::no_body || phase_ == phase::fixed_body ||
               phase_ == phase::chunk_size);
  ROUSE_ASSERT(body_seen_ == 0);
  body_limit_ = bytes;
}

// ---- lines ----

// Looks for the CR LF that ends the line at line_begin_, from where the last look ended. Limits are
// positions: the line may have line_bytes_max bytes, and its CR LF may end at end_max.
request_parser::line_result request_parser::next_line(std::string_view input,
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
bool request_parser::run_llhttp(std::string_view lines) noexcept {
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
    case HPE_INVALID_VERSION: return refuse(status::not_implemented, "method not implemented");
    default: {
      const char* reason = llhttp_get_error_reason(&m.parser);
      return refuse(status::bad_request, reason != nullptr ? reason : "malformed request");
    }
  }
}

bool request_parser::refuse(status code, const char* reason) noexcept {
  error_ = {.code = code, .reason = reason};
  return false;
}

parse_step request_parser::failed() noexcept {
  phase_ = phase::failed;
  return {.event = parse_event::error};
}

parse_step request_parser::complete(std::size_t consumed) noexcept {
  phase_ = phase::idle;
  return {.event = parse_event::complete, .consumed = consumed};
}

// ---- head ----

void request_parser::begin_head() noexcept {
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
  llhttp_init(&m.parser, HTTP_REQUEST, &settings);
  m.head_ended = m.chunk_begun = m.message_ended = false;

  phase_ = phase::head;
  scanned_ = line_begin_ = line_end_ = head_begin_ = shown_ = trailer_bytes_ = 0;
  body_limit_ = limits_.body_bytes_max;
  body_left_ = body_seen_ = framing_seen_ = 0;
  has_request_line_ = false;
  said_ = {};
  head_.content_length_ = 0;
  head_.size_ = 0;
  head_.authority_ = {};
  head_.body_ = body_kind::none;
  head_.header_count_ = 0;
  head_.keep_alive_ = false;
  head_.expects_continue_ = false;
}

parse_step request_parser::parse_head(std::string_view input) noexcept {
  head_.base_ = input.data() + head_begin_;
  head_result result = head_result::go_on;
  while (result == head_result::go_on) {
    std::size_t line_bytes_max = has_request_line_
                                     ? limits_.header_line_bytes_max
                                     : limits_.target_bytes_max + request_line_overhead_max;
    line_result line = next_line(input, line_bytes_max, head_begin_ + limits_.head_bytes_max);
    if (line == line_result::incomplete) break;
    if (line == line_result::complete) {
      result = head_line(input);
      continue;
    }
    result = head_result::failed;
    if (line == line_result::too_long && has_request_line_)
      refuse(status::header_fields_too_large, "head too large");
    else if (line == line_result::too_long)
      refuse(status::uri_too_long, "request line too long");
  }

  // The lines before the one at hand: had they come alone, llhttp would have judged them by now.
  std::string_view lines = input.substr(shown_, line_begin_ - shown_);
  shown_ = line_begin_;
  if (!lines.empty() && !run_llhttp(lines)) return failed();
  if (result == head_result::failed) return failed();
  if (result == head_result::go_on) return {};

  head_.size_ = static_cast<std::uint16_t>(line_begin_ - head_begin_);
  if (!finish_head()) return failed();
  parse_step step{.event = parse_event::head, .consumed = line_begin_};
  scanned_ = line_begin_ = 0;
  return step;
}

request_parser::head_result request_parser::head_line(std::string_view input) noexcept {
  std::string_view line = input.substr(line_begin_, line_end_ - line_begin_);
  const std::size_t next = line_end_ + 2;
  bool ended = false;
  if (has_request_line_) {
    ended = line.empty();
    if (!ended && !header_line(line)) return head_result::failed;
  } else if (!line.empty()) {
    if (!request_line(line)) return head_result::failed;
    has_request_line_ = true;
  } else {
    // RFC 9112, 2.2: one empty line may precede a request; some clients end a body with one too
    // many.
    if (head_begin_ != 0) {
      refuse(status::bad_request, "empty lines before the request");
      return head_result::failed;
    }
    head_begin_ = shown_ = next;
    head_.base_ = input.data() + next;
  }
  scanned_ = line_begin_ = next;
  return ended ? head_result::ended : head_result::go_on;
}

request::piece request_parser::piece_of(std::string_view part) const noexcept {
  return {.begin = static_cast<std::uint16_t>(part.data() - head_.base_),
          .size = static_cast<std::uint16_t>(part.size())};
}

bool request_parser::request_line(std::string_view line) noexcept {
  std::size_t first = line.find(' ');
  std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos)
    return refuse(status::bad_request, "request line without three parts");
  std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, second - first - 1);
  std::string_view version = line.substr(second + 1);

  if (method.empty() || !internal::all_have_class(method, internal::class_token))
    return refuse(status::bad_request, "malformed method");
  if (target.size() > limits_.target_bytes_max)
    return refuse(status::uri_too_long, "target too long");
  if (target.empty() || !is_target_text(target))
    return refuse(status::bad_request, "malformed target");
  if (version.size() != 8 || !version.starts_with("HTTP/") ||
      !internal::has_class(version[5], internal::class_digit) || version[6] != '.' ||
      !internal::has_class(version[7], internal::class_digit))
    return refuse(status::bad_request, "malformed version");
  if (version[5] != '1' || version[7] > '1')
    return refuse(status::version_not_supported, "version not supported");

  head_.method_ = verb_of(method);
  head_.method_name_ = piece_of(method);
  head_.target_ = piece_of(target);
  head_.minor_version_ = static_cast<std::uint8_t>(version[7] - '0');
  return true;
}

bool request_parser::check_field_syntax(std::string_view line, std::size_t& colon) noexcept {
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

bool request_parser::header_line(std::string_view line) noexcept {
  std::size_t colon = 0;
  if (!check_field_syntax(line, colon)) return false;
  if (head_.header_count_ == limits_.header_count_max)
    return refuse(status::header_fields_too_large, "too many fields");
  std::string_view name = line.substr(0, colon);
  std::string_view value = internal::trimmed(line.substr(colon + 1));
  note_field(name, value, {.name = piece_of(name), .value = piece_of(value)});
  return true;
}

// Stores a field, and what those that frame the message say. The length of a name rules out nearly
// all of them.
void request_parser::note_field(std::string_view name, std::string_view value,
                                request::field_pieces pieces) noexcept {
  const std::uint8_t index = head_.header_count_++;
  head_.fields_[index] = pieces;
  switch (name.size()) {
    case 4:
      if (!internal::equal_ignoring_case(name, "host")) return;
      ++said_.host_count;
      said_.host = index;
      return;
    case 6:
      if (internal::equal_ignoring_case(name, "expect") &&
          internal::equal_ignoring_case(value, "100-continue"))
        head_.expects_continue_ = true;
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

bool request_parser::finish_head() noexcept {
  if (!check_authority() || !check_framing()) return false;

  const llhttp_t& other = llhttp().parser;
  const bool other_chunked = (other.flags & F_CHUNKED) != 0;
  const bool agreed = llhttp().head_ended && other_chunked == (head_.body_ == body_kind::chunked) &&
                      other.content_length == head_.content_length_;
  if (!agreed) return refuse(status::bad_request, "ambiguous framing");

  const bool connect = head_.method_ == verb::connect;
  if (connect && head_.body_ != body_kind::none)
    return refuse(status::bad_request, "CONNECT with a body");
  // What follows a CONNECT that was not accepted may be meant for somebody else.
  head_.keep_alive_ = !said_.close && !connect && (head_.minor_version_ == 1 || said_.keep_alive);
  head_.expects_continue_ &= head_.minor_version_ == 1 && head_.body_ != body_kind::none;
  return true;
}

// RFC 9112, 6.3, without any of its leniences (H1).
bool request_parser::check_framing() noexcept {
  if (said_.coding_count != 0) {
    if (head_.minor_version_ == 0)
      return refuse(status::bad_request, "Transfer-Encoding in HTTP/1.0");
    if (said_.coding_count > 1) return refuse(status::bad_request, "several Transfer-Encoding");
    if (said_.length_count != 0)
      return refuse(status::bad_request, "Content-Length with Transfer-Encoding");
    std::string_view codings = head_.text(head_.fields_[said_.coding].value);
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
    head_.body_ = body_kind::chunked;
    phase_ = phase::chunk_size;
    return true;
  }
  if (said_.length_count == 0) {
    phase_ = phase::no_body;
    return true;
  }
  if (said_.length_count > 1) return refuse(status::bad_request, "several Content-Length");
  std::string_view digits = head_.text(head_.fields_[said_.length].value);
  if (digits.empty() || digits.size() > content_length_digits_max ||
      !internal::all_have_class(digits, internal::class_digit))
    return refuse(status::bad_request, "malformed Content-Length");
  for (char c : digits)
    head_.content_length_ = head_.content_length_ * 10 + static_cast<unsigned>(c - '0');
  head_.body_ = body_kind::length;
  body_left_ = head_.content_length_;
  phase_ = phase::fixed_body;
  return true;
}

// One authority, wherever it is written (H7), and a target of a form that fits the method.
bool request_parser::check_authority() noexcept {
  if (said_.host_count > 1) return refuse(status::bad_request, "several Host");
  if (said_.host_count == 0 && head_.minor_version_ == 1)
    return refuse(status::bad_request, "no Host");
  const bool has_host = said_.host_count == 1;
  std::string_view host;
  if (has_host) {
    head_.authority_ = head_.fields_[said_.host].value;
    host = head_.authority();
    if (!internal::is_valid_authority(host)) return refuse(status::bad_request, "malformed Host");
  }

  std::string_view target = head_.target();
  if (head_.method_ == verb::connect) {
    if (!internal::is_valid_authority(target) || target.ends_with(']') ||
        target.find(':') == std::string_view::npos)
      return refuse(status::bad_request, "CONNECT without host and port");
    if (has_host && !internal::same_authority(target, host, 443))
      return refuse(status::bad_request, "target and Host differ");
    head_.authority_ = head_.target_;
    return true;
  }
  if (target.front() == '/') return true;
  if (target == "*") {
    if (head_.method_ != verb::options)
      return refuse(status::bad_request, "target * without OPTIONS");
    return true;
  }
  internal::absolute_target absolute = internal::split_absolute(target);
  if (absolute.default_port == 0) return refuse(status::bad_request, "target of no known form");
  if (!internal::is_valid_authority(absolute.authority))
    return refuse(status::bad_request, "malformed authority in the target");
  if (has_host && !internal::same_authority(absolute.authority, host, absolute.default_port))
    return refuse(status::bad_request, "target and Host differ");
  head_.authority_ = piece_of(absolute.authority);
  return true;
}

// ---- bodies ----

parse_step request_parser::parse_fixed(std::string_view input) noexcept {
  if (head_.content_length_ > body_limit_) {
    refuse(status::content_too_large, "body too large");
    return failed();
  }
  if (body_left_ == 0) return complete(0);
  if (input.empty()) return {};
  std::string_view piece = input.substr(0, body_left_);
  body_left_ -= piece.size();
  return {.event = parse_event::body, .consumed = piece.size(), .body = piece};
}

// Takes the framing away. Offsets of the line at hand count from the first byte that is not taken
// yet.
parse_step request_parser::parse_chunked(std::string_view input) noexcept {
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

request_parser::part_result request_parser::take_chunk_size(std::string_view rest,
                                                            std::size_t& taken) noexcept {
  const std::uint64_t allowed =
      limits_.framing_bytes_max + body_seen_ / data_bytes_per_framing_byte;
  const std::uint64_t left = allowed > framing_seen_ ? allowed - framing_seen_ : 0;
  line_result line = next_line(rest, limits_.header_line_bytes_max, left);
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
  framing_seen_ += line_bytes;
  phase_ = body_left_ == 0 ? phase::trailers : phase::chunk_data;
  taken = line_bytes;
  return part_result::taken;
}

request_parser::part_result request_parser::take_chunk_end(std::string_view rest,
                                                           std::size_t& taken) noexcept {
  const bool wrong = (!rest.empty() && rest[0] != '\r') || (rest.size() > 1 && rest[1] != '\n');
  if (wrong) {
    refuse(status::bad_request, "chunk data not followed by CR LF");
    return part_result::failed;
  }
  if (rest.size() < 2) return part_result::wait;
  if (!run_llhttp(rest.substr(0, 2))) return part_result::failed;
  framing_seen_ += 2;
  phase_ = phase::chunk_size;
  taken = 2;
  return part_result::taken;
}

// Trailers are checked and dropped: nobody may be fooled by fields that come late.
request_parser::part_result request_parser::take_trailer(std::string_view rest,
                                                         std::size_t& taken) noexcept {
  line_result line =
      next_line(rest, limits_.header_line_bytes_max, limits_.trailer_bytes_max - trailer_bytes_);
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
  if (!text.empty()) return part_result::taken;
  if (llhttp().message_ended) return part_result::ended;
  refuse(status::bad_request, "ambiguous framing");
  return part_result::failed;
}

bool request_parser::check_chunk_size(std::string_view line, std::size_t& digits) noexcept {
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

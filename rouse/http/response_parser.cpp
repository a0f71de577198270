#include <rouse/http/response_parser.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/http/internal/characters.hpp>

namespace rouse::http {
namespace {

// A size of 16 digits and both line ends: a server may send byte by byte.
constexpr std::uint32_t free_framing_bytes_per_chunk = 20;

}  // namespace

response_parser::response_parser(const response_limits& limits) noexcept
    : message_parser(side::response,
                     {.start_line_bytes_max = limits.status_line_bytes_max,
                      .header_line_bytes_max = limits.header_line_bytes_max,
                      .head_bytes_max = limits.head_bytes_max,
                      .header_count_max = limits.header_count_max,
                      .body_bytes_max = limits.body_bytes_max,
                      .framing_bytes_max = limits.framing_bytes_max,
                      .trailer_bytes_max = limits.trailer_bytes_max,
                      .free_framing_bytes_per_chunk = free_framing_bytes_per_chunk}) {}

void response_parser::set_request(verb method) noexcept {
  ROUSE_ASSERT(between_messages());
  method_ = method;
}

// "HTTP/1.1 200 OK"; the phrase may be empty, and its blank missing, as some servers have it.
bool response_parser::start_line(std::string_view line) noexcept {
  constexpr std::string_view protocol = "HTTP/1.";
  constexpr std::size_t code_at = protocol.size() + 2;
  constexpr std::size_t reason_at = code_at + 4;
  if (line.size() < code_at + 3 || !line.starts_with("HTTP/"))
    return refuse(status::bad_request, "malformed status line");
  const std::string_view code = line.substr(code_at, 3);
  const char minor = line[protocol.size()];
  if (!line.starts_with(protocol) || (minor != '0' && minor != '1') || line[code_at - 1] != ' ')
    return refuse(status::version_not_supported, "version not supported");
  if (!internal::all_have_class(code, internal::class_digit) || code[0] == '0')
    return refuse(status::bad_request, "malformed status code");
  if (line.size() > code_at + 3 && line[code_at + 3] != ' ')
    return refuse(status::bad_request, "malformed status code");

  head_.minor_version_ = static_cast<std::uint8_t>(minor - '0');
  head_.code_ = static_cast<status>((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
  head_.reason_ =
      line.size() > reason_at ? piece_of(head_, line.substr(reason_at)) : response::piece();
  return true;
}

bool response_parser::is_without_body() const noexcept {
  const bool tunnel =
      method_ == verb::connect && head_.code_ >= status::ok && head_.code_ < status(300);
  return method_ == verb::head || !may_have_body(head_.code_) || tunnel;
}

// RFC 9112, 6.3: what the request was and the code decide first, then the fields.
bool response_parser::finish_head() noexcept {
  const bool framed = said().length_count != 0 || said().coding_count != 0;
  if (head_.is_interim() && framed)
    return refuse(status::bad_request, "interim response with a body");
  if (!read_framing(head_) || !has_agreement(head_)) return false;
  head_.keep_alive_ = !said().close && (head_.minor_version_ == 1 || said().keep_alive);

  if (is_without_body()) {
    // Where no body may be, one that is announced may come all the same.
    const bool innocent = method_ == verb::head || head_.code_ == status::not_modified ||
                          (head_.body_ != body_kind::chunked && head_.content_length_ == 0);
    head_.keep_alive_ &= innocent && method_ != verb::connect;
    head_.body_ = body_kind::none;
    head_.content_length_ = 0;
    go_to(phase::no_body);
  } else if (!framed) {
    head_.body_ = body_kind::until_close;
    head_.keep_alive_ = false;
    go_to(phase::until_close);
  }
  return true;
}

}  // namespace rouse::http

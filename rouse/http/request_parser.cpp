#include <rouse/http/request_parser.hpp>

#include <rouse/http/internal/authority.hpp>
#include <rouse/http/internal/characters.hpp>

namespace rouse::http {
namespace {

constexpr std::uint32_t request_line_overhead_max = 64;  // of a request line: all but the target

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

request_parser::request_parser(const request_limits& limits) noexcept
    : message_parser(side::request,
                     {.start_line_bytes_max = limits.target_bytes_max + request_line_overhead_max,
                      .header_line_bytes_max = limits.header_line_bytes_max,
                      .head_bytes_max = limits.head_bytes_max,
                      .header_count_max = limits.header_count_max,
                      .body_bytes_max = limits.body_bytes_max,
                      .framing_bytes_max = limits.framing_bytes_max,
                      .trailer_bytes_max = limits.trailer_bytes_max}),
      target_bytes_max_(limits.target_bytes_max) {}

bool request_parser::start_line(std::string_view line) noexcept {
  std::size_t first = line.find(' ');
  std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos)
    return refuse(status::bad_request, "request line without three parts");
  std::string_view method = line.substr(0, first);
  std::string_view target = line.substr(first + 1, second - first - 1);
  std::string_view version = line.substr(second + 1);

  if (method.empty() || !internal::all_have_class(method, internal::class_token))
    return refuse(status::bad_request, "malformed method");
  if (target.size() > target_bytes_max_) return refuse(status::uri_too_long, "target too long");
  if (target.empty() || !is_target_text(target))
    return refuse(status::bad_request, "malformed target");
  if (version.size() != 8 || !version.starts_with("HTTP/") ||
      !internal::has_class(version[5], internal::class_digit) || version[6] != '.' ||
      !internal::has_class(version[7], internal::class_digit))
    return refuse(status::bad_request, "malformed version");
  if (version[5] != '1' || version[7] > '1')
    return refuse(status::version_not_supported, "version not supported");

  head_.method_ = verb_of(method);
  head_.method_name_ = piece_of(head_, method);
  head_.target_ = piece_of(head_, target);
  head_.authority_ = {};
  head_.minor_version_ = static_cast<std::uint8_t>(version[7] - '0');
  return true;
}

bool request_parser::finish_head() noexcept {
  if (!check_authority() || !read_framing(head_) || !has_agreement(head_)) return false;
  const bool connect = head_.method_ == verb::connect;
  if (connect && head_.body_ != body_kind::none)
    return refuse(status::bad_request, "CONNECT with a body");
  // What follows a CONNECT that was not accepted may be meant for somebody else.
  head_.keep_alive_ = !said().close && !connect && (head_.minor_version_ == 1 || said().keep_alive);
  head_.expects_continue_ =
      said().expects_continue && head_.minor_version_ == 1 && head_.body_ != body_kind::none;
  return true;
}

// One authority, wherever it is written (H7), and a target of a form that fits the method.
bool request_parser::check_authority() noexcept {
  if (said().host_count > 1) return refuse(status::bad_request, "several Host");
  if (said().host_count == 0 && head_.minor_version_ == 1)
    return refuse(status::bad_request, "no Host");
  const bool has_host = said().host_count == 1;
  std::string_view host;
  if (has_host) {
    head_.authority_ = head_.fields_[said().host].value;
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
  head_.authority_ = piece_of(head_, absolute.authority);
  return true;
}

}  // namespace rouse::http

#include <rouse/http/url.hpp>

#include <rouse/http/internal/authority.hpp>
#include <rouse/http/internal/characters.hpp>
#include <rouse/http/internal/scan.hpp>

#include <algorithm>
#include <charconv>

namespace rouse::http {
namespace {

constexpr std::string_view scheme = "http://";

std::unexpected<error> invalid(const char* what) {
  return std::unexpected(error(what, errc::invalid_input));
}

bool begins_with_letter(std::string_view text) noexcept {
  return !text.empty() && internal::ascii_lower(text[0]) >= 'a' &&
         internal::ascii_lower(text[0]) <= 'z';
}

// "scheme" of "scheme:rest", if that is what the text begins with.
std::string_view scheme_of(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || !begins_with_letter(text)) return {};
  for (char c : text.substr(0, colon))
    if (!internal::has_class(c, internal::class_digit | internal::class_unreserved) && c != '+')
      return {};
  return text.substr(0, colon);
}

// Path and query are visible ASCII without what some program takes for a delimiter, and every '%'
// is followed by two digits.
result<void> check_target(std::string_view target) {
  for (std::size_t at = 0; at < target.size(); ++at) {
    const char c = target[at];
    if (internal::is_control(c) || c == ' ') return invalid("url: blank or control byte");
    if (static_cast<unsigned char>(c) >= 0x80) return invalid("url: not ASCII, encode it with %");
    if (c == '\\' || c == '"' || c == '<' || c == '>') return invalid("url: odd byte in the path");
    const bool encoded = target.size() - at > 2 &&
                         internal::all_have_class(target.substr(at + 1, 2), internal::class_hex);
    if (c == '%' && !encoded) return invalid("url: % without two hex digits");
  }
  return {};
}

std::string_view without_fragment(std::string_view text) noexcept {
  return text.substr(0, text.find('#'));
}

// RFC 3986, 5.2.4, for a path that begins with '/'.
std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(1, end - 1);
    path.remove_prefix(end);
    if (segment == "..") out.erase(std::min(out.rfind('/'), out.size()));
    if (segment != "." && segment != "..")
      out.append(1, '/').append(segment);
    else if (path.empty())
      out += '/';
  }
  return out;
}

std::string normalized(std::string_view target) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  return without_dot_segments(target.substr(0, mark)).append(target.substr(mark));
}

}  // namespace

result<url> url::parse(std::string_view text) {
  if (text.size() > bytes_max) return std::unexpected(error("url", errc::too_large));
  text = without_fragment(text);
  if (!internal::equal_ignoring_case(text.substr(0, scheme.size()), scheme)) {
    const std::string_view other = scheme_of(text);
    if (internal::equal_ignoring_case(other, "https"))
      return std::unexpected(error("url: https is not supported", EPROTONOSUPPORT));
    if (text.substr(other.size()).starts_with("://") && !other.empty())
      return std::unexpected(error("url: only http is supported", EPROTONOSUPPORT));
    return invalid("url: does not begin with http://");
  }
  text.remove_prefix(scheme.size());
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  const std::string_view authority = text.substr(0, end);
  if (authority.empty()) return invalid("url: no host");
  if (authority.contains('@')) return invalid("url: user information is not allowed");
  if (!internal::is_valid_authority(authority)) return invalid("url: malformed host or port");
  auto good = check_target(text.substr(end));
  if (!good) return std::unexpected(good.error());

  url u;
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (has_port)
    std::from_chars(authority.data() + colon + 1, authority.data() + authority.size(), u.port_);
  std::string_view host = has_port ? authority.substr(0, colon) : authority;
  const bool is_ipv6 = host.starts_with('[');
  if (is_ipv6) host = host.substr(1, host.size() - 2);
  u.host_ = host;
  std::ranges::transform(u.host_, u.host_.begin(), internal::ascii_lower);
  if (auto ip = net::address::parse_ip(u.host_)) {
    if (ip->is_ipv6() != is_ipv6) return invalid("url: malformed host or port");
    const std::string shown = ip->to_string();  // with port 0
    u.host_ = is_ipv6 ? shown.substr(1, shown.rfind(']') - 1) : shown.substr(0, shown.rfind(':'));
  } else if (is_ipv6) {
    return invalid("url: malformed host or port");
  } else if (auto name = net::check_host_name(u.host_); !name) {
    return std::unexpected(name.error());
  }
  if (end == text.size() || text[end] == '?') u.target_ = "/";
  u.target_ += text.substr(end);
  return u;
}

result<url> url::resolve(std::string_view reference) const {
  if (reference.size() > bytes_max) return std::unexpected(error("url", errc::too_large));
  reference = without_fragment(reference);
  result<url> found = *this;
  if (!scheme_of(reference).empty()) {
    found = parse(reference);
  } else if (reference.starts_with("//")) {
    found = parse(std::string("http:").append(reference));
  } else {
    auto good = check_target(reference);
    if (!good) return std::unexpected(good.error());
    const std::string_view base = path();
    if (reference.starts_with('?'))
      found->target_ = std::string(base).append(reference);
    else if (reference.starts_with('/'))
      found->target_ = reference;
    else if (!reference.empty())
      found->target_ = std::string(base.substr(0, base.rfind('/') + 1)).append(reference);
    if (found->target_.size() > bytes_max) return std::unexpected(error("url", errc::too_large));
  }
  if (found) found->target_ = normalized(found->target_);
  return found;
}

std::string_view url::query() const noexcept {
  const std::size_t mark = target_.find('?');
  return mark == std::string::npos ? std::string_view()
                                   : std::string_view(target_).substr(mark + 1);
}

std::string url::authority() const {
  const bool is_ipv6 = host_.contains(':');
  std::string text = is_ipv6 ? "[" + host_ + "]" : host_;
  if (port_ != 80) text.append(1, ':').append(std::to_string(port_));
  return text;
}

net::endpoint url::endpoint() const {
  if (auto ip = net::address::parse_ip(host_, port_)) return *ip;
  return net::endpoint::named(host_, port_).value();  // parse() has checked it
}

}  // namespace rouse::http

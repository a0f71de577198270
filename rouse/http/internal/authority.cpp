#include <rouse/http/internal/authority.hpp>
#include <rouse/http/internal/characters.hpp>

namespace rouse::internal {
namespace {

constexpr std::size_t host_bytes_max = 253;      // the longest DNS name
constexpr std::size_t ipv6_text_bytes_max = 45;  // INET6_ADDRSTRLEN without its NUL

struct host_and_port {
  std::string_view host = {};  // with brackets when IPv6
  std::string_view port = {};
  bool has_port = false;
};

// Splits at the colon that is not inside brackets; says nothing about validity.
host_and_port split(std::string_view text) noexcept {
  std::size_t from = text.starts_with('[') ? text.find(']') : 0;
  if (from == std::string_view::npos) return {.host = text};
  std::size_t colon = text.find(':', from);
  if (colon == std::string_view::npos) return {.host = text};
  return {.host = text.substr(0, colon), .port = text.substr(colon + 1), .has_port = true};
}

// 0: not a port.
unsigned port_number(std::string_view digits) noexcept {
  if (digits.empty() || digits.size() > 5) return 0;
  unsigned value = 0;
  for (char c : digits) {
    if (!has_class(c, class_digit)) return 0;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= 65535 ? value : 0;
}

bool is_ipv6_literal(std::string_view host) noexcept {
  if (host.size() < 4 || !host.ends_with(']') || host.size() > ipv6_text_bytes_max + 2)
    return false;
  int colons = 0;
  for (char c : host.substr(1, host.size() - 2)) {
    if (c == ':')
      ++colons;
    else if (!has_class(c, class_hex) && c != '.')
      return false;
  }
  return colons >= 2 && colons <= 8;
}

}  // namespace

bool is_valid_authority(std::string_view text) noexcept {
  host_and_port parts = split(text);
  if (parts.has_port && port_number(parts.port) == 0) return false;
  if (parts.host.starts_with('[')) return is_ipv6_literal(parts.host);
  return !parts.host.empty() && parts.host.size() <= host_bytes_max &&
         all_have_class(parts.host, class_host);
}

bool same_authority(std::string_view a, std::string_view b, unsigned default_port) noexcept {
  host_and_port first = split(a);
  host_and_port second = split(b);
  unsigned first_port = first.has_port ? port_number(first.port) : default_port;
  unsigned second_port = second.has_port ? port_number(second.port) : default_port;
  return first_port == second_port && equal_ignoring_case(first.host, second.host);
}

absolute_target split_absolute(std::string_view target) noexcept {
  absolute_target result;
  if (equal_ignoring_case(target.substr(0, 7), "http://")) {
    result.default_port = 80;
    target.remove_prefix(7);
  } else if (equal_ignoring_case(target.substr(0, 8), "https://")) {
    result.default_port = 443;
    target.remove_prefix(8);
  } else {
    return {};
  }
  std::size_t end = target.find_first_of("/?");
  result.authority = target.substr(0, end);
  if (end != std::string_view::npos) result.path = target.substr(end);
  return result;
}

}  // namespace rouse::internal

#include <rouse/net/address.hpp>

#include <rouse/base/assert.hpp>
#include <rouse/base/atomic.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <new>

namespace rouse::net {
namespace internal {

struct unix_name {
  atomic<long> references{1};
  std::size_t size = 0;

  [[nodiscard]] char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  static unix_name* make(std::string_view from) noexcept {
    void* memory = std::malloc(sizeof(unix_name) + from.size());
    if (!memory) return nullptr;
    auto* name = ::new (memory) unix_name;
    name->size = from.size();
    std::memcpy(name->bytes(), from.data(), from.size());
    return name;
  }
  void retain() noexcept { references.fetch_add(1, order::relaxed); }
  void release() noexcept {
    // acq_rel: pairs with the other releases, so that the last one frees after all readers
    if (references.fetch_sub(1, order::acq_rel) == 1) std::free(this);
  }
};

}  // namespace internal

namespace {

std::unexpected<error> bad(const char* what) noexcept {
  return std::unexpected(error(what, errc::invalid_input));
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Decimal digits only: no sign, no space, no leading zero, at most `limit`. -1 when it is none.
constexpr long parse_decimal(std::string_view text, long limit) noexcept {
  if (text.empty() || text.size() > 10 || (text.size() > 1 && text[0] == '0')) return -1;
  long value = 0;
  for (char c : text) {
    if (!is_digit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  return value <= limit ? value : -1;
}

result<std::uint16_t> parse_port(std::string_view text) noexcept {
  if (text.empty()) return bad("address: the port is missing");
  if (!std::all_of(text.begin(), text.end(), is_digit))
    return bad("address: the port is not a number");
  if (text.size() > 1 && text[0] == '0') return bad("address: the port begins with 0");
  const long port = parse_decimal(text, 65535);
  if (port < 0) return bad("address: the port is over 65535");
  return static_cast<std::uint16_t>(port);
}

/// Four numbers without leading zeros (which some readers take as octal). False when it is anything
/// else.
bool parse_ipv4(std::string_view text, std::uint8_t* out) noexcept {
  for (int i = 0; i < 4; i++) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return false;
    const long value = parse_decimal(text.substr(0, dot), 255);
    if (value < 0) return false;
    out[i] = static_cast<std::uint8_t>(value);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return text.empty();
}

int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Groups `1:2:...` into `out`, a dotted IPv4 allowed at the end. Gives the bytes written, or -1.
int parse_groups(std::string_view text, std::uint8_t* out, int room) noexcept {
  int used = 0;
  while (true) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view group = text.substr(0, colon);
    if (colon == text.size() && group.find('.') != std::string_view::npos) {
      if (room - used < 4 || !parse_ipv4(group, out + used)) return -1;
      return used + 4;
    }
    if (group.empty() || group.size() > 4 || room - used < 2) return -1;
    unsigned value = 0;
    for (char c : group) {
      const int digit = hex_digit(c);
      if (digit < 0) return -1;
      value = value << 4 | static_cast<unsigned>(digit);
    }
    out[used++] = static_cast<std::uint8_t>(value >> 8);
    out[used++] = static_cast<std::uint8_t>(value & 255);
    if (colon == text.size()) return used;
    text.remove_prefix(colon + 1);
  }
}

bool parse_ipv6(std::string_view text, std::uint8_t (&out)[16]) noexcept {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return parse_groups(text, out, 16) == 16;
  const std::string_view head = text.substr(0, gap), tail = text.substr(gap + 2);
  if (tail.find("::") != std::string_view::npos) return false;
  // "::" stands for at least one group, so 14 bytes at most are written out. A dotted end belongs
  // to the tail only.
  if (head.find('.') != std::string_view::npos) return false;
  std::uint8_t end[14] = {};
  const int front = head.empty() ? 0 : parse_groups(head, out, 14);
  if (front < 0) return false;
  const int back = tail.empty() ? 0 : parse_groups(tail, end, 14 - front);
  if (back < 0) return false;
  std::memset(out + front, 0, static_cast<std::size_t>(16 - front - back));
  std::memcpy(out + 16 - back, end, static_cast<std::size_t>(back));
  return true;
}

void append_hex(std::string& text, unsigned value) {
  constexpr char digits[] = "0123456789abcdef";
  bool leading = true;
  for (int shift = 12; shift >= 0; shift -= 4) {
    const unsigned digit = value >> shift & 15;
    if (leading && digit == 0 && shift != 0) continue;
    leading = false;
    text += digits[digit];
  }
}

void append_ipv4(std::string& text, const std::uint8_t* ip) {
  for (int i = 0; i < 4; i++) {
    if (i) text += '.';
    text += std::to_string(ip[i]);
  }
}

bool is_mapped_v4(const std::uint8_t* ip) noexcept {
  constexpr std::uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};
  return std::memcmp(ip, prefix, sizeof prefix) == 0;
}

/// RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as
/// "::".
void append_ipv6(std::string& text, const std::uint8_t* ip) {
  if (is_mapped_v4(ip)) {
    text += "::ffff:";
    append_ipv4(text, ip + 12);
    return;
  }
  unsigned groups[8];
  for (int i = 0; i < 8; i++)
    groups[i] = static_cast<unsigned>(ip[2 * i]) << 8 | ip[2 * i + 1];
  int longest = 1, at = -1;
  for (int i = 0; i < 8; i++) {
    int run = 0;
    while (i + run < 8 && groups[i + run] == 0)
      run++;
    if (run > longest) longest = run, at = i;
    if (run) i += run - 1;
  }
  for (int i = 0; i < 8; i++) {
    if (i == at) {
      text += "::";
      i += longest - 1;
      continue;
    }
    if (i && i != at + longest) text += ':';
    append_hex(text, groups[i]);
  }
}

void append_printable(std::string& text, std::string_view name) {
  constexpr char digits[] = "0123456789abcdef";
  for (char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 32 && byte < 127 && c != '\\') {
      text += c;
      continue;
    }
    text += "\\x";
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
}

struct host_and_port {
  std::string_view host;
  std::string_view port;
  bool bracketed = false;
};

/// Splits at the colon in front of the port; what is inside brackets stays whole.
result<host_and_port> split(std::string_view text) noexcept {
  if (text.empty()) return bad("address: empty");
  if (text[0] == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return bad("address: a '[' without its ']'");
    if (end + 1 == text.size()) return bad("address: the port is missing");
    if (text[end + 1] != ':') return bad("address: only ':' and a port may follow ']'");
    return host_and_port{text.substr(1, end - 1), text.substr(end + 2), true};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return bad("address: the port is missing");
  if (text.find(':', colon + 1) != std::string_view::npos)
    return bad("address: an IPv6 address needs brackets before its port");
  return host_and_port{text.substr(0, colon), text.substr(colon + 1), false};
}

constexpr std::string_view unix_prefix = "unix:";

result<address> parse_unix(std::string_view name) noexcept {
  if (name.empty()) return bad("address: the path after unix: is missing");
  return name[0] == '@' ? address::unix_abstract(name.substr(1)) : address::unix_path(name);
}

/// Looks like an attempt at an IPv4 address, so its errors should speak of one.
bool is_numeric(std::string_view host) noexcept {
  return !host.empty() &&
         std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
}

/// Inside brackets: an IPv6 address, with a numeric scope.
result<address> parse_bracketed(std::string_view host, std::uint16_t port) noexcept {
  if (host.find(':') == std::string_view::npos)
    return bad("address: only an IPv6 address stands in brackets");
  return address::parse_ip(host, port);
}

}  // namespace

address::address(const address& other) noexcept
    : scope_(other.scope_), port_(other.port_), family_(other.family_), abstract_(other.abstract_) {
  if (!is_unix()) {
    std::memcpy(ip_, other.ip_, sizeof ip_);
    return;
  }
  name_ = other.name_;
  if (name_) name_->retain();
}

address::address(address&& other) noexcept
    : scope_(other.scope_), port_(other.port_), family_(other.family_), abstract_(other.abstract_) {
  if (is_unix())
    name_ = other.name_;
  else
    std::memcpy(ip_, other.ip_, sizeof ip_);
  other.family_ = address_family::none;
  other.abstract_ = false;
  other.port_ = 0;
}

address& address::operator=(address other) noexcept {
  std::swap(scope_, other.scope_);
  std::swap(port_, other.port_);
  std::swap(family_, other.family_);
  std::swap(abstract_, other.abstract_);
  std::uint8_t bytes[sizeof ip_];  // the union as bytes: whichever member is alive on either side
  std::memcpy(bytes, &ip_, sizeof bytes);
  std::memcpy(&ip_, &other.ip_, sizeof bytes);
  std::memcpy(&other.ip_, bytes, sizeof bytes);
  return *this;
}

address::~address() {
  if (is_unix() && name_) name_->release();
}

address address::ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                      std::uint16_t port) noexcept {
  address made;
  made.ip_[0] = a;
  made.ip_[1] = b;
  made.ip_[2] = c;
  made.ip_[3] = d;
  made.port_ = port;
  made.family_ = address_family::ipv4;
  return made;
}

address address::ipv6(std::span<const std::uint8_t, 16> bytes, std::uint16_t port,
                      std::uint32_t scope) noexcept {
  address made;
  std::memcpy(made.ip_, bytes.data(), sizeof made.ip_);
  made.port_ = port;
  made.scope_ = scope;
  made.family_ = address_family::ipv6;
  return made;
}

address address::loopback_v6(std::uint16_t port) noexcept {
  constexpr std::array<std::uint8_t, 16> one{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return ipv6(one, port);
}

address address::any_v6(std::uint16_t port) noexcept {
  constexpr std::array<std::uint8_t, 16> zero{};
  return ipv6(zero, port);
}

result<address> address::make_unix(std::string_view name, bool abstract) noexcept {
  address made;
  made.name_ = internal::unix_name::make(name);
  made.family_ = address_family::unix_domain;
  made.abstract_ = abstract;
  if (!made.name_) return std::unexpected(error("address", ENOMEM));
  return made;
}

result<address> address::unix_path(std::string_view path) noexcept {
  if (path.empty()) return bad("address: the Unix path is empty");
  if (path.find('\0') != std::string_view::npos) return bad("address: a NUL in the Unix path");
  if (path.size() > path_bytes_max) return bad("address: the Unix path is over 107 bytes");
  return make_unix(path, false);
}

result<address> address::unix_abstract(std::string_view name) noexcept {
  if (name.empty()) return bad("address: the abstract Unix name is empty");
  if (name.size() > abstract_bytes_max)
    return bad("address: the abstract Unix name is over 106 bytes");
  return make_unix(name, true);
}

address address::unix_unnamed() noexcept {
  address made;
  made.name_ = nullptr;
  made.family_ = address_family::unix_domain;
  return made;
}

result<address> address::parse_ip(std::string_view text, std::uint16_t port) noexcept {
  if (text.find(':') == std::string_view::npos) {
    std::uint8_t ip[4];
    if (!parse_ipv4(text, ip))
      return bad("address: not four numbers of 0 to 255 (or a host name, or IPv6)");
    return ipv4(ip[0], ip[1], ip[2], ip[3], port);
  }
  std::uint32_t scope = 0;
  if (const std::size_t percent = text.find('%'); percent != std::string_view::npos) {
    const long index = parse_decimal(text.substr(percent + 1), 0xffffffffL);
    if (index < 0) return bad("address: the scope after % is not a number");
    scope = static_cast<std::uint32_t>(index);
    text = text.substr(0, percent);
  }
  std::uint8_t ip[16];
  if (!parse_ipv6(text, ip)) return bad("address: not an IPv6 address");
  return ipv6(ip, port, scope);
}

result<address> address::parse(std::string_view text) noexcept {
  if (text.starts_with(unix_prefix)) return parse_unix(text.substr(unix_prefix.size()));
  const auto parts = split(text);
  if (!parts) return std::unexpected(parts.error());
  const auto port = parse_port(parts->port);
  if (!port) return std::unexpected(port.error());
  if (parts->bracketed) return parse_bracketed(parts->host, *port);
  if (parts->host.empty()) return any_v6(*port);
  return parse_ip(parts->host, *port);
}

bool address::is_loopback() const noexcept {
  switch (family_) {
    case address_family::none: return false;
    case address_family::ipv4: return ip_[0] == 127;
    case address_family::ipv6:
      return *this == loopback_v6(port_) || (is_mapped_v4(ip_) && ip_[12] == 127);
    case address_family::unix_domain: return true;
  }
  ROUSE_UNREACHABLE();
}

bool address::is_unspecified() const noexcept {
  const auto all = bytes();
  return !all.empty() &&
         std::all_of(all.begin(), all.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::span<const std::uint8_t> address::bytes() const noexcept {
  if (is_ipv4()) return {ip_, 4};
  if (is_ipv6()) return {ip_, 16};
  return {};
}

std::string_view address::path() const noexcept {
  if (!is_unix() || !name_) return {};
  return {name_->bytes(), name_->size};
}

address address::with_port(std::uint16_t port) const noexcept {
  address moved = *this;
  if (is_ip()) moved.port_ = port;
  return moved;
}

std::string address::to_string() const {
  std::string text;
  switch (family_) {
    case address_family::none: return text;
    case address_family::ipv4: append_ipv4(text, ip_); break;
    case address_family::ipv6:
      text += '[';
      append_ipv6(text, ip_);
      if (scope_) text.append("%").append(std::to_string(scope_));
      text += ']';
      break;
    case address_family::unix_domain:
      text += unix_prefix;
      if (abstract_) text += '@';
      append_printable(text, path());
      return text;
  }
  return text.append(":").append(std::to_string(port_));
}

bool operator==(const address& a, const address& b) noexcept {
  if (a.family_ != b.family_ || a.port_ != b.port_ || a.abstract_ != b.abstract_) return false;
  if (a.is_unix()) return a.path() == b.path();
  const auto left = a.bytes(), right = b.bytes();
  return a.scope_ == b.scope_ && std::equal(left.begin(), left.end(), right.begin(), right.end());
}

result<endpoint> endpoint::named(std::string_view host, std::uint16_t port) {
  if (auto checked = check_host_name(host); !checked) return std::unexpected(checked.error());
  endpoint made(address::any_v6(port));
  made.host_ = host;
  return made;
}

result<endpoint> endpoint::parse(std::string_view text) {
  if (text.starts_with(unix_prefix)) {
    auto local = parse_unix(text.substr(unix_prefix.size()));
    if (!local) return std::unexpected(local.error());
    return endpoint(std::move(*local));
  }
  const auto parts = split(text);
  if (!parts) return std::unexpected(parts.error());
  const auto port = parse_port(parts->port);
  if (!port) return std::unexpected(port.error());
  if (parts->bracketed) {
    const std::size_t percent = parts->host.find('%');
    auto inside = parse_bracketed(parts->host.substr(0, percent), *port);
    if (!inside) return std::unexpected(inside.error());
    if (percent == std::string_view::npos) return endpoint(std::move(*inside));
    const std::string_view zone = parts->host.substr(percent + 1);
    if (!std::all_of(zone.begin(), zone.end(),
                     is_digit)) {  // an interface's name: the resolver knows its index
      constexpr std::size_t zone_bytes_max = 15;
      const bool fits = !zone.empty() && zone.size() <= zone_bytes_max;
      if (!fits || !std::all_of(zone.begin(), zone.end(),
                                [](char c) { return c > ' ' && c < 127 && c != '%' && c != '/'; }))
        return bad("address: the scope after % is no interface");
      endpoint made(address::any_v6(*port));
      made.host_ = parts->host;
      return made;
    }
    auto scoped = parse_bracketed(parts->host, *port);
    if (!scoped) return std::unexpected(scoped.error());
    return endpoint(std::move(*scoped));
  }
  if (parts->host.empty()) {
    endpoint made(address::any_v6(*port));
    made.any_ = true;
    return made;
  }
  if (!is_numeric(parts->host)) return named(parts->host, *port);
  auto plain = address::parse_ip(parts->host, *port);
  if (!plain) return std::unexpected(plain.error());
  return endpoint(std::move(*plain));
}

std::string endpoint::to_string() const {
  if (any_) return ":" + std::to_string(port());
  if (is_resolved()) return address_.to_string();
  const bool literal = host_.find(':') != std::string::npos;
  std::string text;
  text.append(literal ? "[" : "").append(host_).append(literal ? "]" : "");
  return text.append(":").append(std::to_string(port()));
}

result<void> check_host_name(std::string_view host) noexcept {
  constexpr std::size_t name_bytes_max = 253, label_bytes_max = 63;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty()) return bad("host name: empty");
  if (host.size() > name_bytes_max) return bad("host name: over 253 bytes");
  std::string_view last;
  for (std::string_view rest = host;;) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    last = rest.substr(0, dot);
    if (last.empty()) return bad("host name: an empty label");
    if (last.size() > label_bytes_max) return bad("host name: a label over 63 bytes");
    for (char c : last) {
      const char lower = static_cast<char>(c | 0x20);
      const bool fine = is_digit(c) || (lower >= 'a' && lower <= 'z') || c == '-' || c == '_';
      if (!fine) return bad("host name: a byte that is no letter, digit, '-' or '_'");
    }
    if (dot == rest.size()) break;
    rest.remove_prefix(dot + 1);
  }
  // inet_aton's forms: decimal, octal and 0x-hexadecimal numbers stand for IPv4 addresses.
  if (std::all_of(last.begin(), last.end(), is_digit)) return bad("host name: ends in a number");
  const bool hex = last.size() >= 2 && last[0] == '0' && (last[1] | 0x20) == 'x';
  if (hex && std::all_of(last.begin() + 2, last.end(), [](char c) { return hex_digit(c) >= 0; }))
    return bad("host name: ends in a number");
  return {};
}

}  // namespace rouse::net

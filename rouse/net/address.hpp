// Socket addresses as values. No kernel header here: sys translates them, so a user of an address
// parses none of that.
#pragma once

#include <rouse/base/error.hpp>

#include <span>
#include <string>

namespace rouse::net {

namespace internal {
struct unix_name;  // counted, immutable bytes of a Unix address; others need no allocation
}

/// What an address names.
enum class address_family : std::uint8_t { none, ipv4, ipv6, unix_domain };

/// An IPv4, IPv6 (with scope) or Unix (path, abstract, unnamed) address. 24 bytes; copying never
/// fails.
/// @threads  A value; distinct copies may be used on distinct threads.
class address {
 public:
  static constexpr std::size_t path_bytes_max = 107;      ///< of a Unix path
  static constexpr std::size_t abstract_bytes_max = 106;  ///< of an abstract name

  constexpr address() noexcept = default;  ///< names nothing
  address(const address& other) noexcept;
  address(address&& other) noexcept;
  address& operator=(address other) noexcept;
  ~address();

  [[nodiscard]] static address ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                                    std::uint16_t port = 0) noexcept;
  /// `scope` is the interface's index, for link-local addresses.
  [[nodiscard]] static address ipv6(std::span<const std::uint8_t, 16> bytes, std::uint16_t port = 0,
                                    std::uint32_t scope = 0) noexcept;
  [[nodiscard]] static address loopback_v4(std::uint16_t port = 0) noexcept {
    return ipv4(127, 0, 0, 1, port);
  }
  [[nodiscard]] static address loopback_v6(std::uint16_t port = 0) noexcept;
  [[nodiscard]] static address any_v4(std::uint16_t port = 0) noexcept {
    return ipv4(0, 0, 0, 0, port);
  }
  [[nodiscard]] static address any_v6(std::uint16_t port = 0) noexcept;
  /// A socket in the file system. @errors invalid_input (empty, holds a NUL, over path_bytes_max),
  /// ENOMEM.
  [[nodiscard]] static result<address> unix_path(std::string_view path) noexcept;
  /// A name in Linux's abstract space, without the leading NUL; any bytes. @errors invalid_input
  /// (empty, too long), ENOMEM.
  [[nodiscard]] static result<address> unix_abstract(std::string_view name) noexcept;
  /// The peer of a Unix socket that was never bound.
  [[nodiscard]] static address unix_unnamed() noexcept;

  /// Reads `127.0.0.1:7000`, `[::1]:80`, `[fe80::1%2]:80`, `:8080` (every local address:
  /// `[::]:8080`), `unix:/path`, `unix:@abstract`. Strict: what is odd is refused, never guessed,
  /// and the port is always there.
  /// @errors  invalid_input; the error's operation names the bad part ("address: the port is over
  /// 65535").
  [[nodiscard]] static result<address> parse(std::string_view text) noexcept;
  /// The same without a port: `127.0.0.1`, `::1`, `fe80::1%2`.
  [[nodiscard]] static result<address> parse_ip(std::string_view text,
                                                std::uint16_t port = 0) noexcept;

  [[nodiscard]] address_family family() const noexcept { return family_; }
  [[nodiscard]] bool is_ipv4() const noexcept { return family_ == address_family::ipv4; }
  [[nodiscard]] bool is_ipv6() const noexcept { return family_ == address_family::ipv6; }
  [[nodiscard]] bool is_ip() const noexcept { return is_ipv4() || is_ipv6(); }
  [[nodiscard]] bool is_unix() const noexcept { return family_ == address_family::unix_domain; }
  [[nodiscard]] bool is_abstract() const noexcept { return abstract_; }
  [[nodiscard]] bool is_loopback()
      const noexcept;  ///< 127/8, ::1, ::ffff:127/104, or any Unix address
  [[nodiscard]] bool is_unspecified() const noexcept;  ///< 0.0.0.0 or ::
  explicit operator bool() const noexcept { return family_ != address_family::none; }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }    ///< 0 for Unix addresses
  [[nodiscard]] std::uint32_t scope() const noexcept { return scope_; }  ///< IPv6 only
  /// 4 or 16 bytes in network order; empty unless is_ip().
  [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept;
  /// The path, or the abstract name without its leading NUL; empty when unnamed or not a Unix
  /// address.
  [[nodiscard]] std::string_view path() const noexcept;
  /// The same address at another port; Unix addresses stay as they are.
  [[nodiscard]] address with_port(std::uint16_t port) const noexcept;

  /// What parse reads, in canonical form (IPv6 by RFC 5952). Odd bytes of Unix names are shown as
  /// `\xNN`.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const address& a, const address& b) noexcept;

 private:
  static result<address> make_unix(std::string_view name, bool abstract) noexcept;

  union {
    std::uint8_t ip_[16] = {};
    internal::unix_name* name_;  // null: unnamed
  };
  std::uint32_t scope_ = 0;
  std::uint16_t port_ = 0;
  address_family family_ = address_family::none;
  bool abstract_ = false;
};
static_assert(sizeof(address) == 24);

/// Where to connect or listen, as a user writes it: an address, or a host name and a port that
/// nobody has resolved yet.
class endpoint {
 public:
  endpoint(address where) noexcept
      : address_(std::move(where)) {}  // NOLINT: an address is an endpoint
  /// A host name and a port. @errors invalid_input, by check_host_name.
  [[nodiscard]] static result<endpoint> named(std::string_view host, std::uint16_t port);
  /// What address::parse reads, and `example.org:80`, `[fe80::1%eth0]:80`.
  /// @errors  invalid_input; the error's operation names the bad part.
  [[nodiscard]] static result<endpoint> parse(std::string_view text);

  /// False while there is a name to look up.
  [[nodiscard]] bool is_resolved() const noexcept { return host_.empty() && !any_; }
  /// True for `:8080`: every local address to listen on, the loopback ones to connect to.
  [[nodiscard]] bool is_any_host() const noexcept { return any_; }
  [[nodiscard]] const address& resolved() const noexcept {
    return address_;
  }  ///< when is_resolved()
  [[nodiscard]] const std::string& host() const noexcept {
    return host_;
  }  ///< the name; empty when there is none
  [[nodiscard]] std::uint16_t port() const noexcept { return address_.port(); }
  [[nodiscard]] std::string to_string() const;

 private:
  address address_;  // of a name: only its port counts
  std::string host_;
  bool any_ = false;
};

/// Refuses what no resolver should be asked: an empty name, over 253 bytes, a label that is empty
/// or over 63 bytes, bytes other than letters, digits, `-` and `_` (so also NUL; other scripts are
/// written in punycode), and a last label that is a number, which libc would read as an IPv4
/// address in disguise (`127.1`, `0x7f.1`). A trailing dot is allowed. Nothing is ever cut.
/// @errors  invalid_input; the error's operation names the bad part.
[[nodiscard]] result<void> check_host_name(std::string_view host) noexcept;

}  // namespace rouse::net

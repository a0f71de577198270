// Where a request goes. Strict, because a URL that two programs read in two ways is how a client is
// sent to another host than somebody checked: what is odd is refused, never repaired, and what is
// kept is kept as it was written.
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/net/address.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace rouse::http {

/// An absolute http URL: host, port, path and query. Its fragment, if there was one, is forgotten,
/// as it is never sent.
/// @threads  A value; distinct copies may be used on distinct threads.
class url {
 public:
  static constexpr std::size_t bytes_max = 8 * 1024;

  /// Reads `http://host`, `http://host:8080/path?query`, `http://[::1]:80/`. Percent-encoding is
  /// checked and kept; the host becomes lower case, an address its canonical form.
  /// @errors  invalid_input, the error's operation names the bad part ("url: no host"); too_large;
  ///          EPROTONOSUPPORT for https and other schemes. User information, a backslash, blanks,
  ///          control bytes and bytes above 0x7f are invalid.
  [[nodiscard]] static result<url> parse(std::string_view text);

  /// The URL that `reference` means when it stands at this one: RFC 3986, section 5.2, as for
  /// Location. Dot segments are removed.
  /// @errors  as parse().
  [[nodiscard]] result<url> resolve(std::string_view reference) const;

  /// Name or address, an IPv6 one without brackets.
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// For Host: brackets around an IPv6 address, no port when it is 80.
  [[nodiscard]] std::string authority() const;
  /// What a request line says: path and query; "/" where the URL had no path.
  [[nodiscard]] std::string_view target() const noexcept { return target_; }
  [[nodiscard]] std::string_view path() const noexcept {
    return std::string_view(target_).substr(0, target_.find('?'));
  }
  /// After '?', without it; empty when there is none.
  [[nodiscard]] std::string_view query() const noexcept;
  /// Where to connect.
  [[nodiscard]] net::endpoint endpoint() const;
  [[nodiscard]] std::string to_string() const { return "http://" + authority() + target_; }

  /// Whether credentials for one may be sent to the other.
  [[nodiscard]] bool is_same_origin(const url& other) const noexcept {
    return port_ == other.port_ && host_ == other.host_;
  }
  friend bool operator==(const url&, const url&) = default;

 private:
  url() = default;

  std::string host_;    // lower case; checked to be an endpoint with port_
  std::string target_;  // begins with '/'
  std::uint16_t port_ = 80;
};

}  // namespace rouse::http

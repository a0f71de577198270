// Host and port: the part of a request on which virtual hosts, caches and proxies decide, so there
// must be one reading of it (H7).
#pragma once

#include <string_view>

namespace rouse::internal {

/// host[:port] as a Host field or an absolute target may have it: a name or IPv4 address of
/// letters, digits, `-._`, or an IPv6 address in brackets; a port of 1..65535. No user information,
/// no percent, no empty host or port.
[[nodiscard]] bool is_valid_authority(std::string_view text) noexcept;

/// Whether both name the same host and port: case does not matter, and a missing port is the
/// scheme's `default_port`. Both are valid authorities.
[[nodiscard]] bool same_authority(std::string_view a, std::string_view b,
                                  unsigned default_port) noexcept;

struct absolute_target {
  std::string_view authority = {};  // may be invalid: not checked here
  std::string_view path = {};       // with its query; starts with '/' or '?', or is empty
  unsigned default_port = 0;  // 80 or 443; 0: the target is not absolute, or its scheme is not ours
};

/// Splits "http://host:80/path?query"; https too.
[[nodiscard]] absolute_target split_absolute(std::string_view target) noexcept;

}  // namespace rouse::internal

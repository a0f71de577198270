// Conditional requests (RFC 9110, section 13): what a client has already, or insists on.
#pragma once

#include <rouse/http/request.hpp>

#include <cstdint>
#include <string_view>

namespace rouse::http {

/// What identifies the state of a resource.
struct validators {
  std::string_view etag = {};  ///< with its quotes, weak ones with "W/"; empty: none
  std::int64_t modified = -1;  ///< seconds since 1970; negative: not known
  /// The file may change again within the second that `modified` names: its date proves nothing
  /// strong.
  bool is_fresh = false;
};

enum class condition : std::uint8_t {
  proceed,
  not_modified,         ///< 304: only for GET and HEAD
  precondition_failed,  ///< 412
};

/// Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of
/// section 13.2.2. Dates that are none are ignored, as are conditions on what has no validator of
/// that kind.
/// @param now  seconds since 1970; a date in the future never makes a 304.
[[nodiscard]] condition evaluate(const request& r, const validators& current,
                                 std::int64_t now) noexcept;

/// If-Range: whether a Range of this request may be served from the current state. True without the
/// field. A weak tag, and a date that proves nothing, never match.
[[nodiscard]] bool range_applies(const request& r, const validators& current,
                                 std::int64_t now) noexcept;

/// Whether `list` ("*" or tags with commas between) names `etag`.
/// @param weakly  W/"a" and "a" are the same.
[[nodiscard]] bool matches_etag(std::string_view list, std::string_view etag, bool weakly) noexcept;

}  // namespace rouse::http

// Dates of HTTP (RFC 9110, 5.6.7), without locale, time zone or allocation. Time is seconds since
// 1970 and comes from the caller, so that tests and simulations give their own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rouse::http {

inline constexpr std::size_t http_date_bytes = 29;
using http_date_text = std::array<char, http_date_bytes>;

/// "Sun, 06 Nov 1994 08:49:37 GMT". Times outside the years 1 to 9999 become the nearest of those.
[[nodiscard]] http_date_text format_http_date(std::int64_t unix_seconds) noexcept;

/// Reads the three forms that a recipient must know: IMF-fixdate, RFC 850, asctime.
///
/// @param now_unix_seconds  decides the century of RFC 850's two digits: not more than 50 years
/// ahead.
/// @returns  seconds since 1970; nothing when `text` is none of them, or names a day that does not
/// exist. The name of the
///           weekday need not fit the date.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text,
                                                          std::int64_t now_unix_seconds) noexcept;

/// The text of the current second, made once a second instead of once a response.
/// @threads  One thread at a time.
class date_cache {
 public:
  /// @returns  `http_date_bytes` of text, valid until the next call.
  [[nodiscard]] std::string_view at(std::int64_t unix_seconds) noexcept {
    if (unix_seconds != second_ || !filled_) {
      text_ = format_http_date(unix_seconds);
      second_ = unix_seconds;
      filled_ = true;
    }
    return {text_.data(), text_.size()};
  }

 private:
  std::int64_t second_ = 0;
  http_date_text text_{};
  bool filled_ = false;
};

/// A civil date and time of day in UTC.
struct utc_time {
  std::int32_t year = 1970;
  std::uint8_t month = 1;    // 1..12
  std::uint8_t day = 1;      // 1..31
  std::uint8_t weekday = 4;  // 0: Sunday
  std::uint8_t hour = 0;
  std::uint8_t minute = 0;
  std::uint8_t second = 0;
};

/// Times outside the years 1 to 9999 become the nearest of those.
[[nodiscard]] utc_time to_utc(std::int64_t unix_seconds) noexcept;

}  // namespace rouse::http

// The calendar arithmetic counts days in eras of 400 years that begin on 1 March, so that the leap
// day is the last of its year: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
#include <rouse/http/http_date.hpp>

#include <cstring>

#include <rouse/http/internal/characters.hpp>

namespace rouse::http {
namespace {

constexpr std::int64_t seconds_per_day = 86400;
constexpr std::int64_t first_second = -62135596800;  // 0001-01-01 00:00:00
constexpr std::int64_t last_second = 253402300799;   // 9999-12-31 23:59:59

constexpr std::string_view weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                         "Thursday", "Friday", "Saturday"};
constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";

constexpr std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) noexcept {
  year -= month <= 2;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + static_cast<std::int64_t>(day_of_era) - 719468;
}
static_assert(days_from_civil(1970, 1, 1) == 0 && days_from_civil(2000, 3, 1) == 11017);

constexpr unsigned days_in_month(std::int64_t year, unsigned month) noexcept {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

void put_two_digits(char* at, unsigned value) noexcept {
  at[0] = static_cast<char>('0' + value / 10);
  at[1] = static_cast<char>('0' + value % 10);
}

// Takes parts off the front of a text; the first thing that does not fit makes all of it false.
class date_reader {
 public:
  explicit date_reader(std::string_view text) noexcept : rest_(text) {}

  bool literal(std::string_view text) noexcept {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  bool digits(std::size_t count, unsigned& value) noexcept {
    if (rest_.size() < count ||
        !internal::all_have_class(rest_.substr(0, count), internal::class_digit))
      return false;
    value = 0;
    for (char c : rest_.substr(0, count))
      value = value * 10 + static_cast<unsigned>(c - '0');
    rest_.remove_prefix(count);
    return true;
  }

  bool weekday(bool whole) noexcept {
    for (std::string_view name : weekdays)
      if (literal(whole ? name : name.substr(0, 3))) return true;
    return false;
  }

  bool month(unsigned& value) noexcept {
    for (value = 1; value <= 12; ++value)
      if (literal(months.substr((value - 1) * 3, 3))) return true;
    return false;
  }

  bool time_of_day(unsigned& hour, unsigned& minute, unsigned& second) noexcept {
    return digits(2, hour) && literal(":") && digits(2, minute) && literal(":") &&
           digits(2, second);
  }

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct date_fields {
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

bool read_imf_fixdate(std::string_view text,
                      date_fields& d) noexcept {  // Sun, 06 Nov 1994 08:49:37 GMT
  date_reader in(text);
  return in.weekday(false) && in.literal(", ") && in.digits(2, d.day) && in.literal(" ") &&
         in.month(d.month) && in.literal(" ") && in.digits(4, d.year) && in.literal(" ") &&
         in.time_of_day(d.hour, d.minute, d.second) && in.literal(" GMT") && in.at_end();
}

bool read_rfc850(std::string_view text,
                 date_fields& d) noexcept {  // Sunday, 06-Nov-94 08:49:37 GMT
  date_reader in(text);
  return in.weekday(true) && in.literal(", ") && in.digits(2, d.day) && in.literal("-") &&
         in.month(d.month) && in.literal("-") && in.digits(2, d.year) && in.literal(" ") &&
         in.time_of_day(d.hour, d.minute, d.second) && in.literal(" GMT") && in.at_end();
}

bool read_asctime(std::string_view text, date_fields& d) noexcept {  // Sun Nov  6 08:49:37 1994
  date_reader in(text);
  if (!in.weekday(false) || !in.literal(" ") || !in.month(d.month) || !in.literal(" "))
    return false;
  const bool day = in.literal(" ") ? in.digits(1, d.day) : in.digits(2, d.day);
  return day && in.literal(" ") && in.time_of_day(d.hour, d.minute, d.second) && in.literal(" ") &&
         in.digits(4, d.year) && in.at_end();
}

}  // namespace

utc_time to_utc(std::int64_t unix_seconds) noexcept {
  if (unix_seconds < first_second) unix_seconds = first_second;
  if (unix_seconds > last_second) unix_seconds = last_second;
  std::int64_t days = unix_seconds / seconds_per_day;
  std::int64_t second_of_day = unix_seconds % seconds_per_day;
  if (second_of_day < 0) {
    second_of_day += seconds_per_day;
    --days;
  }
  const auto weekday = static_cast<std::uint8_t>(((days + 4) % 7 + 7) % 7);

  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted_month = (5 * day_of_year + 2) / 153;  // 0: March
  const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return {.year = static_cast<std::int32_t>(year),
          .month = static_cast<std::uint8_t>(month),
          .day = static_cast<std::uint8_t>(day_of_year - (153 * shifted_month + 2) / 5 + 1),
          .weekday = weekday,
          .hour = static_cast<std::uint8_t>(second_of_day / 3600),
          .minute = static_cast<std::uint8_t>(second_of_day / 60 % 60),
          .second = static_cast<std::uint8_t>(second_of_day % 60)};
}

http_date_text format_http_date(std::int64_t unix_seconds) noexcept {
  const utc_time t = to_utc(unix_seconds);
  http_date_text text;
  std::memcpy(text.data(), "Sun, 06 Nov 1994 08:49:37 GMT", http_date_bytes);
  std::memcpy(text.data(), weekdays[t.weekday].data(), 3);
  put_two_digits(&text[5], t.day);
  std::memcpy(&text[8], &months[(t.month - 1u) * 3], 3);
  put_two_digits(&text[12], static_cast<unsigned>(t.year) / 100);
  put_two_digits(&text[14], static_cast<unsigned>(t.year) % 100);
  put_two_digits(&text[17], t.hour);
  put_two_digits(&text[20], t.minute);
  put_two_digits(&text[23], t.second);
  return text;
}

std::optional<std::int64_t> parse_http_date(std::string_view text,
                                            std::int64_t now_unix_seconds) noexcept {
  date_fields d;
  if (read_rfc850(text, d)) {
    // RFC 9110: a year that seems more than 50 years ahead is the latest past year with those
    // digits.
    const auto now_year = static_cast<unsigned>(to_utc(now_unix_seconds).year);
    d.year += now_year / 100 * 100;
    if (d.year > now_year + 50) d.year -= 100;
  } else if (!read_imf_fixdate(text, d) && !read_asctime(text, d)) {
    return std::nullopt;
  }
  // A leap second (60) is a valid text; it counts as the next minute's first.
  if (d.year < 1 || d.day < 1 || d.day > days_in_month(d.year, d.month) || d.hour > 23 ||
      d.minute > 59 || d.second > 60)
    return std::nullopt;
  return days_from_civil(d.year, d.month, d.day) * seconds_per_day + d.hour * 3600 + d.minute * 60 +
         d.second;
}

}  // namespace rouse::http

#include "figures.hpp"

#include <rouse/http/directory_page.hpp>

#include <array>
#include <cstdio>

namespace tool {
namespace {

template <class... Args>
std::string print(const char* format, Args... args) {
  std::array<char, 64> text{};
  const int n = std::snprintf(text.data(), text.size(), format, args...);
  return {text.data(), static_cast<std::size_t>(n)};
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  std::string text;
  rouse::http::append_human_size(text, bytes);
  return text;
}

std::string rate_text(double bytes_per_second) {
  return size_text(static_cast<std::uint64_t>(bytes_per_second)) + "/s";
}

std::string clock_text(rouse::nanoseconds d) {
  const auto s = static_cast<long long>(d.count() / 1'000'000'000);
  if (s >= 3600) return print("%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
  return print("%lld:%02lld", s / 60, s % 60);
}

std::string latency_text(std::uint64_t ns, bool unicode) {
  const char* units[] = {"ns", unicode ? "µs" : "us", "ms", "s"};
  auto value = static_cast<double>(ns);
  std::size_t unit = 0;
  while (value >= 999.5 && unit < 3) {
    value /= 1000;
    ++unit;
  }
  const int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return print("%.*f %s", digits, value, units[unit]);
}

std::string count_text(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3; at -= 3)
    digits.insert(at - 3, ",");
  return digits;
}

}  // namespace tool

#include <rouse/http/ranges.hpp>

#include <rouse/http/internal/characters.hpp>

#include <charconv>

namespace rouse::http {
namespace {

// Digits and nothing else; false also beyond 64 bits.
bool read_number(std::string_view text, std::uint64_t& value) noexcept {
  if (text.empty() || !internal::all_have_class(text, internal::class_digit)) return false;
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc();
}

void append_number(std::string& out, std::uint64_t value) {
  char text[20];
  const auto [end, ec] = std::to_chars(text, text + sizeof text, value);
  out.append(text, end);
}

enum class reading : unsigned char { bad, outside, inside };

// "a-b", "a-" or "-n".
reading read_range(std::string_view text, std::uint64_t whole, byte_range& into) noexcept {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return reading::bad;
  const std::string_view left = text.substr(0, dash);
  const std::string_view right = text.substr(dash + 1);
  if (left.empty()) {
    std::uint64_t last_bytes = 0;
    if (!read_number(right, last_bytes)) return reading::bad;
    if (last_bytes == 0) return reading::outside;
    if (whole == 0) return reading::bad;  // satisfiable, says the RFC, by all of nothing
    into = {last_bytes < whole ? whole - last_bytes : 0, whole - 1};
    return reading::inside;
  }
  std::uint64_t first = 0;
  std::uint64_t last = UINT64_MAX;
  if (!read_number(left, first)) return reading::bad;
  if (!right.empty() && (!read_number(right, last) || last < first)) return reading::bad;
  if (first >= whole) return reading::outside;
  into = {first, last < whole ? last : whole - 1};
  return reading::inside;
}

}  // namespace

range_set::range_set(std::string_view field, std::uint64_t whole_bytes) noexcept {
  constexpr std::string_view unit = "bytes=";
  if (field.size() < unit.size() ||
      !internal::equal_ignoring_case(field.substr(0, unit.size()), unit))
    return;
  field.remove_prefix(unit.size());
  std::size_t asked = 0;
  std::size_t inside = 0;
  std::uint64_t bytes = 0;
  while (!field.empty()) {
    const std::string_view one = internal::take_list_element(field);
    if (one.empty()) continue;  // RFC 9110 lets lists have empty elements
    if (++asked > ranges_max) return;
    byte_range part;
    switch (read_range(one, whole_bytes, part)) {
      case reading::bad: return;
      case reading::outside: break;
      case reading::inside:
        if (__builtin_add_overflow(bytes, part.size(), &bytes)) return;
        parts_[inside++] = part;
        break;
    }
  }
  if (asked == 0 || bytes > whole_bytes) return;
  count_ = inside;
  kind_ = inside == 0 ? kind::not_satisfiable : kind::parts;
}

void append_content_range(std::string& out, const byte_range& part, std::uint64_t whole_bytes) {
  out += "bytes ";
  append_number(out, part.first);
  out += '-';
  append_number(out, part.last);
  out += '/';
  append_number(out, whole_bytes);
}

void append_content_range(std::string& out, std::uint64_t whole_bytes) {
  out += "bytes */";
  append_number(out, whole_bytes);
}

std::uint64_t multipart_ranges::content_length() const {
  std::uint64_t bytes = 0;
  std::string framing;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    append_part_head(framing, i);
    bytes += parts_[i].size();
  }
  append_end(framing);
  return bytes + framing.size();
}

void multipart_ranges::append_part_head(std::string& out, std::size_t index) const {
  if (index != 0) out += "\r\n";
  out.append("--").append(boundary_).append("\r\nContent-Type: ").append(type_);
  out += "\r\nContent-Range: ";
  append_content_range(out, parts_[index], whole_);
  out += "\r\n\r\n";
}

void multipart_ranges::append_end(std::string& out) const {
  out.append("\r\n--").append(boundary_).append("--\r\n");
}

void multipart_ranges::append_content_type(std::string& out) const {
  out.append("multipart/byteranges; boundary=").append(boundary_);
}

}  // namespace rouse::http

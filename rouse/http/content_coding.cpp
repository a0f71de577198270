#include <rouse/http/content_coding.hpp>

#include <rouse/http/internal/characters.hpp>

namespace rouse::http {
namespace {

// "q=0.5" -> 500; what is no weight counts as 0, the careful reading.
unsigned weight_of(std::string_view parameters) noexcept {
  unsigned weight = 1000;
  while (!parameters.empty()) {
    const std::size_t end = parameters.find(';');
    std::string_view one = internal::trimmed(parameters.substr(0, end));
    parameters.remove_prefix(end == std::string_view::npos ? parameters.size() : end + 1);
    if (one.size() < 2 || internal::ascii_lower(one[0]) != 'q' || one[1] != '=') continue;
    one.remove_prefix(2);
    if (one.empty() || one.size() > 5 || (one[0] != '0' && one[0] != '1')) return 0;
    weight = one[0] == '1' ? 1000 : 0;
    if (one.size() == 1) continue;
    if (one[1] != '.') return 0;
    unsigned place = 100;
    for (char c : one.substr(2)) {
      if (!internal::has_class(c, internal::class_digit)) return 0;
      weight += static_cast<unsigned>(c - '0') * place;
      place /= 10;
    }
    if (weight > 1000) return 0;
  }
  return weight;
}

bool names_coding(std::string_view name, std::string_view coding) noexcept {
  if (internal::equal_ignoring_case(name, coding)) return true;
  return coding == "gzip" && internal::equal_ignoring_case(name, "x-gzip");
}

}  // namespace

unsigned coding_weight(const request& r, std::string_view coding) noexcept {
  unsigned any = 0;
  for (std::size_t i = 0; i < r.header_count(); ++i) {
    const header_field f = r.header_at(i);
    if (!internal::equal_ignoring_case(f.name, "accept-encoding")) continue;
    std::string_view list = f.value;
    while (!list.empty()) {
      const std::string_view one = internal::take_list_element(list);
      const std::size_t semicolon = one.find(';');
      const std::string_view name = internal::trimmed(one.substr(0, semicolon));
      const std::string_view rest =
          semicolon == std::string_view::npos ? std::string_view() : one.substr(semicolon + 1);
      if (names_coding(name, coding)) return weight_of(rest);
      if (name == "*") any = weight_of(rest);
    }
  }
  return any;
}

bool is_compressible(std::string_view content_type) noexcept {
  if (content_type.starts_with("text/")) return true;
  for (std::string_view part :
       {"json", "xml", "javascript", "wasm", "font/ttf", "font/otf", "bmp", "x-sh", "manifest"})
    if (content_type.find(part) != std::string_view::npos) return true;
  return false;
}

}  // namespace rouse::http

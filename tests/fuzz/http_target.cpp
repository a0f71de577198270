// Any bytes as a request target: what is let pass stays under the root by any reading, and its link
// leads back to it.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <rouse/http/directory_page.hpp>
#include <rouse/http/http_date.hpp>
#include <rouse/http/target.hpp>

namespace {

using namespace rouse::http;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// Written without the help of the module: bytes only.
bool stays_below(std::string_view path) {
  if (path.empty()) return true;
  bool at_begin = true;
  for (char c : path) {
    if (at_begin && (c == '.' || c == '/')) return false;
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\') return false;
    at_begin = c == '/';
  }
  return !at_begin;
}

void check_target(std::string_view target) {
  std::string storage;
  auto result = decode_target(target, storage);
  if (!result) {
    require(result.error() == status::bad_request || result.error() == status::not_found,
            "400 or 404");
    return;
  }
  require(stays_below(result->path), "below the root");
  require(result->path.size() <= target.size(), "decoding never grows");
  require(!result->path.empty() || result->wants_directory, "the root is a directory");

  std::string link;
  append_encoded_path(link, result->path, result->wants_directory);
  for (char c : link)
    require(c > 0x20 && c < 0x7f, "a link is visible ASCII");
  std::string again;
  auto back = decode_target(link, again);
  require(back.has_value() && back->path == result->path &&
              back->wants_directory == result->wants_directory,
          "the link leads back");
}

// The same bytes as the name of a file: no markup of theirs reaches the page.
void check_page(std::string_view name) {
  directory_entry entries[] = {{.name = "a"}, {.name = name, .is_directory = true}, {.name = "b"}};
  std::string plain;
  append_directory_page(plain, {.entries = std::span(entries, 1)});
  std::string page;
  append_directory_page(page, {.entries = entries});
  auto count = [](std::string_view text, char c) {
    std::size_t n = 0;
    for (char d : text)
      n += d == c;
    return n;
  };
  const std::size_t rows = is_servable_name(name) ? 2 : 1;
  std::string row;  // what a harmless name in its place would add
  directory_entry harmless[] = {{.name = "a"}, {.name = "h", .is_directory = true}, {.name = "b"}};
  if (rows == 1) harmless[1] = harmless[2];
  append_directory_page(row, {.entries = std::span(harmless, rows + 1)});
  for (char c : {'<', '>', '"'})
    require(count(page, c) == count(row, c), "no markup from names");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  check_target(input);
  check_target("/" + std::string(input));
  check_page(input.substr(0, 255));
  if (auto date = parse_http_date(input, 1764028800)) {
    http_date_text text = format_http_date(*date);
    require(parse_http_date({text.data(), text.size()}, 1764028800) == date, "a date reads back");
  }
  return 0;
}

#include <rouse/http/content_type.hpp>

#include <algorithm>
#include <compare>
#include <cstdint>

#include <rouse/http/internal/characters.hpp>

namespace rouse::http {
namespace {

constexpr std::string_view plain = "text/plain; charset=utf-8";
constexpr std::string_view unknown = "application/octet-stream";
constexpr std::size_t extension_bytes_max = 16;

/// An extension in lower case as one number, so that looking for it compares no strings.
struct extension_key {
  std::uint64_t first = 0;  // eight bytes, then the rest; the first byte is the highest
  std::uint64_t rest = 0;

  /// @param text  at most extension_bytes_max bytes.
  constexpr explicit extension_key(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto byte = static_cast<unsigned char>(internal::ascii_lower(text[i]));
      (i < 8 ? first : rest) |= std::uint64_t{byte} << (56 - i % 8 * 8);
    }
  }
  constexpr auto operator<=>(const extension_key&) const noexcept = default;
};

struct known_type {
  constexpr known_type(std::string_view text, std::string_view t) noexcept
      : extension(text), is_lower(text.size() <= extension_bytes_max), type(t) {
    for (char c : text)
      is_lower &= c == internal::ascii_lower(c);
  }
  extension_key extension;
  bool is_lower;  // and short enough
  std::string_view type;
};

// Lower case, in order: checked below while compiling.
constexpr known_type types[] = {
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"apng", "image/apng"},
    {"asm", plain},
    {"atom", "application/atom+xml"},
    {"avif", "image/avif"},
    {"bash", plain},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"c", plain},
    {"cc", plain},
    {"cfg", plain},
    {"cmake", plain},
    {"conf", plain},
    {"cpp", plain},
    {"css", "text/css; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"cxx", plain},
    {"diff", plain},
    {"eot", "application/vnd.ms-fontobject"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"geojson", "application/geo+json"},
    {"gif", "image/gif"},
    {"glb", "model/gltf-binary"},
    {"go", plain},
    {"gz", "application/gzip"},
    {"h", plain},
    {"hh", plain},
    {"hpp", plain},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/x-icon"},
    {"ics", "text/calendar; charset=utf-8"},
    {"in", plain},
    {"ini", plain},
    {"ipp", plain},
    {"java", plain},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"jsonld", "application/ld+json"},
    {"jxl", "image/jxl"},
    {"log", plain},
    {"lua", plain},
    {"m4a", "audio/mp4"},
    {"map", "application/json"},
    {"markdown", "text/markdown; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"mkv", "video/x-matroska"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"patch", plain},
    {"pdf", "application/pdf"},
    {"pl", plain},
    {"png", "image/png"},
    {"ps1", plain},
    {"py", plain},
    {"rb", plain},
    {"rs", plain},
    {"rss", "application/rss+xml"},
    {"rst", plain},
    {"rtf", "application/rtf"},
    {"s", plain},
    {"sh", plain},
    {"sql", plain},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tgz", "application/gzip"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"toml", plain},
    {"ts", plain},
    {"tsv", "text/tab-separated-values; charset=utf-8"},
    {"tsx", plain},
    {"ttf", "font/ttf"},
    {"txt", plain},
    {"vcf", "text/vcard; charset=utf-8"},
    {"vtt", "text/vtt; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"weba", "audio/webm"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xhtml", "application/xhtml+xml"},
    {"xml", "application/xml"},
    {"xsl", "application/xslt+xml"},
    {"xz", "application/x-xz"},
    {"yaml", plain},
    {"yml", plain},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
};

static_assert(std::is_sorted(std::begin(types), std::end(types),
                             [](const known_type& a, const known_type& b) {
                               return a.extension < b.extension;
                             }));
static_assert(std::all_of(std::begin(types), std::end(types),
                          [](const known_type& t) { return t.is_lower; }));

// Names without extension that a source tree is full of.
constexpr std::string_view plain_names[] = {"authors",   "changelog",    "changes", "copying",
                                            "copyright", "dockerfile",   "license", "licence",
                                            "makefile",  "news",         "notice",  "readme",
                                            "todo",      "contributors", "install"};

bool is_plain_name(std::string_view name) noexcept {
  return std::any_of(std::begin(plain_names), std::end(plain_names), [&](std::string_view known) {
    return internal::equal_ignoring_case(name, known);
  });
}

}  // namespace

std::string_view content_type_of(std::string_view name) noexcept {
  if (std::size_t slash = name.rfind('/'); slash != std::string_view::npos)
    name.remove_prefix(slash + 1);
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return is_plain_name(name) ? plain : unknown;
  name.remove_prefix(dot + 1);
  if (name.empty() || name.size() > extension_bytes_max || name.back() == '\0') return unknown;

  const extension_key key(name);
  const auto* found =
      std::lower_bound(std::begin(types), std::end(types), key,
                       [](const known_type& t, const extension_key& k) { return t.extension < k; });
  return found != std::end(types) && found->extension == key ? found->type : unknown;
}

}  // namespace rouse::http

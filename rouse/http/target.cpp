#include <rouse/http/target.hpp>

#include <rouse/http/internal/authority.hpp>
#include <rouse/http/internal/characters.hpp>
#include <rouse/http/internal/scan.hpp>

namespace rouse::http {

bool append_decoded(std::string& out, std::string_view segment) {
  if (segment.find('%') == std::string_view::npos) return out.append(segment), true;
  for (std::size_t at = 0; at < segment.size(); ++at) {
    if (segment[at] != '%') {
      out += segment[at];
      continue;
    }
    if (segment.size() - at < 3 ||
        !internal::all_have_class(segment.substr(at + 1, 2), internal::class_hex))
      return false;
    out += static_cast<char>(internal::hex_value(segment[at + 1]) * 16 +
                             internal::hex_value(segment[at + 2]));
    at += 2;
  }
  return true;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  const auto decoded = [](std::string_view part, std::string& into) {
    std::string spaced(part);
    for (char& c : spaced)
      if (c == '+') c = ' ';
    into.clear();
    return append_decoded(into, spaced);
  };
  std::string text;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    const std::size_t equals = pair.find('=');
    if (!decoded(pair.substr(0, equals), text) || text != name) continue;
    if (equals == std::string_view::npos) return std::string();
    if (!decoded(pair.substr(equals + 1), text)) return std::nullopt;
    return text;
  }
  return std::nullopt;
}

bool is_servable_name(std::string_view name) noexcept {
  if (name.empty() || name.front() == '.') return false;
  constexpr auto none = std::string_view::npos;
  // A decoded '/' would be a separator that was not there before.
  if (name.find('/') != none || name.find('\\') != none) return false;
  return internal::find_control(name.data(), 0, name.size()) == name.size();
}

std::expected<target_path, status> decode_target(std::string_view target, std::string& storage) {
  if (!target.starts_with('/')) {
    internal::absolute_target absolute = internal::split_absolute(target);
    if (absolute.default_port == 0) return std::unexpected(status::bad_request);
    target = absolute.path;
  }
  target_path result;
  if (std::size_t mark = target.find('?'); mark != std::string_view::npos) {
    result.query = target.substr(mark + 1);
    result.has_query = true;
    target = target.substr(0, mark);
  }
  if (target.starts_with('/'))
    target.remove_prefix(1);  // else an absolute target without a path: the root
  result.wants_directory = target.empty() || target.ends_with('/');
  storage.clear();
  if (target.empty()) return result;
  if (target.ends_with('/')) target.remove_suffix(1);
  storage.reserve(target.size());

  bool found =
      true;  // go on after the first odd segment: a malformed '%' behind it is still malformed
  for (;;) {
    const std::size_t slash = target.find('/');
    const std::size_t begin = storage.size();
    if (!append_decoded(storage, target.substr(0, slash)))
      return std::unexpected(status::bad_request);
    found &= is_servable_name(std::string_view(storage).substr(begin));
    if (slash == std::string_view::npos) break;
    storage += '/';
    target.remove_prefix(slash + 1);
  }
  if (!found) return std::unexpected(status::not_found);
  result.path = storage;
  return result;
}

void append_encoded_segment(std::string& out, std::string_view segment) {
  constexpr char digits[] = "0123456789ABCDEF";
  for (char c : segment) {
    if (internal::has_class(c, internal::class_unreserved)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    const char encoded[] = {'%', digits[byte / 16], digits[byte % 16]};
    out.append(encoded, sizeof encoded);
  }
}

void append_encoded_path(std::string& out, std::string_view path, bool directory) {
  out += '/';
  if (path.empty()) return;
  for (;;) {
    const std::size_t slash = path.find('/');
    append_encoded_segment(out, path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    out += '/';
    path.remove_prefix(slash + 1);
  }
  if (directory) out += '/';
}

}  // namespace rouse::http

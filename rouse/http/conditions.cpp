#include <rouse/http/conditions.hpp>

#include <rouse/http/http_date.hpp>
#include <rouse/http/internal/characters.hpp>

namespace rouse::http {
namespace {

bool is_weak(std::string_view etag) noexcept { return etag.starts_with("W/"); }
std::string_view opaque(std::string_view etag) noexcept {
  return is_weak(etag) ? etag.substr(2) : etag;
}

bool same_etag(std::string_view a, std::string_view b, bool weakly) noexcept {
  if (!weakly && (is_weak(a) || is_weak(b))) return false;
  return opaque(a) == opaque(b);
}

// Takes the next tag off the list; empty at its end, and where no tag stands.
std::string_view take_etag(std::string_view& list) noexcept {
  while (!list.empty() && (list.front() == ' ' || list.front() == '\t' || list.front() == ','))
    list.remove_prefix(1);
  const std::size_t open = is_weak(list) ? 2 : 0;
  if (list.size() <= open || list[open] != '"') return {};
  const std::size_t close = list.find('"', open + 1);  // a comma may stand inside
  if (close == std::string_view::npos) return {};
  const std::string_view tag = list.substr(0, close + 1);
  list.remove_prefix(close + 1);
  return tag;
}

// A field that may be sent once and in several lines: any of them.
bool any_field_matches(const request& r, std::string_view name, std::string_view etag,
                       bool weakly) noexcept {
  for (std::size_t i = 0; i < r.header_count(); ++i) {
    const header_field f = r.header_at(i);
    if (internal::equal_ignoring_case(f.name, name) && matches_etag(f.value, etag, weakly))
      return true;
  }
  return false;
}

}  // namespace

bool matches_etag(std::string_view list, std::string_view etag, bool weakly) noexcept {
  if (internal::trimmed(list) == "*") return true;
  if (etag.empty()) return false;
  for (;;) {
    const std::string_view tag = take_etag(list);
    if (tag.empty()) return false;
    if (same_etag(tag, etag, weakly)) return true;
  }
}

condition evaluate(const request& r, const validators& current, std::int64_t now) noexcept {
  const bool reads = r.method() == verb::get || r.method() == verb::head;
  const auto date = [&](std::string_view name) -> std::optional<std::int64_t> {
    const auto text = r.header(name);
    if (!text || current.modified < 0) return std::nullopt;
    return parse_http_date(*text, now);
  };
  if (r.header("if-match")) {
    if (!any_field_matches(r, "if-match", current.etag, false))
      return condition::precondition_failed;
  } else if (const auto since = date("if-unmodified-since"); since && current.modified > *since) {
    return condition::precondition_failed;
  }
  if (r.header("if-none-match")) {
    if (!any_field_matches(r, "if-none-match", current.etag, true)) return condition::proceed;
    return reads ? condition::not_modified : condition::precondition_failed;
  }
  if (!reads) return condition::proceed;
  if (const auto since = date("if-modified-since");
      since && *since <= now && current.modified <= *since)
    return condition::not_modified;
  return condition::proceed;
}

bool range_applies(const request& r, const validators& current, std::int64_t now) noexcept {
  const auto given = r.header("if-range");
  if (!given) return true;
  if (given->starts_with('"') || given->starts_with("W/"))
    return !current.etag.empty() && same_etag(*given, current.etag, false);
  const auto date = parse_http_date(*given, now);
  return date && !current.is_fresh && current.modified >= 0 && *date == current.modified;
}

}  // namespace rouse::http

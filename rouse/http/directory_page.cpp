#include <rouse/http/directory_page.hpp>

#include <algorithm>
#include <charconv>

#include <rouse/http/http_date.hpp>
#include <rouse/http/internal/characters.hpp>
#include <rouse/http/internal/html.hpp>
#include <rouse/http/internal/page_frame.hpp>
#include <rouse/http/target.hpp>

namespace rouse::http {
namespace {

constexpr std::size_t page_bytes_about = 6 * 1024;
constexpr std::size_t row_bytes_about = 300;

// Drawn once in each row by name, so that the page has no image to load.
constexpr std::string_view icons =
    "<svg class=\"icons\"><symbol id=\"d\" viewBox=\"0 0 20 20\"><path d=\"M2 5.5A1.5 1.5 0 0 1 "
    "3.5 4h4.2l2 "
    "2h6.8A1.5 1.5 0 0 1 18 "
    "7.5v7a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 2 14.5z\"/></symbol>"
    "<symbol id=\"f\" viewBox=\"0 0 20 20\"><path d=\"M5.5 2.75h6l3.75 3.75v9.25a1.5 1.5 0 0 1-1.5 "
    "1.5H5.5a1.5 1.5 0 0 "
    "1-1.5-1.5V4.25a1.5 1.5 0 0 1 1.5-1.5zM11.25 2.75v4h4\"/></symbol>"
    "<symbol id=\"u\" viewBox=\"0 0 20 20\"><path d=\"M4 15.5h5.5a2 2 0 0 0 "
    "2-2V5M7.5 8.5l4-4 4 4\"/></symbol></svg>\n";

void append_number(std::string& out, std::uint64_t value) {
  char text[20];
  const auto [end, ec] = std::to_chars(text, text + sizeof text, value);
  out.append(text, static_cast<std::size_t>(end - text));
}

void append_two_digits(std::string& out, unsigned value) {
  out += static_cast<char>('0' + value / 10);
  out += static_cast<char>('0' + value % 10);
}

// "2025-11-25" and " 10:31" in an element that a narrow screen hides.
void append_time(std::string& out, std::int64_t unix_seconds) {
  const utc_time t = to_utc(unix_seconds);
  append_two_digits(out, static_cast<unsigned>(t.year) / 100);
  append_two_digits(out, static_cast<unsigned>(t.year) % 100);
  out += '-';
  append_two_digits(out, t.month);
  out += '-';
  append_two_digits(out, t.day);
  out += "<i> ";
  append_two_digits(out, t.hour);
  out += ':';
  append_two_digits(out, t.minute);
  out += "</i>";
}

void append_count(std::string& out, std::size_t count, std::string_view one,
                  std::string_view several) {
  append_number(out, count);
  out += ' ';
  out += count == 1 ? one : several;
}

// The whole path; each part but the last is a link to itself.
void append_path(std::string& out, const directory_page& page) {
  out += "<h1>";
  if (page.path.empty()) {
    internal::append_escaped(out, page.root_name);
    out += "</h1>\n";
    return;
  }
  std::size_t levels =
      1 + static_cast<std::size_t>(std::count(page.path.begin(), page.path.end(), '/'));
  std::string_view rest = page.path;
  std::string_view name = page.root_name;
  for (;; --levels) {
    if (levels != 0) {
      out += "<a href=\"";
      for (std::size_t i = 0; i < levels; ++i)
        out += "../";
      out += "\"><bdi>";
    } else {
      out += "<bdi>";
    }
    internal::append_escaped(out, name);
    out += levels != 0 ? "</bdi></a><i>/</i>" : "</bdi>";
    if (levels == 0) break;
    const std::size_t slash = rest.find('/');
    name = rest.substr(0, slash);
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  }
  out += "</h1>\n";
}

void append_summary(std::string& out, std::span<const directory_entry> entries) {
  std::size_t directories = 0;
  std::uint64_t bytes = 0;
  for (const directory_entry& e : entries) {
    if (e.is_directory)
      ++directories;
    else if (__builtin_add_overflow(bytes, e.size, &bytes))
      bytes = UINT64_MAX;
  }
  const std::size_t files = entries.size() - directories;
  out += "<p>";
  if (directories != 0) append_count(out, directories, "folder", "folders");
  if (directories != 0 && files != 0) out += ", ";
  if (files != 0) {
    append_count(out, files, "file", "files");
    out += ", ";
    append_human_size(out, bytes);
  }
  out += "</p>\n";
}

void append_entry(std::string& out, const directory_entry& entry) {
  out += entry.is_directory ? "<tr class=\"d\"><td><a href=\"" : "<tr><td><a href=\"";
  append_encoded_segment(out, entry.name);
  out += entry.is_directory ? "/\"><svg><use href=\"#d\"/></svg><bdi>"
                            : "\"><svg><use href=\"#f\"/></svg><bdi>";
  internal::append_escaped(out, entry.name);
  if (entry.is_directory) {
    out += "</bdi></a><td>&ndash;<td>";
  } else {
    out += "</bdi></a><td title=\"";
    append_number(out, entry.size);
    out += entry.size == 1 ? " byte\">" : " bytes\">";
    append_human_size(out, entry.size);
    out += "<td>";
  }
  append_time(out, entry.modified);
  out += '\n';
}

// "?sort=size&amp;order=desc&amp;filter=x": the page in another order.
void append_view_link(std::string& out, const directory_view& view) {
  out += '?';
  if (view.order != directory_order::name)
    out += view.order == directory_order::size ? "sort=size" : "sort=modified";
  if (view.descending) out += out.back() == '?' ? "order=desc" : "&amp;order=desc";
  if (view.filter.empty()) return;
  out += out.back() == '?' ? "filter=" : "&amp;filter=";
  append_encoded_segment(out, view.filter);
}

// A click sorts by this column; a click on the column that already does turns it round. Sizes and
// dates begin with the largest, which is what one looks for.
void append_column(std::string& out, const directory_view& now, directory_order column,
                   std::string_view title) {
  const bool is_current = now.order == column;
  directory_view next = now;
  next.order = column;
  next.descending = is_current ? !now.descending : column != directory_order::name;
  out += "<th";
  if (is_current) out += now.descending ? " aria-sort=\"descending\"" : " aria-sort=\"ascending\"";
  out += "><a href=\"";
  append_view_link(out, next);
  out += "\">";
  out += title;
  if (is_current) out += now.descending ? "<em>&darr;</em>" : "<em>&uarr;</em>";
  out += "</a>";
}

void append_filter(std::string& out, const directory_view& view) {
  out +=
      "<form role=\"search\"><input type=\"search\" name=\"filter\" placeholder=\"Filter\" "
      "aria-label=\"Filter names\" maxlength=\"100\" value=\"";
  internal::append_escaped(out, view.filter);
  out += "\">";
  if (view.order != directory_order::name) {
    out += "<input type=\"hidden\" name=\"sort\" value=\"";
    out += view.order == directory_order::size ? "size\">" : "modified\">";
  }
  if (view.descending) out += "<input type=\"hidden\" name=\"order\" value=\"desc\">";
  out += "</form>\n";
}

void append_table(std::string& out, std::span<const directory_entry> entries,
                  const directory_page& page) {
  out += "<main>\n<table>\n<thead><tr>";
  append_column(out, page.view, directory_order::name, "Name");
  append_column(out, page.view, directory_order::size, "Size");
  append_column(out, page.view, directory_order::modified, "Modified<i> (UTC)</i>");
  out += "</thead>\n<tbody>\n";
  if (!page.path.empty())
    out += "<tr><td><a href=\"../\"><svg><use href=\"#u\"/></svg>Up</a><td><td>\n";
  for (const directory_entry& entry : entries)
    append_entry(out, entry);
  if (entries.empty() && page.view.filter.empty())
    out += "<tr><td class=\"none\" colspan=\"3\">This folder is empty.\n";
  else if (entries.empty())
    out +=
        "<tr><td class=\"none\" colspan=\"3\">No name has that in it. <a href=\"./\">Show "
        "all</a>\n";
  if (page.omitted != 0) {
    out += "<tr><td class=\"none\" colspan=\"3\">and ";
    append_count(out, page.omitted, "more entry that is", "more entries that are");
    out += " not shown\n";
  }
  out += "</tbody>\n</table>\n</main>\n";
}

bool has_inside(std::string_view name, std::string_view part) noexcept {
  const auto found = std::search(
      name.begin(), name.end(), part.begin(), part.end(),
      [](char a, char b) { return internal::ascii_lower(a) == internal::ascii_lower(b); });
  return found != name.end() || part.empty();
}

// Total, so that the same folder looks the same each time.
bool comes_before(const directory_entry& a, const directory_entry& b,
                  const directory_view& view) noexcept {
  if (a.is_directory != b.is_directory) return a.is_directory;
  const bool turned = view.descending;
  const directory_entry& x = turned ? b : a;
  const directory_entry& y = turned ? a : b;
  if (view.order == directory_order::size && !a.is_directory && x.size != y.size)
    return x.size < y.size;
  if (view.order == directory_order::modified && x.modified != y.modified)
    return x.modified < y.modified;
  // Among equals by name, in the one direction that names have then.
  return view.order == directory_order::name ? natural_less(x.name, y.name)
                                             : natural_less(a.name, b.name);
}

// Takes the run of digits off the front of `text`, without its leading zeros.
std::string_view take_digits(std::string_view& text) noexcept {
  std::size_t size = 0;
  while (size < text.size() && internal::has_class(text[size], internal::class_digit))
    ++size;
  std::string_view digits = text.substr(0, size);
  text.remove_prefix(size);
  while (digits.size() > 1 && digits.front() == '0')
    digits.remove_prefix(1);
  return digits;
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) noexcept {
  std::string_view x = a;
  std::string_view y = b;
  while (!x.empty() && !y.empty()) {
    if (internal::has_class(x.front(), internal::class_digit) &&
        internal::has_class(y.front(), internal::class_digit)) {
      std::string_view m = take_digits(x);
      std::string_view n = take_digits(y);
      if (m.size() != n.size()) return m.size() < n.size();
      if (m != n) return m < n;
      continue;
    }
    const auto c = static_cast<unsigned char>(internal::ascii_lower(x.front()));
    const auto d = static_cast<unsigned char>(internal::ascii_lower(y.front()));
    if (c != d) return c < d;
    x.remove_prefix(1);
    y.remove_prefix(1);
  }
  if (x.empty() != y.empty()) return x.empty();
  return a < b;
}

void append_human_size(std::string& out, std::uint64_t bytes) {
  if (bytes < 1024) {
    append_number(out, bytes);
    out += " B";
    return;
  }
  // Tenths of the unit, rounded half up; what would round to 1024 of one unit is 1.0 of the next.
  constexpr std::string_view units = "KMGTPE";
  std::size_t unit = 0;
  std::uint64_t whole = bytes;  // in units of 1024^unit
  std::uint64_t below = 0;      // the last ten bits that were shifted out
  for (;;) {
    below = whole % 1024;
    whole /= 1024;
    const std::uint64_t rounded = whole + (below >= 512 ? 1 : 0);
    if (unit + 1 == units.size() || rounded < 1024) break;
    ++unit;
  }
  const std::uint64_t tenths = whole * 10 + (below * 10 + 512) / 1024;
  if (tenths < 100) {
    append_number(out, tenths / 10);
    out += '.';
    append_number(out, tenths % 10);
  } else {
    append_number(out, whole + (below >= 512 ? 1 : 0));
  }
  out += ' ';
  out += units[unit];
  out += "iB";
}

directory_view read_directory_view(std::string_view query, std::string& storage) {
  directory_view view;
  const std::string order = query_value(query, "sort").value_or("");
  if (order == "size") view.order = directory_order::size;
  if (order == "modified") view.order = directory_order::modified;
  view.descending = query_value(query, "order").value_or("") == "desc";
  storage = query_value(query, "filter").value_or("");
  view.filter = storage;
  return view;
}

bool is_shown(std::string_view name, const directory_view& view) noexcept {
  return is_servable_name(name) && has_inside(name, view.filter);
}

void append_directory_page(std::string& out, const directory_page& page) {
  const auto shown_end =
      std::partition(page.entries.begin(), page.entries.end(),
                     [&](const directory_entry& e) { return is_shown(e.name, page.view); });
  std::span<directory_entry> shown(page.entries.begin(), shown_end);
  std::sort(shown.begin(), shown.end(), [&](const directory_entry& a, const directory_entry& b) {
    return comes_before(a, b, page.view);
  });

  out.reserve(out.size() + page_bytes_about + row_bytes_about * shown.size());
  std::string_view name = page.path.empty() ? page.root_name : page.path;
  internal::append_page_begin(out, name);
  out += icons;
  out += "<header>\n";
  append_path(out, page);
  append_summary(out, shown);
  append_filter(out, page.view);
  out += "</header>\n";
  append_table(out, shown, page);
  internal::append_page_end(out);
}

}  // namespace rouse::http

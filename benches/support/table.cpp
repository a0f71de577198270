#include "table.hpp"

#include <cstdio>

namespace bench {
namespace {

// Three digits that mean something, as many places as that takes.
std::string figure(std::optional<double> v) {
  if (!v) return "-";
  const int places = *v < 10 ? 2 : *v < 100 ? 1 : 0;
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", places, *v);
  return text;
}

std::string text_of(const target& at) {
  char text[32] = "-";
  switch (at.is) {
    case target::kind::none: break;
    case target::kind::times_floor: std::snprintf(text, sizeof text, "%gx", at.amount); break;
    case target::kind::absolute: std::snprintf(text, sizeof text, "%g", at.amount); break;
    case target::kind::above_floor: std::snprintf(text, sizeof text, "floor+%g", at.amount); break;
  }
  return text;
}

std::string in_quotes(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out + '"';
}

std::string number(std::optional<double> v) {
  if (!v) return "null";
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", *v);
  return text;
}

std::string line(const char* name, const char* unit, const char* value, const char* floor,
                 const char* ratio, const char* at, const char* ok) {
  char text[256];
  std::snprintf(text, sizeof text, "%-50s %-6s %9s %9s %7s %10s  %s", name, unit, value, floor,
                ratio, at, ok);
  return text;
}

}  // namespace

std::optional<double> finding::ratio() const {
  if (!value || !floor || *floor <= 0) return {};
  return *value / *floor;
}

std::optional<bool> finding::ok(const target& at) const {
  if (!is_here || at.is == target::kind::none) return {};
  const bool needs_floor = at.is != target::kind::absolute;
  if (!value || (needs_floor && !floor)) return false;
  switch (at.is) {
    case target::kind::times_floor: return *value <= at.amount * *floor;
    case target::kind::above_floor: return *value <= at.amount + *floor;
    default: return *value <= at.amount;
  }
}

std::string table_header() {
  return line("name", "unit", "value", "floor", "ratio", "target", "ok");
}

std::string table_line(const row& r, const finding& f) {
  const auto ok = f.ok(r.at);
  std::string text = line(r.name.c_str(), r.unit.c_str(), figure(f.value).c_str(),
                          figure(f.floor).c_str(), figure(f.ratio()).c_str(), text_of(r.at).c_str(),
                          !ok   ? "-"
                          : *ok ? "yes"
                                : "no");
  if (!f.remark.empty()) text += "  (" + f.remark + ")";
  return text;
}

std::string json_line(const row& r, const finding& f) {
  const auto ok = f.ok(r.at);
  std::string text = "{\"name\":" + in_quotes(r.name) + ",\"unit\":" + in_quotes(r.unit) +
                     ",\"value\":" + number(f.value) + ",\"floor\":" + number(f.floor) +
                     ",\"ratio\":" + number(f.ratio()) + ",\"target\":" + in_quotes(text_of(r.at)) +
                     ",\"ok\":" +
                     (!ok   ? "null"
                      : *ok ? "true"
                            : "false");
  if (!f.remark.empty()) text += ",\"remark\":" + in_quotes(f.remark);
  return text + "}";
}

}  // namespace bench

#include "bench_report.hpp"

#include "figures.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace tool {
namespace {

struct share {
  const char* name;
  double of;
};
constexpr share shares[] = {{"p50", 0.5},  {"p75", 0.75},    {"p90", 0.9},
                            {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};

constexpr unsigned label_columns = 10;  // of a row of the picture
constexpr unsigned rows_max = 24;

template <class... Args>
std::string print(const char* format, Args... args) {
  std::array<char, 128> text{};
  const int n = std::snprintf(text.data(), text.size(), format, args...);
  return {text.data(), std::min(static_cast<std::size_t>(n), text.size() - 1)};
}

// Columns that `text` takes: UTF-8 continuation bytes take none.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}
std::string right(std::string text, std::size_t columns) {
  const std::size_t has = columns_of(text);
  return has >= columns ? text : std::string(columns - has, ' ') + text;
}
std::string left(std::string text, std::size_t columns) {
  const std::size_t has = columns_of(text);
  return has >= columns ? text : text + std::string(columns - has, ' ');
}

// The borders of rows: 12, 6, 3 or 1 in each power of ten, about evenly spread (the E series of
// resistors), so that equal bars mean equal density.
std::vector<std::uint64_t> borders_between(std::uint64_t from, std::uint64_t to) {
  const std::vector<std::vector<double>> grids = {
      {1, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2},
      {1, 1.5, 2.2, 3.3, 4.7, 6.8},
      {1, 2.2, 4.7},
      {1}};
  std::vector<std::uint64_t> borders;
  for (const auto& grid : grids) {
    borders.clear();
    bool ended = false;
    for (double power = 1; !ended && power < 1e14; power *= 10) {
      for (double step : grid) {
        const auto border = static_cast<std::uint64_t>(std::llround(step * power));
        if (border > from && (borders.empty() || border > borders.back()))
          borders.push_back(border);
        ended = border > to;
        if (ended) break;
      }
    }
    if (borders.size() <= rows_max) break;
  }
  return borders;
}

void append_picture(std::string& out, const histogram& h, const terminal& t) {
  if (h.count() == 0) return;
  const palette p = palette_of(t);
  const auto borders = borders_between(h.min(), h.max());
  std::vector<std::uint64_t> counts;
  std::uint64_t from = 0;
  for (std::uint64_t to : borders) {
    counts.push_back(h.count_between(from, to));
    from = to;
  }
  while (counts.size() > 1 && counts.back() == 0)
    counts.pop_back();
  const std::uint64_t most = std::max<std::uint64_t>(1, *std::ranges::max_element(counts));
  const unsigned cells = std::clamp(t.columns, 40u, 100u) - label_columns - 12;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double of_all = static_cast<double>(counts[i]) / static_cast<double>(h.count());
    const double of_most = static_cast<double>(counts[i]) / static_cast<double>(most);
    out.append("  ").append(p.dim).append("<").append(p.off);
    out.append(right(latency_text(borders[i], t.unicode), label_columns - 2)).append("  ");
    std::string bar;
    append_bar(bar, t, of_most, cells, false);
    if (bar.empty() && counts[i] != 0) bar = t.unicode ? "▏" : "|";
    out.append(p.accent).append(left(bar, cells)).append(p.off);
    out.append(counts[i] == 0     ? std::string()
               : of_all < 0.00005 ? right(count_text(counts[i]), 9)
                                  : print("%8.2f%%", of_all * 100));
    while (out.ends_with(' '))
      out.pop_back();
    out.append("\n");
  }
}

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + "\"";
}

}  // namespace

std::string report_line(const load_result& r, rouse::instant now, rouse::nanoseconds duration,
                        const terminal& t) {
  const palette p = palette_of(t);
  const double passed = std::chrono::duration<double>(now - r.began).count();
  const double whole = std::chrono::duration<double>(duration).count();
  const auto rate =
      static_cast<std::uint64_t>(static_cast<double>(r.latency.count()) / std::max(passed, 1e-3));
  std::string text(p.accent);
  append_bar(text, t, passed / whole, 20, true);
  text.append(p.off).append(
      print(whole < 10 ? "  %.1f of %.3g s  " : "  %.0f of %.3g s  ", passed, whole));
  text.append(p.strong).append(count_text(rate)).append("/s").append(p.off);
  text.append("  p99 ").append(latency_text(r.latency.at_share(0.99), t.unicode));
  if (r.failed() != 0)
    text.append("  ").append(p.bad).append(count_text(r.failed())).append(" failed").append(p.off);
  return text;
}

std::string report_text(const bench_options& options, const load_result& r, const terminal& t) {
  const palette p = palette_of(t);
  const double seconds = std::max(r.seconds(), 1e-9);
  std::string out;
  auto label = [&](const char* name) {
    out.append("  ").append(p.dim).append(left(name, 10)).append(p.off);
  };
  out.append("\n  ")
      .append(p.strong)
      .append(options.url)
      .append(p.off)
      .append("\n  ")
      .append(p.dim);
  out.append(count_text(options.connections)).append(" connection");
  out.append(options.connections == 1 ? "" : "s");
  if (options.pipeline > 1) out.append(print(", %u in flight on each", options.pipeline));
  out.append(options.rate > 0 ? print(", %.10g requests/s", options.rate) : ", closed loop");
  out.append(print(", %.3g s", seconds)).append(p.off).append("\n\n");

  label("requests");
  out.append(right(count_text(r.latency.count()), 12)).append("  ").append(p.strong);
  const double rate = static_cast<double>(r.latency.count()) / seconds;
  out.append(rate < 100 ? print("%.1f", rate) : count_text(static_cast<std::uint64_t>(rate)));
  out.append("/s").append(p.off).append("\n");
  label("received");
  out.append(right(size_text(r.bytes), 12)).append("  ");
  out.append(rate_text(static_cast<double>(r.bytes) / seconds)).append("\n");
  for (std::size_t code = 0; code < r.answers.size(); ++code) {
    if (r.answers[code] == 0) continue;
    label(print("status %zu", code).c_str());
    out.append(code >= 400 ? p.bad : p.good);
    out.append(right(count_text(r.answers[code]), 12)).append(p.off).append("\n");
  }
  for (std::size_t i = 0; i < failure_names.size(); ++i) {
    if (r.failures[i] == 0) continue;
    label(failure_names[i]);
    out.append(p.bad).append(right(count_text(r.failures[i]), 12)).append("  failed");
    out.append(p.off).append("\n");
  }

  out.append("\n  ").append(p.dim).append("latency");
  out.append(options.rate > 0 ? ", from when each request was due" : "");
  out.append(p.off).append("\n");
  auto told = [&](const char* name, std::uint64_t ns) {
    out.append("  ").append(p.dim).append(left(name, 8)).append(p.off);
    out.append(right(latency_text(ns, t.unicode), 8));
  };
  const bool is_wide = t.columns >= 78;
  unsigned column = 0;
  auto next = [&](const char* name, std::uint64_t ns) {
    told(name, ns);
    const bool line_ends = !is_wide || ++column == 4;
    if (line_ends) column = 0;
    out.append(line_ends ? "\n" : "  ");
  };
  next("mean", static_cast<std::uint64_t>(r.latency.mean()));
  for (const share& s : shares)
    next(s.name, r.latency.at_share(s.of));
  next("max", r.latency.max());
  out.append("\n");
  append_picture(out, r.latency, t);
  return out;
}

std::string report_json(const bench_options& options, const load_result& r) {
  const double seconds = std::max(r.seconds(), 1e-9);
  std::string out = "{\"url\": " + json_text(options.url);
  out += print(", \"connections\": %u, \"pipeline\": %u", options.connections, options.pipeline);
  out += options.rate > 0 ? print(", \"rate\": %.10g", options.rate) : ", \"rate\": null";
  out += print(", \"seconds\": %.6f", seconds);
  auto number = [](std::uint64_t n) { return std::to_string(n); };
  out += ", \"requests\": " + number(r.latency.count());
  out += print(", \"requests_per_second\": %.3f", static_cast<double>(r.latency.count()) / seconds);
  out += ", \"bytes\": " + number(r.bytes);
  out += print(", \"bytes_per_second\": %.3f", static_cast<double>(r.bytes) / seconds);
  out += ", \"status\": {";
  const char* between = "";
  for (std::size_t code = 0; code < r.answers.size(); ++code) {
    if (r.answers[code] == 0) continue;
    out += between + json_text(number(code)) + ": " + number(r.answers[code]);
    between = ", ";
  }
  out += "}, \"errors\": {";
  between = "";
  for (std::size_t i = 0; i < failure_names.size(); ++i) {
    out += between + json_text(failure_names[i]) + ": " + number(r.failures[i]);
    between = ", ";
  }
  out += "}, \"latency_ns\": {\"min\": " + number(r.latency.min());
  out += ", \"mean\": " + number(static_cast<std::uint64_t>(r.latency.mean()));
  for (const share& s : shares)
    out += ", " + json_text(s.name) + ": " + number(r.latency.at_share(s.of));
  return out + ", \"max\": " + number(r.latency.max()) + "}}\n";
}

}  // namespace tool

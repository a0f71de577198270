#include "progress.hpp"

#include "figures.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace tool {
namespace {

constexpr double smoothing_s = 3;  // a rate that jumps cannot be read
constexpr unsigned bar_cells_min = 8;
constexpr unsigned bar_cells_max = 50;
constexpr unsigned name_columns_max = 24;

double seconds(rouse::nanoseconds d) { return std::chrono::duration<double>(d).count(); }

// Names are foreign text: bytes that could move the cursor become '?'.
std::string shown(const std::string& name) {
  std::string text = name.substr(0, name_columns_max);
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  if (name.size() > name_columns_max) text.replace(name_columns_max - 2, 2, "..");
  return text;
}

}  // namespace

void progress::look(rouse::instant at) noexcept {
  const double passed = seconds(at - looked_);
  if (passed <= 0) return;
  const double now = static_cast<double>(got_ - seen_) / passed;
  const double weight = rate_ == 0 ? 1 : 1 - std::exp(-passed / smoothing_s);
  rate_ += (now - rate_) * weight;
  looked_ = at;
  seen_ = got_;
}

std::string progress::line(const terminal& t, rouse::instant at) {
  look(at);
  const palette p = palette_of(t);
  const std::uint64_t all = have_ + got_;
  std::string facts = size_text(all);
  if (total_ != 0) facts += " of " + size_text(total_);
  facts += "  " + rate_text(rate_);
  if (total_ != 0 && rate_ >= 1 && total_ >= all) {
    const auto left = std::chrono::duration<double>(static_cast<double>(total_ - all) / rate_);
    if (left < std::chrono::hours(100))
      facts += "  " + clock_text(std::chrono::duration_cast<rouse::nanoseconds>(left)) + " left";
  } else if (total_ == 0) {
    facts += "  " + clock_text(at - began_);
  }

  const std::string name = shown(name_);
  constexpr std::size_t percent_columns = 6;  // with the gap after it
  const std::size_t used = name.size() + 2 + percent_columns + facts.size();
  std::string text;
  text.append(p.strong).append(name).append(p.off).append("  ");
  if (total_ != 0) {
    const double share = static_cast<double>(all) / static_cast<double>(total_);
    if (t.columns > used + bar_cells_min) {
      text.append(p.accent);
      append_bar(text, t, share,
                 std::min(t.columns - static_cast<unsigned>(used) - 1, bar_cells_max), true);
      text.append(p.off).append(" ");
    }
    const auto percent = static_cast<unsigned>(std::min(100.0, share * 100));
    text.append(percent < 10 ? "  " : percent < 100 ? " " : "");
    text.append(std::to_string(percent)).append("%  ");
  }
  if (used <= t.columns || total_ == 0) text.append(p.dim).append(facts).append(p.off);
  return text;
}

std::string progress::summary(const terminal& t, rouse::instant at) const {
  const palette p = palette_of(t);
  const double took = std::max(seconds(at - began_), 1e-3);
  std::string text;
  text.append(p.good).append(t.unicode ? "✓ " : "").append(p.off);
  text.append(p.strong).append(shown(name_)).append(p.off).append("  ");
  text.append(size_text(have_ + got_));
  if (have_ != 0) text.append(" (").append(size_text(got_)).append(" of it now)");
  text.append(p.dim).append(" in ");
  text.append(latency_text(static_cast<std::uint64_t>(took * 1e9), t.unicode));
  text.append(", ").append(rate_text(static_cast<double>(got_) / took)).append(p.off);
  return text;
}

}  // namespace tool

#include "clock_rules.hpp"

namespace workshop {
namespace {

const std::set<std::string_view> clocks = {"steady_clock", "system_clock", "high_resolution_clock",
                                           "utc_clock",    "tai_clock",    "file_clock"};
const std::set<std::string_view> calls = {"clock_gettime", "gettimeofday", "timespec_get"};

bool is_bound(std::string_view path) {
  if (is_test(path) || path.starts_with("rouse/sys/") || path.starts_with("rouse/testing/"))
    return false;
  return path.starts_with("rouse/") || path.starts_with("tools/");
}

class clock_check {
 public:
  explicit clock_check(const source_text& source) : tokens_(source.tokens) {}

  /// Something that reads a clock begins at `i`.
  [[nodiscard]] bool reads(std::size_t i) const {
    if (calls.contains(text(i))) return is(i + 1, "(") && !is_member(i);
    if (text(i) == "time" || text(i) == "clock")  // of <ctime>, which is always qualified here
      return is(i + 1, "(") && is_of_std(i);
    if (!clocks.contains(text(i))) return false;
    // Also under another name: `using c = std::chrono::steady_clock;`
    return is_of_chrono(i) && (is(i + 1, ";") || (is(i + 1, "::") && is(i + 2, "now")));
  }

 private:
  [[nodiscard]] std::string_view text(std::size_t i) const {
    return i < tokens_.size() ? std::string_view(tokens_[i].text) : std::string_view();
  }
  [[nodiscard]] bool is(std::size_t i, std::string_view what) const { return text(i) == what; }
  [[nodiscard]] bool is_member(std::size_t i) const {
    return i > 0 && (is(i - 1, ".") || is(i - 1, "->"));
  }
  [[nodiscard]] bool is_of_std(std::size_t i) const {
    return i > 1 && is(i - 1, "::") &&
           (is(i - 2, "std") || tokens_[i - 2].kind != token_kind::word || is(i - 2, "return"));
  }
  [[nodiscard]] bool is_of_chrono(std::size_t i) const {
    return i > 1 && is(i - 1, "::") && is(i - 2, "chrono");
  }

  const std::vector<token>& tokens_;
};

}  // namespace

std::vector<finding> check_clocks(std::string_view path, const source_text& source) {
  std::vector<finding> found;
  if (!is_bound(path)) return found;
  const clock_check check(source);
  for (std::size_t i = 0; i < source.tokens.size(); ++i) {
    const int line = source.tokens[i].line;
    if (check.reads(i) && !source.excused.contains(line))
      found.push_back({line, "time comes from rouse/time/clock.hpp, or from rouse/sys/clock.hpp"});
  }
  return found;
}

}  // namespace workshop

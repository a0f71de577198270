#include "source_text.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace workshop {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

class reader {
 public:
  explicit reader(std::string_view text) : text_(text) {}

  source_text read() {
    while (at_ < text_.size())
      step();
    return std::move(out_);
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] bool looking_at(std::string_view what) const {
    return text_.substr(at_, what.size()) == what;
  }
  void advance(std::size_t count) {
    for (; count && at_ < text_.size(); --count) {
      if (text_[at_] == '\n') {
        ++line_;
        line_is_blank_ = true;
      }
      ++at_;
    }
  }
  void advance_past(std::string_view what, std::size_t from) {
    const std::size_t end = text_.find(what, from);
    advance((end == std::string_view::npos ? text_.size() : end + what.size()) - at_);
  }

  void step() {
    const char c = peek();
    if (std::isspace(static_cast<unsigned char>(c))) return advance(1);
    if (looking_at("//") || looking_at("/*")) return comment();
    if (c == '#' && line_is_blank_) return directive();
    line_is_blank_ = false;
    if (looking_at("[[")) return advance_past("]]", at_);
    if (c == '"' || looking_at("R\"")) return string();
    if (c == '\'') return character();
    if (is_word(c)) return word();
    sign();
  }

  void comment() {
    const std::size_t begin = at_;
    const bool alone = line_is_blank_;
    const int line = line_;
    advance_past(looking_at("//") ? "\n" : "*/", at_ + 2);
    const std::string_view said = text_.substr(begin, at_ - begin);
    if (said.find("lint: ok,") != std::string_view::npos) out_.excused.insert(alone ? line_ : line);
  }

  void directive() {
    const int line = line_;
    std::string whole;
    for (;;) {
      const std::size_t end = std::min(text_.find('\n', at_), text_.size());
      whole += text_.substr(at_, end - at_);
      advance(end - at_ + 1);
      if (whole.empty() || whole.back() != '\\') break;
      whole.back() = ' ';
    }
    if (whole.find("lint: ok,") != std::string::npos) out_.excused.insert(line);
    const std::size_t name = whole.find("include");
    const std::size_t open = whole.find_first_of("<\"", name);
    const std::size_t close = whole.find_first_of(">\"", open + 1);
    if (name == std::string::npos || whole.find_first_not_of("# ") != name) return;
    if (close == std::string::npos) return;
    out_.includes.push_back({whole.substr(open + 1, close - open - 1), line});
  }

  void string() {
    const std::size_t begin = at_;
    const int line = line_;
    if (peek() == 'R') {
      const std::size_t open = text_.find('(', at_);
      const std::string end = ")" + std::string(text_.substr(at_ + 2, open - at_ - 2)) + "\"";
      advance_past(end, open);
    } else {
      advance(1);
      while (at_ < text_.size() && peek() != '"' && peek() != '\n')
        advance(peek() == '\\' ? 2 : 1);
      advance(1);
    }
    add(token_kind::string, begin, line);
  }

  void character() {
    const std::size_t begin = at_;
    advance(1);
    while (at_ < text_.size() && peek() != '\'' && peek() != '\n')
      advance(peek() == '\\' ? 2 : 1);
    advance(1);
    add(token_kind::number, begin, line_);
  }

  void word() {
    const std::size_t begin = at_;
    const bool number = std::isdigit(static_cast<unsigned char>(peek()));
    while (is_word(peek()) || (number && (peek() == '\'' || peek() == '.')))
      advance(1);
    add(number ? token_kind::number : token_kind::word, begin, line_);
  }

  void sign() {
    const std::size_t begin = at_;
    std::size_t length = 1;  // ">>" stays two signs: it often closes two template lists
    for (std::string_view two : {"::", "->", "&&", "||", "==", "!=", "<=", ">=", "+=", "-="}) {
      if (looking_at(two)) length = 2;
    }
    advance(length);
    add(token_kind::sign, begin, line_);
  }

  void add(token_kind kind, std::size_t begin, int line) {
    out_.tokens.push_back({kind, std::string(text_.substr(begin, at_ - begin)), line});
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_is_blank_ = true;
  source_text out_;
};

}  // namespace

source_text read_source(std::string_view text) { return reader(text).read(); }

std::vector<std::string> find_sources(const std::filesystem::path& root,
                                      const std::vector<std::string>& folders) {
  std::vector<std::string> found;
  for (const std::string& folder : folders) {
    if (!std::filesystem::exists(root / folder)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".hpp" && extension != ".cpp") continue;
      found.push_back(entry.path().lexically_relative(root).generic_string());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

bool is_test(std::string_view path) {
  return path.starts_with("tests/") || path.ends_with("_test.cpp") || path.ends_with("_test.hpp");
}

}  // namespace workshop

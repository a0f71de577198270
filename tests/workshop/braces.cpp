#include "braces.hpp"

namespace workshop {
namespace {

const std::set<std::string_view> control = {"if", "for", "while", "switch", "catch"};
const std::set<std::string_view> after_parameters = {
    "const", "noexcept", "override", "final", "mutable", "&", "&&", "constexpr"};

bool is_open(std::string_view t) { return t == "(" || t == "[" || t == "{"; }
bool is_close(std::string_view t) { return t == ")" || t == "]" || t == "}"; }

}  // namespace

bool is_keyword(std::string_view word) {
  static const std::set<std::string_view> words = {"if",
                                                   "else",
                                                   "for",
                                                   "while",
                                                   "do",
                                                   "switch",
                                                   "case",
                                                   "default",
                                                   "return",
                                                   "break",
                                                   "continue",
                                                   "goto",
                                                   "try",
                                                   "catch",
                                                   "throw",
                                                   "new",
                                                   "delete",
                                                   "co_await",
                                                   "co_return",
                                                   "co_yield",
                                                   "using",
                                                   "typedef",
                                                   "sizeof",
                                                   "this",
                                                   "operator",
                                                   "static_assert",
                                                   "template",
                                                   "class",
                                                   "struct",
                                                   "union",
                                                   "enum",
                                                   "namespace",
                                                   "public",
                                                   "private",
                                                   "protected",
                                                   "friend",
                                                   "requires",
                                                   "static_cast",
                                                   "reinterpret_cast",
                                                   "const_cast",
                                                   "not",
                                                   "and",
                                                   "or"};
  return words.contains(word);
}

braces::braces(const std::vector<token>& tokens)
    : tokens_(tokens),
      partner_(tokens.size(), nowhere),
      around_(tokens.size(), nowhere),
      kinds_(tokens.size()) {
  match();
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (is(i, "{")) kinds_[i] = classify(i);
  }
}

void braces::match() {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    const bool is_sign = tokens_[i].kind == token_kind::sign;
    if (is_sign && is_close(tokens_[i].text) && !open.empty()) {
      partner_[i] = open.back();
      partner_[open.back()] = i;
      open.pop_back();
    }
    around_[i] = open.empty() ? nowhere : open.back();
    if (is_sign && is_open(tokens_[i].text)) open.push_back(i);
  }
}

bool braces::begins_lambda(std::size_t i) const {
  if (!is(i, "[")) return false;
  if (i == 0) return true;
  const token& before = tokens_[i - 1];
  if (before.kind == token_kind::word) return is_keyword(before.text) && before.text != "this";
  return before.text != ")" && before.text != "]";
}

std::size_t braces::before_template_arguments(std::size_t i) const {
  if (!is(i, ">")) return i;
  int depth = 0;
  for (std::size_t at = i;; --at) {
    if (partner_[at] != nowhere && is_close(tokens_[at].text))
      at = partner_[at];
    else if (is(at, ">"))
      ++depth;
    else if (is(at, "<") && --depth == 0)
      return at - 1;
    if (at == 0 || is(at, ";") || is(at, "{")) return i;
  }
}

// For tokens that end with "-> some::type<of, things>": the index of the arrow, else `end`.
std::size_t braces::before_trailing_return(std::size_t end) const {
  for (std::size_t at = end; at > 0;) {
    const token& t = tokens_[at - 1];
    if (t.text == "->") {
      const bool follows_parameters =
          at >= 2 && (tokens_[at - 2].text == ")" || tokens_[at - 2].text == "]" ||
                      after_parameters.contains(tokens_[at - 2].text));
      return follows_parameters ? at - 1 : end;
    }
    if (t.text == ">") {
      const std::size_t before = before_template_arguments(at - 1);
      if (before == at - 1) return end;
      at = before + 1;
    } else if (t.text == ")" && partner_[at - 1] != nowhere &&
               is(partner_[at - 1] - 1, "decltype")) {
      at = partner_[at - 1];
    } else if ((t.kind == token_kind::word && !is_keyword(t.text)) || t.text == "::" ||
               t.text == "*" || t.text == "&" || t.text == "&&") {
      --at;
    } else {
      return end;
    }
  }
  return end;
}

bool braces::opens_scope(std::size_t open) const {
  static const std::set<std::string_view> words = {"class", "struct",    "union",
                                                   "enum",  "namespace", "extern"};
  for (std::size_t at = open; at > 0; --at) {
    const std::string& t = tokens_[at - 1].text;
    if (t == ";" || t == "{" || t == "}" || t == "(" || t == "=") return false;
    if (t == ")" && partner_[at - 1] != nowhere)
      at = partner_[at - 1] + 1;
    else if (t == ">")
      at = before_template_arguments(at - 1) + 1;  // not the `class` of a template's list
    else if (words.contains(t))
      return true;
  }
  return false;
}

brace braces::classify(std::size_t open) const {
  if (opens_scope(open)) return {.kind = brace_kind::scope};
  for (std::size_t end = open; end > 0;) {
    const std::string& t = tokens_[end - 1].text;
    if (end == open) {
      if (t == ";" || t == "{" || t == "}" || t == ":" || t == "else" || t == "do" || t == "try")
        return {.kind = brace_kind::block};
      if (const std::size_t arrow = before_trailing_return(end); arrow != end) {
        end = arrow;
        continue;
      }
    }
    if (t == ")" && partner_[end - 1] != nowhere && partner_[end - 1] > 0) {
      const std::size_t list = partner_[end - 1];
      const std::size_t before = before_template_arguments(list - 1);
      if (is(before, "noexcept") || is(before, "requires")) {
        end = before;
        continue;
      }
      if (control.contains(tokens_[before].text) || is(before, "constexpr"))
        return {.kind = brace_kind::block};
      if (is(before, "]") && begins_lambda(partner_[before]))
        return {.kind = brace_kind::lambda, .parameters = list, .capture = partner_[before]};
      const bool is_name =
          tokens_[before].kind == token_kind::word && !is_keyword(tokens_[before].text);
      const bool is_operator = is(before - 1, "operator") || is(before - 2, "operator");
      if (is_name || is_operator) return {.kind = brace_kind::function, .parameters = list};
      return {};
    }
    if (t == "]" && partner_[end - 1] != nowhere && begins_lambda(partner_[end - 1]))
      return {.kind = brace_kind::lambda, .capture = partner_[end - 1]};
    if (!after_parameters.contains(t)) return {};
    --end;
    if (const std::size_t arrow = before_trailing_return(end); arrow != end) end = arrow;
  }
  return {.kind = brace_kind::block};
}

std::size_t braces::body_of(std::size_t i) const {
  for (std::size_t at = around_[i]; at != nowhere; at = around_[at]) {
    if (!is(at, "{")) continue;
    const brace_kind kind = kinds_[at].kind;
    if (kind == brace_kind::function || kind == brace_kind::lambda) return at;
    if (kind == brace_kind::scope) return nowhere;
  }
  return nowhere;
}

}  // namespace workshop

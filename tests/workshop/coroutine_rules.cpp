#include "coroutine_rules.hpp"

#include "braces.hpp"

#include <algorithm>

namespace workshop {
namespace {

class coroutine_check {
 public:
  coroutine_check(const source_text& source, bool is_test)
      : source_(source), tokens_(source.tokens), braces_(tokens_), is_test_(is_test) {}

  std::vector<finding> run() {
    std::set<std::size_t> bodies;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (!is_coroutine_word(i)) continue;
      const std::size_t body = braces_.body_of(i);
      if (body == nowhere) {
        say(i, "cannot tell which function this belongs to: write it more plainly");
        continue;
      }
      bodies.insert(body);
      if (tokens_[i].text == "co_await") temporaries(i);
    }
    for (const std::size_t body : bodies) {
      const brace& b = braces_.at(body);
      if (b.kind == brace_kind::function) condition(body);
      if (!is_test_) {
        if (b.kind == brace_kind::lambda) capture(b);
        if (b.parameters != nowhere) references(b.parameters);
      }
      frame(body);
    }
    std::sort(found_.begin(), found_.end(), [](auto& a, auto& b) { return a.line < b.line; });
    return std::move(found_);
  }

 private:
  [[nodiscard]] bool is(std::size_t i, std::string_view text) const { return braces_.is(i, text); }
  [[nodiscard]] bool is_name(std::size_t i) const {
    return i < tokens_.size() && tokens_[i].kind == token_kind::word &&
           !is_keyword(tokens_[i].text);
  }
  [[nodiscard]] bool is_coroutine_word(std::size_t i) const {
    const std::string& t = tokens_[i].text;
    return (t == "co_await" || t == "co_return" || t == "co_yield") &&
           !(i > 0 && is(i - 1, "operator"));
  }

  // --- condition
  // --------------------------------------------------------------------------------------------------

  void condition(std::size_t body) {
    if (names_a_local(body)) return;
    for (std::size_t i = body; i < braces_.partner(body); ++i) {
      if (!is(i, "co_await") || braces_.body_of(i) != body) continue;
      for (std::size_t at = braces_.around(i); at > body; at = braces_.around(at)) {
        const bool is_condition = is(at, "(") && (is(at - 1, "if") || is(at - 1, "while") ||
                                                  is(at - 1, "switch") || is(at - 1, "for"));
        if (is_condition && !declares_before(at, i)) {
          say(i,
              "awaits in a condition without any named local: g++ 12 never runs it. Write "
              "`auto v = co_await x;` first");
        }
      }
    }
  }
  [[nodiscard]] bool declares_before(std::size_t open, std::size_t await) const {
    return is_declaration(open + 1) && std::any_of(tokens_.begin() + static_cast<long>(open),
                                                   tokens_.begin() + static_cast<long>(await),
                                                   [](const token& t) { return t.text == "="; });
  }
  [[nodiscard]] bool names_a_local(std::size_t body) const {
    bool at_start = true;
    for (std::size_t i = body + 1; i < braces_.partner(body); ++i) {
      if (at_start && is_declaration(i)) return true;
      at_start = is(i, ";");
      if (braces_.partner(i) != nowhere) {
        at_start = is(i, "{") && braces_.at(i).kind == brace_kind::block;
        i = braces_.partner(i);
      }
    }
    return false;
  }
  // `type name` followed by what a declaration goes on with; a structured binding does not help g++
  // and does not count.
  [[nodiscard]] bool is_declaration(std::size_t i) const {
    while (is(i, "const") || is(i, "constexpr") || is(i, "volatile"))
      ++i;
    if (!is_name(i) || is(i, "static")) return false;
    bool more = true;
    while (more) {
      ++i;
      if (is(i, "<")) i = after_template_arguments(i);
      more = is(i, "::") && is_name(i + 1);
      if (more) ++i;
    }
    while (is(i, "const") || is(i, "*") || is(i, "&") || is(i, "&&"))
      ++i;
    if (!is_name(i)) return false;
    return is(i + 1, "=") || is(i + 1, ";") || is(i + 1, "{") || is(i + 1, "(") || is(i + 1, "[") ||
           is(i + 1, ",");
  }
  [[nodiscard]] std::size_t after_template_arguments(std::size_t open) const {
    int depth = 0;
    for (std::size_t i = open; i < tokens_.size() && !is(i, ";"); ++i) {
      if (is(i, "<")) ++depth;
      if (is(i, ">") && --depth == 0) return i + 1;
    }
    return open;
  }

  // --- temporary
  // --------------------------------------------------------------------------------------------------

  void temporaries(std::size_t await) {
    const auto [begin, end] = full_expression(await);
    for (std::size_t i = begin; i < end; ++i) {
      if (is(i, "[") && braces_.begins_lambda(i) && owns(i)) {
        say(i,
            "a capturing lambda in one expression with co_await is destroyed twice by g++ 12: name "
            "it first, or "
            "pass arguments instead");
      }
      if (is(i, "?") && i < await && is_in_branch(i, await)) {
        say(i,
            "co_await in a branch of ?: is miscompiled by g++ 12, which destroys what the branch "
            "not taken would have made: write an if");
      } else if (is(i, "?") && makes_one_temporary(begin, i)) {
        say(i,
            "one branch of ?: makes a temporary, in one expression with co_await: g++ 12 destroys "
            "it twice, or though it was never made. Name the value first");
      }
      if (!is(i, "{")) continue;
      const brace_kind kind = braces_.at(i).kind;
      if (kind == brace_kind::initializer && may_own(i)) {
        say(i,
            "a braced temporary that may own something, in one expression with co_await, is "
            "destroyed twice by "
            "g++ 12: name it first");
      }
      if (kind == brace_kind::lambda || kind == brace_kind::function) i = braces_.partner(i);
    }
  }
  // From the statement's beginning to its end, as far as they lie outside of other statements'
  // braces.
  [[nodiscard]] std::pair<std::size_t, std::size_t> full_expression(std::size_t i) const {
    std::size_t begin = i;
    while (begin > 0) {
      const std::size_t before = begin - 1;
      if (is(before, ";")) break;
      if (is(before, "{") && braces_.at(before).kind != brace_kind::initializer) break;
      if (is(before, "}") && braces_.partner(before) != nowhere &&
          (braces_.at(braces_.partner(before)).kind == brace_kind::block ||
           braces_.at(braces_.partner(before)).kind == brace_kind::scope))
        break;
      const bool is_close = is(before, ")") || is(before, "]") || is(before, "}");
      begin = is_close && braces_.partner(before) != nowhere ? braces_.partner(before) : before;
    }
    std::size_t end = i;
    while (end < tokens_.size() && !is(end, ";")) {
      const bool is_brace = is(end, "{") || is(end, "}");
      const std::size_t open = is(end, "}") ? braces_.partner(end) : end;
      if (is_brace && open != nowhere) {
        const brace_kind kind = braces_.at(open).kind;
        if (kind == brace_kind::block || kind == brace_kind::scope) break;
        if (is(end, "}") && kind != brace_kind::initializer) break;
      }
      const bool is_open = is(end, "(") || is(end, "[") || is(end, "{");
      end = is_open && braces_.partner(end) != nowhere ? braces_.partner(end) + 1 : end + 1;
    }
    return {begin, end};
  }
  // Does the capture list hold anything by value, except `this`?
  [[nodiscard]] bool owns(std::size_t capture) const {
    const std::size_t close = braces_.partner(capture);
    bool at_start = true;
    for (std::size_t i = capture + 1; i < close; ++i) {
      if (at_start && !is(i, "&") && !is(i, "this")) return true;
      at_start = is(i, ",");
      if (braces_.partner(i) != nowhere) i = braces_.partner(i);
    }
    return false;
  }
  // Plain numbers, durations and names are fine: option structs of ours are trivial. Text and
  // containers are not.
  [[nodiscard]] bool may_own(std::size_t open) const {
    return may_own(open, braces_.partner(open), true);
  }
  [[nodiscard]] bool may_own(std::size_t open, std::size_t end, bool text_owns = false) const {
    static const std::set<std::string_view> owners = {
        "co_await", "move",        "string",      "vector",    "function",   "move_only_function",
        "optional", "make_shared", "make_unique", "to_string", "shared_ptr", "unique_ptr"};
    for (std::size_t i = open + 1; i < end; ++i) {
      if (text_owns && tokens_[i].kind == token_kind::string) return true;
      if (owners.contains(tokens_[i].text)) return true;
      if (is(i, "[") && braces_.begins_lambda(i) && owns(i)) return true;
    }
    return false;
  }

  // False when the `?:` ends before the await, with its parentheses or its argument.
  [[nodiscard]] bool is_in_branch(std::size_t question, std::size_t await) const {
    for (std::size_t i = question + 1; i < await;) {
      if (is(i, ",") || is(i, ")") || is(i, "]") || is(i, "}")) return false;
      const bool is_closed_before =
          braces_.partner(i) != nowhere && braces_.partner(i) > i && braces_.partner(i) < await;
      i = is_closed_before ? braces_.partner(i) + 1 : i + 1;
    }
    return true;
  }
  // Of `condition ? one : other`: does either branch call or name what owns, or is one a text and
  // the other not, so that the text becomes an owner?
  [[nodiscard]] bool makes_one_temporary(std::size_t begin, std::size_t question) const {
    std::size_t colon = question + 1;
    while (colon < tokens_.size() && !is(colon, ":")) {
      if (is(colon, ";") || is(colon, ")")) return false;
      const bool is_open = braces_.partner(colon) != nowhere && braces_.partner(colon) > colon;
      colon = is_open ? braces_.partner(colon) + 1 : colon + 1;
    }
    std::size_t end = colon + 1;
    while (end < tokens_.size() && !is(end, ";") && !is(end, ",") && !is(end, ")") &&
           !is(end, "}")) {
      const bool is_open = braces_.partner(end) != nowhere && braces_.partner(end) > end;
      end = is_open ? braces_.partner(end) + 1 : end + 1;
    }
    // Whole statements, as in `co_return co_await x ? 1 : 2`, await in the condition; arguments of
    // what is awaited stand in parentheses.
    const std::size_t around = braces_.around(question);
    if (around == nowhere || around < begin) return false;
    const bool first_is_text = is_text(question + 1, colon);
    return first_is_text != is_text(colon + 1, end) || may_own(question, colon) ||
           may_own(colon, end);
  }
  [[nodiscard]] bool is_text(std::size_t begin, std::size_t end) const {
    return end == begin + 1 && tokens_[begin].kind == token_kind::string;
  }

  // --- capture and reference
  // ----------------------------------------------------------------------------------------

  void capture(const brace& lambda) {
    if (braces_.partner(lambda.capture) == lambda.capture + 1) return;
    const std::size_t call = braces_.around(lambda.capture);
    if (call != nowhere && call > 0 && is(call, "(")) {
      const std::size_t callee = braces_.before_template_arguments(call - 1);
      if (is(callee, "scope") || is(callee, "supervise")) return;
      // A router keeps what it is given for as long as it lives.
      for (const char* route : {"get", "post", "put", "patch", "del", "on", "use"})
        if (is(callee, route)) return;
    }
    say(lambda.capture,
        "a lambda that is a coroutine captures nothing, unless it is the body of scope() or "
        "supervise(): its closure dies before its frame. Pass arguments");
  }
  void references(std::size_t open) {
    bool is_const = false;
    for (std::size_t i = open + 1; i < braces_.partner(open); ++i) {
      if (is(i, "<")) i = after_template_arguments(i) - 1;
      if (is(i, ",")) is_const = false;
      if (is(i, "const")) is_const = true;
      if (is(i, "&&") || (is(i, "&") && is_const)) {
        say(i,
            "a coroutine parameter that binds to a temporary dangles after the first suspension: "
            "take a value");
      }
      if (braces_.partner(i) != nowhere && braces_.partner(i) > i) i = braces_.partner(i);
    }
  }

  // --- aligned and lock
  // ---------------------------------------------------------------------------------------------

  void frame(std::size_t body) {
    static const std::set<std::string_view> guards = {"lock_guard", "unique_lock", "scoped_lock",
                                                      "shared_lock"};
    for (std::size_t i = body; i < braces_.partner(body); ++i) {
      if (braces_.body_of(i) != body) continue;
      if (is(i, "alignas") &&
          !(tokens_[i + 2].kind == token_kind::number && is(i + 3, ")") &&
            tokens_[i + 2].text.size() <= 2 && std::stoi(tokens_[i + 2].text) <= 16)) {
        say(i, "a local aligned to more than 16 is misaligned in a coroutine frame: allocate it");
      }
      if (guards.contains(tokens_[i].text)) lock(body, i);
    }
  }
  void lock(std::size_t body, std::size_t guard) {
    const std::size_t end = braces_.partner(braces_.around(guard));
    if (!is(braces_.around(guard), "{")) return;
    for (std::size_t i = guard; i < end; ++i) {
      if (is(i, "co_await") && braces_.body_of(i) == body) {
        return say(i, "a lock is held across this co_await (line " +
                          std::to_string(tokens_[guard].line) + ")");
      }
    }
  }

  void say(std::size_t at, std::string message) {
    const int line = tokens_[at].line;
    if (source_.excused.contains(line)) return;
    for (const finding& f : found_) {
      if (f.line == line && f.message == message) return;
    }
    found_.push_back({line, std::move(message)});
  }

  const source_text& source_;
  const std::vector<token>& tokens_;
  braces braces_;
  bool is_test_;
  std::vector<finding> found_;
};

}  // namespace

std::vector<finding> check_coroutines(const source_text& source, bool is_test) {
  return coroutine_check(source, is_test).run();
}

}  // namespace workshop

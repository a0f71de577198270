// What each pair of braces in a source is: the little parsing that the coroutine rules need.
#pragma once

#include "source_text.hpp"

#include <cstddef>

namespace workshop {

inline constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

enum class brace_kind {
  function,     // the body of a function or member
  lambda,       // the body of a lambda
  block,        // of a control statement, or bare
  scope,        // class, enum, namespace
  initializer,  // part of an expression or of a declaration
};

struct brace {
  brace_kind kind = brace_kind::initializer;
  std::size_t parameters = nowhere;  // the `(` of a function or lambda, if it has one
  std::size_t capture = nowhere;     // the `[` of a lambda
};

/// All by token index.
class braces {
 public:
  explicit braces(const std::vector<token>& tokens);

  /// The partner of a bracket of any kind; nowhere for other tokens.
  [[nodiscard]] std::size_t partner(std::size_t i) const { return partner_[i]; }
  /// The innermost bracket of any kind around a token; nowhere at file scope.
  [[nodiscard]] std::size_t around(std::size_t i) const { return around_[i]; }
  /// What the `{` at i is.
  [[nodiscard]] const brace& at(std::size_t i) const { return kinds_[i]; }
  /// The `{` of the function or lambda whose body holds token i; nowhere when there is none.
  [[nodiscard]] std::size_t body_of(std::size_t i) const;
  /// Does the `[` at i begin a lambda?
  [[nodiscard]] bool begins_lambda(std::size_t i) const;
  /// The token before the template arguments that end at i, or i itself when it is no `>`.
  [[nodiscard]] std::size_t before_template_arguments(std::size_t i) const;
  [[nodiscard]] bool is(std::size_t i, std::string_view text) const {
    return i < tokens_.size() && tokens_[i].text == text;
  }

 private:
  void match();
  [[nodiscard]] brace classify(std::size_t open) const;
  [[nodiscard]] std::size_t before_trailing_return(std::size_t end) const;
  [[nodiscard]] bool opens_scope(std::size_t open) const;

  const std::vector<token>& tokens_;
  std::vector<std::size_t> partner_;
  std::vector<std::size_t> around_;
  std::vector<brace> kinds_;
};

/// Words that are never a type, a name or a callee.
[[nodiscard]] bool is_keyword(std::string_view word);

}  // namespace workshop

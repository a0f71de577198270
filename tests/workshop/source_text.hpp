// One of our source files as a list of tokens: enough of C++ for lints, far from a compiler.
// Comments and directives are taken out, attributes too; includes and excuses ("// lint: ok,
// because ...") are kept beside.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace workshop {

enum class token_kind { word, number, string, sign };

struct token {
  token_kind kind;
  std::string text;
  int line;
};

struct include {
  std::string path;
  int line;
};

struct source_text {
  std::vector<token> tokens;
  std::vector<include> includes;
  std::set<int> excused;  // lines that a "lint: ok" comment stands on or above
};

/// What a lint has to say: "rouse/io/copy.cpp:12: ...".
struct finding {
  int line;
  std::string message;
};

[[nodiscard]] source_text read_source(std::string_view text);

/// Every .hpp and .cpp of the checkout below `folders`, as paths relative to `root`, sorted.
[[nodiscard]] std::vector<std::string> find_sources(const std::filesystem::path& root,
                                                    const std::vector<std::string>& folders);
[[nodiscard]] std::string read_file(const std::filesystem::path& path);
[[nodiscard]] bool is_test(std::string_view path);

}  // namespace workshop

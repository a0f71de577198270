// The table as text, and as one JSON object a line.
#pragma once

#include "row.hpp"

#include <optional>
#include <string>

namespace bench {

/// What was found out about one row.
struct finding {
  std::optional<double> value;
  std::optional<double> floor;
  std::string remark;   // why a figure is missing; empty otherwise
  bool is_here = true;  // false: this machine cannot do it

  [[nodiscard]] std::optional<double> ratio() const;
  /// Empty: there is nothing to judge.
  [[nodiscard]] std::optional<bool> ok(const target& at) const;
};

[[nodiscard]] std::string table_header();
[[nodiscard]] std::string table_line(const row& r, const finding& f);
[[nodiscard]] std::string json_line(const row& r, const finding& f);

}  // namespace bench

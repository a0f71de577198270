// Words for reports: which task, which failure.
#pragma once

#include <rouse/core/task_header.hpp>

#include <exception>
#include <string>

namespace rouse {

/// `file:line`
[[nodiscard]] std::string describe(const std::source_location& site);
/// `task "name" spawned at file:line`
[[nodiscard]] std::string describe(const task_header& t);
/// What an exception says.
[[nodiscard]] std::string describe(const std::exception_ptr& failure);

/// Words that are kept without an allocation, and cut where they are too long.
struct brief_text {
  char text[256];
  [[nodiscard]] const char* c_str() const noexcept { return text; }
};
/// The same for reports that must not fail: what is reported may be the want of memory.
[[nodiscard]] brief_text brief(const task_header& t) noexcept;
[[nodiscard]] brief_text brief(const std::exception_ptr& failure) noexcept;

}  // namespace rouse

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

}  // namespace rouse

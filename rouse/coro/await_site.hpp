// Where awaiting failed: so that the report of an escaped exception can name the line.
#pragma once

#include <exception>
#include <source_location>

namespace rouse {

/// The first `co_await` that threw the exception last thrown by one on this thread; line 0 when
/// none has.
[[nodiscard]] std::source_location last_failed_await() noexcept;
/// The same if that exception is `thrown`, else line 0.
[[nodiscard]] std::source_location failed_await_of(const std::exception_ptr& thrown) noexcept;

}  // namespace rouse

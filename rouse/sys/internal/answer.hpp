// From the table's numbers to results, for the sources of this folder.
#pragma once

#include <rouse/base/error.hpp>

namespace rouse::sys::internal {

/// Calls `f` until it is not interrupted.
template <class F>
auto uninterrupted(F&& f) noexcept {
  auto n = f();
  while (n == -EINTR)
    n = f();
  return n;
}

inline error failure(const char* operation, long negative_errno) noexcept {
  return error(operation, static_cast<int>(-negative_errno));
}
/// Nothing, or the error.
inline result<void> done(const char* operation, long n) noexcept {
  if (n < 0) return std::unexpected(failure(operation, n));
  return {};
}
inline result<std::size_t> count(const char* operation, long n) noexcept {
  if (n < 0) return std::unexpected(failure(operation, n));
  return static_cast<std::size_t>(n);
}

}  // namespace rouse::sys::internal

// Calls on names, and on open files, that only the blocking pool makes: they all look the same.
#pragma once

#include <rouse/fs/internal/calls.hpp>
#include <rouse/fs/internal/offload.hpp>

namespace rouse::fs::internal {

template <class F>
task<std::invoke_result_t<F&>> checked_call(std::string names, F call) {
  using answer = std::invoke_result_t<F&>;
  if (!is_path(names)) co_return answer(std::unexpected(error("path", errc::invalid_input)));
  auto done = co_await offload(std::move(call));
  co_return done;
}

/// `call`, which owns what it needs and gives a result, on the pool. `names` are its paths, for
/// errors; one with a NUL inside is refused.
template <class F>
operation<typename std::invoke_result_t<F&>::value_type> named_call(std::string names, F call) {
  return {checked_call(names, std::move(call)), names};
}

}  // namespace rouse::fs::internal

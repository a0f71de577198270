#include <rouse/core/describe.hpp>
#include <rouse/core/spawn.hpp>

#include <cstring>

namespace rouse::internal {

void name_task(task_header& t, const char* name) noexcept {
  constexpr std::size_t name_bytes_max = 128;
  t.name = ::strndup(name, name_bytes_max);  // null, so without a name, when memory is short
}

void refuse_borrowing(std::source_location site) {
  throw_error(error("spawn", errc::borrows),
              "at " + describe(site) +
                  " (pass values, or spawn(fn, args...) which keeps copies, or run it in a scope, "
                  "or spawn(assume_owned(task)) "
                  "when what it refers to outlives it)");
}

void refuse_without_worker(std::source_location site) {
  throw_error(error("spawn", errc::no_context), "at " + describe(site));
}

}  // namespace rouse::internal

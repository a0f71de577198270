#include <rouse/core/describe.hpp>
#include <rouse/core/spawn.hpp>

#include <cstring>

namespace rouse::internal {

void describe_task(task_header& t, const spawn_options& options, std::source_location site) {
  t.spawned_at = site;
  t.background = options.background;
  if (!options.name) return;
  constexpr std::size_t name_bytes_max = 128;
  t.name = ::strndup(options.name, name_bytes_max);
}

void refuse_borrowing(std::source_location site) {
  throw_error(error("spawn", errc::borrows),
              "at " + describe(site) +
                  " (pass values, or spawn(fn, args...) which keeps copies, or run it in a scope, or spawn(assume_owned(task)) "
                  "when what it refers to outlives it)");
}

worker& require_worker(std::source_location site) {
  if (worker* here = worker::current()) return *here;
  throw_error(error("spawn", errc::no_context), "at " + describe(site));
}

}  // namespace rouse::internal

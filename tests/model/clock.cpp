// The time of a scenario. It stands still until a wait runs out, and then is where that wait ends.
#include <rouse/sys/clock.hpp>

#include <tests/model/checker.hpp>

namespace rouse::model {
namespace {

constexpr std::int64_t start = 1'000'000'000;
std::int64_t now = start;

}  // namespace

void reset_clock() noexcept { now = start; }
std::int64_t read_clock() noexcept { return now; }
void advance_clock(std::int64_t to) noexcept {
  if (to > now) now = to;
}

}  // namespace rouse::model

// Instead of the kernel's: all our code takes the time from here or from a park.
rouse::instant rouse::sys::monotonic_now() noexcept {
  return instant(nanoseconds(model::read_clock()));
}

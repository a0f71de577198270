// A bottom park that never sleeps: it counts, and runs what the test put in.
#pragma once

#include <rouse/park/park.hpp>

#include <atomic>
#include <functional>
#include <vector>

namespace support {

/// One thread parks. `on_park` stands for what would happen while it waits; a park that waits for
/// ever with neither a token nor an `on_park` would hang, so it fails instead.
class mock_park {
 public:
  mock_park() : target_(new target), unparker_(rouse::unparker::adopt(target_)) {}

  rouse::result<rouse::park_outcome> park(rouse::nanoseconds limit) {
    limits.push_back(limit);
    if (on_park) on_park(limit);
    if (fails_with.code != 0) return std::unexpected(fails_with);
    if (target_->consume()) return rouse::park_outcome::woken;
    if (limit == rouse::no_limit && !on_park)
      return std::unexpected(rouse::error("mock_park", rouse::errc::would_deadlock));
    return rouse::park_outcome::timed_out;
  }
  [[nodiscard]] rouse::unparker unparker() const { return unparker_; }
  [[nodiscard]] bool has_work() const noexcept { return work; }
  [[nodiscard]] unsigned interrupts() const { return target_->interrupts; }

  std::vector<rouse::nanoseconds> limits;  ///< what it was asked, in order
  std::function<void(rouse::nanoseconds)> on_park;
  rouse::error fails_with;
  bool work = true;  ///< what has_work says

 private:
  struct target final : rouse::unpark_target {
    std::atomic<unsigned> interrupts{0};

   private:
    void interrupt() noexcept override { ++interrupts; }
  };
  target* target_;  // kept alive by unparker_
  rouse::unparker unparker_;
};
static_assert(rouse::park<mock_park>);

}  // namespace support

// What happened, in order: `EXPECT_EQ(log.events(), (trace{"poll a", "wake a", "poll a"}))` checks
// order, count and absence at once.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace support {

using trace = std::vector<std::string>;

/// Any thread.
class trace_log {
 public:
  void add(std::string what) {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(what));
  }
  [[nodiscard]] trace events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  /// Gives the events so far and starts anew.
  [[nodiscard]] trace take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(events_, {});
  }

 private:
  mutable std::mutex mutex_;
  trace events_;
};

/// Says "destroyed NAME" when it goes. A moved-from one says nothing.
class noisy {
 public:
  noisy(trace_log& log, std::string name) : log_(&log), name_(std::move(name)) {}
  noisy(noisy&& other) noexcept
      : log_(std::exchange(other.log_, nullptr)), name_(std::move(other.name_)) {}
  noisy& operator=(noisy&&) = delete;
  ~noisy() {
    if (log_) log_->add("destroyed " + name_);
  }

 private:
  trace_log* log_;
  std::string name_;
};

}  // namespace support

// What a process holds that it must give back: descriptors, threads, memory of tasks. Taken before
// and after something, and compared.
#pragma once

#include <rouse/base/duration.hpp>

#include <string>
#include <vector>

namespace rouse::testing {

/// A count of what this process holds now. Linux: read from /proc.
class census {
 public:
  [[nodiscard]] static census take();

  /// What this one has beyond `before`, one line each, for people; empty when there is nothing.
  [[nodiscard]] std::vector<std::string> beyond(const census& before) const;
  /// The same as of now, asked again until there is nothing or `patience` is over: a thread that
  /// was joined is a little later gone than its joiner goes on.
  [[nodiscard]] static std::vector<std::string> left_since(const census& before,
                                                           nanoseconds patience);

  /// Threads, without those that the kernel lends a ring (they end in their own time).
  [[nodiscard]] std::size_t threads() const noexcept { return threads_.size(); }
  [[nodiscard]] std::size_t descriptors() const noexcept { return descriptors_.size(); }
  /// Coroutine frames, task cells and channels. See frames_in_use(): other threads' are seen when
  /// these have ended.
  [[nodiscard]] long frames() const noexcept { return frames_; }

 private:
  struct item {
    int number;
    std::string name;
  };
  std::vector<item> descriptors_;  // what each refers to
  std::vector<item> threads_;
  long frames_ = 0;
};

}  // namespace rouse::testing

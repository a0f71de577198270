// What a run of a scenario with something broken in it is watched with.
#pragma once

#include <tests/faults/scenario.hpp>

#include <string>

namespace faults {

/// Says on stderr what is tried when this process aborts meanwhile, or has it abort when it hangs.
class current_trial {
 public:
  [[gnu::format(printf, 2, 3)]] explicit current_trial(const char* format, ...) noexcept;
  current_trial(const current_trial&) = delete;
  current_trial& operator=(const current_trial&) = delete;
  ~current_trial();
  [[nodiscard]] static const char* text() noexcept;
};

enum class shortage { passes, stays };

/// Fails the n-th allocation of this thread from here on, or all from the n-th on, until its end.
/// Under a sanitizer, which owns malloc, only those of operator new count.
class failing_allocation {
 public:
  failing_allocation(unsigned long n, shortage how) noexcept;
  failing_allocation(const failing_allocation&) = delete;
  failing_allocation& operator=(const failing_allocation&) = delete;
  ~failing_allocation();
  /// True when it has come to that.
  [[nodiscard]] bool has_failed() const noexcept;

 private:
  unsigned long refused_before_;
};

/// The same of the thread of a loop's pool.
class failing_pool_allocation {
 public:
  failing_pool_allocation(unsigned long n, shortage how) noexcept;
  failing_pool_allocation(const failing_pool_allocation&) = delete;
  failing_pool_allocation& operator=(const failing_pool_allocation&) = delete;
  ~failing_pool_allocation();
  /// Known once that thread has ended.
  [[nodiscard]] bool has_failed() const noexcept;
};

/// Descriptors, threads, children and memory of this process.
struct holdings {
  std::size_t descriptors = 0;
  std::size_t threads = 0;
  std::size_t children = 0;  ///< 1: any, dead or alive
  long allocations = 0;      ///< blocks; bytes under a sanitizer
  friend bool operator==(const holdings&, const holdings&) = default;
};
[[nodiscard]] holdings held();

// What is wrong; empty when all is well.

/// Every exchange is exact, or ended by an error that says what failed.
[[nodiscard]] std::string complaint_about_end(scenario which, const outcome& out);
/// Every exchange is exact, and nothing failed.
[[nodiscard]] std::string complaint_about_success(scenario which, const outcome& out);
/// Nothing is left behind.
[[nodiscard]] std::string complaint_about(const holdings& before, const holdings& after);

}  // namespace faults

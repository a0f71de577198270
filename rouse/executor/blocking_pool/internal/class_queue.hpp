// The jobs that wait, in a queue for each class, and how many run: so it is known which may begin.
//
// A class begins jobs in the order in which they were pushed, and runs no more at once than its
// cap; the classes take turns, a job each, so a long queue delays the others by no more than its
// share. Refused: one queue that skips what may not begin, as libuv's does for slow I/O: 10^5 name
// look-ups would be passed over for each file.
#pragma once

#include <rouse/executor/blocking_pool/blocking_pool.hpp>

#include <array>

namespace rouse::internal {

/// Not thread-safe: the pool's lock guards it.
class class_queue {
 public:
  using caps = std::array<unsigned, job_classes>;

  /// @param running_max  jobs of each class that may run at once; 1 or more.
  explicit class_queue(const caps& running_max) noexcept;
  class_queue(const class_queue&) = delete;
  class_queue& operator=(const class_queue&) = delete;
  ~class_queue();

  void push(pool_job& job) noexcept;
  /// Takes out one that waits.
  void remove(pool_job& job) noexcept;
  /// The next that may begin, which from now on runs; null when there is none.
  [[nodiscard]] pool_job* begin() noexcept;
  /// One that was begun has ended.
  void end(job_class kind) noexcept;
  /// Any that waits, without beginning it; null when there is none.
  [[nodiscard]] pool_job* pop() noexcept;

  /// How many more could begin now, had they a thread each.
  [[nodiscard]] unsigned startable(job_class kind) const noexcept;
  [[nodiscard]] unsigned startable() const noexcept;

  [[nodiscard]] std::size_t queued(job_class kind) const noexcept { return at(kind).queued; }
  [[nodiscard]] job_class_status status(job_class kind) const noexcept;
  [[nodiscard]] std::size_t queued() const noexcept;
  [[nodiscard]] unsigned running() const noexcept;

 private:
  struct lane {
    list<pool_job> jobs;
    std::size_t queued = 0;  // in `jobs`
    unsigned running = 0;    // at most running_max
    unsigned running_max = 1;
    std::uint64_t begun = 0;
  };
  [[nodiscard]] static unsigned startable(const lane& l) noexcept;
  [[nodiscard]] lane& at(job_class kind) noexcept { return lanes_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] const lane& at(job_class kind) const noexcept {
    return lanes_[static_cast<std::size_t>(kind)];
  }

  std::array<lane, job_classes> lanes_;
  std::size_t turn_ = 0;  // the lane that is asked first
};

}  // namespace rouse::internal

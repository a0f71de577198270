// Tasks handed in by other threads, under one lock: rare beside wakes, and it must say "closed"
// exactly.
#pragma once

#include <rouse/base/fork.hpp>
#include <rouse/core/worker.hpp>
#include <rouse/park/unparker.hpp>

namespace rouse::internal {

class inject_queue {
 public:
  inject_queue(worker& target, unparker u, std::size_t limit) noexcept
      : limit_(limit), unparker_(std::move(u)), target_(&target) {}
  inject_queue(const inject_queue&) = delete;
  inject_queue& operator=(const inject_queue&) = delete;

  void retain() noexcept { handles_.fetch_add(1, order::relaxed); }
  void release() noexcept {
    if (handles_.fetch_sub(1, order::acq_rel) == 1) delete this;
  }

  /// Any thread: counts a task that is about to come. Null when closed or full.
  [[nodiscard]] worker* reserve() noexcept;
  void unreserve() noexcept;
  /// Any thread: the task that was reserved; destroyed here when the executor has closed meanwhile.
  void submit(task_header& fresh) noexcept;
  [[nodiscard]] bool is_closed() noexcept;
  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_.load(order::relaxed); }

  /// Owner: takes what has come, oldest first, linked by `next`.
  [[nodiscard]] task_header* take_all() noexcept;
  void taken(std::size_t n) noexcept { in_flight_.fetch_sub(n, order::relaxed); }
  /// Owner: refuses from now on; gives what was still queued.
  [[nodiscard]] task_header* close() noexcept;

 private:
  const std::size_t limit_;
  const unparker unparker_;
  // Reserved, not yet adopted. Orders nothing: the lock orders the tasks, an unpark what run()
  // waits for.
  atomic<std::size_t> in_flight_{0};
  atomic<long> handles_{1};
  fork_mutex mutex_;
  worker* target_ ROUSE_GUARDED_BY(mutex_);  // null: closed
  task_header* head_ ROUSE_GUARDED_BY(mutex_) = nullptr;
  task_header* tail_ ROUSE_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace rouse::internal

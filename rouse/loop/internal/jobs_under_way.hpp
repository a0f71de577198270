// The jobs that a loop waits for. Those that have ended stand in one queue, in the order in which
// they ended, and one task calls back for all: a task for each would be woken in that order too,
// but polled before, and find by chance that its job has ended already.
#pragma once

#include <rouse/base/fork.hpp>
#include <rouse/core/join_handle.hpp>
#include <rouse/loop/loop_jobs.hpp>

namespace rouse::internal {

class jobs_under_way {
 public:
  jobs_under_way() noexcept = default;
  jobs_under_way(const jobs_under_way&) = delete;
  jobs_under_way& operator=(const jobs_under_way&) = delete;
  ~jobs_under_way() { clear(); }

  /// The loop.
  void add(loop_job& fresh, runtime& stack);
  void remove(loop_job& job) noexcept;
  /// The loop, after the last thread of the pool: what was not called dies.
  void clear() noexcept;
  /// Any thread; once is enough for each.
  void push_ended(loop_job& job) noexcept;

 private:
  /// The task: one callback in each poll.
  struct deliverer {
    jobs_under_way& jobs;
    poll_result<void> poll(context& cx) {
      if (loop_job* next = jobs.pop_ended(cx)) {
        next->deliver();
        next->release();
        cx.wake();
      }
      return pending;
    }
  };
  /// The first one, with a reference; or null, and the task will be woken for the next.
  [[nodiscard]] loop_job* pop_ended(context& cx) noexcept;
  /// All that have ended since the last time; the same.
  [[nodiscard]] loop_job* take_ended(context& cx) noexcept;

  list<loop_job> all_;           // the loop
  join_handle<void> deliverer_;  // the loop
  bool has_deliverer_ = false;   // the loop
  loop_job* taken_ = nullptr;    // the loop: out of the queue, not called yet
  fork_mutex lock_;
  loop_job* first_ ROUSE_GUARDED_BY(lock_) = nullptr;  // have ended; linked by next_ended_
  loop_job** last_ ROUSE_GUARDED_BY(lock_) = &first_;
  waker idle_ ROUSE_GUARDED_BY(lock_);  // of the task, when it has found nothing
};

}  // namespace rouse::internal

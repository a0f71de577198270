// The pool's inside: one lock, the queues, and the threads.
//
// Why no job is lost against a thread that times out (FAULTS C8): whether a thread rests, is
// claimed or gone, and what stands in the queues, is decided under one lock. A claimed thread
// cannot time out, and owes the queues a look; one whose time is up looks before it goes. Whenever
// the lock is free and a job may begin, a thread is claimed, or none rests and none can be made.
//
// One thread is called at a time: by a submit, and then by each thread that takes a job and leaves
// another. So a burst of short jobs costs its submitter one wake and not one a job, and long jobs
// still get all threads within some wakes. The thread that ran out of jobs last *lingers* before it
// sleeps, giving way to others, since a job often follows and a wake costs more than all else here.
// Nor is the thread woken that went to sleep last, but the fourth last: on its way to sleep, on
// another processor, it is woken at twice the price (a job at a time: 38 us with it, 23 us so).
// (Each thread woken by the submit itself: up to 0.9 context switches a job, ten times the time.)
//
//   lingering --nothing came--> idle --keep_alive over--> gone, joined by the next one that goes
//       |                         |
//       +--------- claimed -------+--> serving; --no job--> lingering, or idle if another lingers
//   any --pool closed--> waits for its turn --> gone, joined by shutdown()
#pragma once

#include <rouse/base/condition.hpp>
#include <rouse/base/fork.hpp>
#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/executor/blocking_pool/internal/class_queue.hpp>

#include <algorithm>
#include <string>

namespace rouse::internal {

/// One thread. Guarded by the pool's lock, except what its own thread reads before its first lock.
struct pool_thread : list_link {
  pool_state* pool = nullptr;
  unsigned number = 0;
  bool is_claimed = false;        // owes the queues a look before it may rest
  atomic<bool> is_called{false};  // ends its lingering; written under the lock
  bool is_left_behind = false;    // shutdown() has given it up: it frees itself
  bool is_running = false;        // has a job
  const char* job_name = "";      // of that job, which may die before is_running is false again
  job_class job_kind = {};
  pool_thread* joins = nullptr;  // went before this one, which joins it on its own way out
  thread handle;
  condition woken;
};

class pool_state {
 public:
  explicit pool_state(const blocking_pool_options& options);

  void retain() noexcept { references_.fetch_add(1, order::relaxed); }
  void release() noexcept {
    // acq_rel: the last one sees what the others did
    if (references_.fetch_sub(1, order::acq_rel) == 1) delete this;
  }

  result<void> enqueue(pool_job& job) noexcept;
  bool take_back(pool_job& job) noexcept;
  result<std::vector<stuck_job>> shutdown(nanoseconds limit);
  [[nodiscard]] blocking_pool_status status() const noexcept;
  void report_unjoined(const char* job, std::exception_ptr thrown) const noexcept;
  /// In a child made by fork, where there are none of its threads.
  [[nodiscard]] bool is_forked() const noexcept;
  /// The pool whose thread this is, or null.
  [[nodiscard]] static const pool_state* serving_here() noexcept;

 private:
  ~pool_state();
  static void* enter(void* thread) noexcept;

  // One thread's life.
  void serve(pool_thread& me) noexcept;
  /// Returns when this thread is to end; then nothing in the pool counts on it any more.
  void serve_queue(pool_thread& me) noexcept;
  void run(pool_thread& me, pool_job& job) noexcept ROUSE_REQUIRES(lock_);
  /// Looks out for a call for some microseconds, without the lock. False: there was none.
  [[nodiscard]] bool linger(pool_thread& me) noexcept ROUSE_REQUIRES(lock_);
  /// False: its time is up and there is nothing to do.
  [[nodiscard]] bool await_claim(pool_thread& me) noexcept ROUSE_REQUIRES(lock_);
  /// Its time was up: from here on a submit makes a new thread.
  void leave(pool_thread& me) noexcept ROUSE_REQUIRES(lock_);
  void await_turn(pool_thread& me) noexcept ROUSE_REQUIRES(lock_);
  void call_hook(void (*hook)(unsigned, void*), const pool_thread& me) const noexcept;

  // Submitting.
  /// Claims a thread that rests, if more may begin and none is on its way.
  void call_thread() noexcept ROUSE_REQUIRES(lock_);
  /// Of the threads that sleep, one of the latest, so that the others can time out; null: none
  /// sleeps.
  [[nodiscard]] pool_thread* next_idle() noexcept ROUSE_REQUIRES(lock_);
  /// 0, or why there is no new thread.
  [[nodiscard]] int start_thread() noexcept ROUSE_REQUIRES(lock_);
  /// Threads without a job: they rest or are on their way to the queue.
  [[nodiscard]] unsigned free_threads() const noexcept ROUSE_REQUIRES(lock_) {
    return live_ - queue_.running();
  }
  /// Jobs of the class that wait and for which no thread is free; a free one counts for each class.
  [[nodiscard]] std::size_t waiting(job_class kind) const noexcept ROUSE_REQUIRES(lock_) {
    return queue_.queued(kind) - std::min(queue_.startable(kind), free_threads());
  }

  // Shutting down.
  void refuse_all() noexcept;
  void await_quiet(nanoseconds limit) noexcept;
  [[nodiscard]] std::vector<stuck_job> end_threads();
  [[nodiscard]] stuck_job describe(const pool_thread& t) const ROUSE_REQUIRES(lock_);

  const blocking_pool_options options_;
  unsigned forks_ = 0;  // when it was made
  const std::string name_;
  atomic<long> references_{1};

  mutable fork_mutex lock_;
  class_queue queue_ ROUSE_GUARDED_BY(lock_);
  pool_thread* lingering_ ROUSE_GUARDED_BY(lock_) = nullptr;  // at most one
  list<pool_thread> idle_ ROUSE_GUARDED_BY(lock_);            // latest last
  std::vector<pool_thread*> threads_
      ROUSE_GUARDED_BY(lock_);                    // by number; null: none of that number
  unsigned live_ ROUSE_GUARDED_BY(lock_) = 0;     // in threads_
  unsigned claimed_ ROUSE_GUARDED_BY(lock_) = 0;  // threads on their way to the queue
  unsigned turn_ ROUSE_GUARDED_BY(lock_) = 0;     // closed: threads below this number may go
  bool is_closed_ ROUSE_GUARDED_BY(lock_) = false;
  pool_thread* gone_ ROUSE_GUARDED_BY(lock_) = nullptr;  // the last that timed out: to be joined
  condition quiet_;                                      // closed, and no job runs any more
};

}  // namespace rouse::internal

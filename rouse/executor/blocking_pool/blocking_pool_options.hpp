// How a blocking pool is made.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/base/thread.hpp>

#include <cstddef>
#include <exception>

namespace rouse {

/// Trivial members only.
struct blocking_pool_options {
  const char* name =
      "pool";  ///< threads are called name-0, name-1, ...; cut so that all fits 15 bytes. Copied.
  unsigned threads_max = 4;  ///< 1 or more

  // Threads that jobs of a class may hold at once, 1 or more. Files and names may wait for one slow
  // thing each, so by default neither holds more than half of the threads, rounded up; computing
  // has all of them, since it ends by itself and leaves processors idle where it is capped.
  unsigned general_threads_max = 0;  ///< 0: all
  unsigned files_threads_max = 0;    ///< 0: half
  unsigned names_threads_max = 0;    ///< 0: half

  std::size_t queue_max = static_cast<std::size_t>(
      -1);  ///< jobs of one class that wait for a thread; one more is `at_capacity`
  /// An idle thread goes after so long; four take turns while jobs come one by one.
  nanoseconds keep_alive = std::chrono::seconds(10);
  std::size_t stack_bytes = 0;  ///< of a thread; 0: the system's default

  /// Called on each thread before its first job and after its last, equally often, with the
  /// thread's number. Threads that `shutdown` had to leave behind skip the second.
  void (*after_start)(unsigned thread, void* data) = nullptr;
  void (*before_stop)(unsigned thread, void* data) = nullptr;
  void* hook_data = nullptr;  ///< outlives the pool
  /// An exception of a job whose handle was dropped or detached; from any thread. Null: one
  /// rate-limited log line.
  void (*on_unjoined)(const char* job, std::exception_ptr thrown) noexcept = nullptr;

  thread_starter start_thread =
      &pthread_create;  ///< for tests: may fail. Runs under the pool's lock.
};

}  // namespace rouse

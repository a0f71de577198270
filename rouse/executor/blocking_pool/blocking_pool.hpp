// Threads for calls that block: files, name look-ups, foreign libraries, long computations. Jobs of
// a class begin in the order in which they were submitted, and hold no more threads than its cap;
// classes take turns. Threads are made when a job finds none idle, and go when they have been idle
// for long.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/core/current.hpp>
#include <rouse/executor/blocking_pool/blocking_job.hpp>
#include <rouse/executor/blocking_pool/blocking_pool_options.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace rouse {

struct job_options {
  const char* name = "";  ///< static text; shown in reports
  job_class kind = job_class::general;
};

/// What the jobs of one class are doing.
struct job_class_status {
  unsigned running = 0;
  unsigned running_max = 0;  ///< its cap
  std::size_t queued = 0;
  std::uint64_t begun = 0;  ///< since the pool was made
};

/// What a pool is doing, as a snapshot.
struct blocking_pool_status {
  unsigned threads = 0;    ///< that live
  unsigned running = 0;    ///< of them, those with a job
  std::size_t queued = 0;  ///< jobs that wait
  std::array<job_class_status, job_classes> classes;

  [[nodiscard]] const job_class_status& of(job_class kind) const noexcept {
    return classes[static_cast<std::size_t>(kind)];
  }
};

/// A job that `shutdown` left running.
struct stuck_job {
  std::string thread;  ///< "pool-2"
  std::string job;     ///< its name; empty when it was given none
};

namespace internal {
template <class F, class... Args>
using job_output =
    decltype(std::declval<std::decay_t<F>&>()(std::declval<std::decay_t<Args>>()...));
template <class F, class... Args>
concept job_function = requires { typename job_output<F, Args...>; };
}  // namespace internal

/// A pool. Submit from any thread; shut down and destroy on one that is not its own.
///
/// The function and its arguments are copied or moved into the job, which may outlive whoever asked
/// for it: give it values, not references. A job may block for as long as it likes, throw, and use
/// `block_on`; there is no current pool on its thread. Jobs that wait for later jobs of the same
/// pool can fill it and wait for ever. In a child made by fork it says `forked`, and destroying it
/// there leaves what it holds to the parent.
/// @cost  One allocation a job, one lock to submit; a thread switch each way.
class blocking_pool {
 public:
  /// Makes no thread yet. Throws std::bad_alloc.
  explicit blocking_pool(const blocking_pool_options& options = {});
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;
  /// `shutdown(no_limit)`: returns after the jobs that run have ended and every thread is joined.
  ~blocking_pool();

  /// Has `f(args...)` called on a thread of the pool.
  ///
  /// @errors  at_capacity: no thread is free for its class, whose queue is full. runtime_shut_down.
  ///          forked. EAGAIN, ENOMEM, ...: the pool has no thread and none can be made; with one or
  ///          more, the pool goes on with what it has.
  template <class F, class... Args>
    requires internal::job_function<F, Args...>
  [[nodiscard]] result<blocking_job<internal::job_output<F, Args...>>> submit(F&& f,
                                                                              Args&&... args) {
    return submit(job_options(), std::forward<F>(f), std::forward<Args>(args)...);
  }
  template <class F, class... Args>
    requires internal::job_function<F, Args...>
  [[nodiscard]] result<blocking_job<internal::job_output<F, Args...>>> submit(
      const job_options& options, F&& f, Args&&... args) {
    using output = internal::job_output<F, Args...>;
    static_assert(!std::is_reference_v<output>,
                  "a job returns a value: what it refers to may be gone");
    if constexpr (sizeof...(Args) == 0) {
      return accept<output>(new internal::function_job<output, std::decay_t<F>>(
          options.name, options.kind, std::forward<F>(f)));
    } else {
      auto call = [f = std::decay_t<F>(std::forward<F>(f)),
                   ... args = std::decay_t<Args>(std::forward<Args>(args))]() mutable -> output {
        return f(std::move(args)...);
      };
      return accept<output>(new internal::function_job<output, decltype(call)>(
          options.name, options.kind, std::move(call)));
    }
  }

  /// Refuses new jobs and cancels those that have not begun (their handles report ECANCELED); waits
  /// for those that run, at most for `limit`; then ends and joins the threads, the lowest number
  /// first. What still runs then is left behind: its threads are detached, it is named in the
  /// answer and in the log, and it ends in its own time. Idempotent.
  ///
  /// @errors  would_deadlock on a thread of this pool.
  result<std::vector<stuck_job>> shutdown(nanoseconds limit = no_limit);

  [[nodiscard]] blocking_pool_status status() const noexcept;

 private:
  template <class T>
  result<blocking_job<T>> accept(internal::result_job<T>* fresh) {
    blocking_job<T> handle(fresh);
    if (auto accepted = enqueue(*fresh); !accepted) return std::unexpected(accepted.error());
    return handle;
  }
  result<void> enqueue(internal::pool_job& job) noexcept;

  internal::pool_state* state_;
};

/// Has `f(args...)` called on the current pool. Whatever goes wrong, the handle says when it is
/// awaited; without a current pool that is `no_context`.
/// @example
///   auto text = co_await rouse::spawn_blocking(read_whole, path);
template <class F, class... Args>
  requires internal::job_function<F, Args...>
[[nodiscard]] blocking_job<internal::job_output<F, Args...>> spawn_blocking(
    const job_options& options, F&& f, Args&&... args) {
  using handle = blocking_job<internal::job_output<F, Args...>>;
  blocking_pool* pool = current<blocking_pool>::get();
  if (!pool) return handle(error("spawn_blocking", errc::no_context));
  auto submitted = pool->submit(options, std::forward<F>(f), std::forward<Args>(args)...);
  if (!submitted) return handle(submitted.error());
  return std::move(*submitted);
}
template <class F, class... Args>
  requires internal::job_function<F, Args...>
[[nodiscard]] blocking_job<internal::job_output<F, Args...>> spawn_blocking(F&& f, Args&&... args) {
  return spawn_blocking(job_options(), std::forward<F>(f), std::forward<Args>(args)...);
}

}  // namespace rouse

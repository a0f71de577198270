// Functions on the loop's pool of threads, their results in callbacks.
#pragma once

#include <rouse/base/io_error.hpp>
#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/loop/loop.hpp>

#include <exception>

namespace rouse {

namespace internal {

template <class T>
struct job_end {
  result<T> value;
  std::exception_ptr thrown;
};

/// A job's end as a value, whatever it threw.
template <class R>
class caught_job {
 public:
  using value_type = typename unwrap_result<R>::type;
  explicit caught_job(blocking_job<R> job) noexcept : job_(std::move(job)) {}

  poll_result<job_end<value_type>> poll(context& cx) {
    try {
      auto polled = job_.poll(cx);
      if (!polled.is_ready()) return pending;
      return end_of(polled.take());
    } catch (const io_error& e) {
      return job_end<value_type>{std::unexpected(e.reason()), std::current_exception()};
    } catch (...) {
      return job_end<value_type>{std::unexpected(error("job", errc::threw)),
                                 std::current_exception()};
    }
  }
  poll_result<void> poll_cancel(context& cx) noexcept { return job_.poll_cancel(cx); }

 private:
  static job_end<value_type> end_of(result<R>&& ended) {
    if constexpr (unwrap_result<R>::is_result) {
      if (!ended) return {std::unexpected(ended.error()), nullptr};
      return {std::move(*ended), nullptr};
    } else {
      return {std::move(ended), nullptr};
    }
  }

  blocking_job<R> job_;
};

}  // namespace internal

/// `loop.jobs()`. A light object: the loop, seen from here.
/// @threads  The loop's.
class loop_jobs {
 public:
  explicit loop_jobs(loop& of) noexcept : loop_(&of) {}

  /// Has `f()` called on a thread of the pool, at once if one is free, and `done` with what it
  /// returned, in the poll phase. At most `runtime_options::blocking.threads_max` jobs run, 4
  /// unless said; others wait their turn. `f` is moved into the job, which may outlive the loop's
  /// interest: give it values, not references.
  ///
  /// `done` takes a `result<R>`, and if it wants to, the exception as well:
  /// `done(result<R>, std::exception_ptr thrown)`. A function that throws gives the error `threw`,
  /// or that of an io_error, and its thread goes on. A function that returns a `result<T>` gives
  /// that one.
  /// @returns  what `loop::cancel` takes. A job that waits will never run; one that runs goes on,
  ///           and what it returns is destroyed. Either way `done` gets ECANCELED.
  /// @errors   at_capacity, EAGAIN (no thread can be made), to `done`. Throws io_error(closed) once
  ///           the loop has closed.
  /// @example
  ///   loop.jobs().run([n] { return fibonacci(n); }, [](auto number) {
  ///     if (number) std::printf("%ld\n", *number);
  ///   });
  template <class F, class Done>
    requires internal::job_function<F>
  request_id run(F f, Done done, loop::site at = loop::site::current()) {
    return run(job_options(), std::move(f), std::move(done), at);
  }
  template <class F, class Done>
    requires internal::job_function<F>
  request_id run(const job_options& options, F f, Done done,
                 loop::site at = loop::site::current()) {
    using output = internal::job_output<F>;
    using work = internal::caught_job<output>;
    using value = typename work::value_type;
    auto submitted = loop_->runtime().blocking().submit(options, std::move(f));
    auto job = submitted ? std::move(*submitted) : blocking_job<output>(submitted.error());
    auto tell = [done = std::move(done)](result<internal::job_end<value>> end) mutable {
      if (!end) end = internal::job_end<value>{std::unexpected(end.error()), nullptr};
      if constexpr (std::is_invocable_v<Done&, result<value>, std::exception_ptr>)
        done(std::move(end->value), std::move(end->thrown));
      else
        done(std::move(end->value));
    };
    return loop_->call_when_done(work(std::move(job)), std::move(tell), at);
  }

  /// What the pool is doing.
  [[nodiscard]] blocking_pool_status status() const { return loop_->runtime().blocking().status(); }

 private:
  loop* loop_;
};

inline loop_jobs loop::jobs() noexcept { return loop_jobs(*this); }

}  // namespace rouse

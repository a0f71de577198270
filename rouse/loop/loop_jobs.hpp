// Functions on the loop's pool of threads, their results in callbacks.
#pragma once

#include <rouse/base/atomic.hpp>
#include <rouse/base/io_error.hpp>
#include <rouse/base/list.hpp>
#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/loop/loop.hpp>

#include <cerrno>
#include <exception>
#include <new>
#include <optional>

namespace rouse {

namespace internal {

/// A job from the loop's side, all but its types. The pool has it as the one to wake when the job
/// has ended.
class loop_job : public wakeable, public list_link {
 public:
  loop_job(loop& of, const loop::site& set_at)
      : wakeable(how), caller_(of, "run a job"), hold_(of.hold()), set_at_(set_at) {}

  // The loop's thread.
  /// It has its place in the loop, which nothing but this needs memory for.
  request_id enrol();
  /// And its job: the end is told from now on, also one that has come.
  void begin() noexcept;
  /// There is no job.
  void withdraw() noexcept;
  /// Asks the job to end; the callback comes later.
  void cancel() noexcept;
  /// Calls back, once; then all but this block is gone.
  void deliver() noexcept;
  /// Without a call.
  void drop() noexcept;
  [[nodiscard]] loop_hold& hold() noexcept { return hold_; }

  // Any thread.
  void retain() noexcept { references_.fetch_add(1, order::relaxed); }
  void release() noexcept {
    // acq_rel: the last one sees what the others did
    if (references_.fetch_sub(1, order::acq_rel) == 1) delete this;
  }

 protected:
  virtual ~loop_job() = default;
  /// Polls the job; true: its end is kept.
  virtual bool look(context& cx) noexcept = 0;
  virtual void cancel_job(context& cx) noexcept = 0;
  /// With the end that is kept; else it was cancelled.
  virtual void answer() = 0;
  /// Job, end and callback die.
  virtual void clear() noexcept = 0;

 private:
  friend class jobs_under_way;
  static const wake_table how;

  const loop_caller caller_;
  loop_hold hold_;
  const loop::site set_at_;
  request_id id_;
  loop_job* next_ended_ = nullptr;  // under the lock of jobs_under_way, as the next one
  bool has_ended_ = false;          // stands in the queue, or has stood there
  atomic<long> references_{1};
};

template <class T>
struct job_end {
  result<T> value;
  std::exception_ptr thrown;
};

/// `Job` is a blocking_job, or what stands for one.
template <pollable Job, class Done>
class loop_job_of final : public loop_job {
  using output_type = typename unwrap_result<raw_output<Job>>::type;
  using value_type = typename unwrap_result<output_type>::type;

 public:
  loop_job_of(loop& of, Done&& done, const loop::site& at)
      : loop_job(of, at), done_(std::move(done)) {}
  template <class Submit>
  void submit(Submit& to_pool) {
    job_.emplace(to_pool());
  }

 private:
  bool look(context& cx) noexcept override {
    if (end_) return true;
    try {
      auto polled = job_->poll(cx);
      if (!polled.is_ready()) return false;
      auto ended = polled.take();
      if (!ended)
        fail(ended.error(), nullptr);
      else if constexpr (std::is_void_v<output_type>)
        end_.emplace(result<void>(), nullptr);
      else
        end_.emplace(std::move(*ended), nullptr);
    } catch (...) {
      fail(caught("job").reason, std::current_exception());
    }
    return true;
  }
  void cancel_job(context& cx) noexcept override { (void)job_->poll_cancel(cx); }
  void answer() override {
    if (!end_) fail(error("cancel", ECANCELED), nullptr);
    job_.reset();
    if constexpr (std::is_invocable_v<Done&, result<value_type>, std::exception_ptr>)
      (*done_)(std::move(end_->value), std::move(end_->thrown));
    else
      (*done_)(std::move(end_->value));
  }
  void clear() noexcept override {
    job_.reset();
    end_.reset();
    done_.reset();
  }
  void fail(const error& why, std::exception_ptr thrown) noexcept {
    end_.emplace(std::unexpected(why), std::move(thrown));
  }

  std::optional<Job> job_;
  std::optional<Done> done_;
  std::optional<job_end<value_type>> end_;
};

/// Calls `done` with the end of the job that `submit()` hands to the pool of `of`, which comes
/// last: nothing runs of what could not be told of.
template <class Submit, class Done>
request_id call_when_ended(loop& of, Submit submit, Done done, const loop::site& at) {
  using job = loop_job_of<std::invoke_result_t<Submit&>, Done>;
  auto* fresh = new job(of, std::move(done), at);
  const request_id id = fresh->enrol();
  try {
    fresh->submit(submit);
  } catch (...) {
    fresh->withdraw();
    throw;
  }
  fresh->begin();
  return id;
}

}  // namespace internal

/// `loop.jobs()`. A light object: the loop, seen from here.
/// @threads  The loop's.
class loop_jobs {
 public:
  using site = loop::site;

  explicit loop_jobs(loop& of) noexcept : loop_(&of) {}

  /// Has `f()` called on a thread of the pool, at once if one is free, and `done` with what it
  /// returned, in the poll phase, in the order in which jobs end. At most
  /// `runtime_options::blocking.threads_max` jobs run, 4 unless said; others wait their turn. `f`
  /// is moved into the job, which may outlive the loop's interest: give it values, not references.
  ///
  /// `done` takes a `result<R>`, and if it wants to, the exception as well:
  /// `done(result<R>, std::exception_ptr thrown)`. A function that throws gives the error `threw`,
  /// that of an io_error, or ENOMEM for want of memory, and its thread goes on. A function that
  /// returns a `result<T>` gives that one.
  /// @returns  what `loop::cancel` takes. A job that waits will never run; one that runs goes on,
  ///           and what it returns is destroyed. `done` gets ECANCELED, or the end that was faster.
  /// @errors   at_capacity, EAGAIN (no thread can be made), to `done`. Throws io_error(closed) once
  ///           the loop has closed; std::bad_alloc.
  /// @cost     Two allocations; three locks, rarely contended; a thread switch each way.
  /// @example
  ///   loop.jobs().run([n] { return fibonacci(n); }, [](auto number) {
  ///     if (number) std::printf("%ld\n", *number);
  ///   });
  template <class F, class Done>
    requires internal::job_function<F>
  request_id run(F f, Done done, site at = site::current()) {
    return run(job_options(), std::move(f), std::move(done), at);
  }
  template <class F, class Done>
    requires internal::job_function<F>
  request_id run(const job_options& options, F f, Done done, site at = site::current()) {
    using output = internal::job_output<F>;
    const auto submit = [&] {
      auto submitted = loop_->runtime().blocking().submit(options, std::move(f));
      return submitted ? std::move(*submitted) : blocking_job<output>(submitted.error());
    };
    return internal::call_when_ended(*loop_, submit, std::move(done), at);
  }

  /// What the pool is doing.
  [[nodiscard]] blocking_pool_status status() const { return loop_->runtime().blocking().status(); }

 private:
  loop* loop_;
};

inline loop_jobs loop::jobs() noexcept { return loop_jobs(*this); }

}  // namespace rouse

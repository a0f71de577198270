// A job of the blocking pool, and the handle to its result.
//
//   queued --a thread takes it--> running --> finished: value, exception, or an error when the pool
//   closed first
//     |                                |
//     +-- handle dropped: never run    +-- handle dropped: runs on, its result dies with it
//
// The block owns the function and the result, and is counted by the handle and by the pool: so the
// handle can go at any time, and a result that comes late (a descriptor, say) is destroyed and not
// leaked.
#pragma once

#include <rouse/base/atomic.hpp>
#include <rouse/base/list.hpp>
#include <rouse/core/outcome.hpp>
#include <rouse/core/pollable.hpp>
#include <rouse/executor/blocking_pool/job_class.hpp>
#include <rouse/trace/probe.hpp>

#include <exception>

namespace rouse {

namespace internal {

class pool_state;

/// Stands for the end of a job where a waiter could stand. Never woken.
class end_of_job final : public wakeable {
 public:
  constexpr end_of_job() noexcept : wakeable(none) {}

 private:
  static constexpr wake_table none{};
};
inline constinit end_of_job job_has_ended;

/// All of a job but its types.
class pool_job : public list_link {
 public:
  pool_job(const char* name, job_class kind) noexcept : name_(name), kind_(kind) {}
  pool_job(const pool_job&) = delete;
  pool_job& operator=(const pool_job&) = delete;

  // The handle's side.
  [[nodiscard]] bool is_finished() const noexcept {
    return waiter_.load(order::acquire) == &job_has_ended;  // pairs with finish()
  }
  /// True when it has finished; else the waker is stored.
  [[nodiscard]] bool poll_finished(context& cx) noexcept;
  void forget_waker() noexcept;
  /// Takes it out of the queue; it will never run. False: too late, or never queued.
  bool take_back() noexcept;
  void release() noexcept {
    // acq_rel: the last one sees what the others did
    if (references_.fetch_sub(1, order::acq_rel) == 1) delete this;
  }

  // The pool's side; each ends in finish() and gives the pool's reference back.
  void run(const void* thread) noexcept;
  void refuse(const error& why) noexcept;

  [[nodiscard]] const char* name() const noexcept { return name_; }
  [[nodiscard]] job_class kind() const noexcept { return kind_; }

 protected:
  virtual ~pool_job();
  /// Calls the function, keeps its outcome, destroys the function.
  virtual void execute() noexcept = 0;
  /// Destroys the function uncalled.
  virtual void discard() noexcept = 0;
  virtual void set_error(const error& e) noexcept = 0;
  void report_unjoined(const std::exception_ptr& thrown) noexcept;

 private:
  friend class pool_state;
  void finish() noexcept;

  const char* const name_;
  const job_class kind_;
  pool_state* pool_ = nullptr;  // counted; set when it is accepted
  // Null, or who polled, counted: the handle's; or the end, which stays.
  atomic<wakeable*> waiter_{nullptr};
  atomic<long> references_{1};  // the handle's; the queue or the running thread holds another
};

template <class T>
class result_job : public pool_job {
 public:
  using pool_job::pool_job;
  /// Once, after it has finished. Throws what the job threw.
  result<T> take() {
    ROUSE_ASSERT(!is_taken_);
    is_taken_ = true;
    return end_.take_result();
  }
  [[nodiscard]] bool is_taken() const noexcept { return is_taken_; }

 protected:
  ~result_job() override {
    if (!is_taken_ && end_.has_exception()) report_unjoined(end_.as_exception());
  }
  void set_error(const error& e) noexcept final { end_.set_error(e); }
  outcome<T> end_;

 private:
  bool is_taken_ = false;  // the handle's thread
};

template <class T, class F>
class function_job final : public result_job<T> {
 public:
  template <class G>
  function_job(const char* name, job_class kind, G&& g)
      : result_job<T>(name, kind), function_(std::forward<G>(g)) {}

 private:
  ~function_job() override { discard(); }
  void execute() noexcept override {
    try {
      if constexpr (std::is_void_v<T>) {
        function_();
        this->end_.set_value();
      } else {
        this->end_.set_value(function_());
      }
    } catch (...) {
      this->end_.set_exception(std::current_exception());
    }
    discard();
  }
  void discard() noexcept override {
    if (std::exchange(has_function_, false)) function_.~F();
  }

  union {
    F function_;
  };
  bool has_function_ = true;
};

}  // namespace internal

/// The right to a job's result. Awaiting it gives what the function returned, throws what it threw,
/// or an io_error: ECANCELED when the pool closed before the job began, and what `spawn_blocking`
/// could not tell at once (no_context, at_capacity, runtime_shut_down, EAGAIN: no thread).
///
/// Dropping it cancels a job that has not begun; one that runs goes on, and its result dies on the
/// pool's thread. `detach()` lets it run in any case. An exception that nobody takes is reported by
/// the pool. Move only; one thread at a time.
/// @cancel  Safe, and at once: a job that has not begun will not, one that runs is abandoned as by
/// dropping.
template <class T>
class [[nodiscard("dropping a blocking_job cancels it: keep it, or call detach()")]] blocking_job
    : public fallible<blocking_job<T>> {
 public:
  blocking_job() noexcept = default;
  /// For the pool: takes over the handle's reference.
  explicit blocking_job(internal::result_job<T>* job) noexcept : job_(job) {}
  /// One that has failed already.
  explicit blocking_job(const error& failure) noexcept : failure_(failure) {}
  blocking_job(blocking_job&& other) noexcept
      : job_(std::exchange(other.job_, nullptr)),
        failure_(other.failure_),
        is_cancelled_(other.is_cancelled_) {}
  blocking_job& operator=(blocking_job&& other) noexcept {
    if (this != &other) {
      reset();
      job_ = std::exchange(other.job_, nullptr);
      failure_ = other.failure_;
      is_cancelled_ = other.is_cancelled_;
    }
    return *this;
  }
  ~blocking_job() { reset(); }

  poll_result<result<T>> poll(context& cx) {
    if (!job_) {
      ROUSE_ASSERT(failure_.code != 0);
      return result<T>(std::unexpected(failure_));
    }
    if (!job_->is_finished() && (is_cancelled_ || !job_->poll_finished(cx))) {
      trace::probe_point(trace::event::wait, nullptr, job_, "blocking job", {});
      return pending;
    }
    if (!cx.spend()) return pending;
    return job_->take();
  }
  poll_result<void> poll_cancel(context&) noexcept {
    if (job_) {
      is_cancelled_ = true;
      job_->take_back();
      job_->forget_waker();
    }
    return ready;
  }
  void disown() noexcept {
    if (job_) job_->forget_waker();
  }

  /// Lets the job run without us.
  void detach() && noexcept {
    if (auto* job = std::exchange(job_, nullptr)) {
      job->forget_waker();
      job->release();
    }
  }
  /// True when polling would not wait.
  [[nodiscard]] bool is_finished() const noexcept {
    return job_ ? job_->is_finished() : failure_.code != 0;
  }

 private:
  void reset() noexcept {
    auto* job = std::exchange(job_, nullptr);
    if (!job) return;
    job->take_back();
    job->forget_waker();
    job->release();
  }

  internal::result_job<T>* job_ = nullptr;
  error failure_;
  bool is_cancelled_ = false;
};

}  // namespace rouse

// A job of the pool that belongs to an object and not to one wait for it: who gives up waiting
// leaves it running, and the next one who asks gets its answer. So nothing that it has read, and no
// place that it has come to, is lost by a cancel.
#pragma once

#include <rouse/core/current.hpp>
#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/fs/internal/file_job.hpp>

#include <optional>

namespace rouse::fs::internal {

/// The job gives a `result<T>`, and owns or counts all that it uses: it may outlive this.
template <class T>
class kept_job {
 public:
  [[nodiscard]] bool is_begun() const noexcept { return job_.has_value(); }
  /// @errors  no_context, and those of blocking_pool::submit; then nothing has begun.
  template <class F>
  [[nodiscard]] result<void> begin(F f) {
    blocking_pool* pool = current<blocking_pool>::get();
    if (!pool) return std::unexpected(error("file operation", errc::no_context));
    auto submitted = pool->submit(file_job, std::move(f));
    if (!submitted) return std::unexpected(submitted.error());
    job_.emplace(std::move(*submitted));
    return {};
  }
  /// Ready once: then none is begun. Throws what the job threw.
  [[nodiscard]] poll_result<result<T>> poll(context& cx) {
    try {
      auto answer = job_->poll(cx);
      if (!answer.is_ready()) return pending;
      job_.reset();
      auto outcome = answer.take();
      if (!outcome) return std::unexpected(outcome.error());
      return std::move(*outcome);
    } catch (...) {
      job_.reset();
      throw;
    }
  }
  void disown() noexcept {
    if (job_) job_->disown();
  }
  /// It runs to its end, whatever becomes of this.
  void detach() noexcept {
    if (job_) std::move(*job_).detach();
    job_.reset();
  }

 private:
  std::optional<blocking_job<result<T>>> job_;
};

}  // namespace rouse::fs::internal

// Asynchronous clean-up that runs however the work ends: with a value, by an exception, by
// cancellation.
#pragma once

#include <rouse/core/describe.hpp>
#include <rouse/core/outcome.hpp>
#include <rouse/time/timeout.hpp>

#include <optional>

namespace rouse {

inline constexpr nanoseconds clean_up_limit = std::chrono::seconds(5);

namespace internal {

void report_clean_up(const std::exception_ptr& failure) noexcept;
void report_skipped_clean_up() noexcept;

}  // namespace internal

/// See `finally`.
template <class Work, class CleanUp>
class [[nodiscard]] finally_operation {
  using out = output<Work>;
  using clean_up_work = std::invoke_result_t<CleanUp&>;
  using bounded = decltype(timeout(nanoseconds(), std::declval<clean_up_work>()));

 public:
  static constexpr bool verbatim = true;  // what it gives is what awaiting the work gives
  finally_operation(Work work, CleanUp clean_up, nanoseconds limit)
      : work_(std::move(work)), clean_up_(std::move(clean_up)), limit_(limit) {}
  finally_operation(finally_operation&& other)
      : work_(std::move(other.work_)), clean_up_(std::move(other.clean_up_)), limit_(other.limit_) {
    ROUSE_ASSERT(!other.started_);  // moves before its first poll only
    other.cleaned_ = true;
  }
  ~finally_operation() {
    if (started_ && !cleaned_) internal::report_skipped_clean_up();
  }

  poll_result<out> poll(context& cx) {
    if (cancelled_) {
      if (!cleaned_ || !end_.is_set()) return pending;
    } else {
      started_ = true;
      if (work_) {
        if (!poll_into(*work_, cx, end_)) return pending;
        work_.reset();
      }
      if (!clean(cx)) return pending;
    }
    if constexpr (std::is_void_v<out>)
      return end_.take(), ready;
    else
      return end_.take();
  }
  poll_result<void> poll_cancel(context& cx) {
    cancelled_ = true;
    if (!started_) {  // nothing was begun, so there is nothing to clean up
      cleaned_ = true;
      return ready;
    }
    if (work_) {
      if (!rouse::poll_cancel(*work_, cx).is_ready()) return pending;
      (void)poll_into(*work_, cx, end_);  // what beat the cancel is given by the one poll more
      work_.reset();                      // the inner frames go before the clean-up starts
    }
    if (!clean(cx)) return pending;  // a cancel does not reach the clean-up
    return ready;
  }
  void disown() noexcept
    requires(disownable<Work> && disownable<bounded>)
  {
    if (work_) work_->disown();
    if (running_) running_->disown();
  }
  [[nodiscard]] bool borrows() const noexcept {
    return !std::is_empty_v<CleanUp> || (work_ && borrows_from_caller(*work_));
  }

 private:
  bool clean(context& cx) {
    if (cleaned_) return true;
    outcome<void> ended;
    if (!running_) {
      try {
        running_.emplace(timeout(limit_, clean_up_()));
      } catch (...) {
        ended.set_exception(std::current_exception());
      }
    }
    if (running_) {
      outcome<output<bounded>> answer;
      if (!poll_into(*running_, cx, answer)) return false;
      if (answer.is_failure()) ended.set_exception(answer.as_exception());
      running_.reset();
    }
    if (ended.is_failure()) internal::report_clean_up(ended.as_exception());
    return cleaned_ = true;
  }

  std::optional<Work> work_;
  CleanUp clean_up_;
  nanoseconds limit_;
  outcome<out> end_;
  std::optional<bounded> running_;
  bool started_ = false;
  bool cancelled_ = false;
  bool cleaned_ = false;
};

/// Awaits `work`, then `clean_up()`, which gives something to await; gives what `work` gave.
///
/// The clean-up runs after the inner frames are gone, also when `work` throws or is cancelled, and
/// a cancel does not reach it; it has `limit`, then it is cancelled itself. A value that beat the
/// cancel still wins. Its own failure, a
/// timeout included, is logged. It may refer to locals of the frame that awaits this. Plain
/// destruction in the middle skips it, and logs that.
/// @example  `co_await rouse::finally(session(conn), [&] { return conn.goodbye(); });`
template <pollable Work, class CleanUp>
  requires pollable<std::invoke_result_t<CleanUp&>>
[[nodiscard]] auto finally(Work work, CleanUp clean_up, nanoseconds limit = clean_up_limit) {
  return finally_operation<Work, CleanUp>(std::move(work), std::move(clean_up), limit);
}

}  // namespace rouse

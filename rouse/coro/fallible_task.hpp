// A coroutine of the library behind an operation's face: awaited plainly it throws, `.result()`
// gives the error as a value.
#pragma once

#include <rouse/coro/task.hpp>

#include <string>

namespace rouse {

/// Wraps a `task<result<T>>`; `subject` (peer or path) goes into the exception's text.
template <class T>
class [[nodiscard]] fallible_task : public fallible<fallible_task<T>> {
 public:
  fallible_task(task<result<T>> work, std::string subject)
      : work_(std::move(work)), subject_(std::move(subject)) {}
  poll_result<result<T>> poll(context& cx) { return work_.poll(cx); }
  poll_result<void> poll_cancel(context& cx) noexcept { return work_.poll_cancel(cx); }
  void disown() noexcept { work_.disown(); }
  [[nodiscard]] bool borrows() const noexcept { return work_.borrows(); }
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }

 private:
  task<result<T>> work_;
  std::string subject_;
};

}  // namespace rouse

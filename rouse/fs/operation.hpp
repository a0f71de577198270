// What every call of `fs` gives: an operation that owns its data.
//
// Opening and reading first try what cannot wait (RESOLVE_CACHED, RWF_NOWAIT). What must ask the
// disk goes to the ring where the reactor has one, else to the blocking pool. Either way paths and
// buffers belong to the operation: cancelling or destroying one in the middle abandons it, and the
// driver frees its data, and closes a late descriptor, when the kernel is done.
#pragma once

#include <rouse/coro/fallible_task.hpp>

#include <optional>

namespace rouse::fs {

/// Await it for the value (throws io_error with the path), or its `.result()`.
/// @errors  no_context where there is neither a ring nor a blocking pool and the disk must be
/// asked.
/// @cancel  Safe at any time; a write that has begun may still happen.
template <class T>
using operation = fallible_task<T>;

namespace internal {

/// What caches answer with when they do not have it, and what kernels and file systems say that
/// cannot answer from caches alone.
[[nodiscard]] bool must_ask_disk(const error& e) noexcept;

}  // namespace internal

/// The same, of what the caches may have. The first poll asks them, on the spot; only what must ask
/// the disk becomes a coroutine. `Request` owns path or buffer, answers `ask_caches()` with a
/// result, `ask_disk()` with a task of it, and has a `subject()`.
template <class Request>
class [[nodiscard]] cached_operation : public fallible<cached_operation<Request>> {
  using answer = decltype(std::declval<Request&>().ask_caches());

 public:
  explicit cached_operation(Request request) : request_(std::move(request)) {}
  poll_result<answer> poll(context& cx) {
    if (!rest_) {
      if (cancelled_) return pending;
      answer now = request_.ask_caches();
      if (now || !internal::must_ask_disk(now.error())) return now;
      rest_.emplace(request_.ask_disk());
    }
    return rest_->poll(cx);
  }
  poll_result<void> poll_cancel(context& cx) noexcept {
    cancelled_ = true;
    if (rest_) return rest_->poll_cancel(cx);
    return ready;
  }
  void disown() noexcept {
    if (rest_) rest_->disown();
  }
  [[nodiscard]] const std::string& subject() const noexcept { return request_.subject(); }

 private:
  Request request_;
  std::optional<task<answer>> rest_;
  bool cancelled_ = false;
};

}  // namespace rouse::fs

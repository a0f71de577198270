// Structured concurrency: a scope ends when its body and all its children have ended, however that
// comes about.
#pragma once

#include <rouse/core/arm.hpp>
#include <rouse/coro/nursery.hpp>

namespace rouse {

namespace internal {

/// The default of `supervise`: one rate-limited log line.
void log_child_failure(const task_header& child, std::exception_ptr failure) noexcept;

}  // namespace internal

struct scope_options {
  std::size_t children_max = nursery::unbounded;  ///< alive at a time; see nursery::room
};

/// See `scope` and `supervise`.
template <class Body, class OnFailure>
class [[nodiscard]] scope_operation {
  using work = std::invoke_result_t<Body&, nursery&>;
  using out = output<work>;
  static constexpr bool supervises = !std::is_void_v<OnFailure>;
  using hook = std::conditional_t<supervises, OnFailure, void*>;

 public:
  static constexpr bool verbatim = true;  // what it gives is what awaiting the body gives
  scope_operation(Body body, hook on_failure, scope_options options)
      : body_(std::move(body)), on_failure_(std::move(on_failure)), options_(options) {}
  scope_operation(scope_operation&& other)
      : body_(std::move(other.body_)),
        on_failure_(std::move(other.on_failure_)),
        options_(other.options_) {
    ROUSE_ASSERT(!other.children_);  // moves before its first poll only
  }
  ~scope_operation() {
    run_.reset();  // plain destruction, here and now: the body first, then the children
    children_.reset();
  }

  poll_result<out> poll(context& cx) {
    if (cancelled_) return pending;
    if (!children_) start();
    children_->set_waiter(cx.borrowed_target());
    // A body whose cancel has begun is not polled any more.
    if (run_ && !children_->has_failed() && run_->step(cx)) {
      end_ = std::move(run_->end);
      run_.reset();
    }
    if (children_->has_failed() || end_.is_failure()) {
      if (!end_all(cx)) return pending;
    } else if (run_ || children_->size() != 0) {
      if (children_->size() != 0) cx.mark_borrowed();
      return pending;
    }
    // A failed child comes first: the body's own end may be its consequence.
    if (std::exception_ptr failure = children_->take_failure())
      std::rethrow_exception(std::move(failure));
    if constexpr (std::is_void_v<out>)
      return end_.take(), ready;
    else
      return end_.take();
  }
  poll_result<void> poll_cancel(context& cx) noexcept {
    cancelled_ = true;
    if (!children_) return ready;
    children_->set_waiter(cx.borrowed_target());
    if (!end_all(cx)) return pending;
    return ready;
  }
  void disown() noexcept {
    if (children_) children_->set_waiter(nullptr);
    if (run_) run_->disown();
  }
  /// The body may capture what the awaiting frame owns: so the whole must be awaited there, not
  /// spawned.
  [[nodiscard]] bool borrows() const noexcept { return !std::is_empty_v<Body>; }

 private:
  void start() {
    nursery::policy how;
    how.children_max = options_.children_max;
    if constexpr (supervises) {
      how.argument = this;
      how.report = [](void* self, const task_header& child, std::exception_ptr failure) noexcept {
        auto& s = *static_cast<scope_operation*>(self);
        if constexpr (std::is_invocable_v<OnFailure&, const task_header&, std::exception_ptr>)
          s.on_failure_(child, std::move(failure));
        else
          s.on_failure_(std::move(failure));
      };
    }
    children_.emplace(how);
    run_.emplace(body_(*children_));
  }

  // True when body and children have ended.
  bool end_all(context& cx) noexcept {
    children_->close();
    if (run_ && run_->drain(cx)) run_.reset();
    if (children_->size() != 0) cx.mark_borrowed();
    return !run_ && children_->size() == 0;
  }

  Body body_;
  [[no_unique_address]] hook on_failure_;
  scope_options options_;
  std::optional<nursery> children_;
  std::optional<arm<work>> run_;  // the body while it runs
  outcome<out> end_;              // how it ended
  bool cancelled_ = false;
};

/// Runs `body(nursery&)`, a coroutine lambda or function, and every child that it spawns; ends when
/// all of them have, with the body's value. The first failure, of the body or of a child, cancels
/// the rest and becomes the scope's.
///
/// The scope keeps `body` alive, so it may capture by reference what outlives this `co_await`.
/// @cancel  Cancels the body and all children, and waits for them.
/// @cost    no allocation besides the frames of body and children.
template <class Body>
  requires pollable<std::invoke_result_t<Body&, nursery&>>
[[nodiscard]] auto scope(Body body, scope_options options = {}) {
  return scope_operation<Body, void>(std::move(body), nullptr, options);
}

namespace internal {

struct log_failure {
  void operator()(const task_header& child, std::exception_ptr failure) const noexcept {
    log_child_failure(child, std::move(failure));
  }
};

}  // namespace internal

/// Like `scope`, but a child that fails does not disturb the others:
/// `on_failure(std::exception_ptr)`, or `on_failure(const task_header&, std::exception_ptr)`, is
/// told; by default one rate-limited log line. The body's own failure still cancels all.
template <class Body, class OnFailure = internal::log_failure>
  requires pollable<std::invoke_result_t<Body&, nursery&>>
[[nodiscard]] auto supervise(Body body, OnFailure on_failure = {}, scope_options options = {}) {
  return scope_operation<Body, OnFailure>(std::move(body), std::move(on_failure), options);
}

}  // namespace rouse

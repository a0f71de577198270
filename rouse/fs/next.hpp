// One wait for the next thing that an object gives.
#pragma once

#include <rouse/core/pollable.hpp>

#include <string>

namespace rouse::fs {

/// `from.next()`. What it waits for belongs to `from`, so a cancel only ends the wait: the next one
/// gets it.
template <class From>
class [[nodiscard]] next_operation : public fallible<next_operation<From>> {
  using answer = decltype(std::declval<From&>().poll_next(std::declval<context&>()));

 public:
  explicit next_operation(From& from) noexcept : from_(&from) {}
  next_operation(next_operation&& other) noexcept : from_(other.from_) {}  // before the first poll
  ~next_operation() { disown(); }

  answer poll(context& cx) {
    if (cancelled_) return pending;
    waits_ = true;
    auto next = from_->poll_next(cx);
    waits_ = !next.is_ready();
    return next;
  }
  poll_result<void> poll_cancel(context&) noexcept {
    cancelled_ = true;
    disown();
    return ready;
  }
  void disown() noexcept {
    if (std::exchange(waits_, false)) from_->disown();
  }
  [[nodiscard]] static constexpr bool borrows() noexcept { return true; }
  [[nodiscard]] const std::string& subject() const noexcept { return from_->path(); }

 private:
  From* from_;
  bool waits_ = false;
  bool cancelled_ = false;
};

}  // namespace rouse::fs

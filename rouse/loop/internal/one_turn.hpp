// Between two callbacks of one task: each has a poll of its own, so that the loop's bounds, `exit`
// and failures hold in between.
#pragma once

#include <rouse/core/pollable.hpp>

namespace rouse::internal {

/// Pending once, having woken its own task. Unlike yield_now() it stays pending once it was
/// cancelled: no callback comes after a cancel.
class [[nodiscard]] one_turn {
 public:
  poll_result<void> poll(context& cx) noexcept {
    if (is_cancelled_) return pending;
    if (gave_way_) return ready;
    gave_way_ = true;
    cx.wake();
    return pending;
  }
  poll_result<void> poll_cancel(context&) noexcept {
    is_cancelled_ = true;
    return ready;
  }
  void disown() noexcept {}

 private:
  bool gave_way_ = false;
  bool is_cancelled_ = false;
};

}  // namespace rouse::internal

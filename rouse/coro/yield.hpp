// `co_await yield_now()`: lets everything else that is ready run first.
#pragma once

#include <rouse/core/pollable.hpp>

namespace rouse {

/// Pending once, having woken its own task; the layers below are looked at before an endless run of
/// yields starves them. A coroutine that awaits it goes on in its next poll, whatever woke it.
class [[nodiscard]] yield_operation {
 public:
  poll_result<void> poll(context& cx) noexcept {
    if (yielded_) return ready;
    yielded_ = true;
    cx.wake();
    return pending;
  }
  void disown() noexcept {}

 private:
  bool yielded_ = false;
};

[[nodiscard]] inline yield_operation yield_now() noexcept { return {}; }

}  // namespace rouse

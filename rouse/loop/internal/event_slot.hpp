// The callback of an event, which may replace itself while it runs.
#pragma once

#include <rouse/base/callback.hpp>

#include <optional>
#include <utility>

namespace rouse::internal {

template <class Signature>
class event_slot;

template <class... Args>
class event_slot<void(Args...)> {
 public:
  explicit operator bool() const noexcept { return static_cast<bool>(f_); }
  void set(callback<void(Args...)>&& f) {
    if (is_running_)
      next_ = std::move(f);
    else
      f_ = std::move(f);
  }
  void operator()(Args... args) {
    struct running {
      event_slot& slot;
      ~running() {
        slot.is_running_ = false;
        if (!slot.next_) return;
        slot.f_ = std::move(*slot.next_);
        slot.next_.reset();
      }
    } const guard{*this};
    is_running_ = true;
    f_(std::forward<Args>(args)...);
  }
  void reset() noexcept { set({}); }

 private:
  callback<void(Args...)> f_;
  std::optional<callback<void(Args...)>> next_;  // set while it runs
  bool is_running_ = false;
};

}  // namespace rouse::internal

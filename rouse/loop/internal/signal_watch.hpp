// One registration for a signal: what its handles share with the task that listens.
#pragma once

#include <rouse/loop/internal/event_slot.hpp>
#include <rouse/loop/internal/loop_core.hpp>
#include <rouse/loop/loop_signals.hpp>

#include <optional>

namespace rouse::internal {

class signal_watch {
 public:
  static loop_signal open(loop_core& core, process::signal_stream arriving,
                          callback<void(int)>&& f);

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }
  void remove() noexcept;
  void set_ref(bool refd) noexcept;
  [[nodiscard]] bool is_active() const noexcept { return arriving_.has_value(); }

 private:
  class listener;

  signal_watch(loop_core& core, process::signal_stream&& arriving)
      : link_(core.alive), arriving_(std::move(arriving)) {
    link_->retain();
  }
  ~signal_watch() { link_->release(); }
  poll_result<void> listen(context& cx);

  long references_ = 1;
  alive_count* const link_;
  std::optional<process::signal_stream> arriving_;  // none: removed
  event_slot<void(int)> f_;
  loop_hold hold_;
  waker task_;
};

}  // namespace rouse::internal

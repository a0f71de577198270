// The place of a handle's last event in the closing queue: held from when the handle is made, so
// that closing needs no memory.
#pragma once

#include <rouse/loop/internal/loop_core.hpp>

#include <utility>

namespace rouse::internal {

/// May outlive the loop.
class closing_place {
 public:
  /// Throws std::bad_alloc.
  explicit closing_place(loop_core& of) : link_(of.alive.get()) {
    of.closing.reserve(of.closing.size() + of.promised_closings + 1);
    ++of.promised_closings;
    link_->retain();
  }
  closing_place(const closing_place&) = delete;
  closing_place& operator=(const closing_place&) = delete;
  ~closing_place() { give_back(); }

  /// The event, which `f` is without an allocation; once, while the loop is there.
  void enqueue(callback<void()>&& f) noexcept {
    loop_core& core = *link_->core;
    give_back();
    core.enqueue(core.closing, std::move(f));
  }
  /// There will be none.
  void give_back() noexcept {
    alive_count* const link = std::exchange(link_, nullptr);
    if (!link) return;
    if (link->core) --link->core->promised_closings;
    link->release();
  }

 private:
  alive_count* link_;  // null: it was used, or given back
};

}  // namespace rouse::internal

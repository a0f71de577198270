// One registration for a signal: what its handles share with the group that calls it.
#pragma once

#include <rouse/base/list.hpp>
#include <rouse/loop/internal/event_slot.hpp>
#include <rouse/loop/loop_hold.hpp>
#include <rouse/loop/loop_signals.hpp>

#include <cstdint>

namespace rouse::internal {

class loop_core;
class signal_group;

class signal_watch : public list_link {
 public:
  /// @errors  as process::signals.
  [[nodiscard]] static result<loop_signal> open(loop_core& core, int number,
                                                callback<void(int)>&& f);

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }
  void remove() noexcept;
  void set_ref(bool refd) noexcept;
  [[nodiscard]] bool is_active() const noexcept { return group_ != nullptr; }

 private:
  friend signal_group;

  explicit signal_watch(callback<void(int)>&& f) noexcept { f_.set(std::move(f)); }
  void call(int number);

  long references_ = 1;
  signal_group* group_ = nullptr;  // null: removed
  std::uint64_t since_ = 0;  // the round in which it was registered, and which does not tell it
  event_slot<void(int)> f_;
  loop_hold hold_;
};

}  // namespace rouse::internal

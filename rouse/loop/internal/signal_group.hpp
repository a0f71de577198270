// One signal of a loop: those who want to know of it, in the order in which they said so, and the
// task that listens for all of them. A task for each would be polled in any order.
#pragma once

#include <rouse/base/list.hpp>
#include <rouse/loop/internal/loop_core.hpp>
#include <rouse/loop/internal/signal_watch.hpp>

#include <cstdint>
#include <optional>

namespace rouse::internal {

class signal_group : public list_link {
 public:
  /// The loop's for `number`. @errors  as process::signals.
  static result<signal_group*> find_or_open(loop_core& core, int number);

  void add(signal_watch& fresh) noexcept;
  /// With the last one it closes, and goes with its task.
  void remove(signal_watch& watch) noexcept;
  [[nodiscard]] loop_hold hold() const noexcept { return loop_hold(*core_.alive); }

 private:
  class listener;

  signal_group(loop_core& core, int number, process::signal_stream&& arriving) noexcept
      : core_(core), number_(number), arriving_(std::move(arriving)) {}
  poll_result<void> listen(context& cx);
  void tell();
  /// Whose turn it is after `watch` in this round.
  [[nodiscard]] signal_watch* after(signal_watch& watch) noexcept;
  void close() noexcept;

  loop_core& core_;
  const int number_;
  std::optional<process::signal_stream> arriving_;  // none: closed
  list<signal_watch> watches_;
  signal_watch* next_ = nullptr;  // to be told in this round; null: no round is under way
  std::uint64_t round_ = 0;
  waker task_;
};

}  // namespace rouse::internal

// The queue of the check phase, with its snapshot rule: what is set during a phase waits for the
// next one.
#pragma once

#include <rouse/loop/internal/callback_runner.hpp>
#include <rouse/loop/internal/loop_trace.hpp>
#include <rouse/loop/internal/ring.hpp>
#include <rouse/loop/loop_ids.hpp>

#include <source_location>

namespace rouse::internal {

class immediates {
 public:
  immediates(alive_count& alive, callback_runner& runner, loop_trace& trace) noexcept
      : alive_(alive), runner_(runner), trace_(trace) {}

  immediate_id set(callback<void()>&& f, std::source_location site);
  bool clear(immediate_id id) noexcept;
  bool set_ref(immediate_id id, bool refd) noexcept;
  [[nodiscard]] bool is_active(immediate_id id) noexcept { return find(id) != nullptr; }

  void run(unsigned most) noexcept;
  [[nodiscard]] bool has_any() const noexcept { return !queue_.is_empty(); }
  /// Those that forbid to wait: an unref'd one runs after a wait for something else.
  [[nodiscard]] std::size_t refd() const noexcept { return refd_; }
  [[nodiscard]] std::size_t size() const noexcept { return queue_.size() - cleared_; }
  void clear_all() noexcept { queue_.clear(); }

 private:
  struct immediate {
    callback<void()> f;  // empty: cleared
    std::source_location site;
    bool is_refd = true;
  };
  [[nodiscard]] immediate* find(immediate_id id) noexcept {
    immediate* i = id.number == 0 ? nullptr : queue_.find(id.number - 1);
    return i && i->f ? i : nullptr;
  }
  void forget_cleared() noexcept;
  void unref() noexcept {
    --alive_.refs;
    --refd_;
  }

  ring<immediate> queue_;
  std::size_t cleared_ = 0;  // of the queue
  std::size_t refd_ = 0;
  alive_count& alive_;
  callback_runner& runner_;
  loop_trace& trace_;
};

}  // namespace rouse::internal

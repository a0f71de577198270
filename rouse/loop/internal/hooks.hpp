// Callbacks of one phase that run every turn, in the order in which they were added. They may add
// and remove any, themselves included; what is added during the phase waits for the next turn.
#pragma once

#include <rouse/base/list.hpp>
#include <rouse/loop/internal/callback_runner.hpp>
#include <rouse/loop/internal/loop_trace.hpp>
#include <rouse/loop/internal/slot_table.hpp>
#include <rouse/loop/loop_ids.hpp>

namespace rouse::internal {

struct hook : list_link {
  hook(callback<void()>&& function, loop_phase in) noexcept : f(std::move(function)), phase(in) {}
  callback<void()> f;
  loop_phase phase;
  bool is_refd = true;
  bool is_removed = false;  // while it runs
};

class hooks {
 public:
  hooks(alive_count& alive, callback_runner& runner, loop_trace& trace) noexcept
      : alive_(alive), runner_(runner), trace_(trace) {}
  ~hooks() { clear(); }

  hook_id add(loop_phase phase, callback<void()>&& f);
  bool remove(hook_id id) noexcept;
  bool set_ref(hook_id id, bool refd) noexcept;
  void run(loop_phase phase) noexcept;
  [[nodiscard]] bool has(loop_phase phase) noexcept { return !in(phase).is_empty(); }
  void clear() noexcept;

 private:
  [[nodiscard]] list<hook>& in(loop_phase phase) noexcept {
    return phase == loop_phase::idle ? idle_ : phase == loop_phase::prepare ? prepare_ : check_;
  }
  [[nodiscard]] hook* find(hook_id id) noexcept {
    hook* h = table_.find(id.index, id.serial);
    return h && !h->is_removed ? h : nullptr;
  }
  /// The one that was called; gives the next of the round.
  hook* leave(hook& ran) noexcept {
    if (!ran.is_removed) [[likely]]
      return round_->next(ran);
    return leave_removed(ran);
  }
  hook* leave_removed(hook& ran) noexcept;
  void erase(hook& h) noexcept;

  slot_table<hook> table_;
  list<hook> idle_;
  list<hook> prepare_;
  list<hook> check_;
  list<hook>* round_ = nullptr;  // is being called
  list<hook> added_;             // meanwhile, to the same: for the next turn
  hook* running_ = nullptr;      // stays in its list meanwhile
  alive_count& alive_;
  callback_runner& runner_;
  loop_trace& trace_;
};

}  // namespace rouse::internal

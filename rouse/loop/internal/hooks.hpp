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
  hook(callback<void()>&& function, loop_phase in, std::uint64_t round) noexcept
      : f(std::move(function)), phase(in), added_in(round) {}
  callback<void()> f;
  loop_phase phase;
  std::uint64_t added_in;  // the round
  bool is_refd = true;
  bool is_running = false;
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
  void erase(hook& h) noexcept;

  slot_table<hook> table_;
  list<hook> idle_;
  list<hook> prepare_;
  list<hook> check_;
  std::uint64_t round_ = 0;  // what is added in it waits for the next
  hook* next_ = nullptr;     // of the round that runs
  alive_count& alive_;
  callback_runner& runner_;
  loop_trace& trace_;
};

}  // namespace rouse::internal

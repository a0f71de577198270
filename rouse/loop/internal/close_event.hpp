// The last event of a handle's state, as it stands in the loop's closing queue.
#pragma once

#include <utility>

namespace rouse::internal {

/// Calls `State::call_on_close()`; then, or when the loop ends first, `State::drop_callbacks()`,
/// since they may hold handles of their own state.
template <class State>
class close_event {
 public:
  explicit close_event(State& s) noexcept : state_(&s) { s.retain(); }
  close_event(close_event&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  close_event& operator=(close_event&&) = delete;
  ~close_event() {
    if (!state_) return;
    state_->drop_callbacks();
    state_->release();
  }
  void operator()() { state_->call_on_close(); }

 private:
  State* state_;
};

}  // namespace rouse::internal

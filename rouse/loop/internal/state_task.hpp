// The task of a handle's state, which keeps it: a socket that moves bytes, a server that accepts, a
// child that is waited for.
#pragma once

#include <rouse/core/context.hpp>
#include <rouse/core/poll_result.hpp>

#include <utility>

namespace rouse::internal {

/// `State::run(cx)` is a poll; true: over. `State::end_task()` when the task is gone, also when the
/// loop ends before it is over.
template <class State>
class state_task {
 public:
  explicit state_task(State& s) noexcept : state_(&s) { s.retain(); }
  state_task(state_task&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  state_task& operator=(state_task&&) = delete;
  ~state_task() {
    if (!state_) return;
    state_->end_task();
    state_->release();
  }
  poll_result<void> poll(context& cx) {
    if (state_->run(cx)) return ready;
    return pending;
  }

 private:
  State* state_;
};

}  // namespace rouse::internal

// A flow from inside: what its handles share with the task that moves the bytes.
#pragma once

#include <rouse/coro/task.hpp>
#include <rouse/loop/internal/closing_place.hpp>
#include <rouse/loop/internal/event_slot.hpp>
#include <rouse/loop/internal/one_turn.hpp>
#include <rouse/loop/loop.hpp>
#include <rouse/loop/loop_flow.hpp>
#include <rouse/sync/notify.hpp>

#include <concepts>
#include <string>

namespace rouse::internal {

/// Where a flow comes from. The next piece is lent until the next call; empty at the end.
template <class S>
concept flow_source = requires(S& s) {
  { s.next() } -> std::same_as<task<result<std::span<const std::byte>>>>;
};

/// Counted by the handles, and by the work while that lives.
class flow_state {
 public:
  /// A new flow and its first handle; `run` is to follow.
  [[nodiscard]] static loop_flow make(loop& of) { return loop_flow(new flow_state(of)); }
  [[nodiscard]] static flow_state& of(const loop_flow& handle) noexcept { return *handle.state_; }
  /// Runs `work` for the flow, whose end is the flow's; an error that is thrown names `subject`.
  static void run(const loop_flow& flow, task<result<void>> work, std::string subject,
                  loop::site at);
  /// The work, or its last part.
  template <flow_source S>
  [[nodiscard]] static task<result<void>> move_bytes(loop_flow flow, S source);

  /// For the work: a callback of the poll phase, after which it awaits one_turn.
  void call(callback<void()> f) const noexcept { caller_.call(std::move(f)); }

  /// Somebody takes the pieces.
  [[nodiscard]] bool is_heard() const noexcept { return static_cast<bool>(on_data_); }

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

 private:
  friend class rouse::loop_flow;
  class ending;

  explicit flow_state(loop& of) : loop_(&of), caller_(of, "stream"), last_(caller_.core()) {}
  void give(std::span<const std::byte> piece) noexcept;
  void finish(const result<void>& end, const std::string& subject);
  void close() noexcept;

  loop* loop_;  // null: closed
  loop_caller caller_;
  closing_place last_;
  request_id request_;
  sync::local_notify resumed_;
  event_slot<void(std::span<const std::byte>)> on_data_;
  callback<void()> on_end_;
  callback<void(const error&)> on_error_;
  callback<void()> on_close_;
  long references_ = 1;
  bool is_paused_ = true;
  bool is_destroyed_ = false;
};

template <flow_source S>
task<result<void>> flow_state::move_bytes(loop_flow flow, S source) {
  flow_state& self = of(flow);
  for (;;) {
    while (self.is_paused_)
      co_await self.resumed_.wait();
    auto piece = co_await source.next();
    if (!piece) co_return std::unexpected(piece.error());
    while (self.is_paused_)
      co_await self.resumed_.wait();
    if (piece->empty() || self.is_destroyed_) co_return result<void>();
    self.give(*piece);
    co_await one_turn();
  }
}

}  // namespace rouse::internal

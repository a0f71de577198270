// `select`: the first of several to end wins; the others are cancelled, awaited, and destroyed
// before it returns.
#pragma once

#include <rouse/core/arm.hpp>

#include <cstdint>
#include <tuple>
#include <variant>

namespace rouse {

/// See `select`.
template <class... Ps>
class [[nodiscard]] select_operation {
 public:
  using value_type = std::variant<value_or_unit<typename arm<Ps>::end_type>...>;

  explicit select_operation(Ps&&... arms) : arms_(arm<Ps>(std::forward<Ps>(arms))...) {}

  poll_result<value_type> poll(context& cx) {
    if (winner_ < 0) find_winner(cx, std::index_sequence_for<Ps...>());
    if (winner_ < 0) return pending;
    if (!drain_losers(cx, std::index_sequence_for<Ps...>())) return pending;
    return take_winner(std::index_sequence_for<Ps...>());
  }
  poll_result<void> poll_cancel(context& cx) noexcept {
    bool all = true;
    each([&](auto& a) { all = a.drain(cx) && all; });
    if (!all) return pending;
    if (winner_ < 0) each([](auto& a) { a.rearm(); });  // for the one more poll
    return ready;
  }
  void disown() noexcept {
    each([](auto& a) { a.disown(); });
  }
  [[nodiscard]] bool borrows() const noexcept {
    return std::apply([](const auto&... a) { return (a.borrows() || ...); }, arms_);
  }

 private:
  template <class F>
  void each(F&& f) noexcept {
    std::apply([&](auto&... a) { (f(a), ...); }, arms_);
  }
  template <std::size_t... I>
  void find_winner(context& cx, std::index_sequence<I...>) noexcept {
    (void)((std::get<I>(arms_).step(cx) && (winner_ = static_cast<std::int8_t>(I), true)) || ...);
  }
  template <std::size_t... I>
  bool drain_losers(context& cx, std::index_sequence<I...>) noexcept {
    bool all = true;
    ((all = (static_cast<std::int8_t>(I) == winner_ || std::get<I>(arms_).drain(cx)) && all), ...);
    if (all) ((static_cast<std::int8_t>(I) == winner_ ? void() : std::get<I>(arms_).drop()), ...);
    return all;
  }
  template <std::size_t... I>
  value_type take_winner(std::index_sequence<I...>) {
    std::optional<value_type> value;
    (void)((static_cast<std::int8_t>(I) == winner_ &&
            (value.emplace(std::in_place_index<I>, std::get<I>(arms_).end.take()), true)) ||
           ...);
    return std::move(*value);
  }

  static_assert(sizeof...(Ps) > 0 && sizeof...(Ps) < 127);
  std::tuple<arm<Ps>...> arms_;
  std::int8_t winner_ = -1;
};

/// Waits for the first arm to end; gives a variant whose index names it (void counts as `unit`). In
/// one poll, arms are tried in the order given.
///
/// An arm given as an rvalue is owned: when it loses it is cancelled, awaited, and destroyed. One
/// given as an lvalue stays with the caller: it is not cancelled, wakes nobody until it is polled
/// again, and can be awaited later. An arm that fails is the winner: its exception leaves select
/// after the others are cancelled.
/// @cancel  Cancels the owned arms.
/// @cost    no allocation.
template <class... Ps>
  requires(pollable<std::remove_reference_t<Ps>> && ...)
[[nodiscard]] auto select(Ps&&... arms) {
  return select_operation<Ps...>(std::forward<Ps>(arms)...);
}

}  // namespace rouse

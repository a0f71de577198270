// `when_all`: several at once, until all have ended; the first failure cancels the rest.
#pragma once

#include <rouse/core/arm.hpp>

#include <tuple>

namespace rouse {

/// See `when_all`.
template <class... Ps>
class [[nodiscard]] when_all_operation {
 public:
  using value_type = std::tuple<value_or_unit<typename arm<Ps>::end_type>...>;

  explicit when_all_operation(Ps&&... arms) : arms_(arm<Ps>(std::forward<Ps>(arms))...) {}

  poll_result<value_type> poll(context& cx) {
    if (!failed_) {
      bool all = true;
      each([&](auto& a) {
        if (failed_) return;
        if (!a.end.is_set() && !a.step(cx)) all = false;
        if (a.end.is_failure()) failed_ = true;
      });
      if (!failed_ && !all) return pending;
    }
    if (failed_) {
      if (!drain_all(cx)) return pending;
      each([](auto& a) {
        if (!a.end.is_set()) a.drop();
      });
      each([](auto& a) {
        if (a.end.is_failure()) (void)a.end.take();  // throws
      });
    }
    return std::apply([](auto&... a) { return value_type(a.end.take()...); }, arms_);
  }
  poll_result<void> poll_cancel(context& cx) noexcept {
    if (!drain_all(cx)) return pending;
    each([](auto& a) { a.rearm(); });  // for the one more poll
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
  void each(F&& f) {
    std::apply([&](auto&... a) { (f(a), ...); }, arms_);
  }
  bool drain_all(context& cx) noexcept {
    bool all = true;
    each([&](auto& a) { all = a.drain(cx) && all; });
    return all;
  }

  std::tuple<arm<Ps>...> arms_;
  bool failed_ = false;
};

/// Runs the arms side by side in the awaiting task; gives a tuple of their values (void counts as
/// `unit`). The first failure cancels the other owned arms, awaits that, and leaves when_all as an
/// exception.
/// @cancel  Cancels all owned arms; values that some had given already are lost with them.
/// @cost    no allocation.
template <class... Ps>
  requires(pollable<std::remove_reference_t<Ps>> && ...)
[[nodiscard]] auto when_all(Ps&&... arms) {
  return when_all_operation<Ps...>(std::forward<Ps>(arms)...);
}

}  // namespace rouse

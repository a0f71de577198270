// The poll protocol. A pollable has `poll(context&) -> poll_result<T>`; the rest of its surface is
// optional:
//
//   poll_cancel(context&) -> poll_result<void>
//     ready: nothing outside refers to it any more, and ONE more poll may be made, which starts
//     nothing: ready then means that a result beat the cancel. Asked before the first poll, or
//     again, it is ready as well
//
//   disown()
//     forget the stored waker, which is about to die; O(1). Whatever borrows its waker needs it to
//     be awaited where the waker may go first: in an lvalue arm
//
//   poll_end(context&) noexcept -> bool, take_end()
//     the same poll in two steps: is it over, then, once, what poll would have given; for one that
//     keeps its answer itself, so that no awaiter has to
//
//   borrows() -> bool
//     refers to what the caller owns, so it must not outlive the caller
//
//   subject() -> std::string
//     peer or path, for the text of an exception
//
//   static constexpr bool verbatim = true
//     awaiting it gives the `result` itself and never throws its error
#pragma once

#include <rouse/base/error.hpp>
#include <rouse/core/context.hpp>
#include <rouse/core/poll_result.hpp>

#include <concepts>

namespace rouse {

template <class P>
concept pollable = requires(P& p, context& cx) {
  { p.poll(cx).is_ready() } -> std::same_as<bool>;
};
template <class P>
concept cancellable = requires(P& p, context& cx) {
  { p.poll_cancel(cx).is_ready() } -> std::same_as<bool>;
};
template <class P>
concept disownable = requires(P& p) { p.disown(); };
template <class P>
concept two_step = requires(P& p, context& cx) {
  { p.poll_end(cx) } noexcept -> std::same_as<bool>;
  { p.take_end() } -> std::same_as<decltype(p.poll(cx).take())>;
};

/// Asks `p` to let go of everything outside; ready at once when it has nothing to let go of.
template <class P>
poll_result<void> poll_cancel(P& p, context& cx) {
  if constexpr (cancellable<P>) return p.poll_cancel(cx);
  return ready;
}
template <class P>
void disown(P& p) noexcept {
  if constexpr (disownable<P>) p.disown();
}
template <class P>
[[nodiscard]] bool borrows_from_caller(const P& p) noexcept {
  if constexpr (requires { p.borrows(); }) return p.borrows();
  return false;
}

namespace internal {

template <class T>
struct unwrap_result {
  using type = T;
  static constexpr bool is_result = false;
};
template <class T>
struct unwrap_result<result<T>> {
  using type = T;
  static constexpr bool is_result = true;
};

}  // namespace internal

/// What `p.poll` gives when it is ready.
template <class P>
using raw_output = typename decltype(std::declval<P&>().poll(std::declval<context&>()))::value_type;
/// True when awaiting P turns its error into an exception.
template <class P>
inline constexpr bool throws_errors =
    internal::unwrap_result<raw_output<P>>::is_result && !requires { requires P::verbatim; };
/// What `co_await p` gives.
template <class P>
using output =
    std::conditional_t<throws_errors<P>, typename internal::unwrap_result<raw_output<P>>::type,
                       raw_output<P>>;

namespace internal {

template <class P>
[[noreturn, gnu::cold, gnu::noinline]] void throw_error_of(P& p, const error& e) {
  if constexpr (requires { p.subject(); }) throw_error(e, p.subject());
  throw_error(e);
}

/// Turns the ready answer of `p` into what awaiting it gives.
template <class P>
output<P> deliver(P& p, poll_result<raw_output<P>>&& answer) {
  if constexpr (throws_errors<P>) {
    auto& outcome = answer.get();  // in place: a copy here would lie in every coroutine frame
    if (!outcome) throw_error_of(p, outcome.error());
    if constexpr (!std::is_void_v<output<P>>) return std::move(*outcome);
  } else {
    return answer.take();
  }
}

}  // namespace internal

/// `co_await op.result()`: the `result` itself, for callers who expect the error.
template <class P>
class [[nodiscard]] as_result {
 public:
  static constexpr bool verbatim = true;
  explicit as_result(P&& inner) : inner_(std::move(inner)) {}
  auto poll(context& cx) noexcept(noexcept(inner_.poll(cx))) { return inner_.poll(cx); }
  poll_result<void> poll_cancel(context& cx) { return rouse::poll_cancel(inner_, cx); }
  void disown() noexcept
    requires disownable<P>
  {
    inner_.disown();
  }
  [[nodiscard]] bool borrows() const noexcept { return borrows_from_caller(inner_); }

 private:
  P inner_;
};

/// Base (CRTP) of operations whose poll gives a `result`: adds `.result()`.
template <class Operation>
class fallible {
 public:
  [[nodiscard]] as_result<Operation> result() && {
    return as_result<Operation>(static_cast<Operation&&>(*this));
  }
};

}  // namespace rouse

// An operation with a longest wait: `stream.read({.within = 30s})`, `io::within(30s, any(...))`.
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/time/sleep.hpp>

#include <string>

namespace rouse::io {

struct io_options {
  nanoseconds within = no_limit;  ///< longest wait, from when it first has to; then the operation
                                  ///< fails with ETIMEDOUT
};

/// `rouse::timeout` for one leaf, whose error keeps the peer's name. The deadline passed, the
/// operation is cancelled and that is awaited; a result that beat the cancel still wins. Without a
/// limit no timer is needed.
/// @errors  those of the operation; ETIMEDOUT; no_context and runtime_shut_down of the timer.
template <class Operation>
class [[nodiscard]] bounded : public fallible<bounded<Operation>> {
 public:
  bounded(Operation&& inner, io_options options, const char* name) noexcept
      : inner_(std::move(inner)),
        timer_(options.within),  // reads no clock while the operation need not wait
        name_(name),
        limited_(options.within != no_limit) {}
  bounded(bounded&&) noexcept = default;  // before the first poll

  poll_result<raw_output<Operation>> poll(context& cx) noexcept(
      noexcept(std::declval<Operation&>().poll(cx))) {
    if (auto answer = inner_.poll(cx); answer.is_ready() || phase_ == phase::cancelled || !limited_)
      return answer;
    if (phase_ == phase::running) {
      auto over = timer_.poll(cx);
      if (!over.is_ready()) return pending;
      const auto fired = over.take();
      why_ = error(name_, fired ? ETIMEDOUT : fired.error().code);
      phase_ = phase::cancelling;
    }
    if (!rouse::poll_cancel(inner_, cx).is_ready()) return pending;
    if (auto answer = inner_.poll(cx); answer.is_ready()) return answer;  // it beat the cancel
    return std::unexpected(why_);
  }
  poll_result<void> poll_cancel(context& cx) {
    phase_ = phase::cancelled;
    (void)timer_.poll_cancel(cx);
    return rouse::poll_cancel(inner_, cx);
  }
  void disown() noexcept {
    rouse::disown(inner_);
    timer_.disown();
  }
  [[nodiscard]] bool borrows() const noexcept { return borrows_from_caller(inner_); }
  [[nodiscard]] std::string subject() const {
    if constexpr (requires { inner_.subject(); }) return inner_.subject();
    return {};
  }

 private:
  enum class phase : std::uint8_t { running, cancelling, cancelled };

  Operation inner_;
  sleep_operation timer_;
  error why_;
  const char* name_;
  phase phase_ = phase::running;
  bool limited_;
};

/// `operation`, given up after `limit` from when it first has to wait. What it loses by that is
/// what it loses by a cancel: nothing, for the operations of this library that say so.
/// @param name  static text, the word for it in the error.
/// @errors  those of the operation; ETIMEDOUT, see above.
/// @example  auto line = co_await io::within(30s, io::read_line(in), "read a line");
template <pollable Operation>
[[nodiscard]] bounded<Operation> within(nanoseconds limit, Operation operation,
                                        const char* name = "operation") {
  return {std::move(operation), {.within = limit}, name};
}

}  // namespace rouse::io

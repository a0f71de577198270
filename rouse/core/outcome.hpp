// How a piece of work ended: with a value, an exception, or an error value (cancelled, abandoned).
// The error value spares a cancelled task the microsecond that an exception object costs.
#pragma once

#include <rouse/core/pollable.hpp>

#include <cstdint>
#include <exception>
#include <new>

namespace rouse {

/// Stands for void where a type with values is needed.
struct unit {
  friend constexpr bool operator==(unit, unit) noexcept { return true; }
};
template <class T>
using value_or_unit = std::conditional_t<std::is_void_v<T>, unit, T>;

/// Written once, taken once. Not thread-safe.
template <class T>
class outcome {
 public:
  using value_type = value_or_unit<T>;

  outcome() noexcept : none_() {}
  outcome(outcome&& other) noexcept(std::is_nothrow_move_constructible_v<value_type>) : none_() {
    move_from(other);
  }
  outcome& operator=(outcome&& other) noexcept(std::is_nothrow_move_constructible_v<value_type>) {
    if (this != &other) {
      clear();
      move_from(other);
    }
    return *this;
  }
  ~outcome() { destroy(); }

  [[nodiscard]] bool is_set() const noexcept { return state_ != state::none; }
  [[nodiscard]] bool has_value() const noexcept { return state_ == state::value; }
  [[nodiscard]] bool has_exception() const noexcept { return state_ == state::exception; }
  [[nodiscard]] bool has_error() const noexcept { return state_ == state::failed; }
  [[nodiscard]] bool is_failure() const noexcept { return is_set() && !has_value(); }

  template <class... Args>
  void set_value(Args&&... args) {
    ROUSE_DEBUG_ASSERT(!is_set());
    ::new (static_cast<void*>(&value_)) value_type(std::forward<Args>(args)...);
    state_ = state::value;
  }
  void set_exception(std::exception_ptr e) noexcept {
    clear();
    ::new (static_cast<void*>(&exception_)) std::exception_ptr(std::move(e));
    state_ = state::exception;
  }
  void set_error(const error& e) noexcept {
    clear();
    operation_ = e.operation;
    code_ = e.code;
    state_ = state::failed;
  }

  /// The value, or the exception thrown again, or the error thrown as io_error.
  value_type take() {
    if (state_ != state::value) [[unlikely]]
      rethrow();
    return std::move(value_);
  }
  /// The value or the error; an exception is thrown again.
  result<T> take_result() {
    if (state_ == state::failed) return std::unexpected(failure());
    if constexpr (std::is_void_v<T>)
      return take(), result<T>();
    else
      return result<T>(take());
  }
  /// The exception, once; null when there is none or it was taken.
  [[nodiscard]] std::exception_ptr take_exception() noexcept {
    if (state_ != state::exception) return nullptr;
    std::exception_ptr e = exception_;
    exception_ = nullptr;
    return e;
  }
  /// The exception, or the error as one; null when there is a value.
  [[nodiscard]] std::exception_ptr as_exception() const noexcept {
    if (state_ == state::exception) return exception_;
    if (state_ == state::failed) return make_exception(failure());
    return nullptr;
  }

 private:
  enum class state : unsigned char { none, value, exception, failed };

  [[nodiscard]] error failure() const noexcept { return {operation_, code_}; }

  [[noreturn, gnu::noinline]] void rethrow() {
    ROUSE_ASSERT(is_failure());
    if (state_ == state::exception) {
      std::exception_ptr e = take_exception();
      ROUSE_ASSERT(e != nullptr);  // taken once
      std::rethrow_exception(std::move(e));
    }
    throw_error(failure());
  }
  void move_from(outcome& other) {
    switch (other.state_) {
      case state::none: break;
      case state::value: set_value(std::move(other.value_)); break;
      case state::exception: set_exception(std::move(other.exception_)); break;
      case state::failed: set_error(other.failure()); break;
    }
    other.clear();
  }
  void destroy() noexcept {
    if constexpr (!std::is_trivially_destructible_v<value_type>) {
      if (state_ == state::value) value_.~value_type();
    }
    if (state_ == state::exception) [[unlikely]]
      drop_exception();
  }
  [[gnu::cold, gnu::noinline]] void drop_exception() noexcept { exception_.~exception_ptr(); }
  void clear() noexcept {
    destroy();
    state_ = state::none;
  }

  union {
    unit none_;
    value_type value_;
    std::exception_ptr exception_;
    const char* operation_;
  };
  // In two parts, so that an outcome of at most 8 bytes takes 16: every spawned task has one.
  std::int32_t code_;
  state state_ = state::none;
};

/// Polls `p` once; when it is ready (or throws), stores how `co_await p` would have ended. False
/// while pending.
template <class P>
bool poll_into(P& p, context& cx, outcome<output<P>>& into) noexcept {
  try {
    auto answer = p.poll(cx);
    if (!answer.is_ready()) return false;
    if constexpr (std::is_void_v<output<P>>) {
      internal::deliver(p, std::move(answer));
      into.set_value();
    } else {
      into.set_value(internal::deliver(p, std::move(answer)));
    }
  } catch (...) {
    into.set_exception(std::current_exception());
  }
  return true;
}

}  // namespace rouse

// What a poll answers: the value, or "pending".
#pragma once

#include <rouse/base/assert.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace rouse {

/// Not yet. Whoever returns it promises that the context's waker was stored where something will
/// wake it.
inline constexpr struct pending_t {
} pending;
/// Done, for polls without a value.
inline constexpr struct ready_t {
} ready;

/// `pending`, or ready with a T. Move only; as cheap as an optional<T>.
template <class T>
class [[nodiscard]] poll_result {
 public:
  using value_type = T;
  constexpr poll_result(pending_t) noexcept {}
  template <class U>
    requires std::is_convertible_v<U, T>
  constexpr poll_result(U&& value) noexcept(std::is_nothrow_constructible_v<T, U>)
      : value_(std::forward<U>(value)) {}

  [[nodiscard]] constexpr bool is_ready() const noexcept { return value_.has_value(); }
  /// Ready with a `result` that is an error.
  [[nodiscard]] constexpr bool failed() const noexcept
    requires requires(const T& v) { v.has_value() && v.error().code; }
  {
    return value_ && !value_->has_value();
  }
  /// The value where it lies; asserts that it is ready.
  [[nodiscard]] constexpr T& get() {
    ROUSE_ASSERT(value_.has_value());
    return *value_;
  }
  /// The value, once; asserts that it is ready.
  constexpr T take() {
    ROUSE_ASSERT(value_.has_value());
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class [[nodiscard]] poll_result<void> {
 public:
  using value_type = void;
  constexpr poll_result(pending_t) noexcept {}
  constexpr poll_result(ready_t) noexcept : ready_(true) {}

  [[nodiscard]] constexpr bool is_ready() const noexcept { return ready_; }
  constexpr void take() const { ROUSE_ASSERT(ready_); }

 private:
  bool ready_ = false;
};

}  // namespace rouse

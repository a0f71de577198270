// Which coroutine parameters borrow from the caller, as far as types can tell (DESIGN decision 7).
// Takes `<bits/refwrap.h>`: `<functional>` costs 0.3 s.
#pragma once

#include <bits/refwrap.h>

#include <span>
#include <type_traits>

namespace rouse {

/// True for types that refer to what somebody else owns. Open to users:
/// `template <> inline constexpr bool rouse::borrows<my_view> = true;`
/// It cannot see into a struct that holds a pointer: say so with a specialisation.
template <class T>
inline constexpr bool borrows = false;
template <class T>
inline constexpr bool borrows<T*> = !std::is_function_v<T>;
/// Views: string_view, span, and whatever says that its iterators may outlive it.
template <class T>
  requires std::ranges::enable_borrowed_range<T>
inline constexpr bool borrows<T> = true;
template <class T>
inline constexpr bool borrows<std::reference_wrapper<T>> = true;

namespace internal {

/// A declared coroutine parameter. A reference borrows, unless it refers to an empty class: a
/// captureless lambda's own closure. A template function of it, since a closure type is incomplete
/// inside its own body.
template <class A>
[[nodiscard]] constexpr bool does_borrow() noexcept {
  if constexpr (std::is_reference_v<A>)
    return !std::is_empty_v<std::remove_cvref_t<A>>;
  else
    return borrows<std::remove_cv_t<A>>;
}

}  // namespace internal
}  // namespace rouse

// A callable of any type by one type, for what is called later: move-only, three words inline, the
// rest on the heap.
//
// Not std::move_only_function, because `<functional>` costs 0.3 s in every file that includes it,
// and because a queue wants to call once and forget in one indirect call (`call_once`).
#pragma once

#include <rouse/base/assert.hpp>

#include <concepts>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace rouse {

template <class Signature>
class callback;

/// @threads  As the callable it holds. Empty after it was moved from; calling an empty one asserts.
/// @cost     One indirect call. What has at most three words and moves without throwing lies
/// inside, other callables cost one allocation when made.
template <class R, class... Args>
class callback<R(Args...)> {
 public:
  static constexpr std::size_t inline_bytes = 3 * sizeof(void*);

  callback() noexcept = default;
  callback(std::nullptr_t) noexcept {}
  /// Throws what copying or moving `f` throws, and std::bad_alloc for a large one. A null pointer
  /// to a function makes an empty callback.
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, callback> &&
             std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
  callback(F&& f) {
    using stored = std::decay_t<F>;
    if constexpr (std::is_pointer_v<stored> || std::is_member_pointer_v<stored>) {
      if (f == nullptr) return;
    }
    place_of<stored>::make(place_, std::forward<F>(f));
    table_ = &table_for<stored>;
  }
  callback(callback&& other) noexcept : table_(std::exchange(other.table_, nullptr)) {
    take_place(other);
  }
  callback& operator=(callback&& other) noexcept {
    if (this != &other) {
      reset();
      table_ = std::exchange(other.table_, nullptr);
      take_place(other);
    }
    return *this;
  }
  ~callback() { reset(); }

  /// Replaces what is there by `f`, made in its place. Empty if that throws.
  template <class F>
  void emplace(F&& f) {
    using stored = std::decay_t<F>;
    reset();
    place_of<stored>::make(place_, std::forward<F>(f));
    table_ = &table_for<stored>;
  }

  explicit operator bool() const noexcept { return table_ != nullptr; }
  void reset() noexcept {
    const table* t = std::exchange(table_, nullptr);
    if (t && t->destroy) t->destroy(place_);
  }

  R operator()(Args... args) {
    ROUSE_ASSERT(table_ != nullptr);
    return table_->call(place_, std::forward<Args>(args)...);
  }
  /// Calls it and destroys it, also when it throws. This object is empty, and may be assigned to,
  /// overwritten or destroyed, from the moment the callable runs.
  R call_once(Args... args) {
    ROUSE_ASSERT(table_ != nullptr);
    return std::exchange(table_, nullptr)->call_once(place_, std::forward<Args>(args)...);
  }

 private:
  struct table {
    R (*call)(void*, Args&&...);
    R (*call_once)(void*, Args&&...);
    void (*move)(void* from,
                 void* to) noexcept;  // and ends what is at `from`; null: copy the place
    void (*destroy)(void*) noexcept;  // null: nothing to do
  };
  void take_place(callback& other) noexcept {
    if (!table_) return;
    if (table_->move)
      table_->move(other.place_, place_);
    else
      __builtin_memcpy(place_, other.place_, inline_bytes);
  }
  template <class F>
  static constexpr bool fits = sizeof(F) <= inline_bytes && alignof(F) <= alignof(void*) &&
                               std::is_nothrow_move_constructible_v<F>;

  template <class F>
  struct place_of {  // a large one: the place holds a pointer
    template <class G>
    static void make(void* place, G&& f) {
      ::new (place) F*(new F(std::forward<G>(f)));
    }
    static F& get(void* place) noexcept { return **static_cast<F**>(place); }
    static R call_once(void* place, Args&&... args) {
      struct owner {
        F* f;
        ~owner() { delete f; }
      };
      const owner mine{&get(place)};
      return (*mine.f)(std::forward<Args>(args)...);
    }
    static void move(void* from, void* to) noexcept { ::new (to) F*(&get(from)); }
    static void destroy(void* place) noexcept { delete &get(place); }
  };
  template <class F>
    requires fits<F>
  struct place_of<F> {
    template <class G>
    static void make(void* place, G&& f) {
      // g++ 12 warns in the user's code of a copy of bytes that nobody wrote.
      if constexpr (is_plain<F> && sizeof(F) < inline_bytes)
        __builtin_memset(place, 0, inline_bytes);
      ::new (place) F(std::forward<G>(f));
    }
    static F& get(void* place) noexcept { return *std::launder(static_cast<F*>(place)); }
    static R call_once(void* place, Args&&... args) {
      F mine(std::move(get(place)));
      get(place).~F();
      return mine(std::forward<Args>(args)...);
    }
    static void move(void* from, void* to) noexcept {
      ::new (to) F(std::move(get(from)));
      get(from).~F();
    }
    static void destroy(void* place) noexcept { get(place).~F(); }
  };
  template <class F>
  static constexpr bool is_plain = fits<F> && std::is_trivially_copyable_v<F>;
  template <class F>
  static constexpr table table_for{
      [](void* place, Args&&... args) -> R {
        return place_of<F>::get(place)(std::forward<Args>(args)...);
      },
      &place_of<F>::call_once,
      is_plain<F> ? nullptr : &place_of<F>::move,
      is_plain<F> ? nullptr : &place_of<F>::destroy,
  };

  const table* table_ = nullptr;
  alignas(void*) std::byte place_[inline_bytes];
};

}  // namespace rouse

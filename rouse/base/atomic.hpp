// The one door to atomics: `<atomic>` costs 0.3 s to parse, so core headers use the compiler's
// builtins; and a model checker can take this file's place, since no room includes `<atomic>`
// itself.
#pragma once

namespace rouse {

/// Memory orders, with the meaning of std::memory_order.
enum class order : int {
  relaxed = __ATOMIC_RELAXED,
  acquire = __ATOMIC_ACQUIRE,
  release = __ATOMIC_RELEASE,
  acq_rel = __ATOMIC_ACQ_REL,
  seq_cst = __ATOMIC_SEQ_CST,
};

/// An atomic word: integers, pointers and bool of at most 8 bytes. The order is always spelled out
/// at the call.
template <class T>
class atomic {
 public:
  constexpr atomic() noexcept = default;
  constexpr explicit atomic(T value) noexcept : value_(value) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  [[nodiscard]] T load(order o) const noexcept {
    return __atomic_load_n(&value_, static_cast<int>(o));
  }
  void store(T value, order o) noexcept { __atomic_store_n(&value_, value, static_cast<int>(o)); }
  T exchange(T value, order o) noexcept {
    return __atomic_exchange_n(&value_, value, static_cast<int>(o));
  }
  T fetch_add(T by, order o) noexcept {
    return __atomic_fetch_add(&value_, by, static_cast<int>(o));
  }
  T fetch_sub(T by, order o) noexcept {
    return __atomic_fetch_sub(&value_, by, static_cast<int>(o));
  }
  T fetch_or(T bits, order o) noexcept {
    return __atomic_fetch_or(&value_, bits, static_cast<int>(o));
  }
  T fetch_and(T bits, order o) noexcept {
    return __atomic_fetch_and(&value_, bits, static_cast<int>(o));
  }
  /// May fail spuriously: for loops. On failure `expected` holds what was seen, read with relaxed
  /// order.
  bool compare_exchange_weak(T& expected, T desired, order success) noexcept {
    return __atomic_compare_exchange_n(&value_, &expected, desired, true, static_cast<int>(success),
                                       __ATOMIC_RELAXED);
  }
  bool compare_exchange_strong(T& expected, T desired, order success) noexcept {
    return __atomic_compare_exchange_n(&value_, &expected, desired, false,
                                       static_cast<int>(success), __ATOMIC_RELAXED);
  }

 private:
  T value_{};
};

}  // namespace rouse

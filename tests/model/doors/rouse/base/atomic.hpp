// Stands in for rouse/base/atomic.hpp in models: the same class, each operation a step of the
// checker. Atomics with static storage are no part of a scenario and stay plain.
#pragma once

#include <tests/model/checker.hpp>

#include <cstring>

namespace rouse {

enum class order : int { relaxed, acquire, release, acq_rel, seq_cst };

template <class T>
class atomic {
 public:
  constexpr atomic() noexcept : atomic(T()) {}
  constexpr explicit atomic(T value) noexcept : value_(value) {
    if !consteval {
      cell_ = model::make_atomic(bits(value));
    }
  }
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;
  constexpr ~atomic() {
    if (cell_) model::drop_atomic(cell_);
  }

  [[nodiscard]] T load(order o, model::place at = model::place::here()) const noexcept {
    return cell_ ? from(model::load(cell_, o, at)) : value_;
  }
  void store(T value, order o, model::place at = model::place::here()) noexcept {
    if (cell_)
      model::store(cell_, bits(value), o, at);
    else
      value_ = value;
  }
  T exchange(T value, order o, model::place at = model::place::here()) noexcept {
    if (cell_) return from(model::modify(cell_, model::change::exchange, bits(value), o, at));
    const T former = value_;
    value_ = value;
    return former;
  }
  T fetch_add(T by, order o, model::place at = model::place::here()) noexcept {
    if (cell_) return from(model::modify(cell_, model::change::add, bits(by), o, at));
    const T former = value_;
    value_ = static_cast<T>(former + by);
    return former;
  }
  T fetch_sub(T by, order o, model::place at = model::place::here()) noexcept {
    if (cell_) return from(model::modify(cell_, model::change::sub, bits(by), o, at));
    const T former = value_;
    value_ = static_cast<T>(former - by);
    return former;
  }
  T fetch_or(T with, order o, model::place at = model::place::here()) noexcept {
    if (cell_) return from(model::modify(cell_, model::change::bit_or, bits(with), o, at));
    const T former = value_;
    value_ = static_cast<T>(former | with);
    return former;
  }
  T fetch_and(T with, order o, model::place at = model::place::here()) noexcept {
    if (cell_) return from(model::modify(cell_, model::change::bit_and, bits(with), o, at));
    const T former = value_;
    value_ = static_cast<T>(former & with);
    return former;
  }
  bool compare_exchange_weak(T& expected, T desired, order o,
                             model::place at = model::place::here()) noexcept {
    return compare(expected, desired, true, o, at);
  }
  bool compare_exchange_strong(T& expected, T desired, order o,
                               model::place at = model::place::here()) noexcept {
    return compare(expected, desired, false, o, at);
  }

 private:
  static std::uint64_t bits(T value) noexcept {
    std::uint64_t b = 0;
    std::memcpy(&b, &value, sizeof(T));
    return b;
  }
  static T from(std::uint64_t b) noexcept {
    T value{};
    std::memcpy(&value, &b, sizeof(T));
    return value;
  }
  bool compare(T& expected, T desired, bool is_weak, order o, model::place at) noexcept {
    if (cell_) {
      std::uint64_t seen = bits(expected);
      const bool changed = model::compare_exchange(cell_, seen, bits(desired), is_weak, o, at);
      if (!changed) expected = from(seen);
      return changed;
    }
    if (value_ != expected) return expected = value_, false;
    value_ = desired;
    return true;
  }

  T value_{};
  void* cell_ = nullptr;
};

}  // namespace rouse

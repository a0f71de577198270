// Counts of durations with two to three significant digits in fixed memory: buckets are linear
// within each power of two, so their width is at most 1/128 of their value (the idea of G. Tene's
// HdrHistogram). Recording is a shift and an increment.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace tool {

class histogram {
 public:
  static constexpr unsigned precision_bits = 7;  ///< a value is told within 1/128
  static constexpr unsigned value_bits = 42;     ///< in ns: 73 minutes; above counts as that
  static constexpr std::uint64_t value_max = (std::uint64_t(1) << value_bits) - 1;

  void record(std::uint64_t value) noexcept {
    if (value > value_max) value = value_max;
    ++counts_[index_of(value)];
    ++count_;
    sum_ += value;
    if (value > max_) max_ = value;
    if (value < min_) min_ = value;
  }

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }
  [[nodiscard]] double mean() const noexcept {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
  }
  /// The smallest value that `share` (0..1) of all values do not exceed, rounded up to the end of
  /// its bucket; 0 when nothing was recorded.
  [[nodiscard]] std::uint64_t at_share(double share) const noexcept;
  /// How many values are in [from, to), as far as buckets tell: a bucket counts where it begins.
  [[nodiscard]] std::uint64_t count_between(std::uint64_t from, std::uint64_t to) const noexcept;

  /// The bucket of a value, and the least and greatest value of a bucket.
  [[nodiscard]] static constexpr std::size_t index_of(std::uint64_t value) noexcept {
    const unsigned width = static_cast<unsigned>(std::bit_width(value));
    if (width <= precision_bits + 1) return static_cast<std::size_t>(value);
    const unsigned shift = width - precision_bits - 1;
    return (std::size_t(shift) << precision_bits) + static_cast<std::size_t>(value >> shift);
  }
  [[nodiscard]] static constexpr std::uint64_t least_of(std::size_t index) noexcept {
    if (index < 2 * per_power) return index;
    const std::size_t shift = index / per_power - 1;
    return std::uint64_t(index - shift * per_power) << shift;
  }
  [[nodiscard]] static constexpr std::uint64_t greatest_of(std::size_t index) noexcept {
    return least_of(index + 1) - 1;
  }

 private:
  static constexpr std::size_t per_power = std::size_t(1) << precision_bits;
  static constexpr std::size_t buckets = (value_bits - precision_bits + 1) * per_power;

  std::array<std::uint64_t, buckets> counts_{};  // 36 KiB
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t min_ = ~std::uint64_t(0);
  std::uint64_t max_ = 0;
};

}  // namespace tool

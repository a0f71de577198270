#include "histogram.hpp"

#include <algorithm>
#include <cmath>

namespace tool {

static_assert(histogram::index_of(0) == 0 && histogram::least_of(255) == 255);
static_assert(histogram::index_of(256) == 256 && histogram::least_of(256) == 256);
static_assert(histogram::greatest_of(256) == 257 && histogram::index_of(257) == 256);
static_assert(histogram::index_of(histogram::value_max) ==
              (histogram::value_bits - histogram::precision_bits + 1) *
                      (std::size_t(1) << histogram::precision_bits) -
                  1);

std::uint64_t histogram::at_share(double share) const noexcept {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::clamp(greatest_of(i), min_, max_);
  }
  return max_;
}

std::uint64_t histogram::count_between(std::uint64_t from, std::uint64_t to) const noexcept {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i)
    if (least_of(i) >= from && least_of(i) < to) n += counts_[i];
  return n;
}

}  // namespace tool

#include "histogram.hpp"

#include <gtest/gtest.h>
#include <rouse/base/random.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace tool {
namespace {

TEST(histogram, is_exact_below_256_and_within_a_128th_above) {
  for (std::uint64_t v = 0; v < 256; ++v)
    EXPECT_EQ(histogram::least_of(histogram::index_of(v)), v);
  for (unsigned bits = 8; bits < histogram::value_bits; ++bits) {
    for (std::uint64_t v : {std::uint64_t(1) << bits, (std::uint64_t(3) << bits) / 2,
                            (std::uint64_t(2) << bits) - 1}) {
      const std::size_t i = histogram::index_of(v);
      EXPECT_LE(histogram::least_of(i), v);
      EXPECT_GE(histogram::greatest_of(i), v);
      EXPECT_LE(histogram::greatest_of(i) - histogram::least_of(i) + 1,
                std::max(v / 128, v >> bits))
          << v;
    }
  }
}

TEST(histogram, buckets_leave_no_gap) {
  const std::size_t last = histogram::index_of(histogram::value_max);
  for (std::size_t i = 0; i < last; ++i)
    ASSERT_EQ(histogram::index_of(histogram::greatest_of(i) + 1), i + 1);
}

TEST(histogram, tells_shares_as_sorted_values_do) {
  const auto h = std::make_unique<histogram>();
  std::vector<std::uint64_t> all;
  rouse::random_source random(7);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t value = 1'000 + random.next() % (std::uint64_t(1) << (10 + i % 20));
    all.push_back(value);
    h->record(value);
  }
  std::ranges::sort(all);
  for (double share : {0.0001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(share * 10'000 + 0.5) - 1;
    EXPECT_GE(h->at_share(share), all[rank]);
    EXPECT_LE(h->at_share(share), all[rank] + all[rank] / 128);
  }
  EXPECT_EQ(h->count(), 10'000u);
  EXPECT_EQ(h->min(), all.front());
  EXPECT_EQ(h->max(), all.back());
  EXPECT_LE(h->at_share(0), all.front() + all.front() / 128);
  EXPECT_EQ(h->count_between(0, histogram::value_max), 10'000u);
}

TEST(histogram, of_nothing_is_zero_and_of_too_much_is_the_most) {
  const auto h = std::make_unique<histogram>();
  EXPECT_EQ(h->at_share(0.5), 0u);
  EXPECT_EQ(h->min(), 0u);
  EXPECT_EQ(h->max(), 0u);
  EXPECT_EQ(h->mean(), 0);
  h->record(~std::uint64_t(0));
  EXPECT_EQ(h->max(), histogram::value_max);
  EXPECT_EQ(h->at_share(1), histogram::value_max);
}

}  // namespace
}  // namespace tool

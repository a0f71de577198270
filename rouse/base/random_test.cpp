#include <rouse/base/random.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <random>
#include <vector>

namespace rouse {
namespace {

TEST(random_source, gives_the_published_sequences) {
  // splitmix64 seeded with 1234567 begins so in every published implementation; it makes our state,
  // from which the first xoshiro256** output follows by its definition.
  constexpr std::uint64_t s1 = 3203168211198807973u;
  constexpr std::uint64_t x = s1 * 5;
  constexpr std::uint64_t expected = ((x << 7) | (x >> 57)) * 9;
  random_source r(1234567);
  EXPECT_EQ(r.next(), expected);
}

TEST(random_source, repeats_from_its_seed_and_differs_between_seeds) {
  random_source a(7), b(7), c(8);
  int same = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto x = a.next();
    EXPECT_EQ(x, b.next());
    same += x == c.next();
  }
  EXPECT_EQ(same, 0);
}

TEST(random_source, seed_zero_is_as_good_as_any) {
  random_source r(0);
  std::uint64_t ones = 0;
  for (int i = 0; i < 1000; ++i)
    ones += static_cast<std::uint64_t>(__builtin_popcountll(r.next()));
  EXPECT_NEAR(static_cast<double>(ones), 32000, 600);  // 5 standard deviations
}

TEST(random_source, below_is_even_and_in_bounds) {
  random_source r(1);
  std::array<int, 6> count{};
  for (int i = 0; i < 60000; ++i)
    ++count.at(r.below(6));
  for (const int n : count)
    EXPECT_NEAR(n, 10000, 500);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(r.below(1), 0u);
}

TEST(random_source, below_is_fair_for_bounds_near_two_to_the_64) {
  // With bound 3 * 2^62 a careless multiply would give some thirds twice the chance of others.
  random_source r(2);
  constexpr std::uint64_t quarter = 1ull << 62;
  std::array<int, 3> count{};
  for (int i = 0; i < 30000; ++i)
    ++count.at(r.below(3 * quarter) / quarter);
  for (const int n : count)
    EXPECT_NEAR(n, 10000, 450);
}

TEST(random_source, between_includes_both_ends_of_any_range) {
  random_source r(3);
  bool low = false, high = false;
  for (int i = 0; i < 1000; ++i) {
    const auto x = r.between(-2, 2);
    ASSERT_TRUE(x >= -2 && x <= 2);
    low |= x == -2;
    high |= x == 2;
  }
  EXPECT_TRUE(low && high);
  EXPECT_EQ(r.between(5, 5), 5);
  (void)r.between(INT64_MIN, INT64_MAX);
}

TEST(random_source, fraction_stays_below_one) {
  random_source r(4);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double x = r.fraction();
    ASSERT_TRUE(x >= 0 && x < 1);
    sum += x;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

TEST(random_source, forks_are_streams_of_their_own) {
  random_source a(5), b(5);
  random_source child = a.fork();
  (void)b.fork();
  for (int i = 0; i < 100; ++i)
    (void)child.next();
  EXPECT_EQ(a.next(), b.next());  // what the child draws does not shift its parent
}

TEST(random_source, serves_the_standard_algorithms) {
  static_assert(std::uniform_random_bit_generator<random_source>);
  random_source r(6);
  std::vector<int> cards(52);
  std::iota(cards.begin(), cards.end(), 0);
  auto dealt = cards;
  std::shuffle(dealt.begin(), dealt.end(), r);
  EXPECT_NE(dealt, cards);
  EXPECT_TRUE(std::is_permutation(dealt.begin(), dealt.end(), cards.begin()));
}

}  // namespace
}  // namespace rouse

// Seeded pseudo-random numbers: one generator per owner, never a global one, so that a run can be
// repeated from its seed. Not for secrets: tokens and ids come from the kernel.
//
// Source: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47
// (2021), doi:10.1145/3460772: xoshiro256**, seeded through splitmix64 as they advise. Bounded
// numbers: D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019),
// doi:10.1145/3230636.
#pragma once

#include <rouse/base/assert.hpp>

#include <cstdint>

namespace rouse {

/// A stream of numbers that its seed determines, on every platform. Models
/// uniform_random_bit_generator. Cheap to copy; one thread at a time.
class random_source {
 public:
  using result_type = std::uint64_t;

  explicit constexpr random_source(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_)
      word = next_seed(seed);
  }

  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return UINT64_MAX; }
  constexpr result_type operator()() noexcept { return next(); }

  /// 64 random bits.
  constexpr std::uint64_t next() noexcept {
    const std::uint64_t answer = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t carried = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= carried;
    state_[3] = rotate(state_[3], 45);
    return answer;
  }

  /// Evenly distributed over 0 .. bound - 1; `bound` is 1 or more.
  constexpr std::uint64_t below(std::uint64_t bound) noexcept {
    ROUSE_ASSERT(bound > 0);
    wide product = static_cast<wide>(next()) * bound;
    if (static_cast<std::uint64_t>(product) < bound) {
      const std::uint64_t unfair =
          (0 - bound) % bound;  // 2^64 mod bound: so many products are one too many
      while (static_cast<std::uint64_t>(product) < unfair)
        product = static_cast<wide>(next()) * bound;
    }
    return static_cast<std::uint64_t>(product >> 64);
  }
  /// Evenly distributed over low .. high, both included.
  constexpr std::int64_t between(std::int64_t low, std::int64_t high) noexcept {
    ROUSE_ASSERT(low <= high);
    const std::uint64_t span = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    const std::uint64_t step = span == UINT64_MAX ? next() : below(span + 1);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + step);
  }
  /// 0 <= x < 1, in steps of 2^-53.
  constexpr double fraction() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// True once in `n` times; `n` is 1 or more.
  constexpr bool one_in(std::uint64_t n) noexcept { return below(n) == 0; }
  /// An independent stream for a part of the program, so that what one part draws does not shift
  /// the others.
  [[nodiscard]] constexpr random_source fork() noexcept { return random_source(next()); }

 private:
  __extension__ using wide = unsigned __int128;

  static constexpr std::uint64_t rotate(std::uint64_t x, int by) noexcept {
    return (x << by) | (x >> (64 - by));
  }
  // splitmix64: consecutive seeds give unrelated states, and never all zeros.
  static constexpr std::uint64_t next_seed(std::uint64_t& seed) noexcept {
    seed += 0x9e3779b97f4a7c15u;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint64_t state_[4];
};

}  // namespace rouse

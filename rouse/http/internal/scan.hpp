// Finds the next control byte eight bytes at a time: the one loop that every byte of a head goes
// through. The two tests per word are "has a byte less than n" and "has a zero byte" (S. E.
// Anderson, Bit Twiddling Hacks); a borrow can only mark bytes above a byte that is truly marked,
// so the lowest mark is exact.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace rouse::internal {

[[nodiscard]] constexpr bool is_control(char c) noexcept {
  auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

/// The offset of the first byte below 0x20, or equal to 0x7f, in [from, to) of `bytes`; `to` when
/// there is none.
[[nodiscard]] inline std::size_t find_control(const char* bytes, std::size_t from,
                                              std::size_t to) noexcept {
  constexpr std::uint64_t each = 0x0101010101010101;
  while (to - from >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + from, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    std::uint64_t below_space = (word - each * 0x20) & ~word;
    std::uint64_t without_del = word ^ (each * 0x7f);
    std::uint64_t is_del = (without_del - each) & ~without_del;
    std::uint64_t marks = (below_space | is_del) & (each * 0x80);
    if (marks != 0) return from + static_cast<std::size_t>(std::countr_zero(marks)) / 8;
    from += sizeof word;
  }
  while (from < to && !is_control(bytes[from]))
    ++from;
  return from;
}

}  // namespace rouse::internal

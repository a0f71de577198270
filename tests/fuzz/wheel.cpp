// Any sequence of inserts, removals, re-arms, looks and pops: the wheel answers what sorted maps
// answer.
#include <cstddef>
#include <cstdint>

#include <rouse/time/wheel_comparison_test.hpp>

namespace {

using namespace rouse;

struct used_up {};

/// Choices read from the input, a byte or more each; throws used_up at its end.
class choices {
 public:
  choices(const std::uint8_t* at, std::size_t size) : at_(at), end_(at + size) {}

  std::uint64_t below(std::uint64_t bound) {
    std::uint64_t value = 0;
    for (std::uint64_t most = bound - 1; most != 0; most >>= 8)
      value = value << 8 | next();
    return value % bound;
  }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1));
  }

 private:
  std::uint8_t next() {
    if (at_ == end_) throw used_up();
    return *at_++;
  }
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  using namespace std::chrono_literals;
  const instant starts[] = {instant(1h), instant::min() + 1h, never - 24h, instant()};
  choices bytes(data + 1, size - 1);
  test::wheel_comparison<choices> compared(bytes, starts[data[0] % 4]);
  try {
    for (;;)
      compared.run(1);
  } catch (const used_up&) {
    return 0;
  }
}

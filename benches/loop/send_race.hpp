// A thread that sends while the loop is about to look, and writes in between: the callback has to
// see what was written, or has to be called again. Shared by both sides of the comparison.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace bench {

class send_race {
 public:
  /// The callback. True: the race is over.
  bool look() {
    seen_ = written_.load();
    return is_over_;
  }
  /// The thread: so many rounds, after which it sends once more. Gives those of which the callback
  /// had seen nothing after a fifth of a second.
  template <class Send>
  std::int64_t run(std::int64_t rounds, Send send) {
    constexpr std::chrono::milliseconds patience(200);
    std::int64_t lost = 0;
    unsigned random = 1;
    for (std::int64_t i = 1; i <= rounds; ++i) {
      send();
      random = random * 1'664'525 + 1'013'904'223;
      for (unsigned n = random >> 20; n != 0; --n)
        asm volatile("");  // some time, so that the loop's look meets what follows
      written_.store(i, std::memory_order_release);
      send();
      const auto until = std::chrono::steady_clock::now() + patience;
      while (seen_ != i && std::chrono::steady_clock::now() < until) {
      }
      if (seen_ != i) ++lost;
    }
    is_over_ = true;
    send();
    return lost;
  }

 private:
  alignas(64) std::atomic<std::int64_t> written_{0};
  alignas(64) std::atomic<std::int64_t> seen_{0};
  alignas(64) std::atomic<bool> is_over_{false};
};

}  // namespace bench

// The floor of everything about timers: 6 x 64 slots of 1 ms, 24-byte nodes in rings, a bitmap a
// level. No driver, no sleep, no waker, deadlines rounded to a tick.
#pragma once

#include <cstdint>

namespace bench {

struct bare_wheel {
  struct timer {
    timer* prev;
    timer* next;
    std::uint64_t deadline;  // ticks of 1 ms
  };
  static constexpr int levels = 6;
  timer slots[levels][64];
  std::uint64_t occupied[levels] = {};
  std::uint64_t now = 0;
  std::uint64_t count = 0;

  bare_wheel() {
    for (auto& level : slots)
      for (timer& s : level)
        s.prev = s.next = &s;
  }
  void insert(timer* t) {
    const std::uint64_t difference = t->deadline ^ now;
    const int level = difference < 64 ? 0 : (63 - __builtin_clzll(difference)) / 6;
    const auto s = static_cast<int>(t->deadline >> (6 * level)) & 63;
    timer& head = slots[level][s];
    t->prev = head.prev;
    t->next = &head;
    head.prev->next = t;
    head.prev = t;
    occupied[level] |= 1ULL << s;
    ++count;
  }
  void cancel(timer* t) {
    t->prev->next = t->next;
    t->next->prev = t->prev;
    --count;
  }
  template <class Fire>
  void advance(std::uint64_t until, Fire fire) {
    while (count) {
      int level = 0;
      std::uint64_t bits = 0;
      for (; level < levels; ++level) {
        const auto at = static_cast<int>(now >> (6 * level)) & 63;
        bits = occupied[level] & (~0ULL << at);
        if (bits) break;
      }
      if (level == levels) break;
      const int s = __builtin_ctzll(bits);
      const auto span = 6 * static_cast<std::uint64_t>(level);
      const std::uint64_t at =
          (now >> (span + 6) << (span + 6)) | (static_cast<std::uint64_t>(s) << span);
      if (at > until) break;
      if (at > now) now = at;
      timer list;
      timer& head = slots[level][s];
      occupied[level] &= ~(1ULL << s);
      if (head.next == &head) continue;
      list.next = head.next;
      list.prev = head.prev;
      list.next->prev = &list;
      list.prev->next = &list;
      head.prev = head.next = &head;
      for (timer* t = list.next; t != &list;) {
        timer* following = t->next;
        --count;
        if (t->deadline <= now)
          fire(t);
        else
          insert(t);
        t = following;
      }
    }
    if (now < until) now = until;
  }
};

}  // namespace bench

// A wake object that counts: what stands for a task where a test polls by hand.
#pragma once

#include <rouse/core/context.hpp>
#include <rouse/core/poll_result.hpp>

#include <atomic>

namespace support {

/// Counts wakes and the counted wakers that are out. Lives as long as they do; any thread.
class counting_waker final : public rouse::wakeable {
 public:
  counting_waker() noexcept : wakeable(table) {}

  [[nodiscard]] unsigned wakes() const { return wakes_; }
  /// Counted wakers that somebody holds.
  [[nodiscard]] long holders() const { return holders_; }
  /// Polls once with a context of its own.
  template <class P>
  auto poll(P& p) {
    rouse::context cx(*this);
    return p.poll(cx);
  }
  template <class P>
  bool is_ready(P& p) {
    return poll(p).is_ready();
  }
  template <class P>
  bool cancel(P& p) {
    rouse::context cx(*this);
    return p.poll_cancel(cx).is_ready();
  }

 private:
  static counting_waker& self(wakeable& w) { return static_cast<counting_waker&>(w); }
  static const rouse::wake_table table;
  std::atomic<unsigned> wakes_{0};
  std::atomic<long> holders_{0};
};
inline constinit const rouse::wake_table counting_waker::table{
    [](wakeable& w) noexcept { ++self(w).wakes_; },
    [](wakeable& w) noexcept -> wakeable& {
      ++self(w).holders_;
      return w;
    },
    [](wakeable& w) noexcept { --self(w).holders_; },
};

}  // namespace support

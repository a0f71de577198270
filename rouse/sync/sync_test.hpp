// What the tests of this room share: a task that counts its wakes, a wakeable whose every step runs
// a hook, and a way to wait for a pollable from a plain thread.
#pragma once

#include <rouse/core/pollable.hpp>
#include <rouse/core/shared_waker.hpp>
#include <rouse/sync/policy.hpp>

#include <atomic>
#include <functional>
#include <memory>

namespace rouse::sync::test {

/// Stands for a task: something to poll with, and a count of its wakes.
class counting_task {
 public:
  template <class P>
  auto poll(P& p) {
    context cx(waker_);
    return p.poll(cx);
  }
  template <class P>
  bool is_ready(P& p) {
    return poll(p).is_ready();
  }
  template <class P>
  bool cancel(P& p) {
    context cx(waker_);
    return p.poll_cancel(cx).is_ready();
  }
  [[nodiscard]] int wakes() const { return counter_->count; }
  /// Wakers of this task that somebody holds; 0 after everything was given back.
  [[nodiscard]] long holders() const { return counter_.use_count() - 2; }

 private:
  struct counter {
    std::atomic<int> count{0};
    void wake() { ++count; }
  };
  std::shared_ptr<counter> counter_ = std::make_shared<counter>();
  waker waker_ = make_waker(counter_);
};

/// A stranger's wakeable: whatever it does runs a hook, which may use the primitive that called.
class hooked_wakeable : public wakeable {
 public:
  hooked_wakeable() : wakeable(table) {}
  std::function<void()> on_wake, on_clone, on_drop;
  int references = 0;

 private:
  static hooked_wakeable& self(wakeable& w) { return static_cast<hooked_wakeable&>(w); }
  static void run(std::function<void()>& hook) {
    if (!hook) return;
    auto once = std::exchange(hook, nullptr);
    once();
  }
  static const wake_table table;
};
inline const wake_table hooked_wakeable::table{
    [](wakeable& w) noexcept { run(self(w).on_wake); },
    [](wakeable& w) noexcept -> wakeable& {
      ++self(w).references;
      run(self(w).on_clone);
      return w;
    },
    [](wakeable& w) noexcept {
      --self(w).references;
      run(self(w).on_drop);
    },
};

/// Polls until ready, sleeping in between: what a thread without an executor does.
template <class P>
auto wait(P& p) {
  struct flag {
    std::atomic<int> is_set{0};
    void wake() {
      is_set = 1;
      is_set.notify_one();
    }
  };
  auto woken = std::make_shared<flag>();
  const waker w = make_waker(woken);
  for (;;) {
    context cx(w);
    if (auto answer = p.poll(cx); answer.is_ready()) return answer.take();
    woken->is_set.wait(0);
    woken->is_set = 0;
  }
}

}  // namespace rouse::sync::test

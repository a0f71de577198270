// What the tests of this module share: a waker that counts, a park that logs, a world of both under
// a manual clock.
#pragma once

#include <rouse/core/context.hpp>
#include <rouse/park/thread_park.hpp>
#include <rouse/time/manual_clock.hpp>
#include <rouse/time/sleep.hpp>
#include <rouse/time/timer_park.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rouse::test {

using namespace std::chrono_literals;

/// Stands for a task: counts its wakes, and the counted references to it. Any thread.
class counting_waker final : public wakeable {
 public:
  counting_waker() : wakeable(table) {}
  explicit counting_waker(std::function<void()> also) : wakeable(table), also_(std::move(also)) {}
  ~counting_waker() { EXPECT_EQ(references.load(), 0) << "a counted waker outlives its task"; }

  std::atomic<int> wakes = 0;
  std::atomic<int> references = 0;  // now
  std::atomic<int> clones = 0;      // ever

 private:
  static counting_waker& self(wakeable& w) { return static_cast<counting_waker&>(w); }
  static void on_wake(wakeable& w) noexcept {
    ++self(w).wakes;
    if (self(w).also_) self(w).also_();
  }
  static wakeable& on_clone(wakeable& w) noexcept {
    ++self(w).references;
    ++self(w).clones;
    return w;
  }
  static void on_drop(wakeable& w) noexcept { --self(w).references; }
  static constexpr wake_table table{on_wake, on_clone, on_drop};
  std::function<void()> also_;
};

/// A bottom that never sleeps: logs the limits it is asked for, and answers as told.
class logging_park {
 public:
  result<park_outcome> park(nanoseconds limit) {
    asked.push_back(limit);
    if (during) during();
    return answer;
  }
  rouse::unparker unparker() { return token.unparker(); }
  bool has_work() const { return busy; }

  std::vector<nanoseconds> asked;
  result<park_outcome> answer = park_outcome::timed_out;
  std::function<void()> during;  // while it "waits"
  bool busy = false;
  thread_park token;
};
static_assert(park<logging_park> && park<timer_park<logging_park>> &&
              park<timer_park<logging_park&>>);

/// A timer on a manual clock over a logging park, current on this thread.
struct timed_world {
  manual_clock time;
  timer_park<logging_park> stack{time};
  timer_driver::scope current{stack.driver()};
  counting_waker task;
  context cx{task};

  instant start() const { return instant(std::chrono::hours(1)); }
  /// Moves time and makes one turn.
  void advance(nanoseconds d) {
    time.advance(d);
    turn();
  }
  void turn() { ASSERT_TRUE(stack.park(0ns).has_value()); }
};

/// "pending", "ok", or the error's words.
template <class T>
std::string words(poll_result<result<T>> answer) {
  if (!answer.is_ready()) return "pending";
  auto value = answer.take();
  if (value) return "ok";
  return value.error().message();
}

}  // namespace rouse::test

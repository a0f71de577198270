// A worker without an executor: it runs when the test says so, and remembers what it was told.
#pragma once

#include <rouse/core/describe.hpp>
#include <rouse/core/spawn.hpp>

#include <atomic>
#include <functional>
#include <string>
#include <vector>

namespace support {

class manual_worker final : public rouse::worker {
 public:
  manual_worker() = default;
  ~manual_worker() { close_all(rouse::error("worker", rouse::errc::runtime_shut_down)); }

  /// Runs until nothing is ready; gives the polls made.
  unsigned run() { return run(unsigned(-1)); }
  /// Runs at most `polls` tasks.
  unsigned run(unsigned polls) {
    const running_scope here(*this);
    unsigned ran = 0;
    while (ran != polls) {  // it stops early behind a poll that used its whole budget
      const unsigned more = run_ready(polls - ran, nullptr);
      if (more == 0) break;
      ran += more;
    }
    return ran;
  }
  /// Does `f` as if this worker ran.
  template <class F>
  decltype(auto) inside(F&& f) {
    const running_scope here(*this);
    return f();
  }
  template <class P>
  auto spawn(P work, rouse::spawn_options options = {}) {
    const running_scope here(*this);
    return rouse::spawn(std::move(work), options);
  }
  /// Sleeps for one spin: true when the inbox was empty and a foreign wake would unpark from here
  /// on.
  [[nodiscard]] bool go_to_sleep() { return begin_sleep(); }
  void wake_up() { end_sleep(); }

  std::atomic<unsigned> unparks{0};
  std::vector<std::string> failures;  ///< what tasks that nobody joined threw
  std::function<void()> on_failure;   ///< what the handler does besides
  std::function<void()> on_unpark;    ///< what an unpark does besides, on the thread that wakes

 private:
  void unpark() noexcept override {
    ++unparks;
    if (on_unpark) on_unpark();
  }
  void on_unjoined_failure(rouse::task_header&, std::exception_ptr failure) noexcept override {
    failures.push_back(rouse::describe(failure));
    if (on_failure) on_failure();
  }
};

/// The memory of tasks that are alive, counted by what their work destroys.
struct counted {
  explicit counted(int& alive) : alive_(&alive) { ++alive; }
  counted(counted&& other) noexcept : alive_(std::exchange(other.alive_, nullptr)) {}
  counted& operator=(counted&&) = delete;
  ~counted() {
    if (alive_) --*alive_;
  }

 private:
  int* alive_;
};

}  // namespace support

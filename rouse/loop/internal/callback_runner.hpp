// The one place where a loop calls strangers: what they throw is kept or handed on, next ticks and
// microtasks follow, and the time is taken.
#pragma once

#include <rouse/base/callback.hpp>
#include <rouse/base/duration.hpp>
#include <rouse/loop/internal/event_slot.hpp>
#include <rouse/loop/internal/ring.hpp>
#include <rouse/loop/loop_hold.hpp>
#include <rouse/loop/loop_options.hpp>

#include <cstddef>
#include <exception>

namespace rouse {
class timer_driver;
}

namespace rouse::internal {

class loop_trace;

class callback_runner {
 public:
  callback_runner(timer_driver& time, const loop_options& options, loop_trace& trace)
      : time_(time), options_(options), trace_(trace), has_more_(options.measures) {
    failures_.reserve(failures_.least_capacity);
  }

  /// Calls `f()`, then drains next ticks and microtasks. What is called inside another callback is
  /// a part of that one.
  template <class F>
  void call(loop_phase phase, F&& f) noexcept {
    const bool is_outer = !is_calling_;
    ++metrics_.callbacks[static_cast<std::size_t>(phase)];
    is_calling_ = true;
    try {
      f();
    } catch (...) {
      fail(std::current_exception());
    }
    if (!is_outer) return;
    is_calling_ = false;
    after_task();
  }
  /// The same for each callback that `next()` gives until it gives null, or the loop is
  /// interrupted: what is needed once is done once. With `last_call` each callback dies of it.
  template <bool last_call = false, class Next>
  void call_each(loop_phase phase, Next&& next) noexcept {
    std::uint64_t count = 0;
    is_calling_ = true;
    for (;;) {
      try {
        do {
          callback<void()>* const f = interrupted_ ? nullptr : next();
          if (!f) {
            is_calling_ = false;
            metrics_.callbacks[static_cast<std::size_t>(phase)] += count;
            return;
          }
          ++count;
          if constexpr (last_call)
            f->call_once();
          else
            (*f)();
        } while (!has_more_);
      } catch (...) {
        fail(std::current_exception());
      }
      finish_callback();
    }
  }
  /// After a task was polled.
  void after_task() noexcept {
    if (has_more_) finish_callback();
  }
  /// All next ticks, then all microtasks, until both are empty: Node's order.
  void drain() noexcept;
  void next_tick(callback<void()>&& f) {
    ticks_.emplace(std::move(f));
    has_more_ = true;
  }
  void queue_microtask(callback<void()>&& f) {
    microtasks_.emplace(std::move(f));
    has_more_ = true;
  }
  [[nodiscard]] std::size_t undrained() const noexcept {
    return ticks_.size() + microtasks_.size();
  }

  /// A failure that nobody has caught: to the handler, or kept until `rethrow_failure`.
  void fail(std::exception_ptr failure) noexcept;
  /// The first that is kept. What ends at once, a sink and each of its writes, may have left more:
  /// they interrupt the next run before it calls anybody.
  void rethrow_failure();
  [[nodiscard]] bool has_failure() const noexcept { return !failures_.is_empty(); }
  void on_error(callback<void(std::exception_ptr)>&& handler) noexcept {
    on_error_.set(std::move(handler));
  }
  /// No further callback, for good; the latest code counts.
  void exit(int code) noexcept;
  bool is_exit_final = false;  ///< set by every exit(): also inside a callback of on_exit
  [[nodiscard]] bool is_exiting() const noexcept { return exiting_; }
  [[nodiscard]] int exit_code() const noexcept { return exit_code_; }
  /// No callback is to be begun: a failure is on its way out of run(), or exit() was called.
  [[nodiscard]] bool is_interrupted() const noexcept { return interrupted_; }

  /// The time now is when the next callback begins.
  void start_clock() noexcept;
  [[nodiscard]] loop_metrics& metrics() noexcept { return metrics_; }
  /// What waits to be drained dies uncalled.
  void clear() noexcept;

 private:
  void finish_callback() noexcept;
  void take_time() noexcept;
  std::uint64_t drain(ring<callback<void()>>& from, loop_phase phase, std::uint64_t most) noexcept;

  timer_driver& time_;
  const loop_options& options_;
  loop_trace& trace_;
  ring<callback<void()>> ticks_;
  ring<callback<void()>> microtasks_;
  event_slot<void(std::exception_ptr)> on_error_;
  ring<std::exception_ptr> failures_;  // has room for some, which need no memory then
  int exit_code_ = 0;
  bool exiting_ = false;
  bool interrupted_ = false;
  bool is_calling_ = false;
  bool has_more_;  // something is to be done after a callback: one look instead of three
  instant begun_;
  loop_metrics metrics_;
};

}  // namespace rouse::internal

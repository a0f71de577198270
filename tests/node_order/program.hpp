// A program of programs/ in C++: the same calls in the same order, and the lines it prints.
#pragma once

#include <rouse/loop/loop.hpp>
#include <rouse/time/manual_clock.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace node_order {

using namespace std::chrono_literals;

/// What a program has at hand, until its loop has ended.
class script {
 public:
  /// `virtual_time`: null where time passes by itself.
  script(rouse::loop& on, rouse::manual_clock* virtual_time) : loop(on), clock_(virtual_time) {}

  rouse::loop& loop;

  void log(std::string line) { lines_.push_back(std::move(line)); }
  void log(int number) { log(std::to_string(number)); }
  /// A callback that logs one line.
  [[nodiscard]] auto says(std::string line) {
    return [this, line = std::move(line)] { log(line); };
  }
  [[nodiscard]] bool has_virtual_time() const { return clock_ != nullptr; }
  /// Keeps the thread busy for so long.
  void pass(rouse::nanoseconds time) {
    if (clock_)
      clock_->advance(time);
    else
      std::this_thread::sleep_for(time);
  }
  /// A variable that several callbacks share.
  template <class T>
  [[nodiscard]] T& keep(T value = {}) {
    auto kept = std::make_shared<T>(std::move(value));
    kept_.push_back(kept);
    return *kept;
  }
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  rouse::manual_clock* clock_;
  std::vector<std::string> lines_;
  std::vector<std::shared_ptr<void>> kept_;
};

/// What an exception of a program says.
[[nodiscard]] std::string text_of(const std::exception_ptr& error);

struct program {
  const char* name;  // of programs/NAME.js
  void (*main)(script&);
  unsigned pool_threads = 4;
};

// Each in the file of its name.
std::span<const program> queue_programs();
std::span<const program> timer_programs();
std::span<const program> interval_programs();
std::span<const program> liveness_programs();
std::span<const program> error_programs();
std::span<const program> socket_programs();
std::span<const program> pool_programs();
std::span<const program> process_programs();
std::span<const program> signal_programs();
std::span<const program> unix_programs();
std::span<const program> stream_programs();
std::span<const program> http_programs();
std::span<const program> walk_programs();
/// The program of walk_programs.cpp with another seed.
void walk_from(std::uint32_t seed, script& s);

}  // namespace node_order

#include <rouse/loop/internal/callback_runner.hpp>

#include <rouse/loop/internal/loop_trace.hpp>
#include <rouse/time/timer_driver.hpp>

#include <new>
#include <utility>

namespace rouse::internal {

/// Calls what stands in the queue, also what is added meanwhile, until it is empty or `most` are
/// called.
std::uint64_t callback_runner::drain(ring<callback<void()>>& from, loop_phase phase,
                                     std::uint64_t most) noexcept {
  std::uint64_t count = 0;
  const auto goes_on = [&] { return !from.is_empty() && count < most && !interrupted_; };
  while (goes_on()) {
    try {  // entered again only after one has thrown
      do {
        ++count;
        if (trace_.is_on()) [[unlikely]]
          trace_.callback(phase, name_of(phase));
        from.call_front();
      } while (goes_on());
    } catch (...) {
      fail(std::current_exception());
    }
  }
  metrics_.callbacks[static_cast<std::size_t>(phase)] += count;
  return count;
}

void callback_runner::finish_callback() noexcept {
  if (undrained() != 0) drain();
  if (options_.measures) take_time();
}

void callback_runner::drain() noexcept {
  const bool was_calling = std::exchange(is_calling_, true);
  const std::uint64_t most = options_.drain_max == 0 ? ~std::uint64_t{0} : options_.drain_max;
  std::uint64_t count = 0;
  while (!interrupted_ && count < most) {
    if (!ticks_.is_empty())
      count += drain(ticks_, loop_phase::tick, most - count);
    else if (!microtasks_.is_empty())
      count += drain(microtasks_, loop_phase::microtask, most - count);
    else
      break;
  }
  ticks_.trim();
  microtasks_.trim();
  if (count > metrics_.longest_drain) metrics_.longest_drain = count;
  is_calling_ = was_calling;
  has_more_ = options_.measures || undrained() != 0;
}

void callback_runner::fail(std::exception_ptr failure) noexcept {
  if (trace_.is_on())
    trace_.note(on_error_ && !exiting_ ? "an exception, for the error handler"
                                       : "an exception, which leaves run");
  if (on_error_ && !exiting_) {
    try {
      return on_error_(std::move(failure));
    } catch (...) {
      failure = std::current_exception();
    }
  }
  interrupted_ = true;
  try {
    failures_.emplace(std::move(failure));
  } catch (const std::bad_alloc&) {  // as many as there was room for are told
  }
}

void callback_runner::rethrow_failure() {
  if (failures_.is_empty()) return;
  const std::exception_ptr first = failures_.pop();
  interrupted_ = exiting_ || has_failure();
  std::rethrow_exception(first);
}

void callback_runner::exit(int code) noexcept {
  exit_code_ = code;
  exiting_ = interrupted_ = is_exit_final = true;
}

void callback_runner::start_clock() noexcept {
  if (options_.measures) begun_ = time_.now();
}

void callback_runner::take_time() noexcept {
  const instant ended = time_.now();
  if (ended - begun_ > metrics_.longest_callback) metrics_.longest_callback = ended - begun_;
  begun_ = ended;
}

void callback_runner::clear() noexcept {
  ticks_.clear();
  microtasks_.clear();
  on_error_.reset();
}

}  // namespace rouse::internal

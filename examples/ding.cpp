// Nine tasks on one executor thread and one timer thread; task i dings every i * 500 ms. `ding [N
// [MS]]`: each task ends after N dings (never, if N is not given), and the program when no task is
// left. MS replaces 500.
#include <rouse/core/pollable.hpp>
#include <rouse/executor/current_thread/current_thread_executor.hpp>
#include <rouse/park/thread_park.hpp>
#include <rouse/time/timer_thread.hpp>

#include <cstdio>
#include <cstdlib>

// A poll-style task, no coroutine: it registers its waker with the timer thread and returns.
class ding {
 public:
  ding(int number, int times, rouse::nanoseconds period, rouse::timer_handle timer)
      : number_(number), left_(times), period_(period), timer_(std::move(timer)) {}

  rouse::poll_result<void> poll(rouse::context& cx) {
    const rouse::instant now = rouse::now();
    if (next_ == rouse::instant()) next_ = now + period_;
    if (now >= next_) {
      std::printf("Task %d - ding\n", number_);
      next_ += period_;
      if (left_ > 0 && --left_ == 0) return rouse::ready;
    }
    auto registered = timer_.register_at(next_, cx.get_waker());
    if (!registered) return rouse::ready;  // the timer is gone
    registration_ = std::move(*registered);
    return rouse::pending;
  }

 private:
  int number_;
  int left_;
  rouse::nanoseconds period_;
  rouse::timer_handle timer_;
  rouse::instant next_;
  rouse::timer_registration registration_;
};

int main(int argc, char** argv) {
  const int times = argc > 1 ? std::atoi(argv[1]) : 0;
  const auto unit = std::chrono::milliseconds(argc > 2 ? std::atoi(argv[2]) : 500);
  const auto timer = rouse::timer_thread::start();
  if (!timer)
    return std::fprintf(stderr, "no timer thread: %s\n", timer.error().message().c_str()), 1;
  rouse::thread_park here;
  rouse::current_thread_executor executor(here);
  for (int i = 1; i <= 9; ++i)
    executor.spawn(ding(i, times, i * unit, timer->handle())).detach();
  executor.run();
}

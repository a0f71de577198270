// One thread that keeps the time for all others. Three plain threads, no executor, register their
// own wake objects with it and sleep until they are woken; a fourth registers a waker and cancels
// it.
#include <rouse/time/timer_thread.hpp>

#include <cstdio>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

// Any type with `wake()` will do; it is called on the timer's thread.
struct alarm_bell {
  std::binary_semaphore rung{0};
  void wake() { rung.release(); }
};

int main() {
  const auto timer = rouse::timer_thread::start();
  if (!timer)
    return std::fprintf(stderr, "no timer thread: %s\n", timer.error().message().c_str()), 1;

  std::vector<std::thread> sleepers;
  for (int i = 1; i <= 3; ++i) {
    sleepers.emplace_back([timer = *timer, i] {
      auto bell = std::make_shared<alarm_bell>();
      auto registered = timer.register_after(i * 20ms, bell);
      if (!registered) return;
      bell->rung.acquire();
      std::printf("thread %d was woken\n", i);
    });
  }
  auto never = std::make_shared<alarm_bell>();
  auto cancelled = timer->register_after(10ms, never);
  if (cancelled) cancelled->cancel();
  for (auto& s : sleepers)
    s.join();
  std::printf("cancelled alarm rang: %s\n", never->rung.try_acquire() ? "yes" : "no");
}  // the last handle goes here: the timer's thread ends and is joined

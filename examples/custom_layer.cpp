// A layer of one's own: work that is done only while the runtime is idle, one piece per look, so
// that timers and sockets below are never late by more than a piece. Compare
// rouse/park/idle_park.hpp, which the library ships.
#include <rouse/rouse.hpp>
#include <rouse/time/timer_park.hpp>

#include <cstdio>

using namespace std::chrono_literals;

template <rouse::park Inner>
class idle_counter {
 public:
  idle_counter(Inner& below, int pieces) : below_(below), pieces_(pieces) {}

  rouse::result<rouse::park_outcome> park(rouse::nanoseconds limit) {
    if (pieces_ == 0 || limit == 0ns)
      return below_.park(limit);  // nothing to do, or no time: wait as asked
    --pieces_;
    ++done_;
    return below_.park(0ns);  // one piece, then a look; the executor asks again
  }
  rouse::unparker unparker() { return below_.unparker(); }
  bool has_work() { return rouse::has_work(below_); }
  int done() const { return done_; }

 private:
  Inner& below_;
  int pieces_;
  int done_ = 0;
};

rouse::task<void> tick(int times) {
  for (int i = 1; i <= times; ++i) {
    co_await rouse::sleep(10ms);
    std::printf("tick %d\n", i);
  }
}

int main() {
  auto reactor = rouse::make_reactor();
  if (!reactor)
    return std::fprintf(stderr, "no reactor: %s\n", reactor.error().message().c_str()), 1;
  rouse::timer_park<rouse::reactor&> timer(rouse::steady_clock::instance(), **reactor);
  idle_counter layer(timer, 100);
  rouse::current_thread_executor executor(layer);

  const rouse::timer_driver::scope timer_here(timer.driver());
  executor.block_on(tick(3));
  std::printf("%d pieces of idle work done\n", layer.done());
}

// Another library's descriptors and timer on a phased loop: its callbacks are callbacks of the
// loop.
#include <rouse/loop/on_loop_test.hpp>
#include <rouse/runtime/foreign_sources.hpp>
#include <rouse/runtime/runtime.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

namespace {

using namespace loop_test;
using rouse::foreign_events;
using rouse::foreign_sources;

class foreign_on_loop : public on_loop {
 protected:
  void SetUp() override {
    on_loop::SetUp();
    for (auto& ends : pipes_)
      ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  }
  void TearDown() override {
    for (auto& ends : pipes_)
      for (const int fd : ends)
        ::close(fd);
  }
  void write(int pipe) { ASSERT_EQ(::write(pipes_[pipe][1], "x", 1), 1); }

  int pipes_[2][2];
};
INSTANTIATE_TEST_SUITE_P(on, foreign_on_loop, support::reactors(), support::reactor_name);

TEST_P(foreign_on_loop, ticks_run_between_two_callbacks_and_the_loop_ends_with_the_guest) {
  rouse::loop& loop = make();
  foreign_sources guest(loop.runtime(), foreign_sources::options{.callbacks_per_poll = 1});
  const auto told = [&](foreign_events e) {
    log.push_back("told");
    loop.queue_microtask(say("microtask"));
    loop.next_tick(say("tick"));
    guest.remove(e.fd);
    if (guest.watch_count() != 0) return;
    EXPECT_TRUE(guest.set_timer(5ms, say("timer")));
  };
  for (const auto& ends : pipes_)
    ASSERT_TRUE(guest.watch(ends[0], {.readable = true}, told));
  write(0);
  write(1);
  loop.run();
  EXPECT_EQ(log, (lines{"told", "tick", "microtask", "told", "tick", "microtask", "timer"}));
  EXPECT_EQ(passed(), 5ms);
}

TEST_P(foreign_on_loop, fault_M9_what_a_guests_callback_throws_reaches_the_error_handler) {
  rouse::loop& loop = make();
  loop.on_error([&](std::exception_ptr why) {
    try {
      std::rethrow_exception(why);
    } catch (const std::exception& e) {
      log.push_back(e.what());
    }
  });
  foreign_sources guest(loop.runtime());
  ASSERT_TRUE(guest.watch(pipes_[0][0], {.readable = true}, [&](foreign_events e) {
    guest.remove(e.fd);
    throw std::runtime_error("thrown");
  }));
  write(0);
  loop.run();
  EXPECT_EQ(log, (lines{"thrown"}));
}

}  // namespace

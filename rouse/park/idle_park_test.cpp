#include <rouse/park/idle_park.hpp>
#include <rouse/park/thread_park.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace rouse {
namespace {

using namespace std::chrono_literals;

/// A bottom park that never sleeps: it logs what it was asked and answers as told.
class counting_park {
 public:
  result<park_outcome> park(nanoseconds limit) {
    asked.push_back(limit);
    return answer;
  }
  rouse::unparker unparker() { return sleep.unparker(); }
  bool has_work() { return busy; }

  std::vector<nanoseconds> asked;
  result<park_outcome> answer = park_outcome::timed_out;
  bool busy = false;
  thread_park sleep;
};
static_assert(park<counting_park> && park<idle_park<counting_park>> &&
              park<idle_park<counting_park&>>);

/// The same, and somebody else may make its sleep.
class outside_counting_park : public counting_park {
 public:
  result<outside_wait> begin_wait(nanoseconds limit) {
    asked.push_back(limit);
    return outside_wait{0, limit};
  }
  result<park_outcome> end_wait() { return answer; }
};
static_assert(outside_park<idle_park<outside_counting_park&>> &&
              !outside_park<idle_park<counting_park>>);

TEST(spec_row_46_idle, does_one_bit_around_each_sleep_that_somebody_else_makes) {
  outside_counting_park bottom;
  idle_park<outside_counting_park&> layer(bottom);
  int units = 0;
  layer.add([&] { return ++units < 2; });
  for (int call = 1; call <= 2; ++call) {
    EXPECT_EQ(layer.begin_wait(10ms)->limit, 0ns);
    EXPECT_EQ(units, call - 1);
    EXPECT_EQ(layer.end_wait(), park_outcome::events);
    EXPECT_EQ(units, call);
  }
  layer.add([&] { ++units; });
  EXPECT_EQ(layer.begin_wait(0ns)->limit, 0ns);  // only a look
  EXPECT_EQ(layer.end_wait(), park_outcome::timed_out);
  EXPECT_EQ(units, 2);
  (void)layer.park(1s);
  EXPECT_EQ(layer.begin_wait(10ms)->limit, 10ms);
  EXPECT_EQ(layer.end_wait(), park_outcome::timed_out);
}

TEST(spec_row_46_idle, does_one_bit_per_call_and_looks_below_with_0) {
  counting_park bottom;
  idle_park<counting_park&> layer(bottom);
  int units = 0;
  layer.add([&] { return ++units < 100; });
  for (int call = 1; call <= 100; ++call) {
    EXPECT_TRUE(layer.is_busy());
    EXPECT_EQ(layer.park(10ms), park_outcome::events);
    EXPECT_EQ(units, call);
  }
  EXPECT_FALSE(layer.is_busy());
  EXPECT_EQ(bottom.asked, std::vector<nanoseconds>(100, 0ns));  // once per call, never blocking
}

TEST(spec_row_46_idle, hands_the_wait_down_unchanged_when_no_work_remains) {
  counting_park bottom;
  idle_park<counting_park&> layer(bottom);
  layer.add([] {});
  (void)layer.park(no_limit);
  EXPECT_EQ(layer.park(7ms), park_outcome::timed_out);
  EXPECT_EQ(layer.park(no_limit), park_outcome::timed_out);
  EXPECT_EQ(bottom.asked, (std::vector<nanoseconds>{0ns, 7ms, no_limit}));
}

TEST(spec_row_46_idle, works_only_when_asked_to_wait) {
  counting_park bottom;
  idle_park<counting_park&> layer(bottom);
  int units = 0;
  layer.add([&] { ++units; });
  EXPECT_EQ(layer.park(0ns), park_outcome::timed_out);
  EXPECT_EQ(units, 0);
  EXPECT_EQ(bottom.asked, std::vector<nanoseconds>{0ns});
}

TEST(spec_row_46_idle, what_happened_below_is_seen_between_two_bits) {
  counting_park bottom;
  idle_park<counting_park&> layer(bottom);
  layer.add([] { return true; });
  bottom.answer = park_outcome::woken;
  EXPECT_EQ(layer.park(1s), park_outcome::woken);
  bottom.answer = std::unexpected(error("park", EBADF));
  const auto failed = layer.park(1s);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), error("", EBADF));
}

TEST(spec_row_46_idle, is_woken_like_the_park_below) {
  idle_park<thread_park> layer;
  const unparker u = layer.unparker();
  int units = 0;
  layer.add([&] { return ++units < 3; });
  u.unpark();
  EXPECT_EQ(layer.park(no_limit), park_outcome::woken);  // with the first bit
  EXPECT_EQ(units, 1);
  while (layer.is_busy())
    (void)layer.park(no_limit);
  std::thread waker([&] { u.unpark(); });
  EXPECT_EQ(layer.park(no_limit), park_outcome::woken);  // asleep below
  waker.join();
}

TEST(idle_park, works_take_turns) {
  counting_park bottom;
  idle_park<counting_park&> layer(bottom);
  std::string order;
  const auto work = [&](char name) {
    return [&order, name, left = 2]() mutable { return order += name, --left > 0; };
  };
  layer.add(work('a'));
  layer.add(work('b'));
  while (layer.is_busy())
    (void)layer.park(1s);
  EXPECT_EQ(order, "abab");
}

TEST(idle_park, work_may_add_work) {
  counting_park bottom;
  idle_park<counting_park&> layer(bottom);
  int depth = 0;
  layer.add([&] {
    ++depth;
    layer.add([&] { ++depth; });
  });
  while (layer.is_busy())
    (void)layer.park(1s);
  EXPECT_EQ(depth, 2);
  EXPECT_EQ(bottom.asked.size(), 2u);
}

TEST(idle_park, an_exception_leaves_park_and_drops_that_work_only) {
  counting_park bottom;
  idle_park<counting_park&> layer(bottom);
  int units = 0;
  layer.add([]() -> bool { throw std::runtime_error("bad bit"); });
  layer.add([&] { ++units; });
  EXPECT_THROW((void)layer.park(1s), std::runtime_error);
  EXPECT_TRUE(layer.is_busy());
  EXPECT_EQ(layer.park(1s), park_outcome::events);
  EXPECT_EQ(units, 1);
  EXPECT_FALSE(layer.is_busy());
}

TEST(idle_park, drops_undone_work_when_it_dies) {
  auto alive = std::make_shared<int>(0);
  {
    idle_park<thread_park> layer;
    layer.add([alive] {});
    layer.add([alive] { return true; });
    (void)layer.park(1s);
    (void)layer.park(1s);
    idle_park<thread_park> moved = std::move(layer);
    EXPECT_EQ(alive.use_count(), 2);
    EXPECT_TRUE(moved.is_busy());
  }
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(idle_park, idle_work_is_no_reason_to_look_below) {
  counting_park bottom;
  idle_park<counting_park&> layer(bottom);
  layer.add([] {});
  EXPECT_FALSE(has_work(layer));
  bottom.busy = true;
  EXPECT_TRUE(has_work(layer));
}

TEST(spec_row_45_stack, layers_stack_on_layers_and_erase_to_a_reference) {
  idle_park<idle_park<counting_park>> stack;
  park_ref whole(stack);
  EXPECT_EQ(whole.park(3ms), park_outcome::timed_out);
  counting_park& bottom = stack.inner().inner();
  EXPECT_EQ(bottom.asked, std::vector<nanoseconds>{3ms});
  EXPECT_FALSE(whole.has_work());
  int outer = 0, inner = 0;
  stack.add([&] { ++outer; });
  stack.inner().add([&] { ++inner; });
  EXPECT_EQ(whole.park(3ms),
            park_outcome::events);  // the outer bit; the layer below is only asked to look
  EXPECT_EQ(outer, 1);
  EXPECT_EQ(inner, 0);
  EXPECT_EQ(whole.park(3ms), park_outcome::events);
  EXPECT_EQ(inner, 1);
  EXPECT_EQ(bottom.asked, (std::vector<nanoseconds>{3ms, 0ns, 0ns}));
  whole.unparker().unpark();
  EXPECT_EQ(bottom.sleep.park(0ns), park_outcome::woken);
}

}  // namespace
}  // namespace rouse

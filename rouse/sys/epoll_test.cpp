#include <rouse/sys/epoll.hpp>

#include <rouse/sys/clock.hpp>
#include <rouse/sys/event_fd.hpp>
#include <rouse/sys/socket.hpp>
#include <rouse/sys/table.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <climits>

namespace {

using namespace rouse;
using namespace std::chrono_literals;

TEST(sys_epoll, tells_one_edge_per_change) {
  auto queue = sys::epoll::open();
  auto pair = sys::open_socket_pair();
  ASSERT_TRUE(queue && pair);
  ASSERT_TRUE(queue->add(pair->first.get(), 42));
  sys::ready_event e[4];
  ASSERT_EQ(queue->wait(e, 4, 0ns).value(), 1u);  // writable at once
  EXPECT_EQ(std::uint64_t{e[0].key}, 42u);
  EXPECT_EQ(std::uint32_t{e[0].events}, sys::event_out);
  EXPECT_EQ(queue->wait(e, 4, 0ns).value(), 0u);
  ASSERT_EQ(sys::calls().send(pair->second.get(), "x", 1, 0), 1);
  ASSERT_EQ(queue->wait(e, 4, 0ns).value(), 1u);
  EXPECT_TRUE(e[0].events & sys::event_in);
  EXPECT_EQ(queue->wait(e, 4, 0ns).value(), 0u);  // not taken, but told
  pair->second.reset();
  ASSERT_EQ(queue->wait(e, 4, 0ns).value(), 1u);
  EXPECT_TRUE(e[0].events & sys::event_peer_closed);
  queue->remove(pair->first.get());
}

TEST(fault_T5_epoll, waits_are_never_short) {
  auto queue = sys::epoll::open();
  ASSERT_TRUE(queue);
  sys::ready_event e;
  for (const nanoseconds limit : {1ns, 1000ns, 300'000ns, 1'500'000ns}) {
    const instant start = sys::monotonic_now();
    EXPECT_EQ(queue->wait(&e, 1, limit).value(), 0u);
    EXPECT_GE(sys::monotonic_now() - start, limit);
  }
}

TEST(fault_T5_epoll, rounds_up_to_milliseconds_on_old_kernels_and_stops_at_24_days) {
  static int asked_ms;
  static int missing_calls;
  missing_calls = 0;
  sys::table t = sys::real_table;
  t.epoll_pwait2 = [](int, void*, int, const void*) { return missing_calls++, -ENOSYS; };
  t.epoll_wait = [](int, void*, int, int ms) { return asked_ms = ms, 0; };
  sys::scoped_table scope(t);
  auto queue = sys::epoll::open();
  ASSERT_TRUE(queue);
  sys::ready_event e;
  struct {
    nanoseconds limit;
    int ms;
  } const cases[] = {{1ns, 1},
                     {1ms, 1},
                     {1ms + 1ns, 2},
                     {0ns, 0},
                     {-1ns, 0},
                     {no_limit, -1},
                     {nanoseconds::max() - 1ns, INT_MAX}};
  for (const auto& c : cases) {
    EXPECT_TRUE(queue->wait(&e, 1, c.limit));
    EXPECT_EQ(asked_ms, c.ms) << c.limit.count();
  }
  EXPECT_EQ(missing_calls, 1);  // asked once, remembered
}

TEST(fault_C16, signals_coalesce_and_a_full_counter_still_gives_an_edge) {
  auto queue = sys::epoll::open();
  auto event = sys::event_fd::open();
  ASSERT_TRUE(queue && event);
  ASSERT_TRUE(queue->add_readable(event->get(), 1));
  sys::ready_event e[4];
  for (int i = 0; i < 1000; i++)
    event->signal();
  EXPECT_EQ(queue->wait(e, 4, 0ns).value(), 1u);
  EXPECT_EQ(queue->wait(e, 4, 0ns).value(), 0u);
  event->drain();
  const std::uint64_t full = ~std::uint64_t{0} - 1;  // the most an eventfd holds
  ASSERT_EQ(sys::calls().write(event->get(), &full, sizeof full), 8);
  (void)queue->wait(e, 4, 0ns);
  event->signal();
  EXPECT_EQ(queue->wait(e, 4, 0ns).value(), 1u);
}

}  // namespace

#include <gtest/gtest.h>

#include <rouse/base/atomic.hpp>
#include <thread>

namespace rouse {
namespace {

TEST(atomic, begins_with_zero_or_with_what_it_is_given) {
  EXPECT_EQ(atomic<int>().load(order::relaxed), 0);
  EXPECT_EQ(atomic<int*>().load(order::relaxed), nullptr);
  EXPECT_EQ(atomic<int>(7).load(order::relaxed), 7);
}

TEST(atomic, gives_back_the_value_before_the_change) {
  atomic<unsigned> word(0b1100);
  EXPECT_EQ(word.exchange(0b1010, order::acq_rel), 0b1100u);
  EXPECT_EQ(word.fetch_or(0b0001, order::acq_rel), 0b1010u);
  EXPECT_EQ(word.fetch_and(0b0011, order::acq_rel), 0b1011u);
  EXPECT_EQ(word.fetch_add(4, order::acq_rel), 0b0011u);
  EXPECT_EQ(word.fetch_sub(6, order::acq_rel), 7u);
  EXPECT_EQ(word.load(order::acquire), 1u);
}

TEST(atomic, compare_exchange_tells_what_it_saw) {
  atomic<int> word(1);
  int expected = 2;
  EXPECT_FALSE(word.compare_exchange_strong(expected, 3, order::acq_rel));
  EXPECT_EQ(expected, 1);
  EXPECT_TRUE(word.compare_exchange_strong(expected, 3, order::acq_rel));
  EXPECT_EQ(word.load(order::relaxed), 3);
  expected = 3;
  while (!word.compare_exchange_weak(expected, 4, order::acq_rel)) {
  }
  EXPECT_EQ(word.load(order::relaxed), 4);
}

TEST(atomic, loses_no_increment_between_threads) {
  constexpr int rounds = 20'000;
  atomic<int> count;
  auto add = [&] {
    for (int i = 0; i < rounds; ++i)
      count.fetch_add(1, order::relaxed);
  };
  std::thread other(add);
  add();
  other.join();
  EXPECT_EQ(count.load(order::relaxed), 2 * rounds);
}

TEST(atomic, release_publishes_what_was_written_before) {
  int value = 0;  // plain on purpose: the thread sanitizer sees a missing pairing
  atomic<bool> ready;
  std::thread writer([&] {
    value = 42;
    ready.store(true, order::release);
  });
  while (!ready.load(order::acquire))
    std::this_thread::yield();
  EXPECT_EQ(value, 42);
  writer.join();
}

}  // namespace
}  // namespace rouse

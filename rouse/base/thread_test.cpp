#include <rouse/base/thread.hpp>

#include <gtest/gtest.h>

namespace rouse {
namespace {

void* add_one(void* number) {
  ++*static_cast<int*>(number);
  return nullptr;
}

TEST(thread, runs_its_entry_and_is_joined) {
  int number = 1;
  auto started = thread::start(add_one, &number);
  ASSERT_TRUE(started);
  thread moved = std::move(*started);
  EXPECT_FALSE(started->is_joinable());
  moved.join();
  EXPECT_EQ(number, 2);
}

TEST(thread, fault_R9_reports_why_it_cannot_start) {
  int number = 1;
  const auto refused = thread::start(
      add_one, &number, 0,
      [](pthread_t*, const pthread_attr_t*, void* (*)(void*), void*) { return EAGAIN; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), error("", EAGAIN));
  EXPECT_FALSE(thread::start(add_one, &number, 1));  // no such stack
  EXPECT_EQ(number, 1);
}

TEST(thread, takes_a_stack_size) {
  static std::size_t seen = 0;
  int number = 0;
  auto started = thread::start(
      add_one, &number, 1 << 20,
      [](pthread_t* id, const pthread_attr_t* with, void* (*entry)(void*), void* argument) {
        pthread_attr_getstacksize(with, &seen);
        return pthread_create(id, with, entry, argument);
      });
  ASSERT_TRUE(started);
  started->join();
  EXPECT_EQ(seen, std::size_t{1} << 20);
}

}  // namespace
}  // namespace rouse

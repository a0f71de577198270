#include <rouse/base/callback.hpp>

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using rouse::callback;

/// Counts those of its kind that live.
struct counted {
  explicit counted(int* live) : live_(live) { ++*live_; }
  counted(counted&& other) noexcept : live_(other.live_) { ++*live_; }
  counted& operator=(counted&&) = delete;
  ~counted() { --*live_; }
  int* live_;
};

TEST(callback, calls_what_it_was_given_with_arguments_and_result) {
  callback<int(int, int)> f = [](int a, int b) { return 10 * a + b; };
  EXPECT_EQ(f(4, 2), 42);
  EXPECT_EQ(f(1, 3), 13);
}

TEST(callback, takes_move_only_arguments_and_callables) {
  auto owned = std::make_unique<int>(5);
  callback<int(std::unique_ptr<int>)> f = [o = std::move(owned)](std::unique_ptr<int> p) {
    return *o + *p;
  };
  EXPECT_EQ(f(std::make_unique<int>(2)), 7);
}

TEST(callback, is_empty_by_default_by_null_and_after_a_move) {
  callback<void()> none;
  EXPECT_FALSE(none);
  EXPECT_FALSE(callback<void()>(nullptr));
  void (*no_function)() = nullptr;
  EXPECT_FALSE(callback<void()>(no_function));
  callback<void()> some = [] {};
  callback<void()> other = std::move(some);
  EXPECT_FALSE(some);  // NOLINT: a moved-from callback is empty by contract
  EXPECT_TRUE(other);
}

TEST(callback, destroys_a_small_and_a_large_callable_exactly_once) {
  int live = 0;
  {
    callback<int()> small = [c = counted(&live)] { return *c.live_; };
    callback<int()> large = [c = counted(&live), pad = std::array<char, 100>()] {
      return *c.live_ + pad[0];
    };
    EXPECT_EQ(small(), 2);
    callback<int()> moved = std::move(large);
    EXPECT_EQ(moved(), 2);
    small = std::move(moved);
    EXPECT_EQ(live, 1);
  }
  EXPECT_EQ(live, 0);
}

TEST(callback, called_once_it_is_gone_also_by_an_exception) {
  int live = 0;
  callback<void()> small = [c = counted(&live)] { throw std::runtime_error("small"); };
  callback<void()> large = [c = counted(&live), pad = std::array<char, 100>()] {
    throw std::runtime_error(pad.empty() ? "" : "large");
  };
  EXPECT_THROW(small.call_once(), std::runtime_error);
  EXPECT_THROW(large.call_once(), std::runtime_error);
  EXPECT_EQ(live, 0);
  EXPECT_FALSE(small);
  EXPECT_FALSE(large);
}

TEST(callback, may_be_replaced_by_the_callable_it_runs_once) {
  std::vector<std::string> log;
  callback<void()> f;
  f = [&f, &log] {
    log.emplace_back("first");
    f = [&log] { log.emplace_back("second"); };
  };
  f.call_once();
  f.call_once();
  EXPECT_EQ(log, (std::vector<std::string>{"first", "second"}));
}

TEST(callback_death, calling_an_empty_one_asserts) {
  callback<void()> none;
  EXPECT_DEATH(none(), "");
}

}  // namespace

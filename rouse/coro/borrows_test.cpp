#include <rouse/base/io_error.hpp>
#include <rouse/coro/task.hpp>

#include <gtest/gtest.h>
#include <tests/support/manual_worker.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace {

struct view_of_mine {
  const int* at;
};

}  // namespace

template <>
inline constexpr bool rouse::borrows<view_of_mine> = true;

namespace rouse {
namespace {

task<void> takes_value(std::string) { co_return; }
task<void> takes_reference(const std::string&) { co_return; }
task<void> takes_rvalue(std::string&&) { co_return; }
task<void> takes_pointer(const char*) { co_return; }
task<void> takes_view(std::string_view) { co_return; }
task<void> takes_span(std::span<int>) { co_return; }
task<void> takes_wrapper(std::reference_wrapper<int>) { co_return; }
task<void> takes_function_pointer(void (*)()) { co_return; }
task<void> takes_shared(std::shared_ptr<int>) { co_return; }
task<void> takes_mine(view_of_mine) { co_return; }
task<void> takes_task(task<void> inner) { co_await std::move(inner); }

struct service {
  int state = 0;
  task<void> method() {
    const int s = state;
    (void)s;
    co_return;
  }
};

TEST(borrows, sees_references_pointers_views_and_what_users_say) {
  std::string text = "x";
  int n = 0;
  EXPECT_FALSE(takes_value(text).borrows());
  EXPECT_TRUE(takes_reference(text).borrows());
  EXPECT_TRUE(takes_rvalue(std::move(text)).borrows());
  EXPECT_TRUE(takes_pointer("x").borrows());
  EXPECT_TRUE(takes_view("x").borrows());
  EXPECT_TRUE(takes_span(std::span(&n, 1)).borrows());
  EXPECT_TRUE(takes_wrapper(std::ref(n)).borrows());
  EXPECT_FALSE(takes_function_pointer(nullptr).borrows());
  EXPECT_FALSE(takes_shared(nullptr).borrows());
  EXPECT_TRUE(takes_mine({&n}).borrows());
}

TEST(borrows, sees_captures_and_objects) {
  int n = 0;
  auto by_reference = [&n]() -> task<void> {  // lint: ok, never run
    ++n;
    co_return;
  };
  auto by_value = [n]() -> task<void> {  // lint: ok, never run
    (void)n;
    co_return;
  };
  auto none = []() -> task<void> { co_return; };
  EXPECT_TRUE(by_reference().borrows());
  EXPECT_TRUE(by_value().borrows()) << "the closure is the caller's";
  EXPECT_FALSE(none().borrows());
  service s;
  EXPECT_TRUE(s.method().borrows());
}

TEST(borrows, is_passed_on_by_an_argument_that_borrows) {
  EXPECT_TRUE(takes_task(takes_view("x")).borrows());
  EXPECT_FALSE(takes_task(takes_value("x")).borrows());
}

TEST(borrows, fault_M18_spawn_refuses_a_coroutine_that_does) {
  support::manual_worker w;
  service s;
  w.inside([&] {
    EXPECT_THROW((void)rouse::spawn(s.method()), io_error);
    EXPECT_THROW((void)rouse::spawn(takes_view("x")), io_error);
    rouse::spawn(assume_owned(s.method())).detach();
    rouse::spawn(takes_reference, std::string("kept in the task")).detach();
    rouse::spawn(
        [](std::string_view v) -> task<void> {
          EXPECT_EQ(v, "kept");
          co_return;
        },
        std::string("kept"))
        .detach();
  });
  EXPECT_EQ(w.live_tasks(), 3u);
  w.run();
  EXPECT_EQ(w.live_tasks(), 0u);
}

}  // namespace
}  // namespace rouse

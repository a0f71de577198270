#include <rouse/base/io_error.hpp>
#include <rouse/core/spawn.hpp>

#include <gtest/gtest.h>
#include <tests/support/manual_worker.hpp>
#include <tests/support/pollables.hpp>

#include <memory>
#include <string>

namespace rouse {
namespace {

using support::counted;
using support::manual_worker;
using support::polled;

struct borrowing {
  poll_result<void> poll(context&) noexcept { return ready; }
  static bool borrows() noexcept { return true; }
};

TEST(spawn, outside_an_executor_is_an_error_that_names_the_site) {
  const unsigned line = __LINE__ + 2;
  try {
    (void)rouse::spawn(support::ready_value(1));
    FAIL();
  } catch (const io_error& e) {
    EXPECT_EQ(e.reason(), errc::no_context);
    EXPECT_NE(std::string(e.what()).find("spawn_test.cpp:" + std::to_string(line)),
              std::string::npos)
        << e.what();
  }
}

TEST(spawn, what_borrows_is_refused_with_the_cures) {
  manual_worker w;
  const unsigned line = __LINE__ + 3;
  w.inside([] {
    try {
      (void)rouse::spawn(borrowing());
      FAIL();
    } catch (const io_error& e) {
      const std::string text = e.what();
      EXPECT_EQ(e.reason(), errc::borrows);
      for (const char* part : {"spawn(fn, args...)", "scope", "assume_owned", "spawn_test.cpp:"})
        EXPECT_NE(text.find(part), std::string::npos) << text;
      EXPECT_NE(text.find(std::to_string(line)), std::string::npos) << text;
    }
  });
  EXPECT_EQ(w.live_tasks(), 0u);
}

TEST(spawn, assume_owned_is_the_callers_word) {
  manual_worker w;
  auto handle = w.spawn(assume_owned(borrowing()));
  w.run();
  EXPECT_TRUE(handle.is_finished());
  w.inside([&] { handle = {}; });
}

// A pollable of a reference, as a coroutine with a reference parameter is.
auto length_of(const std::string& text, int times) {
  return polled([&text, times](context&) -> poll_result<std::size_t> {
    return text.size() * static_cast<unsigned>(times);
  });
}

TEST(spawn, a_function_with_arguments_keeps_copies_of_them) {
  manual_worker w;
  auto handle = [&] {
    std::string text = "four";
    return w.inside([&] { return rouse::spawn(length_of, text, 2); });
  }();
  w.run();
  w.inside([&] {
    context cx(no_wakeable());
    EXPECT_EQ(handle.poll(cx).take().value(), 8u);
  });
}

TEST(spawn, a_function_that_takes_what_cannot_be_copied_gets_it_moved) {
  manual_worker w;
  auto by_value = [](std::unique_ptr<int> p) {
    return polled([p = std::move(p)](context&) -> poll_result<int> { return *p; });
  };
  auto handle = w.inside([&] { return rouse::spawn(by_value, std::make_unique<int>(5)); });
  w.run();
  w.inside([&] {
    context cx(no_wakeable());
    EXPECT_EQ(handle.poll(cx).take().value(), 5);
  });
}

TEST(spawn, arguments_die_with_the_task_after_its_work) {
  manual_worker w;
  int alive = 0;
  auto f = [](const counted&) { return support::never(); };
  auto handle = w.inside([&] { return rouse::spawn(f, counted(alive)); });
  EXPECT_EQ(alive, 1);
  w.run();
  EXPECT_EQ(alive, 1);
  w.inside([&] { handle = {}; });
  w.run();
  EXPECT_EQ(alive, 0);
}

TEST(spawn, spec_row_9_a_task_may_spawn_from_its_poll) {
  manual_worker w;
  int ended = 0;
  struct spawner {
    int* ended;
    int left;
    poll_result<void> poll(context&) {
      ++*ended;
      if (left != 0) rouse::spawn(spawner{ended, left - 1}).detach();
      return ready;
    }
  };
  w.spawn(spawner{&ended, 100}).detach();
  w.run();
  EXPECT_EQ(ended, 101);
}

TEST(spawn, spec_row_59_a_task_may_hold_what_cannot_change_threads) {
  struct thread_bound {
    explicit thread_bound(int v) : value(v) {}
    thread_bound(thread_bound&&) = default;
    int value;
    int* self = nullptr;
  };
  manual_worker w;
  auto handle =
      w.spawn(polled([t = std::make_unique<thread_bound>(3)](context&) -> poll_result<int> {
        t->self = &t->value;
        return *t->self;
      }));
  w.run();
  w.inside([&] {
    context cx(no_wakeable());
    EXPECT_EQ(handle.poll(cx).take().value(), 3);
  });
}

TEST(spawn, a_background_task_is_not_counted_as_alive) {
  manual_worker w;
  w.spawn(support::never(), {.background = true}).detach();
  EXPECT_EQ(w.live_tasks(), 0u);
  unsigned seen = 0;
  w.for_each_task([&](task_header& t) { seen += t.background; });
  EXPECT_EQ(seen, 1u);
}

TEST(task_header, is_at_most_96_bytes) { EXPECT_LE(sizeof(task_header), 96u); }

}  // namespace
}  // namespace rouse

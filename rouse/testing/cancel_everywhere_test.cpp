// The kit must find what it is there for: each test plants one fault, and one shows work without.
#include <rouse/core/frame_memory.hpp>
#include <rouse/coro/select.hpp>
#include <rouse/coro/yield.hpp>
#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/net/connect.hpp>
#include <rouse/net/tcp_listener.hpp>
#include <rouse/runtime/runtime.hpp>
#include <rouse/sync/notify.hpp>
#include <rouse/sync/semaphore.hpp>
#include <rouse/testing/cancel_everywhere.hpp>
#include <rouse/time/sleep.hpp>
#include <rouse/time/timeout.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using rouse::task;
using rouse::testing::cancel_everywhere;
using rouse::testing::cancel_options;
using rouse::testing::cancel_report;
using rouse::testing::trial;
using rouse::testing::way;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr cancel_options epoll{.reactor = rouse::reactor_kind::epoll};
constexpr cancel_options hasty{.reactor = rouse::reactor_kind::epoll, .patience = 50ms};

/// The scenario that only runs `work()`.
template <class Work>
auto only(Work work) {
  return [work](trial& run) -> task<void> {
    auto fresh = work();
    co_await run.interrupt(std::move(fresh));
  };
}

task<void> sleep_twice() {
  co_await rouse::sleep(1h);
  co_await rouse::sleep(1h);
}

TEST(cancel_everywhere, each_point_is_tried_in_each_way) {
  const cancel_report report = cancel_everywhere(only(sleep_twice), epoll);
  EXPECT_TRUE(report.passed()) << report.message();
  EXPECT_EQ(report.points, 4u);  // two suspensions, and the wake after each
  EXPECT_EQ(report.interrupted, 4u * 3);
  EXPECT_EQ(report.runs, 1 + 5u * 3);  // the last three find that there is no fifth
}

TEST(cancel_everywhere, what_other_tasks_do_meanwhile_makes_points_too) {
  const auto scenario = [](trial& run) -> task<void> {
    auto peer = rouse::spawn([]() -> task<void> {
      for (int i = 0; i < 3; ++i)
        co_await rouse::yield_now();
    });
    co_await run.interrupt(rouse::sleep(1s));
    co_await std::move(peer);
  };
  const cancel_report report = cancel_everywhere(scenario, epoll);
  EXPECT_TRUE(report.passed()) << report.message();
  EXPECT_EQ(report.points, 1 + 4u + 1);
}

TEST(cancel_everywhere, without_a_suspension_it_has_shown_nothing) {
  const cancel_report report = cancel_everywhere(only([]() -> task<void> { co_return; }), epoll);
  EXPECT_TRUE(report.failures.empty());
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.message(), HasSubstr("nothing was interrupted"));
}

/// Pending until it was cancelled `cancels` times; then ready, if `is_late`.
class scripted {
 public:
  scripted(std::vector<std::string>& log, bool is_late) : log_(&log), is_late_(is_late) {}
  scripted(scripted&& other) noexcept
      : log_(std::exchange(other.log_, nullptr)), is_late_(other.is_late_) {}
  ~scripted() {
    if (log_) log_->emplace_back("gone");
  }
  rouse::poll_result<int> poll(rouse::context& cx) {
    log_->emplace_back("poll");
    if (is_cancelled_ && is_late_) return 7;
    (void)cx.borrow_waker();
    return rouse::pending;
  }
  rouse::poll_result<void> poll_cancel(rouse::context& cx) {
    log_->emplace_back("cancel");
    if (std::exchange(is_cancelled_, true)) return rouse::ready;
    cx.wake();  // the first time it takes a while
    return rouse::pending;
  }

 private:
  std::vector<std::string>* log_;
  bool is_late_;
  bool is_cancelled_ = false;
};

std::vector<std::string> log_of(way how, bool is_late, bool& beat) {
  std::vector<std::string> log;
  trial run(1, how);
  auto rt = rouse::runtime::make().value();
  auto root = [&]() -> task<void> {
    auto value = co_await run.interrupt(scripted(log, is_late));
    beat = value.has_value();
  };
  rt.block_on(rouse::assume_owned(root()));
  EXPECT_TRUE(run.was_interrupted());
  return log;
}

TEST(trial, cancels_as_select_does_and_makes_no_poll_after) {
  bool beat = true;
  EXPECT_THAT(log_of(way::cancel, true, beat), ElementsAre("poll", "cancel", "cancel", "gone"));
  EXPECT_FALSE(beat);
}
TEST(trial, polls_once_more_as_timeout_does_and_a_late_value_counts) {
  bool beat = false;
  EXPECT_THAT(log_of(way::cancel_and_poll, true, beat),
              ElementsAre("poll", "cancel", "cancel", "poll", "gone"));
  EXPECT_TRUE(beat);
  EXPECT_THAT(log_of(way::cancel_and_poll, false, beat),
              ElementsAre("poll", "cancel", "cancel", "poll", "cancel", "gone"));
  EXPECT_FALSE(beat);
}
TEST(trial, destroys_without_asking) {
  bool beat = true;
  EXPECT_THAT(log_of(way::destroy, true, beat), ElementsAre("poll", "gone"));
  EXPECT_FALSE(beat);
}

// ---- Planted faults.

// What the faults below leave behind, for the tests to clear away.
std::vector<int> left_descriptors;
std::vector<void*> left_blocks;

task<void> descriptor_without_owner() {
  left_descriptors.push_back(::dup(0));
  co_await rouse::sleep(1s);
  ::close(left_descriptors.back());
  left_descriptors.pop_back();
}
TEST(cancel_everywhere, finds_a_descriptor_that_is_left) {
  const cancel_report report = cancel_everywhere(
      only(descriptor_without_owner),
      cancel_options{.reactor = rouse::reactor_kind::epoll, .patience = 20ms, .failures_max = 1});
  for (int fd : std::exchange(left_descriptors, {}))
    ::close(fd);
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.message(), HasSubstr("left behind: descriptor "));
  EXPECT_THAT(report.message(), HasSubstr("cancelled at point 1, as it suspended at "));
  EXPECT_THAT(report.message(), HasSubstr("cancel_everywhere_test.cpp:"));
}

task<void> memory_without_owner() {
  left_blocks.push_back(rouse::internal::allocate_frame(64));
  co_await rouse::sleep(1s);
  rouse::internal::free_frame(left_blocks.back(), 64);
  left_blocks.pop_back();
}
TEST(cancel_everywhere, finds_a_frame_that_is_left) {
  const cancel_report report = cancel_everywhere(only(memory_without_owner), hasty);
  for (void* block : std::exchange(left_blocks, {}))
    rouse::internal::free_frame(block, 64);
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.message(), HasSubstr("left behind: 1 frames"));
}

TEST(cancel_everywhere, finds_a_thread_that_is_left) {
  std::atomic<bool> may_end = false;
  std::vector<std::thread> threads;
  struct starts_one_when_cancelled {
    std::vector<std::thread>& into;
    std::atomic<bool>& may_end;
    bool armed = false;
    ~starts_one_when_cancelled() {
      if (armed) into.emplace_back([this_end = &may_end] { this_end->wait(false); });
    }
  };
  auto scenario = [&](trial& run) -> task<void> {
    starts_one_when_cancelled fault{threads, may_end};
    co_await run.interrupt(rouse::sleep(1s));
    fault.armed = run.was_interrupted();
  };
  const cancel_report report = cancel_everywhere(scenario, hasty);
  may_end = true;
  may_end.notify_all();
  for (std::thread& t : threads)
    t.join();
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.message(), HasSubstr("left behind: thread "));
}

TEST(cancel_everywhere, finds_a_source_and_a_buffer_that_are_left) {
  std::vector<rouse::lease> buffers;
  std::vector<rouse::net::tcp_stream> streams;
  auto scenario = [&](trial& run) -> task<void> {
    auto listener = rouse::net::tcp_listener::bind(rouse::net::address::loopback_v4()).value();
    auto client = co_await rouse::net::connect(*listener.local_address());
    auto server = co_await listener.accept();
    co_await client.write_all("x");
    auto bytes = co_await server.stream.read();
    co_await run.interrupt(rouse::sleep(1s));
    if (!run.was_interrupted()) co_return;
    buffers.push_back(std::move(bytes));
    streams.push_back(std::move(client));
  };
  const cancel_report report = cancel_everywhere(
      scenario,
      cancel_options{.reactor = rouse::reactor_kind::epoll, .patience = 20ms, .failures_max = 1});
  buffers.clear();
  streams.clear();
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.message(), HasSubstr("what the scenario left running hangs: 1 sources, 1 "
                                          "leased buffers; cancelled at point 1"));
}

TEST(cancel_everywhere, finds_a_permit_that_is_lost) {
  // The fault: what was taken is put back by hand, which a cancelled body never reaches.
  struct pool {
    rouse::sync::local_semaphore slots{1};
    task<void> use() {
      auto slot = co_await slots.acquire();
      slot.forget();
      co_await rouse::sleep(1s);
      slots.add(1);
    }
  };
  auto scenario = [](trial& run) -> task<void> {
    pool p;
    co_await run.interrupt(p.use());
    run.expect(p.slots.available() == 1, "the slot is lost");
  };
  const cancel_report report = cancel_everywhere(scenario, epoll);
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.message(), HasSubstr("the slot is lost; cancelled at point 1"));
}

TEST(cancel_everywhere, names_where_a_run_hangs) {
  auto scenario = [](trial& run) -> task<void> {
    rouse::sync::local_notify done;
    auto work = [](rouse::sync::local_notify& n) -> task<void> {
      co_await rouse::sleep(1s);
      n.notify_one();  // the fault: a cancelled body never comes here
    };
    auto told = done.wait();
    co_await run.interrupt(work(done));
    co_await told;
  };
  const cancel_report report = cancel_everywhere(scenario, hasty);
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.message(), HasSubstr("the scenario hangs: task spawned at "));
  EXPECT_THAT(report.message(), HasSubstr("waits at "));
}

TEST(cancel_everywhere, leaves_a_job_behind_that_does_not_end) {
  struct gate {
    std::atomic<bool> is_open = false;
    std::atomic<int> inside = 0;
  };
  auto held = std::make_shared<gate>();
  const auto scenario = [held](trial& run) -> task<void> {
    auto job = [g = held] {
      ++g->inside;
      g->inside.notify_all();
      g->is_open.wait(false);
      --g->inside;
      g->inside.notify_all();
    };
    auto work = rouse::spawn_blocking({.name = "stuck"}, job);
    held->inside.wait(0);  // the job has begun
    co_await run.interrupt(std::move(work));
  };
  const cancel_report report = cancel_everywhere(
      scenario,
      cancel_options{.reactor = rouse::reactor_kind::epoll, .patience = 20ms, .failures_max = 1});
  held->is_open = true;
  held->is_open.notify_all();
  for (int n = held->inside; n != 0; n = held->inside)
    held->inside.wait(n);
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.message(), HasSubstr("job \"stuck\" of the pool does not end"));
}

TEST(cancel_everywhere, tells_of_what_nothing_can_wake) {
  struct forgets_its_waker {
    rouse::poll_result<void> poll(rouse::context&) { return rouse::pending; }
  };
  const auto scenario = [](trial& run) -> task<void> {
    co_await run.interrupt(forgets_its_waker());
  };
  const cancel_report report = cancel_everywhere(scenario, hasty);
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.message(), HasSubstr("nothing can wake any more; not interrupted"));
}

TEST(cancel_everywhere, tells_of_a_run_that_never_ends) {
  const auto scenario = [](trial& run) -> task<void> {
    co_await run.interrupt(rouse::sleep(1s));
    rouse::spawn([]() -> task<void> {
      for (;;)
        co_await rouse::sleep(1s);
    }).detach();
  };
  const cancel_report report = cancel_everywhere(
      scenario, cancel_options{.reactor = rouse::reactor_kind::epoll, .turns_max = 100});
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(report.message(), HasSubstr("what the scenario left running does not end: task"));
}

TEST(cancel_everywhere, tells_of_exceptions) {
  const auto throws = [](trial& run) -> task<void> {
    co_await run.interrupt(rouse::sleep(1s));
    if (run.was_interrupted()) throw std::runtime_error("oh no");
  };
  EXPECT_THAT(cancel_everywhere(throws, epoll).message(),
              HasSubstr("the scenario threw: oh no; cancelled at point 1"));
  const auto detached = [](trial& run) -> task<void> {
    co_await run.interrupt(rouse::sleep(1s));
    rouse::spawn([]() -> task<void> {
      co_await rouse::yield_now();
      throw std::runtime_error("oh no");
    }).detach();
  };
  EXPECT_THAT(cancel_everywhere(detached, epoll).message(),
              HasSubstr("failed and nobody joins it: oh no"));
}

}  // namespace

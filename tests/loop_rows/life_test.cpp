// The rows of the specification's checklist about the life of a loop: how it begins and ends, what
// it does under load, and what becomes of it when callbacks throw.
#include <rouse/loop/loop_jobs.hpp>
#include <rouse/loop/loop_net.hpp>
#include <rouse/loop/on_loop_test.hpp>

#include <malloc.h>
#include <tests/support/sanitized.hpp>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace loop_test {
namespace {

/// Of this process, but those that the kernel keeps for a ring.
std::ptrdiff_t thread_count() {
  return std::ranges::count_if(std::filesystem::directory_iterator("/proc/self/task"),
                               [](const auto& task) {
                                 std::string name;
                                 std::getline(std::ifstream(task.path() / "comm"), name);
                                 return !name.starts_with("iou-");
                               });
}

class loop_rows_life : public on_loop {};
INSTANTIATE_TEST_SUITE_P(each, loop_rows_life, support::reactors(), support::reactor_name);

// ---- beginning and end

TEST_P(loop_rows_life, row_23_a_timer_of_0_goes_before_a_job_that_has_finished) {
  make_real();
  it().run([&] {
    it().set_immediate(say("immediate"));
    it().jobs().run([] {}, [&](rouse::result<void>) { log.emplace_back("job"); });
    while (it().jobs().status().running != 0 || it().jobs().status().queued != 0)
      std::this_thread::yield();
    it().set_timeout(0ms, say("timer"));
  });
  EXPECT_EQ(log, (lines{"timer", "job", "immediate"}));
}

TEST_P(loop_rows_life,
       row_24_the_count_is_never_0_before_the_end_of_1000_that_register_each_other) {
  int left = 1000;
  std::size_t least = SIZE_MAX;
  std::function<void()> next = [&] {
    least = std::min(least, it().metrics().pending_events);
    if (--left == 0) return;
    const auto again = [&] { next(); };
    if (left % 4 == 0) it().set_timeout(1ms, again);
    if (left % 4 == 1) it().set_immediate(again);
    if (left % 4 == 2) it().defer(again);
    if (left % 4 == 3) it().call_when_closed(again);
    least = std::min(least, it().metrics().pending_events);
  };
  it().on_exit([&](int code) {
    log.push_back("exit " + std::to_string(code) + ", " +
                  std::to_string(it().metrics().pending_events) + " pending");
  });
  it().set_timeout(0ms, [&] { next(); });
  EXPECT_EQ(it().run([] {}), 0);
  EXPECT_EQ(left, 0);
  EXPECT_EQ(least, 1U);  // that of the callback itself, until it has returned
  EXPECT_EQ(log, lines{"exit 0, 0 pending"});
}

TEST_P(loop_rows_life, row_25_an_empty_program_has_no_turn_and_only_finishes) {
  rouse::loop_options options;
  options.hook_data = &log;
  options.on_turn = [](std::uint64_t turn, void* data) {
    static_cast<lines*>(data)->push_back("turn " + std::to_string(turn));
  };
  make(options);
  EXPECT_EQ(it().run([] {}), 0);
  log.emplace_back("FINISHED");
  EXPECT_EQ(log, lines{"FINISHED"});

  make(options).run([&] { it().set_immediate(say("immediate")); });
  EXPECT_EQ(log, (lines{"FINISHED", "turn 1", "immediate"}));
}

TEST_P(loop_rows_life, row_37_the_pools_threads_close_in_order_and_then_the_reactor) {
  struct diary {
    lines entries;
    std::mutex lock;
    void write(const std::string& line) {
      const std::lock_guard hold(lock);
      entries.push_back(line);
    }
  } diary;
  std::thread([] {}).join();  // with the first thread a sanitizer starts one of its own
  const auto threads_before = thread_count();
  rouse::loop_options options;
  options.runtime.blocking.hook_data = options.hook_data = &diary;
  options.runtime.blocking.keep_alive = rouse::no_limit;
  options.runtime.blocking.before_stop = [](unsigned thread, void* to) {
    static_cast<struct diary*>(to)->write("pool" + std::to_string(thread) + " close");
  };
  options.on_pool_closed = [](void* to) { static_cast<struct diary*>(to)->write("pool closed"); };
  options.on_reactor_closed = [](void* to) {
    static_cast<struct diary*>(to)->write("reactor close");
  };
  make_real(options);
  const auto kept = std::make_shared<int>();
  const auto all = std::make_shared<std::latch>(4);
  it().run([&] {
    for (int i = 0; i < 4; ++i)
      it().jobs().run([all] { all->arrive_and_wait(); }, [kept](rouse::result<void>) {});
    it().unref(it().set_timeout(1h, [kept] {}));
    it().on_error([kept](const std::exception_ptr&) {});
    it().on_exit([&, kept](int) { diary.write("exit"); });
  });
  diary.write("FINISHED");
  EXPECT_EQ(diary.entries, (lines{"exit", "pool0 close", "pool1 close", "pool2 close",
                                  "pool3 close", "pool closed", "reactor close", "FINISHED"}));
  EXPECT_EQ(kept.use_count(), 1);  // every destructor has run
  EXPECT_EQ(thread_count(), threads_before);
}

// The least of several tries is looked at, since the machine may be busy.
TEST_P(loop_rows_life, row_38_a_poll_that_waits_for_nothing_returns_when_it_is_told_to_close) {
  using clock = std::chrono::steady_clock;
  clock::duration least = 1h;
  for (int tries = 0; tries < 20 && least >= 100ms; ++tries) {
    make_real();
    std::optional<rouse::loop_hold> until_told(it().hold());
    std::atomic<bool> is_waiting = false;
    it().unref(it().add_prepare([&] { is_waiting = true; }));
    clock::time_point told;
    const auto handle = it().handle();
    std::thread other([&] {
      while (!is_waiting)
        std::this_thread::yield();
      told = clock::now();
      handle.post([&] { it().exit(7); }).value();
    });
    EXPECT_EQ(it().run([] {}), 7);
    other.join();
    least = std::min(least, clock::now() - told);
    EXPECT_TRUE(it().is_closed());
  }
  EXPECT_LT(least, 100ms);
}

// ---- load

// While immediates queue up by the million, an echo over TCP goes on: each of its events waits for
// one turn of at most `callbacks_per_phase` of them, and not for all.
TEST_P(loop_rows_life, row_32_an_echo_is_served_between_a_million_callbacks) {
  constexpr int callbacks = support::is_sanitized ? 100'000 : 1'000'000;
  constexpr int trips = 20;
  const unsigned bound = rouse::loop_options().callbacks_per_phase;
  const auto server = it().net().listen("127.0.0.1:0", [](const rouse::loop_socket& client) {
    client.on_data([client](auto bytes) { client.write(bytes); });
  });
  const auto socket = it().net().connect(server.local_address().to_string());
  int called = 0, called_at_end = 0, back = 0;
  std::uint64_t sent_in_turn = 0, longest = 0;
  const auto send = [&] {
    sent_in_turn = it().metrics().turns;
    socket.write("x");
  };
  socket.on_connect([&] {
    for (int i = 0; i < callbacks; ++i)
      it().set_immediate([&] { ++called; });
    EXPECT_EQ(it().metrics().backlog, std::size_t{callbacks});
    send();
  });
  socket.on_data([&](auto) {
    longest = std::max(longest, it().metrics().turns - sent_in_turn);
    if (++back < trips) return send();
    called_at_end = called;
    socket.end();
    server.close();
  });
  it().run();
  EXPECT_EQ(back, trips);
  EXPECT_EQ(called, callbacks);
  // A trip is two sends, each seen in the next turns of a loopback.
  EXPECT_LE(longest, 8U);
  EXPECT_LE(called_at_end, trips * 9 * static_cast<int>(bound));
  EXPECT_EQ(it().metrics().backlog, 0U);
  EXPECT_EQ(passed(), 0ms);  // with a backlog the loop does not wait
}

TEST_P(loop_rows_life, row_32_memory_returns_after_a_burst) {
  if (support::is_sanitized) GTEST_SKIP() << "the sanitizer has the allocator";
  make();
  it().run();
  const auto in_use = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  const std::size_t before = in_use();
  constexpr int each = 200'000;
  int called = 0;
  const auto count = [&] { ++called; };
  for (int i = 0; i < each; ++i) {
    it().set_immediate(count);
    it().set_timeout(1ms, count);
    it().defer(count);
    it().next_tick(count);
    it().call_when_closed(count);
    it().handle().post(count).value();
  }
  const std::size_t in_burst = in_use();
  it().run();
  EXPECT_EQ(called, 6 * each);
  EXPECT_GT(in_burst - before, std::size_t{6 * each} * sizeof(rouse::callback<void()>));
  EXPECT_LT(in_use() - before, std::size_t{256} * 1024);
}

// ---- what throws

TEST_P(loop_rows_life, row_42_others_still_run_whatever_phase_has_thrown) {
  it().on_error([&](const std::exception_ptr& thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::runtime_error& e) {
      log.push_back(std::string("caught ") + e.what());
    }
  });
  const auto throws = [](const char* what) { return [what] { throw std::runtime_error(what); }; };
  const int code = it().run([&] {
    it().set_timeout(0ms, throws("timer"));
    it().set_timeout(0ms, say("timer"));
    it().defer(throws("deferred"));
    it().defer(say("deferred"));
    it().handle().post(throws("post")).value();
    it().handle().post(say("post")).value();
    it().set_immediate(throws("immediate"));
    it().set_immediate(say("immediate"));
    it().call_when_closed(throws("closing"));
    it().call_when_closed(say("closing"));
    it().next_tick(throws("tick"));
    it().next_tick(say("tick"));
    it().queue_microtask(throws("microtask"));
    it().queue_microtask(say("microtask"));
    throw std::runtime_error("main");
  });
  lines expected{"caught main"};
  for (const std::string what :
       {"tick", "microtask", "timer", "deferred", "post", "immediate", "closing"})
    expected.insert(expected.end(), {"caught " + what, what});
  EXPECT_EQ(log, expected);
  EXPECT_EQ(code, 0);  // the handler has taken them
}

TEST_P(loop_rows_life,
       row_42_fault_M9_without_a_handler_it_leaves_run_and_the_rest_of_the_batch_stays) {
  const auto kept = std::make_shared<int>();
  it().set_immediate([&, kept] {
    log.emplace_back("a");
    throw std::runtime_error("of a");
  });
  it().set_immediate(say("b"));
  it().set_timeout(1ms, [kept, this] { log.emplace_back("timer"); });
  EXPECT_THROW(it().run([] {}), std::runtime_error);
  EXPECT_EQ(log, lines{"a"});
  EXPECT_FALSE(it().is_closed());
  it().run();
  EXPECT_EQ(log, (lines{"a", "b", "timer"}));
  EXPECT_TRUE(it().close());
  EXPECT_EQ(kept.use_count(), 1);
}

// What a program without any handler comes to: main lets it through, and the process ends badly.
TEST_P(loop_rows_life, row_42_a_program_that_catches_nothing_does_not_exit_with_0) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      [&]() noexcept {  // as main
        make().run([&] { it().set_timeout(0ms, [] { throw std::runtime_error("nobody's"); }); });
      }(),
      "");
}

// ---- several of a batch

TEST_P(loop_rows_life, fault_M15_a_callback_clears_what_is_due_in_every_queue_of_its_batch) {
  rouse::timer_id timer, interval;
  rouse::immediate_id immediate;
  rouse::hook_id hook;
  it().set_timeout(0ms, [&] {
    log.emplace_back("first");
    EXPECT_TRUE(it().clear_timeout(timer));
    EXPECT_FALSE(it().clear_timeout(timer));
    EXPECT_TRUE(it().clear_interval(interval));
    EXPECT_TRUE(it().clear_immediate(immediate));
    EXPECT_TRUE(it().remove(hook));
  });
  timer = it().set_timeout(0ms, say("timer"));
  interval = it().set_interval(1ns, say("interval"));
  immediate = it().set_immediate(say("immediate"));
  hook = it().add_check(say("hook"));
  it().set_immediate(say("last"));
  clock_.advance(1ms);
  it().run();
  EXPECT_EQ(log, (lines{"first", "last"}));
}

}  // namespace
}  // namespace loop_test

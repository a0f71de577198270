// Jobs and names in callbacks, in real time: what they wait for is another thread.
#include <rouse/loop/loop_jobs.hpp>
#include <rouse/loop/loop_net.hpp>

#include <rouse/loop/loop_names.hpp>
#include <rouse/loop/on_loop_test.hpp>

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <new>
#include <stdexcept>
#include <thread>

namespace loop_test {
namespace {

class loop_jobs : public on_loop {
 protected:
  rouse::loop& with_threads(unsigned count) {
    rouse::loop_options options;
    options.runtime.blocking.threads_max = count;
    return make_real(options);
  }
  void SetUp() override {
    on_loop::SetUp();
    if (!IsSkipped()) make_real();
  }
};
INSTANTIATE_TEST_SUITE_P(each, loop_jobs, support::reactors(), support::reactor_name);

std::string thread_name() {
  char name[16] = {};
  ::pthread_getname_np(::pthread_self(), name, sizeof name);
  return name;
}

TEST_P(loop_jobs, calls_back_with_what_the_function_returned) {
  const auto mine = std::this_thread::get_id();
  it().run([&] {
    it().jobs().run([] { return std::pair(6 * 7, std::this_thread::get_id()); },
                    [&](auto answer) {
                      EXPECT_EQ(answer->first, 42);
                      EXPECT_NE(answer->second, mine);
                      EXPECT_EQ(std::this_thread::get_id(), mine);
                      log.emplace_back("done");
                      it().queue_microtask(say("microtask"));
                      it().next_tick(say("tick"));
                    });
    it().jobs().run([] {},
                    [&](rouse::result<void> nothing) {
                      EXPECT_TRUE(nothing);
                      log.emplace_back("done");
                      it().queue_microtask(say("microtask"));
                      it().next_tick(say("tick"));
                    });
    log.emplace_back("main");
  });
  EXPECT_EQ(log, (lines{"main", "done", "tick", "microtask", "done", "tick", "microtask"}));
}

TEST_P(loop_jobs, begins_a_job_before_the_loop_runs) {
  std::latch began(1);
  it().jobs().run([&] { began.count_down(); }, [&](auto) { log.emplace_back("done"); });
  began.wait();
  EXPECT_TRUE(log.empty());
  it().run();
  EXPECT_EQ(log, lines{"done"});
}

TEST_P(loop_jobs, moves_functions_and_results_that_cannot_be_copied) {
  it().jobs().run([p = std::make_unique<int>(3)]() mutable { return std::move(p); },
                  [&, q = std::make_unique<int>(4)](rouse::result<std::unique_ptr<int>> p) {
                    log.push_back(std::to_string(**p + *q));
                  });
  it().run();
  EXPECT_EQ(log, lines{"7"});
}

TEST_P(loop_jobs, hands_on_a_result_that_the_function_returns) {
  it().jobs().run([]() -> rouse::result<int> { return 1; },
                  [&](rouse::result<int> r) { log.push_back(std::to_string(r.value())); });
  it().run();
  it().jobs().run([]() -> rouse::result<int> { return std::unexpected(rouse::error("x", EIO)); },
                  [&](rouse::result<int> r) { log.push_back(r.error().message()); });
  it().run();
  EXPECT_EQ(log, (lines{"1", "x: Input/output error"}));
}

TEST_P(loop_jobs, m9_row_35_an_exception_of_a_job_reaches_its_callback_and_the_thread_goes_on) {
  with_threads(1);
  it().on_error([](auto) { FAIL() << "the callback has it"; });
  const auto fails = []() -> int { throw std::runtime_error("no luck"); };
  it().jobs().run(fails, [&](rouse::result<int> r, std::exception_ptr thrown) {
    EXPECT_EQ(r.error(), rouse::errc::threw);
    try {
      std::rethrow_exception(thrown);
    } catch (const std::runtime_error& e) {
      log.emplace_back(e.what());
    }
  });
  it().jobs().run(fails, [&](rouse::result<int> r) { log.push_back(r.error().message()); });
  it().jobs().run([]() -> int { rouse::throw_error(rouse::error("fetch", ENOENT), "x"); },
                  [&](rouse::result<int> r, std::exception_ptr thrown) {
                    EXPECT_TRUE(thrown);
                    log.push_back(r.error().message());
                  });
  it().jobs().run(thread_name, [&](rouse::result<std::string> name, std::exception_ptr thrown) {
    EXPECT_FALSE(thrown);
    log.push_back(*name);
  });
  EXPECT_EQ(it().run([] {}), 0);
  EXPECT_EQ(log, (lines{"no luck", "job: left by an exception", "fetch: No such file or directory",
                        "pool-0"}));
}

TEST_P(loop_jobs, a_function_that_lacks_memory_is_told_so) {
  it().jobs().run([]() -> int { throw std::bad_alloc(); },
                  [&](rouse::result<int> r, std::exception_ptr thrown) {
                    EXPECT_TRUE(thrown);
                    log.push_back(r.error().message());
                  });
  it().run();
  EXPECT_EQ(log, lines{"memory: Cannot allocate memory"});
}

TEST_P(loop_jobs, m9_an_exception_of_the_callback_leaves_run_and_the_others_stay_queued) {
  with_threads(1);
  for (int i = 0; i < 3; ++i)
    it().jobs().run([] {},
                    [&](auto) {
                      log.emplace_back("called");
                      throw std::runtime_error("no");
                    });
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_THROW(it().run(), std::runtime_error);
    EXPECT_EQ(log.size(), i);
  }
  it().run();
  EXPECT_EQ(log.size(), 3U);
}

TEST_P(loop_jobs, cancels_a_job_that_waits_so_that_it_never_runs) {
  with_threads(1);
  std::latch go(1);
  std::atomic<int> ran = 0;
  it().jobs().run([&] { go.wait(); }, [&](auto) { log.emplace_back("first"); });
  const auto id = it().jobs().run([&] { ++ran; },
                                  [&](rouse::result<void> r) {
                                    EXPECT_TRUE(r.error().is_cancelled());
                                    log.emplace_back("cancelled");
                                    go.count_down();
                                  });
  it().run([&] {
    EXPECT_TRUE(it().cancel(id));
    log.emplace_back("main");
  });
  EXPECT_EQ(log, (lines{"main", "cancelled", "first"}));
  EXPECT_EQ(ran, 0);
  EXPECT_FALSE(it().cancel(id));
}

TEST_P(loop_jobs, lets_a_job_that_runs_go_on_when_it_is_cancelled) {
  std::latch began(1), go(1);
  auto token = std::make_shared<int>(0);
  rouse::request_id id;
  id = it().jobs().run(
      [&began, &go, token] {
        began.count_down();
        go.wait();
        return token;
      },
      [&](auto r) {
        EXPECT_TRUE(r.error().is_cancelled());
        log.emplace_back("cancelled");
      });
  began.wait();
  it().cancel(id);
  it().run();
  EXPECT_EQ(log, lines{"cancelled"});
  EXPECT_GT(token.use_count(), 1);
  go.count_down();
  it().close().value();
  EXPECT_EQ(token.use_count(), 1);
}

TEST_P(loop_jobs, hands_on_the_end_that_was_faster_than_a_cancel) {
  const auto id =
      it().jobs().run([] { return 7; }, [&](auto r) { log.push_back(std::to_string(r.value())); });
  while (it().jobs().status().running + it().jobs().status().queued != 0)
    std::this_thread::yield();
  EXPECT_TRUE(it().cancel(id));
  it().run();
  EXPECT_EQ(log, lines{"7"});
}

TEST_P(loop_jobs, tells_its_callback_that_the_queue_is_full) {
  rouse::loop_options options;
  options.runtime.blocking.threads_max = 1;
  options.runtime.blocking.queue_max = 1;
  make_real(options);
  std::latch go(1);
  it().jobs().run([&] { go.wait(); }, [](auto) {});
  it().jobs().run([] {}, [](auto) {});
  it().jobs().run([] {},
                  [&](rouse::result<void> r) {
                    EXPECT_EQ(r.error(), rouse::errc::at_capacity);
                    log.emplace_back("full");
                    go.count_down();
                  });
  EXPECT_TRUE(log.empty());
  it().run();
  EXPECT_EQ(log, lines{"full"});
}

TEST_P(loop_jobs, row_33_names_the_threads_and_uses_as_many_as_it_is_given) {
  for (const unsigned threads : {1U, 4U, 16U}) {
    with_threads(threads);
    std::latch all(threads);
    lines names, expected;
    for (unsigned i = 0; i < threads; ++i) {
      it().jobs().run(
          [&all] {
            all.arrive_and_wait();  // for ever, were there fewer threads
            return thread_name();
          },
          [&](auto name) { names.push_back(*name); });
      expected.push_back("pool-" + std::to_string(i));
    }
    std::atomic<unsigned> now = 0, most = 0;
    for (unsigned i = 0; i < 4 * threads; ++i)
      it().jobs().run(
          [&] {
            const unsigned running = ++now;
            for (unsigned seen = most;
                 seen < running && !most.compare_exchange_weak(seen, running);)
              ;
            std::this_thread::yield();
            --now;
          },
          [](auto) {});
    it().run();
    std::ranges::sort(names);
    std::ranges::sort(expected);
    EXPECT_EQ(names, expected);
    EXPECT_LE(most, threads);
    EXPECT_EQ(it().jobs().status().threads, threads);
  }
}

TEST_P(loop_jobs, row_33_has_four_threads_unless_told) {
  std::latch all(4), go(1);
  for (int i = 0; i < 5; ++i)
    it().jobs().run(
        [&, i] {
          if (i < 4) all.count_down();
          go.wait();
        },
        [](auto) {});
  all.wait();
  const auto busy = it().jobs().status();
  EXPECT_EQ(busy.running, 4U);
  EXPECT_EQ(busy.queued, 1U);
  go.count_down();
  it().run();
}

TEST_P(loop_jobs, row_34_queues_more_jobs_than_threads) {
  for (const int jobs : {128, 10'000}) {
    long sum = 0;
    int calls = 0;
    for (int i = 0; i < jobs; ++i)
      it().jobs().run([i] { return i; },
                      [&](auto r) {
                        sum += *r;
                        ++calls;
                      });
    it().run();
    EXPECT_EQ(calls, jobs);
    EXPECT_EQ(sum, long{jobs} * (jobs - 1) / 2);
  }
}

TEST_P(loop_jobs, row_34_calls_back_in_the_order_of_submission_with_one_thread) {
  with_threads(1);
  std::vector<int> order, expected;
  for (int i = 0; i < 100; ++i) {
    it().jobs().run([] {}, [&order, i](auto) { order.push_back(i); });
    expected.push_back(i);
  }
  it().run();
  EXPECT_EQ(order, expected);
}

TEST_P(loop_jobs, row_36_calls_back_on_the_thread_of_the_loop_only) {
  std::vector<std::thread::id> callers;
  for (int i = 0; i < 500; ++i)
    it().jobs().run([] {}, [&](auto) { callers.push_back(std::this_thread::get_id()); });
  it().run();
  EXPECT_EQ(callers, std::vector<std::thread::id>(500, std::this_thread::get_id()));
}

TEST_P(loop_jobs, row_39_closing_waits_for_a_job_that_runs_and_destroys_its_result) {
  std::latch began(1);
  std::atomic<bool> ended = false;
  auto token = std::make_shared<int>(0);
  it().jobs().run(
      [&, token] {
        began.count_down();
        std::this_thread::yield();
        ended = true;
        return token;
      },
      [token](auto) { FAIL(); });
  std::atomic<bool> ran = false;
  it().jobs().run([&] { ran = true; }, [token](auto) {});
  began.wait();
  it().close().value();
  EXPECT_TRUE(ended);
  EXPECT_EQ(token.use_count(), 1);
}

TEST_P(loop_jobs, refuses_jobs_once_the_loop_has_closed) {
  auto jobs = it().jobs();
  it().close().value();
  EXPECT_THROW(jobs.run([] {}, [](auto) {}), rouse::io_error);
  EXPECT_THROW((void)jobs.status(), rouse::io_error);
}

// ---- names

TEST_P(loop_jobs, looks_up_a_numeric_host) {
  rouse::look_up_options options;
  options.port = 80;
  it().names().look_up("127.0.0.1", options, [&](auto found) {
    for (const auto& address : found.value())
      log.push_back(address.to_string());
  });
  it().run();
  EXPECT_EQ(log, lines{"127.0.0.1:80"});
}

TEST_P(loop_jobs, looks_up_localhost) {
  rouse::look_up_options options;
  options.family = rouse::net::address_family::ipv4;
  it().names().look_up("localhost", options,
                       [&](rouse::result<std::vector<rouse::net::address>> found) {
                         ASSERT_FALSE(found.value().empty());
                         log.push_back(found->front().to_string());
                       });
  it().run();
  EXPECT_EQ(log, lines{"127.0.0.1:0"});
}

TEST_P(loop_jobs, refuses_a_host_that_is_no_name) {
  it().names().look_up("no name", [&](auto found) {
    EXPECT_EQ(found.error(), rouse::errc::invalid_input);
    log.emplace_back("refused");
  });
  const auto id = it().names().look_up("localhost", [&](auto found) {
    log.emplace_back(found.error().is_cancelled() ? "cancelled" : "?");
  });
  it().cancel(id);
  it().run();
  std::ranges::sort(log);
  EXPECT_EQ(log, (lines{"cancelled", "refused"}));
}

TEST_P(loop_jobs, are_refused_what_only_the_thread_of_the_loop_may_do) {
  rouse::loop& l = make_real();
  const auto refused = [&](const std::string& operation, auto use) {
    auto told = [&, operation](const rouse::result<void>& r, const std::exception_ptr&) {
      ASSERT_FALSE(r.has_value()) << operation;
      EXPECT_EQ(r.error(), rouse::errc::wrong_thread);
      EXPECT_EQ(r.error().operation, operation);
    };
    l.jobs().run([&l, use] { use(l); }, told);
  };
  l.run([&] {
    refused("set_timeout", [](rouse::loop& at) { at.set_timeout(1ms, [] { FAIL(); }); });
    refused("next_tick", [](rouse::loop& at) { at.next_tick([] { FAIL(); }); });
    refused("connect", [](rouse::loop& at) { at.net().connect("127.0.0.1:1"); });
    refused("run a job", [](rouse::loop& at) { at.jobs().run([] { FAIL(); }, [](auto) {}); });
    l.jobs().run([&l, this] { return l.handle().post(say("posted")).has_value(); },
                 [](auto posted) { EXPECT_TRUE(posted && *posted); });
    l.set_timeout(20ms, [] {});  // for the message
  });
  EXPECT_EQ(log, lines{"posted"});
}

}  // namespace
}  // namespace loop_test

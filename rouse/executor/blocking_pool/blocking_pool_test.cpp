#include <rouse/base/log.hpp>
#include <rouse/base/random.hpp>
#include <rouse/core/shared_waker.hpp>
#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/sys/process.hpp>
#include <rouse/sys/signals.hpp>
#include <rouse/trace/recorder.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace rouse {
namespace {

using namespace std::chrono_literals;

/// Waits like a thread without an executor: sleeps until the waker is called.
template <class P>
auto wait(P& p) {
  struct flag {
    std::atomic<int> is_set{0};
    void wake() {
      is_set = 1;
      is_set.notify_one();
    }
  };
  auto woken = std::make_shared<flag>();
  const waker w = make_waker(woken);
  for (;;) {
    context cx(w);
    if (auto answer = p.poll(cx); answer.is_ready()) return answer.take();
    woken->is_set.wait(0);
    woken->is_set = 0;
  }
}

/// Holds jobs back until it is opened.
class gate {
 public:
  void open() {
    is_open_ = true;
    is_open_.notify_all();
  }
  void pass() {
    ++arrived_;
    arrived_.notify_all();
    is_open_.wait(false);
  }
  /// Until `n` jobs stand before it.
  void await_arrivals(int n) {
    for (int seen = arrived_; seen < n; seen = arrived_)
      arrived_.wait(seen);
  }

 private:
  std::atomic<bool> is_open_{false};
  std::atomic<int> arrived_{0};
};

/// Occupies every thread of a pool until it dies.
class occupied {
 public:
  occupied(blocking_pool& pool, int threads) {
    for (int i = 0; i < threads; ++i)
      jobs_.push_back(*pool.submit([this] { gate_.pass(); }));
    gate_.await_arrivals(threads);
  }
  ~occupied() {
    gate_.open();
    for (auto& j : jobs_)
      (void)wait(j);
  }

 private:
  gate gate_;
  std::vector<blocking_job<void>> jobs_;
};

// What an injected thread_starter does; set by the test.
std::atomic<int> threads_allowed{1 << 30};
int scarce_threads(pthread_t* id, const pthread_attr_t* with, void* (*entry)(void*),
                   void* argument) {
  if (threads_allowed.fetch_sub(1) <= 0) return EAGAIN;
  return pthread_create(id, with, entry, argument);
}

/// Log lines of a block, kept instead of written.
class kept_log final : public log_sink {
 public:
  kept_log() : former_(set_log_sink(this)) {}
  ~kept_log() { set_log_sink(former_); }
  void write(log_level, std::string_view text) noexcept override { lines.emplace_back(text); }
  [[nodiscard]] bool mentions(std::string_view what) const {
    return std::ranges::any_of(lines, [&](const std::string& l) { return l.find(what) != l.npos; });
  }
  std::vector<std::string> lines;

 private:
  log_sink* former_;
};

TEST(blocking_pool, gives_back_what_the_job_returns) {
  blocking_pool pool;
  auto number = *pool.submit([] { return 42; });
  EXPECT_EQ(wait(number), 42);
  auto nothing = *pool.submit([] {});
  EXPECT_TRUE(wait(nothing).has_value());
  auto moved = *pool.submit([p = std::make_unique<int>(7)]() mutable { return std::move(p); });
  EXPECT_EQ(**wait(moved), 7);
  auto with_arguments =
      *pool.submit([](std::string a, const char* b) { return a + b; }, std::string("ab"), "cd");
  EXPECT_EQ(wait(with_arguments), "abcd");
}

TEST(blocking_pool, a_result_of_the_job_is_a_value) {
  blocking_pool pool;
  auto job = *pool.submit([]() -> result<int> { return std::unexpected(error("look", ENOENT)); });
  const auto answer = wait(job);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->error(), error("", ENOENT));
}

TEST(blocking_pool, makes_no_thread_before_it_needs_one) {
  blocking_pool pool;
  EXPECT_EQ(pool.status().threads, 0u);
  auto job = *pool.submit([] {});
  (void)wait(job);
  EXPECT_EQ(pool.status().threads, 1u);
  auto another = *pool.submit([] {});
  (void)wait(another);
  EXPECT_LE(pool.status().threads, 2u);  // 2 when the first was not idle yet again
}

class spec_row_33_pool : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(sizes, spec_row_33_pool, testing::Values(1u, 4u, 16u));

TEST_P(spec_row_33_pool, runs_as_many_at_once_as_it_has_threads_and_names_them) {
  const unsigned size = GetParam();
  blocking_pool_options options;
  options.name = "crunch";
  options.threads_max = size;
  blocking_pool pool(options);

  std::mutex lock;
  std::set<std::string> names;
  std::atomic<unsigned> inside{0}, most{0};
  gate full;
  std::vector<blocking_job<void>> jobs;
  jobs.reserve(2 * size);
  for (unsigned i = 0; i < 2 * size; ++i) {
    jobs.push_back(*pool.submit([&] {
      const unsigned now = ++inside;
      unsigned seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      {
        const std::lock_guard hold(lock);
        names.insert(sys::this_thread_name());
      }
      full.pass();
      --inside;
    }));
  }
  full.await_arrivals(static_cast<int>(size));
  const auto status = pool.status();
  EXPECT_EQ(status.threads, size);
  EXPECT_EQ(status.running, size);
  EXPECT_EQ(status.queued, size);
  full.open();
  for (auto& j : jobs)
    EXPECT_TRUE(wait(j));
  EXPECT_EQ(most, size);
  std::set<std::string> expected;
  for (unsigned i = 0; i < size; ++i)
    expected.insert("crunch-" + std::to_string(i));
  EXPECT_EQ(names, expected);
}

TEST(spec_row_33_default, is_four_threads_called_pool) {
  blocking_pool pool;
  const occupied busy(pool, 4);
  auto fifth = *pool.submit([] { return sys::this_thread_name(); });
  EXPECT_EQ(pool.status().threads, 4u);
  EXPECT_EQ(pool.status().queued, 1u);
}

TEST(blocking_pool, cuts_a_long_name_and_keeps_the_number) {
  blocking_pool_options options;
  options.name = "a_name_that_no_kernel_keeps";
  blocking_pool pool(options);
  auto job = *pool.submit([] { return sys::this_thread_name(); });
  EXPECT_EQ(wait(job), "a_name_that_n-0");
}

TEST(spec_row_34_queue, takes_more_jobs_than_threads) {
  for (const int count : {128, 10'000}) {
    blocking_pool pool;
    std::atomic<int> done{0};
    std::vector<blocking_job<void>> jobs;
    jobs.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
      jobs.push_back(*pool.submit([&] { ++done; }));
    for (auto& j : jobs)
      EXPECT_TRUE(wait(j));
    EXPECT_EQ(done, count);
    EXPECT_LE(pool.status().threads, 4u);
  }
}

TEST(spec_row_34_queue, jobs_begin_in_the_order_of_submission) {
  blocking_pool_options options;
  options.threads_max = 1;
  blocking_pool pool(options);
  std::vector<int> order;
  std::vector<blocking_job<void>> jobs;
  {
    const occupied busy(pool, 1);
    for (int i = 0; i < 20; ++i)
      jobs.push_back(*pool.submit([&order, i] { order.push_back(i); }));
  }
  for (auto& j : jobs)
    (void)wait(j);
  std::vector<int> expected(20);
  for (int i = 0; i < 20; ++i)
    expected[static_cast<std::size_t>(i)] = i;
  EXPECT_EQ(order, expected);
}

TEST(spec_row_34_queue, fault_R14_a_cap_is_at_capacity_and_room_comes_back) {
  blocking_pool_options options;
  options.threads_max = 1;
  options.queue_max = 2;
  blocking_pool pool(options);
  std::optional<blocking_job<void>> first, second;
  {
    const occupied busy(pool, 1);
    first = *pool.submit([] {});
    second = *pool.submit([] {});
    const auto refused = pool.submit([] {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), errc::at_capacity);
    second.reset();  // cancelled: its place is free
    second = *pool.submit([] {});
  }
  EXPECT_TRUE(wait(*first));
  EXPECT_TRUE(wait(*second));
}

TEST(spec_row_34_queue, a_cap_of_0_takes_a_job_only_when_a_thread_is_there_for_it) {
  blocking_pool_options options;
  options.threads_max = 2;
  options.queue_max = 0;
  blocking_pool pool(options);
  {
    const occupied busy(pool, 2);
    EXPECT_EQ(pool.submit([] {}).error(), errc::at_capacity);
  }
  auto job = *pool.submit([] {});
  EXPECT_TRUE(wait(job));
}

constexpr job_options as_general{.name = "general", .kind = job_class::general};
constexpr job_options as_file{.name = "file", .kind = job_class::files};
constexpr job_options as_name{.name = "name", .kind = job_class::names};

/// Jobs of one class that stop at a gate until it dies.
class stuck_jobs {
 public:
  stuck_jobs(blocking_pool& pool, const job_options& of, int count) {
    for (int i = 0; i < count; ++i)
      jobs_.push_back(*pool.submit(of, [this] { gate_.pass(); }));
  }
  ~stuck_jobs() {
    gate_.open();
    for (auto& j : jobs_)
      (void)wait(j);
  }
  void await_running(int n) { gate_.await_arrivals(n); }

 private:
  gate gate_;
  std::vector<blocking_job<void>> jobs_;
};

class fair_classes : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(sizes, fair_classes, testing::Values(2u, 3u, 4u, 16u));

TEST_P(fair_classes, a_stuck_class_holds_half_of_the_threads_and_the_others_are_served) {
  blocking_pool_options options;
  options.threads_max = GetParam();
  const unsigned half = (options.threads_max + 1) / 2;
  blocking_pool pool(options);
  for (const auto& [slow, other] : {std::pair{as_name, as_file}, std::pair{as_file, as_name}}) {
    stuck_jobs stuck(pool, slow, 100);
    stuck.await_running(static_cast<int>(half));
    for (int i = 0; i < 10; ++i) {
      auto quick = *pool.submit(other, [i] { return i; });
      EXPECT_EQ(wait(quick), i);
      auto sum = *pool.submit([i] { return 2 * i; });
      EXPECT_EQ(wait(sum), 2 * i);
    }
    const blocking_pool_status status = pool.status();
    EXPECT_EQ(status.of(slow.kind).running, half);
    EXPECT_EQ(status.of(slow.kind).running_max, half);
    EXPECT_EQ(status.of(slow.kind).queued, 100 - half);
    EXPECT_EQ(status.of(job_class::general).queued, 0u);
  }
  EXPECT_EQ(pool.status().of(job_class::names).begun, 110u);
  EXPECT_EQ(pool.status().of(job_class::general).begun, 20u);
}

TEST(fair_classes, of_a_pool_of_one_thread_share_it_in_turns) {
  blocking_pool_options options;
  options.threads_max = 1;
  blocking_pool pool(options);
  std::string order;
  std::vector<blocking_job<void>> jobs;
  {
    stuck_jobs busy(pool, as_name, 1);
    busy.await_running(1);
    for (const char* name : {"n1 ", "n2 ", "n3 ", "f1 ", "f2 ", "g1 "}) {
      const auto& of = *name == 'n' ? as_name : *name == 'f' ? as_file : as_general;
      jobs.push_back(*pool.submit(of, [&order, name] { order += name; }));
    }
  }
  for (auto& j : jobs)
    EXPECT_TRUE(wait(j));
  EXPECT_EQ(order, "g1 f1 n1 f2 n2 n3 ");
}

TEST(fair_classes, computing_may_have_every_thread_unless_it_is_capped) {
  for (const unsigned cap : {0u, 1u, 3u}) {
    blocking_pool_options options;
    options.general_threads_max = cap;
    blocking_pool pool(options);
    const unsigned expected = cap == 0 ? 4 : cap;
    stuck_jobs busy(pool, as_general, 8);
    busy.await_running(static_cast<int>(expected));
    EXPECT_EQ(pool.status().running, expected);
    EXPECT_EQ(pool.status().threads, expected);  // none is made for what may not begin
    if (cap == 0) continue;
    auto file = *pool.submit(as_file, [] {});
    EXPECT_TRUE(wait(file));
  }
}

TEST(fair_classes, have_the_caps_they_are_given) {
  blocking_pool_options options;
  options.files_threads_max = 3;
  options.names_threads_max = 1;
  blocking_pool pool(options);
  stuck_jobs names(pool, as_name, 5), files(pool, as_file, 5);
  names.await_running(1);
  files.await_running(3);
  EXPECT_EQ(pool.status().of(job_class::names).running, 1u);
  EXPECT_EQ(pool.status().of(job_class::files).running, 3u);
}

TEST(fair_classes, fault_R14_one_class_cannot_fill_the_queue_of_another) {
  blocking_pool_options options;
  options.queue_max = 2;
  blocking_pool pool(options);
  stuck_jobs names(pool, as_name, 4);
  names.await_running(2);
  EXPECT_EQ(pool.submit(as_name, [] {}).error(), errc::at_capacity);
  auto file = *pool.submit(as_file, [] { return 1; });
  EXPECT_EQ(wait(file), 1);
}

TEST(fair_classes, a_job_cancelled_behind_a_stuck_class_never_runs) {
  blocking_pool pool;
  std::atomic<bool> has_run{false};
  auto owned = std::make_shared<int>(0);
  {
    stuck_jobs names(pool, as_name, 2);
    names.await_running(2);
    std::vector<blocking_job<void>> waiting;
    for (int i = 0; i < 100; ++i)
      waiting.push_back(*pool.submit(as_name, [&has_run, owned] { has_run = true; }));
    EXPECT_EQ(pool.status().of(job_class::names).queued, 100u);
    waiting.clear();
    EXPECT_EQ(pool.status().of(job_class::names).queued, 0u);
    EXPECT_EQ(owned.use_count(), 1);
  }
  auto next = *pool.submit(as_name, [] {});
  EXPECT_TRUE(wait(next));
  EXPECT_FALSE(has_run);
}

TEST(fair_classes, shutdown_refuses_what_waits_in_each) {
  blocking_pool pool;
  std::vector<blocking_job<void>> waiting;
  std::thread closer;
  {
    stuck_jobs names(pool, as_name, 2), files(pool, as_file, 2);
    names.await_running(2);
    files.await_running(2);
    for (const auto& of : {as_general, as_name, as_file})
      waiting.push_back(*pool.submit(of, [] {}));
    closer = std::thread([&pool] { (void)pool.shutdown(); });
    for (auto& j : waiting)
      EXPECT_TRUE(wait(j).error().is_cancelled());
  }
  closer.join();
  EXPECT_EQ(pool.status().running, 0u);
}

TEST_P(fair_classes, spec_row_34_ten_thousand_jobs_of_all_classes_run_once_within_their_caps) {
  blocking_pool_options options;
  options.threads_max = GetParam();
  const unsigned half = (options.threads_max + 1) / 2;
  blocking_pool pool(options);
  std::atomic<unsigned> inside[job_classes] = {}, most[job_classes] = {}, done{0};
  std::vector<blocking_job<void>> jobs;
  jobs.reserve(10'000);
  for (unsigned i = 0; i < 10'000; ++i) {
    const auto kind = i % job_classes;
    const job_options of{.name = "", .kind = static_cast<job_class>(kind)};
    jobs.push_back(*pool.submit(of, [&inside, &most, &done, kind] {
      const unsigned now = ++inside[kind];
      unsigned seen = most[kind];
      while (now > seen && !most[kind].compare_exchange_weak(seen, now)) {
      }
      ++done;
      --inside[kind];
    }));
  }
  for (auto& j : jobs)
    EXPECT_TRUE(wait(j));
  EXPECT_EQ(done, 10'000u);
  EXPECT_LE(most[1], half);
  EXPECT_LE(most[2], half);
}

TEST(spec_row_35_errors, an_exception_reaches_the_caller_and_the_thread_survives) {
  blocking_pool_options options;
  options.threads_max = 1;
  blocking_pool pool(options);
  auto thrower = *pool.submit([]() -> int { throw std::runtime_error("no such file"); });
  EXPECT_THROW((void)wait(thrower), std::runtime_error);
  auto next = *pool.submit([] { return sys::this_thread_name(); });
  EXPECT_EQ(wait(next), "pool-0");
  EXPECT_EQ(pool.status().threads, 1u);
}

TEST(fault_M9_pool, an_exception_that_nobody_takes_is_reported) {
  kept_log log;
  {
    blocking_pool_options options;
    options.threads_max = 1;
    blocking_pool pool(options);
    const auto careless = [] { throw std::runtime_error("bad news"); };
    std::move(*pool.submit({.name = "careless"}, careless)).detach();
    auto behind_it = *pool.submit([] {});
    (void)wait(behind_it);
  }
  EXPECT_TRUE(log.mentions("pool: careless threw, and nobody awaits it: bad news"));
}

TEST(fault_M9_pool, the_report_can_be_replaced) {
  static std::atomic<int> reports{0};
  reports = 0;
  kept_log log;
  {
    blocking_pool_options options;
    options.threads_max = 1;
    options.on_unjoined = [](const char*, std::exception_ptr) noexcept { ++reports; };
    blocking_pool pool(options);
    std::move(*pool.submit([] { throw 1; })).detach();
    auto finished = *pool.submit([] { throw 2; });
    while (!finished.is_finished())
      std::this_thread::yield();
  }
  EXPECT_EQ(reports, 2);
  EXPECT_TRUE(log.lines.empty());
}

TEST(spec_row_39_close, waits_for_a_running_job_and_cancels_a_queued_one) {
  std::atomic<bool> has_ended{false};
  std::optional<blocking_pool> pool;
  blocking_pool_options options;
  options.threads_max = 1;
  pool.emplace(options);
  gate running;
  auto first = *pool->submit([&] {
    running.pass();
    std::this_thread::sleep_for(5ms);
    has_ended = true;
    return 5;
  });
  auto second = *pool->submit([] { return 6; });
  running.await_arrivals(1);
  running.open();
  pool.reset();
  EXPECT_TRUE(has_ended);
  EXPECT_EQ(wait(first), 5);  // a handle may outlive the pool
  EXPECT_TRUE(wait(second).error().is_cancelled());
}

TEST(spec_row_39_close, the_result_that_nobody_awaits_dies_before_it_returns) {
  auto alive = std::make_shared<int>(0);
  {
    gate g;
    blocking_pool pool;
    {
      auto job = *pool.submit([&g, alive] {
        g.pass();
        return alive;
      });
      g.await_arrivals(1);
    }  // dropped while it runs
    g.open();
  }
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(spec_row_39_close, refuses_what_comes_later) {
  blocking_pool pool;
  EXPECT_TRUE(pool.shutdown()->empty());
  EXPECT_EQ(pool.submit([] {}).error(), errc::runtime_shut_down);
  EXPECT_TRUE(pool.shutdown()->empty());  // idempotent
}

TEST(spec_row_37_close, threads_start_and_stop_equally_often_and_stop_in_order) {
  struct record {
    std::mutex lock;
    std::vector<unsigned> started, stopped;
  } log;
  {
    blocking_pool_options options;
    options.hook_data = &log;
    options.after_start = [](unsigned n, void* data) {
      auto& r = *static_cast<record*>(data);
      const std::lock_guard hold(r.lock);
      r.started.push_back(n);
    };
    options.before_stop = [](unsigned n, void* data) {
      auto& r = *static_cast<record*>(data);
      const std::lock_guard hold(r.lock);
      r.stopped.push_back(n);
    };
    blocking_pool pool(options);
    const occupied busy(pool, 4);
  }
  EXPECT_EQ(log.started.size(), 4u);
  EXPECT_EQ(log.stopped, (std::vector<unsigned>{0, 1, 2, 3}));
}

TEST(blocking_job, dropped_before_it_begins_is_never_run) {
  blocking_pool_options options;
  options.threads_max = 1;
  blocking_pool pool(options);
  std::atomic<bool> has_run{false};
  auto owned = std::make_shared<int>(0);
  {
    const occupied busy(pool, 1);
    {
      auto job = *pool.submit([&, owned] { has_run = true; });
      EXPECT_EQ(owned.use_count(), 2);
    }
    EXPECT_EQ(owned.use_count(), 1);  // what it owned goes at once
    EXPECT_EQ(pool.status().queued, 0u);
  }
  auto next = *pool.submit([] {});
  (void)wait(next);
  EXPECT_FALSE(has_run);
}

TEST(blocking_job, detached_runs_all_the_same) {
  std::atomic<bool> has_run{false};
  blocking_pool_options options;
  options.threads_max = 1;
  blocking_pool pool(options);
  {
    const occupied busy(pool, 1);
    std::move(*pool.submit([&] { has_run = true; })).detach();
  }
  auto next = *pool.submit([] {});
  (void)wait(next);
  EXPECT_TRUE(has_run);
}

TEST(blocking_job, cancelled_in_the_queue_never_runs) {
  blocking_pool_options options;
  options.threads_max = 1;
  blocking_pool pool(options);
  std::atomic<bool> has_run{false};
  context cx(no_wakeable());
  std::optional<blocking_job<void>> job;
  {
    const occupied busy(pool, 1);
    job = *pool.submit([&] { has_run = true; });
    EXPECT_FALSE(job->poll(cx).is_ready());
    EXPECT_TRUE(job->poll_cancel(cx).is_ready());
    EXPECT_FALSE(job->poll(cx).is_ready());
  }
  auto next = *pool.submit([] {});
  (void)wait(next);
  EXPECT_FALSE(has_run);
}

TEST(blocking_job, fault_C10_cancelled_while_it_runs_is_abandoned_unless_its_result_came_first) {
  gate g;
  blocking_pool pool;
  context cx(no_wakeable());
  auto job = *pool.submit([&] {
    g.pass();
    return 3;
  });
  g.await_arrivals(1);
  EXPECT_FALSE(job.poll(cx).is_ready());
  EXPECT_TRUE(job.poll_cancel(cx).is_ready());  // at once, though the job runs
  EXPECT_FALSE(job.poll(cx).is_ready());
  g.open();
  while (!job.is_finished())
    std::this_thread::yield();
  EXPECT_EQ(job.poll(cx).take(), 3);
}

TEST(blocking_job, wakes_the_latest_waker_once_and_not_after_disown) {
  struct counter {
    std::atomic<int> count{0};
    void wake() { ++count; }
  };
  auto a = std::make_shared<counter>(), b = std::make_shared<counter>(),
       c = std::make_shared<counter>();
  gate g;
  blocking_pool pool;
  auto job = *pool.submit([&] { g.pass(); });
  auto other = *pool.submit([&] { g.pass(); });
  for (auto& target : {a, b}) {
    const waker w = make_waker(target);
    context cx(w);
    EXPECT_FALSE(job.poll(cx).is_ready());
  }
  {
    const waker w = make_waker(c);
    context cx(w);
    EXPECT_FALSE(other.poll(cx).is_ready());
  }
  other.disown();
  EXPECT_EQ(c.use_count(), 1);
  g.open();
  (void)pool.shutdown();
  EXPECT_EQ(a->count, 0);
  EXPECT_EQ(b->count, 1);
  EXPECT_EQ(c->count, 0);
  EXPECT_EQ(a.use_count() + b.use_count(), 2);
}

TEST(blocking_job, fault_M7_a_wake_may_use_and_drop_the_job) {
  struct holder {
    std::unique_ptr<blocking_job<int>> job;
    blocking_pool* pool;
    void wake() {
      job.reset();
      (void)pool->submit([] {});
      (void)pool->status();
    }
  };
  gate g;
  blocking_pool pool;
  auto h = std::make_shared<holder>();
  h->pool = &pool;
  h->job = std::make_unique<blocking_job<int>>(*pool.submit([&] {
    g.pass();
    return 1;
  }));
  const waker w = make_waker(h);
  context cx(w);
  EXPECT_FALSE(h->job->poll(cx).is_ready());
  g.open();
  (void)pool.shutdown();
  EXPECT_FALSE(h->job);
}

TEST(spawn_blocking, uses_the_current_pool_and_says_when_there_is_none) {
  auto lost = spawn_blocking([] { return 1; });
  EXPECT_TRUE(lost.is_finished());
  EXPECT_EQ(wait(lost).error(), errc::no_context);

  blocking_pool pool;
  const current<blocking_pool>::scope here(&pool);
  auto job = spawn_blocking([](int a, int b) { return a + b; }, 20, 3);
  EXPECT_EQ(wait(job), 23);
  auto named =
      spawn_blocking({.name = "inner"}, [] { return current<blocking_pool>::get() == nullptr; });
  EXPECT_EQ(wait(named), true);  // no current pool inside a job
  (void)pool.shutdown();
  auto late = spawn_blocking([] {});
  EXPECT_EQ(wait(late).error(), errc::runtime_shut_down);
}

TEST(fault_R9_pool, goes_on_with_the_threads_it_has) {
  kept_log log;
  threads_allowed = 2;
  blocking_pool_options options;
  options.start_thread = &scarce_threads;
  blocking_pool pool(options);
  std::vector<blocking_job<int>> jobs;
  {
    const occupied busy(pool, 2);
    for (int i = 0; i < 10; ++i)
      jobs.push_back(*pool.submit([i] { return i; }));
    EXPECT_EQ(pool.status().threads, 2u);
  }
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(wait(jobs[static_cast<std::size_t>(i)]), i);
  EXPECT_TRUE(log.mentions("cannot make another thread"));
  threads_allowed = 1 << 30;
  const occupied busy(pool, 4);  // and grows again when it can
  EXPECT_EQ(pool.status().threads, 4u);
}

TEST(fault_R9_pool, with_no_thread_at_all_the_submit_gets_the_error) {
  threads_allowed = 0;
  blocking_pool_options options;
  options.start_thread = &scarce_threads;
  blocking_pool pool(options);
  auto owned = std::make_shared<int>(0);
  const auto refused = pool.submit([owned] {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), error("", EAGAIN));
  EXPECT_EQ(owned.use_count(), 1);
  EXPECT_EQ(pool.status().queued, 0u);
  threads_allowed = 1 << 30;
  auto job = *pool.submit([] {});
  EXPECT_TRUE(wait(job));
}

TEST(fault_C14_shutdown, returns_in_time_names_what_is_stuck_and_lets_it_end_alone) {
  kept_log log;
  auto g = std::make_shared<gate>();
  auto alive = std::make_shared<int>(0);
  blocking_job<std::shared_ptr<int>> job;
  {
    blocking_pool pool;
    job = *pool.submit({.name = "read /dev/never"}, [g, alive] {
      g->pass();
      return alive;
    });
    g->await_arrivals(1);
    auto short_one = *pool.submit([] {});
    (void)wait(short_one);
    const auto start = std::chrono::steady_clock::now();
    const auto stuck = pool.shutdown(5ms);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
    ASSERT_TRUE(stuck);
    ASSERT_EQ(stuck->size(), 1u);
    EXPECT_EQ((*stuck)[0].thread, "pool-0");
    EXPECT_EQ((*stuck)[0].job, "read /dev/never");
    EXPECT_EQ(pool.status().threads, 0u);
  }
  EXPECT_TRUE(log.mentions("pool-0 is left behind with a job that does not end: read /dev/never"));
  g->open();
  EXPECT_EQ(**wait(job), 0);  // its result still arrives, long after its pool
}

TEST(fault_C14_shutdown, with_0_waits_for_nobody) {
  kept_log log;
  auto g = std::make_shared<gate>();
  blocking_job<void> job;
  {
    blocking_pool pool;
    job = *pool.submit([g] { g->pass(); });
    g->await_arrivals(1);
    EXPECT_EQ(pool.shutdown(0ns)->size(), 1u);
  }
  g->open();
  EXPECT_TRUE(wait(job));
}

TEST(fault_C14_shutdown, from_a_job_of_its_own_is_an_error) {
  blocking_pool pool;
  auto job = *pool.submit([&] { return pool.shutdown().error(); });
  EXPECT_EQ(wait(job)->code, static_cast<int>(errc::would_deadlock));
}

TEST(fault_C13_submit, during_shutdown_from_another_thread_runs_or_is_refused) {
  for (int round = 0; round < 50; ++round) {
    blocking_pool pool;
    std::atomic<int> ran{0}, accepted{0}, cancelled{0};
    std::thread other([&] {
      for (int i = 0; i < 20; ++i) {
        auto job = pool.submit([&] { ++ran; });
        if (!job) continue;
        ++accepted;
        if (!wait(*job)) ++cancelled;
      }
    });
    (void)pool.shutdown();
    other.join();
    EXPECT_EQ(ran + cancelled, accepted);
  }
}

TEST(fault_C8_pool, a_job_always_runs_against_an_idle_thread_timing_out) {
  // Without keep-alive the thread decides to go just when the next job comes; with a short one it
  // is woken by the clock (50 us late, the kernel's slack) around the time of the next job. A job
  // that is lost hangs.
  for (const nanoseconds keep_alive : {0ns, nanoseconds(20us)}) {
    random_source random(8);
    blocking_pool_options options;
    options.threads_max = 1;
    options.keep_alive = keep_alive;
    for (int round = 0; round < 10; ++round) {
      blocking_pool pool(options);
      for (int i = 0; i < 500; ++i) {
        auto job = *pool.submit([i] { return i; });
        ASSERT_EQ(wait(job), i);
        const auto pause =
            std::chrono::nanoseconds(random.below(keep_alive == 0ns ? 10'000 : 150'000));
        const auto until = std::chrono::steady_clock::now() + pause;
        while (std::chrono::steady_clock::now() < until) {
        }
      }
    }
  }
}

TEST(fault_C8_pool, idle_threads_go_and_are_joined) {
  blocking_pool_options options;
  options.keep_alive = 1ms;
  blocking_pool pool(options);
  {
    const occupied busy(pool, 4);
  }
  while (pool.status().threads != 0)
    std::this_thread::sleep_for(1ms);
  auto job = *pool.submit([] { return sys::this_thread_name(); });
  EXPECT_EQ(wait(job), "pool-0");  // numbers are used again
}

TEST(fault_C8_pool, threads_that_a_job_at_a_time_does_not_need_go_though_the_jobs_do_not_end) {
  blocking_pool_options options;
  options.threads_max = 16;
  options.keep_alive = 20ms;
  blocking_pool pool(options);
  {
    const occupied busy(pool, 16);
  }
  const instant until = sys::monotonic_now() + 10s;
  while (pool.status().threads > 5 && sys::monotonic_now() < until) {
    auto job = *pool.submit([] {});
    (void)wait(job);
  }
  EXPECT_LE(pool.status().threads, 5u);
}

TEST(fault_P5_pool, threads_leave_signals_to_the_application) {
  blocking_pool pool;
  auto job = *pool.submit([] { return sys::blocked_signals(); });
  const auto blocked = *wait(job);
  EXPECT_TRUE(blocked.has(sys::signal_interrupt) && blocked.has(sys::signal_terminate) &&
              blocked.has(sys::signal_broken_pipe));
  EXPECT_FALSE(blocked.has(11));  // SIGSEGV: a crash must still be a crash
  EXPECT_FALSE(sys::blocked_signals().has(sys::signal_interrupt));  // ours are as before
}

TEST(blocking_pool, tells_the_trace_what_its_jobs_do) {
  trace::recorder log;
  {
    blocking_pool pool;
    auto job = *pool.submit({.name = "traced"}, [] {});
    (void)wait(job);
  }
  std::vector<trace::event> about_the_job;
  const void* subject = nullptr;
  for (const trace::record& r : log.take()) {
    if (r.what == trace::event::spawn) {
      subject = r.subject;
      EXPECT_STREQ(r.text, "traced");
    }
    if (r.subject == subject) about_the_job.push_back(r.what);
  }
  EXPECT_EQ(about_the_job, (std::vector<trace::event>{trace::event::spawn, trace::event::poll_begin,
                                                      trace::event::complete}));
}

TEST(fault_C10_job, dropped_against_being_taken_runs_or_dies_exactly_once) {
  struct probe {
    explicit probe(std::atomic<int>& c) : alive(&c) { ++*alive; }
    probe(probe&& other) noexcept : alive(std::exchange(other.alive, nullptr)) {}
    ~probe() {
      if (alive) --*alive;
    }
    std::atomic<int>* alive;
  };
  std::atomic<int> alive{0};
  {
    blocking_pool pool;
    for (int i = 0; i < 2000; ++i) {
      auto job = *pool.submit([p = probe(alive)]() mutable { return std::move(p); });
      if (i % 3 == 0) (void)wait(job);
      if (i % 3 == 1) std::this_thread::yield();
    }
  }
  EXPECT_EQ(alive, 0);
}

TEST(fault_C10_job, many_threads_submit_wait_and_drop) {
  blocking_pool_options options;
  options.keep_alive = 100us;
  blocking_pool pool(options);
  std::atomic<int> delivered{0};
  std::vector<std::thread> clients;
  clients.reserve(3);
  for (int t = 0; t < 3; ++t)
    clients.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        auto job = *pool.submit([i] { return i; });
        if ((i + t) % 2 == 0) continue;
        EXPECT_EQ(wait(job), i);
        ++delivered;
      }
    });
  for (auto& c : clients)
    c.join();
  EXPECT_EQ(delivered, 750);
}

}  // namespace
}  // namespace rouse

// What a runtime does when something runs out (FAULTS R): disk space, room in a file, threads,
// places in a queue.
#include <rouse/base/io_error.hpp>
#include <rouse/base/log.hpp>
#include <rouse/coro/task.hpp>
#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/fs/file.hpp>
#include <rouse/runtime/runtime.hpp>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/scratch_folder.hpp>

#include <atomic>
#include <optional>
#include <vector>

namespace rouse {
namespace {

/// Files of this process may not grow beyond `bytes`, for a block.
class file_size_limit {
 public:
  explicit file_size_limit(std::size_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &former_);
    rlimit lower = former_;
    lower.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &lower);
  }
  file_size_limit(const file_size_limit&) = delete;
  file_size_limit& operator=(const file_size_limit&) = delete;
  ~file_size_limit() { ::setrlimit(RLIMIT_FSIZE, &former_); }

 private:
  rlimit former_{};
};

class silent_log final : public log_sink {
 public:
  silent_log() : former_(set_log_sink(this)) {}
  ~silent_log() { (void)set_log_sink(former_); }
  void write(log_level, std::string_view) noexcept override {}

 private:
  log_sink* former_;
};

class resources : public support::each_reactor {
 protected:
  resources() { options_.reactor.kind = GetParam(); }
  runtime make() { return std::move(runtime::make(options_).value()); }

  runtime_options options_;
};

struct end_of_write {
  std::size_t done = 0;
  std::optional<error> why;
};

task<end_of_write> write_all(std::string path, std::size_t bytes) {
  end_of_write end;
  const fs::file to = co_await fs::open(path, {.mode = sys::access::write, .create = true});
  io::buffer content;
  content.append(std::string(bytes, 'x'));
  auto written = co_await to.write_all_at(0, std::move(content), &end.done).result();
  if (!written) end.why = written.error();
  co_return end;
}

TEST_P(resources, fault_R11_a_file_that_may_not_grow_tells_how_much_was_written) {
  const support::scratch_folder folder;
  auto rt = make();
  const file_size_limit limit(100'000);
  const auto end = rt.block_on(write_all(folder / "large", 300'000));
  EXPECT_EQ(end.done, 100'000u);
  ASSERT_TRUE(end.why);
  EXPECT_EQ(end.why->code, EFBIG);
}

TEST_P(resources, fault_R11_a_full_disk_is_an_error) {
  auto rt = make();
  const auto end = rt.block_on(write_all("/dev/full", 1000));
  EXPECT_EQ(end.done, 0u);
  ASSERT_TRUE(end.why);
  EXPECT_EQ(end.why->code, ENOSPC);
}

std::atomic<int> threads_left;
int scarce_threads(pthread_t* id, const pthread_attr_t* with, void* (*entry)(void*),
                   void* argument) {
  return threads_left.fetch_sub(1) <= 0 ? EAGAIN : ::pthread_create(id, with, entry, argument);
}

TEST_P(resources, fault_R9_the_pool_goes_on_with_the_threads_it_has) {
  options_.blocking.start_thread = &scarce_threads;
  threads_left = 1;
  silent_log no_lines;  // that it goes on with fewer
  auto rt = make();
  const auto sum = rt.block_on([]() -> task<int> {
    std::vector<blocking_job<int>> jobs;
    for (int i = 1; i <= 10; ++i)
      jobs.push_back(spawn_blocking([](int n) { return n; }, i));
    int all = 0;
    for (auto& job : jobs)
      all += co_await std::move(job);
    co_return all;
  }());
  EXPECT_EQ(sum, 55);
  EXPECT_EQ(rt.blocking().status().threads, 1u);
}

TEST_P(resources, fault_R9_without_a_thread_the_call_gets_the_error) {
  options_.blocking.start_thread = &scarce_threads;
  threads_left = 0;
  auto rt = make();
  try {
    rt.block_on([]() -> task<void> { co_await spawn_blocking([] {}); }());
    ADD_FAILURE() << "nobody can have run it";
  } catch (const io_error& e) {
    EXPECT_EQ(e.reason().code, EAGAIN);
  }
}

INSTANTIATE_TEST_SUITE_P(on, resources, support::reactors(), support::reactor_name);

}  // namespace
}  // namespace rouse

// Two threads submit jobs, of one class or of several, to a pool whose threads time out at any
// moment, and one of them shuts it down: an accepted job is run or refused, once, and whoever polls
// it hears of it (C8), though it waits behind the cap of its class; no class holds more threads
// than its cap, and a stuck one leaves the second thread to the others; after the shutdown nothing
// is accepted and no thread is left (C13).
#include <rouse/executor/blocking_pool/blocking_pool.hpp>
#include <rouse/park/thread_park.hpp>

#include <tests/model/checker.hpp>

namespace rouse::model {
namespace {

/// Wakes a parked thread. Each waker is a block of its own, so that one which is used before it is
/// whole, or once too often, is found.
class ringer final : public wakeable {
 public:
  explicit ringer(const unparker& of) : wakeable(how), unparker_(of) {}

 private:
  static const wake_table how;
  unparker unparker_;
};

constexpr wake_table ringer::how{
    [](wakeable& w) noexcept { static_cast<ringer&>(w).unparker_.unpark(); },
    [](wakeable& w) noexcept -> wakeable& {
      return *new ringer(static_cast<ringer&>(w).unparker_);
    },
    [](wakeable& w) noexcept { delete &static_cast<ringer&>(w); },
};

/// Awaits jobs by parking.
class sleeper {
 public:
  /// One poll; true: it has ended.
  [[nodiscard]] bool look(blocking_job<unsigned>& job, result<unsigned>& into) {
    context cx(ringer_);
    auto answer = job.poll(cx);
    if (!answer.is_ready()) return false;
    into = answer.take();
    return true;
  }
  void await(blocking_job<unsigned>& job, result<unsigned>& into) {
    while (!look(job, into))
      (void)sleep_.park(no_limit);
  }

 private:
  thread_park sleep_;
  ringer ringer_{sleep_.unparker()};
};

/// One waits until the other has come.
class rendezvous {
 public:
  void await() {
    while (!has_come_.load(order::relaxed))
      (void)sleep_.park(no_limit);
  }
  void tell() {
    has_come_.store(true, order::relaxed);
    unparker_.unpark();
  }

 private:
  atomic<bool> has_come_{false};
  thread_park sleep_;
  unparker unparker_ = sleep_.unparker();
};

class pool_queue final : public scenario {
 public:
  pool_queue()
      : pool_(std::make_unique<blocking_pool>(blocking_pool_options{
            .threads_max = threads_, .keep_alive = keep_alives[choose(3)]})) {}

  void thread(unsigned index) override {
    if (index == 0)
      submit_twice();
    else
      submit_and_close();
  }
  void after() override {
    for (const tally& runs : runs_)
      expect(runs.value() <= 1, "no job runs twice");
  }

 private:
  static constexpr nanoseconds keep_alives[] = {nanoseconds(1000), nanoseconds(0), no_limit};
  using answer = result<blocking_job<unsigned>>;

  void submit_twice() {
    if (is_warm_) warm_up();
    for (unsigned i = 0; i < 2; ++i)
      (void)submit(i);
    while (!is_alone_.load(order::acquire))
      (void)end_.park(no_limit);
    pool_.reset();
  }
  void submit_and_close() {
    if (is_warm_) warmed_[1].await();
    const answer job = submit(2);  // outlives the pool, perhaps
    if (choose(2) == 0) close();
    is_alone_.store(true, order::release);
    ending_.unpark();
  }
  void close() {
    expect(pool_->shutdown().has_value(), "the pool was shut down");
    expect(pool_->status().threads == 0, "no thread is left");
    const auto late = pool_->submit([] { return 1u; });
    expect(!late && late.error() == error("", errc::runtime_shut_down), "nothing is accepted");
  }
  answer submit(unsigned i) {
    const job_class kind = is_mixed_ && i != 2 ? job_class::files : one_class_;
    answer job = pool_->submit({.name = "", .kind = kind}, [this, i, kind] {
      runs_[i].add();
      expect(begun_[index(kind)].value() - ended_[index(kind)].value() < caps_[index(kind)],
             "a class stays below its cap");
      begun_[index(kind)].add();
      written_[i] = i + 1;
      if (is_stuck_ && i == 0) served_.await();
      if (i == 2) served_.tell();
      ended_[index(kind)].add();
      return i;
    });
    if (!job)
      expect(runs_[i].value() == 0, "what was not accepted does not run");
    else if (choose(2) != 0 || !look(i, *job))  // what was looked at has a waker already
      if (choose(4) != 0 || (is_stuck_ && i == 2)) await(i, *job);
    return job;
  }
  bool look(unsigned i, blocking_job<unsigned>& job) {
    result<unsigned> end;
    const bool has_ended = sleepers_[i].look(job, end);
    if (has_ended) check(i, end);
    return has_ended;
  }
  void await(unsigned i, blocking_job<unsigned>& job) {
    result<unsigned> end;
    sleepers_[i].await(job, end);
    check(i, end);
  }
  void check(unsigned i, const result<unsigned>& end) {
    if (end) {
      expect(*end == i && written_[i] == i + 1, "the job's writes are seen with its result");
    } else {
      expect(end.error() == error("", ECANCELED), "a job that did not begin was cancelled");
      expect(runs_[i].value() == 0, "a cancelled job has not run");
    }
  }

  /// Two jobs that run at once: after them there are two threads, unless one has timed out.
  void warm_up() {
    auto one = pool_->submit([this] {
      warm_.await();
      for (rendezvous& waiting : warmed_)
        waiting.tell();
    });
    auto other = pool_->submit([this] { warm_.tell(); });
    std::move(*one).detach();
    std::move(*other).detach();
    warmed_[0].await();
  }
  static std::size_t index(job_class kind) noexcept { return static_cast<std::size_t>(kind); }

  const bool is_mixed_ = choose(2) == 0;               // jobs 0 and 1 are of files, 2 is not
  const bool is_stuck_ = is_mixed_ && choose(2) == 0;  // job 0 ends after job 2 has begun
  const unsigned threads_ = is_stuck_ ? 2 : 1 + choose(2);
  const unsigned caps_[job_classes] = {threads_, 1, 1};
  const job_class one_class_ = choose(2) == 0 ? job_class::general : job_class::names;
  sleeper sleepers_[3];
  tally begun_[job_classes], ended_[job_classes];
  const bool is_warm_ = is_stuck_ && choose(2) == 0;
  rendezvous served_, warm_, warmed_[2];
  tally runs_[3];
  unsigned written_[3] = {};
  std::unique_ptr<blocking_pool> pool_;
  atomic<bool> is_alone_{false};  // the other thread has done with the pool
  thread_park end_;
  unparker ending_ = end_.unparker();
};

constexpr const char* mutated[] = {"blocking_pool.cpp", "blocking_job.hpp", "pool_state.hpp",
                                   "pool_state.cpp",    "class_queue.hpp",  "class_queue.cpp"};
constexpr survivor survivors[] = {
    {"pool_state.cpp enqueue fetch_add in two steps", "no fault: nobody else knows the job yet"},
};

}  // namespace
}  // namespace rouse::model

int main(int argc, char** argv) {
  using namespace rouse::model;
  return run(
      argc, argv, "pool_queue",
      [] -> std::unique_ptr<scenario> { return std::make_unique<pool_queue>(); },
      {.threads = 2, .starts = 5, .executions = 20000, .mutated = mutated, .survivors = survivors});
}

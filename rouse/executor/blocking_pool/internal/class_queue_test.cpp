#include <rouse/executor/blocking_pool/internal/class_queue.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace rouse::internal {
namespace {

class named_job final : public pool_job {
 public:
  named_job(const char* name, job_class kind) : pool_job(name, kind) {}

 private:
  void execute() noexcept override {}
  void discard() noexcept override {}
  void set_error(const error&) noexcept override {}
};

/// A queue and the jobs that stand in it, by name: "g1" is general, "f1" files, "n1" names.
class class_queue_test : public testing::Test {
 protected:
  ~class_queue_test() override {
    while (queue_.pop() != nullptr) {
    }
    for (pool_job* job : jobs_)
      job->release();
  }
  pool_job& push(const char* name) {
    const job_class kind = name[0] == 'g'   ? job_class::general
                           : name[0] == 'f' ? job_class::files
                                            : job_class::names;
    jobs_.push_back(new named_job(name, kind));
    queue_.push(*jobs_.back());
    return *jobs_.back();
  }
  void push_all(const std::vector<const char*>& names) {
    for (const char* name : names)
      push(name);
  }
  /// Begins all that may begin: "g1 f1 ".
  std::string begin_all() {
    std::string names;
    while (const pool_job* job = queue_.begin())
      names += std::string(job->name()) + ' ';
    return names;
  }

  class_queue queue_{{4, 2, 2}};
  std::vector<pool_job*> jobs_;
};

TEST_F(class_queue_test, keeps_the_order_of_a_class) {
  push_all({"g1", "g2", "g3"});
  EXPECT_EQ(begin_all(), "g1 g2 g3 ");
  EXPECT_EQ(queue_.begin(), nullptr);
}

TEST_F(class_queue_test, lets_the_classes_take_turns) {
  push_all({"n1", "n2", "f1", "f2", "g1", "g2"});
  EXPECT_EQ(begin_all(), "g1 f1 n1 g2 f2 n2 ");
}

TEST_F(class_queue_test, goes_on_with_the_class_after_the_last_one) {
  push("f1");
  EXPECT_EQ(begin_all(), "f1 ");
  push_all({"g1", "n1"});
  EXPECT_EQ(begin_all(), "n1 g1 ");
}

TEST_F(class_queue_test, begins_no_more_of_a_class_than_its_cap_until_one_ends) {
  push_all({"n1", "n2", "n3", "f1"});
  EXPECT_EQ(queue_.startable(job_class::names), 2u);
  EXPECT_EQ(queue_.startable(), 3u);
  EXPECT_EQ(begin_all(), "f1 n1 n2 ");
  EXPECT_EQ(queue_.startable(), 0u);
  EXPECT_EQ(queue_.queued(job_class::names), 1u);
  queue_.end(job_class::files);
  EXPECT_EQ(begin_all(), "");
  queue_.end(job_class::names);
  EXPECT_EQ(queue_.startable(job_class::names), 1u);
  EXPECT_EQ(begin_all(), "n3 ");
}

TEST_F(class_queue_test, forgets_what_is_removed) {
  push("n1");
  pool_job& second = push("n2");
  push("n3");
  queue_.remove(second);
  EXPECT_EQ(queue_.queued(), 2u);
  EXPECT_EQ(queue_.startable(), 2u);
  EXPECT_EQ(begin_all(), "n1 n3 ");
}

TEST_F(class_queue_test, counts_what_waits_runs_and_has_begun) {
  push_all({"f1", "f2", "f3", "g1"});
  (void)begin_all();
  queue_.end(job_class::files);
  const job_class_status files = queue_.status(job_class::files);
  EXPECT_EQ(files.running, 1u);
  EXPECT_EQ(files.running_max, 2u);
  EXPECT_EQ(files.queued, 1u);
  EXPECT_EQ(files.begun, 2u);
  EXPECT_EQ(queue_.running(), 2u);
  EXPECT_EQ(queue_.queued(), 1u);
}

TEST_F(class_queue_test, pops_whatever_waits_and_begins_nothing) {
  push_all({"n1", "n2", "n3", "g1"});
  int popped = 0;
  while (queue_.pop())
    ++popped;
  EXPECT_EQ(popped, 4);
  EXPECT_EQ(queue_.running(), 0u);
  EXPECT_EQ(queue_.status(job_class::names).begun, 0u);
}

}  // namespace
}  // namespace rouse::internal

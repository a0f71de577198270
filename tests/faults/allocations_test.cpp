// Goal: want of memory at any place ends an exchange with an error, and nothing else. Method: the
// first, second, third ... allocation of the runtime's thread, or of its pool's, fails, alone or
// with all that follow, until a run needs no more. Under a sanitizer those of operator new; else
// every call of malloc.
#include <tests/faults/fault_test.hpp>
#include <tests/support/sanitized.hpp>

namespace faults {
namespace {

class fault_R10 : public fault_at_place {
 protected:
  void SetUp() override {
    if (!support::can_replace_new) GTEST_SKIP() << "the thread sanitizer owns the allocator";
    fault_at_place::SetUp();
  }
  template <class Failing = failing_allocation>
  void exhaust(shortage how) const {
    bool has_failed = true;
    unsigned long n = 0;
    const auto run_short_of_memory = [&](scenario which, rouse::reactor_kind on, outcome& out) {
      const Failing nth(n, how);
      run(which, on, out);
      has_failed = nth.has_failed();
    };
    while (has_failed) {
      const current_trial trial("%s on %s: allocation %lu fails%s", name_of(which_),
                                rouse::name_of(on_), ++n,
                                how == shortage::stays ? ", and all that follow" : "");
      EXPECT_EQ(attempt(beneath, complaint_about_end, run_short_of_memory), "") << trial.text();
    }
    EXPECT_GT(n, 20u);
    EXPECT_EQ(attempt(beneath, complaint_about_success), "");
  }
};

TEST_P(fault_R10, each_allocation_fails_in_turn) { exhaust(shortage::passes); }
TEST_P(fault_R10, no_allocation_succeeds_any_more_from_each_in_turn) { exhaust(shortage::stays); }

// Where a job computes, most of them are OpenSSL's, by malloc. That it fails then is its own
// affair; that the error says so is ours.
class fault_R10_of_the_pool : public fault_R10 {
 protected:
  void SetUp() override {
    if (support::is_sanitized) GTEST_SKIP() << "the sanitizer owns malloc";
    fault_R10::SetUp();
  }
};

TEST_P(fault_R10_of_the_pool, each_allocation_of_a_job_fails_in_turn) {
  exhaust<failing_pool_allocation>(shortage::passes);
}
TEST_P(fault_R10_of_the_pool, no_allocation_of_a_job_succeeds_any_more_from_each_in_turn) {
  exhaust<failing_pool_allocation>(shortage::stays);
}

INSTANTIATE_TEST_SUITE_P(of, fault_R10, ::testing::ValuesIn(all_places),
                         [](const auto& p) { return name_of(p.param); });

INSTANTIATE_TEST_SUITE_P(of, fault_R10_of_the_pool,
                         ::testing::ValuesIn(std::span(all_places).last(2)),
                         [](const auto& p) { return name_of(p.param); });

}  // namespace
}  // namespace faults

// Cancel at every await, on each reactor: what the scenarios here have in common.
#pragma once

#include <rouse/rouse.hpp>
#include <rouse/testing/cancel_everywhere.hpp>

#include <gtest/gtest.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/pattern.hpp>

#include <string>

namespace scenarios {

using namespace std::chrono_literals;
using rouse::task;
using rouse::unit;
using rouse::testing::trial;
using rouse::testing::way;

/// A suite of it: the parameter names the reactor.
class on_each_reactor : public support::each_reactor {
 protected:
  /// The scenario holds wherever its work is interrupted; `points` is how many of those it has at
  /// least, so that a test that no longer waits for anything is seen.
  template <class Scenario>
  void holds(unsigned points, Scenario&& scenario) {
    // The loopback answers within the call, so a short silence tells that nothing will happen.
    const rouse::testing::cancel_options options{.reactor = GetParam(), .quiet = 200us};
    auto report = rouse::testing::cancel_everywhere(scenario, options);
    // A job of the pool may have ended before a busy machine comes to wait for it.
    for (int again = 0; again < 20 && report.points < points; ++again)
      report = rouse::testing::cancel_everywhere(scenario, options);
    EXPECT_TRUE(report.passed()) << report.message();
    EXPECT_GE(report.points, points) << report.message();
    EXPECT_EQ(report.backend, rouse::name_of(GetParam()));
  }
};

#define SCENARIOS_ON_EACH_REACTOR(suite) \
  INSTANTIATE_TEST_SUITE_P(on, suite, support::reactors(), support::reactor_name)

using support::pattern;

}  // namespace scenarios

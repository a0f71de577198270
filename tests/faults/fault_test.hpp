// The grid of scenarios and reactors that the fault tests run on.
#pragma once

#include <rouse/base/log.hpp>
#include <rouse/runtime/runtime.hpp>

#include <gtest/gtest.h>
#include <tests/faults/injected_calls.hpp>
#include <tests/faults/trial.hpp>
#include <tests/support/each_reactor.hpp>

#include <string>

namespace faults {

class silent_log final : public rouse::log_sink {
 public:
  void write(rouse::log_level, std::string_view) noexcept override {}
};

/// The calls that a scenario stands on when nothing is broken.
inline rouse::sys::table table_of(scenario which) noexcept {
  const bool is_cold = which == scenario::cold || which == scenario::store ||
                       which == scenario::tend || which == scenario::loop_files;
  if (is_cold) return cold_table();
  return rouse::sys::real_table;
}

/// One scenario on one reactor. Skipped where this machine, or this build, has no such thing.
class fault : public ::testing::Test {
 protected:
  fault(scenario which, rouse::reactor_kind on) : which_(which), on_(on) {}
  void SetUp() override {
    if (!support::has_reactor(on_)) GTEST_SKIP() << "no " << rouse::name_of(on_) << " here";
    if (!is_built(which_)) GTEST_SKIP() << name_of(which_) << " is not built";
    former_ = rouse::set_log_sink(&silent_);
    prepare();
    beneath = table_of(which_);
    for (int warm_up = 0; warm_up < 2; warm_up++)
      (void)attempt(beneath, complaint_about_success);
  }
  void TearDown() override {
    if (former_ != &silent_) rouse::set_log_sink(former_);
  }

  /// Runs the scenario once with `calls` in force; what is wrong afterwards, by `judge`.
  template <class Judge, class Run>
  [[nodiscard]] std::string attempt(const rouse::sys::table& calls, Judge judge, Run run_it) const {
    const rouse::sys::scoped_table in_force(calls);
    const holdings before = held();
    outcome out;
    run_it(which_, on_, out);
    tidy();
    const holdings after = held();
    return judge(which_, out) + complaint_about(before, after);
  }
  template <class Judge>
  [[nodiscard]] std::string attempt(const rouse::sys::table& calls, Judge judge) const {
    return attempt(calls, judge, [](scenario which, rouse::reactor_kind on, outcome& out) {
      run(which, on, out);
    });
  }

  const scenario which_;
  const rouse::reactor_kind on_;

 private:
  silent_log silent_;
  rouse::log_sink* former_ = &silent_;
};

/// A place of the grid, as a test's parameter.
struct place {
  scenario which;
  rouse::reactor_kind on;
};
inline std::string name_of(const place& p) {
  return std::string(name_of(p.which)) + "_" + rouse::name_of(p.on);
}
inline constexpr place all_places[] = {
    {scenario::echo, rouse::reactor_kind::epoll},
    {scenario::echo, rouse::reactor_kind::io_uring},
    {scenario::serve, rouse::reactor_kind::epoll},
    {scenario::serve, rouse::reactor_kind::io_uring},
    {scenario::cold, rouse::reactor_kind::epoll},
    {scenario::cold, rouse::reactor_kind::io_uring},
    {scenario::store, rouse::reactor_kind::epoll},
    {scenario::store, rouse::reactor_kind::io_uring},
    {scenario::tend, rouse::reactor_kind::epoll},
    {scenario::tend, rouse::reactor_kind::io_uring},
    {scenario::host, rouse::reactor_kind::epoll},
    {scenario::host, rouse::reactor_kind::io_uring},
    {scenario::child, rouse::reactor_kind::epoll},
    {scenario::child, rouse::reactor_kind::io_uring},
    {scenario::loop_sockets, rouse::reactor_kind::epoll},
    {scenario::loop_sockets, rouse::reactor_kind::io_uring},
    {scenario::loop_files, rouse::reactor_kind::epoll},
    {scenario::loop_files, rouse::reactor_kind::io_uring},
    {scenario::loop_http, rouse::reactor_kind::epoll},
    {scenario::loop_http, rouse::reactor_kind::io_uring},
    {scenario::loop_children, rouse::reactor_kind::epoll},
    {scenario::loop_children, rouse::reactor_kind::io_uring},
    {scenario::loop_queues, rouse::reactor_kind::epoll},
    {scenario::loop_queues, rouse::reactor_kind::io_uring},
    {scenario::loop_watch, rouse::reactor_kind::epoll},
    {scenario::loop_watch, rouse::reactor_kind::io_uring},
    {scenario::loop_crypto, rouse::reactor_kind::epoll},
    {scenario::loop_crypto, rouse::reactor_kind::io_uring},
};

class fault_at_place : public fault, public ::testing::WithParamInterface<place> {
 protected:
  fault_at_place() : fault(GetParam().which, GetParam().on) {}
};

}  // namespace faults

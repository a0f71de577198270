// What the suites of children share: a runtime on each reactor, and a look at what is left when all
// is over.
#pragma once

#include <rouse/process/command.hpp>
#include <rouse/process/orphans.hpp>
#include <rouse/process/signals.hpp>
#include <rouse/rouse.hpp>
#include <rouse/testing/census.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <tests/support/each_reactor.hpp>

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace children {

namespace testing = rouse::testing;

using namespace rouse;
using namespace std::chrono_literals;
using process::command;
using process::exit_status;
using process::piped;

/// A script for /bin/sh.
inline command shell(std::string_view script) { return command("/bin/sh").args("-c", script); }

/// True when a child of this process has ended that nobody has waited for.
inline bool has_zombie() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}
/// True when this process has children at all, zombies too.
inline bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/// The children that were let go are gone.
inline task<void> no_orphans() {
  while (process::orphans() != 0)
    co_await sleep(1ms);
}

/// A suite of it: the parameter names the reactor.
class children_on_each_reactor : public support::each_reactor {
 protected:
  void SetUp() override {
    each_reactor::SetUp();
    if (IsSkipped()) return;
    std::thread([] {}).join();  // with the first thread a sanitizer starts one of its own
    before_ = testing::census::take();
    runtime_.emplace(std::move(runtime::make({.reactor = {.kind = GetParam()}}).value()));
  }
  void TearDown() override {
    if (!before_) return;
    runtime_.reset();
    EXPECT_FALSE(has_children()) << "a child is left, dead or alive";
    for (const std::string& left : testing::census::left_since(*before_, 2s))
      ADD_FAILURE() << "left: " << left;
  }
  template <class P>
  auto run(P work) {
    return runtime_->block_on(assume_owned(std::move(work)));
  }

  std::optional<runtime> runtime_;

 private:
  std::optional<testing::census> before_;
};

#define CHILDREN_ON_EACH_REACTOR(suite) \
  INSTANTIATE_TEST_SUITE_P(on, suite, support::reactors(), support::reactor_name)

/// All that comes until the end.
template <class Stream>
task<std::string> all_of(Stream& from) {
  io::buffer all;
  co_await io::read_to_end(from, all, 64u << 20);
  co_return std::string(all.text());
}

}  // namespace children

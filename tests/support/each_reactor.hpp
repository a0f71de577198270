// What suites share that run on each of the kernel's reactors.
#pragma once

#include <rouse/reactor/reactor.hpp>

#include <gtest/gtest.h>

#include <string>

namespace support {

/// False where this machine has no such reactor, or the environment asks for another.
[[nodiscard]] inline bool has_reactor(rouse::reactor_kind kind) {
  const auto made = rouse::make_reactor({.kind = kind});
  return made && (*made)->kind() == kind;
}

/// A suite of it: the parameter names the reactor. Skipped where there is none.
class each_reactor : public ::testing::TestWithParam<rouse::reactor_kind> {
 protected:
  void SetUp() override {
    if (!has_reactor(GetParam())) GTEST_SKIP() << "no " << rouse::name_of(GetParam()) << " here";
  }
};

/// For INSTANTIATE_TEST_SUITE_P: the values, and what each is called.
inline auto reactors() {
  return ::testing::Values(rouse::reactor_kind::epoll, rouse::reactor_kind::io_uring);
}
inline std::string reactor_name(const ::testing::TestParamInfo<rouse::reactor_kind>& which) {
  return rouse::name_of(which.param);
}

}  // namespace support

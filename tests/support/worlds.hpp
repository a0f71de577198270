// The worlds that a whole stack can live in: each of the kernel's reactors, with time that passes
// by itself or that moves on when nothing else happens. A suite over all of them may not know in
// which one it is; a simulated world joins as one more value.
#pragma once

#include <rouse/runtime/runtime.hpp>
#include <rouse/time/manual_clock.hpp>

#include <gtest/gtest.h>
#include <tests/support/each_reactor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

namespace support {

class world {
 public:
  world() = default;
  world(const world&) = delete;
  world& operator=(const world&) = delete;
  virtual ~world() = default;

  [[nodiscard]] virtual rouse::runtime& stack() noexcept = 0;
  /// Ends the stack with everything on it.
  virtual void end_stack() noexcept = 0;
  /// Time passes only when the stack has nothing else to do, so that deadlines are met exactly.
  [[nodiscard]] virtual bool is_exact() const noexcept = 0;
  /// A delay that a test may wait for.
  [[nodiscard]] virtual rouse::nanoseconds moment() const noexcept = 0;
  /// While the result lives, time does not move on by itself: somebody is at work whom the stack
  /// cannot see.
  [[nodiscard]] virtual std::shared_ptr<void> hold_time() = 0;

  [[nodiscard]] rouse::instant now() noexcept { return stack().time_source()->now(); }
};

/// A reactor of the kernel.
class kernel_world final : public world {
 public:
  enum class time : unsigned char { real, manual };

  kernel_world(rouse::reactor_kind on, time passes) : passes_(passes) {
    clock_.set_auto_advance(true);
    rouse::runtime_options options;
    options.reactor.kind = on;
    if (is_exact()) options.clock = &clock_;
    stack_.emplace(std::move(rouse::runtime::make(options).value()));
  }
  rouse::runtime& stack() noexcept override { return *stack_; }
  void end_stack() noexcept override { stack_.reset(); }
  bool is_exact() const noexcept override { return passes_ == time::manual; }
  rouse::nanoseconds moment() const noexcept override {
    return is_exact() ? rouse::nanoseconds(std::chrono::hours(1)) : std::chrono::milliseconds(3);
  }
  std::shared_ptr<void> hold_time() override {
    return std::make_shared<rouse::manual_clock::hold>(clock_);
  }

 private:
  const time passes_;
  rouse::manual_clock clock_;
  std::optional<rouse::runtime> stack_;
};

struct world_kind {
  const char* name;
  /// Null where this machine has no such world.
  std::unique_ptr<world> (*make)();

  friend std::ostream& operator<<(std::ostream& to, const world_kind& k) { return to << k.name; }
};

template <rouse::reactor_kind On, kernel_world::time Passes>
std::unique_ptr<world> make_kernel_world() {
  if (!has_reactor(On)) return nullptr;
  return std::make_unique<kernel_world>(On, Passes);
}

/// For INSTANTIATE_TEST_SUITE_P: the values, and what each is called.
inline auto worlds() {
  using rouse::reactor_kind;
  using time = kernel_world::time;
  return ::testing::Values(
      world_kind{"epoll_real_time", &make_kernel_world<reactor_kind::epoll, time::real>},
      world_kind{"epoll_manual_time", &make_kernel_world<reactor_kind::epoll, time::manual>},
      world_kind{"io_uring_real_time", &make_kernel_world<reactor_kind::io_uring, time::real>},
      world_kind{"io_uring_manual_time", &make_kernel_world<reactor_kind::io_uring, time::manual>});
}
inline std::string world_name(const ::testing::TestParamInfo<world_kind>& which) {
  return which.param.name;
}

/// A suite of it: one world for each test, which must leave nothing behind in it.
class each_world : public ::testing::TestWithParam<world_kind> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    if (!world_) GTEST_SKIP() << "no " << GetParam().name << " here";
  }
  void TearDown() override {
    if (!world_ || is_ended_) return;
    EXPECT_TRUE(stack().executor().is_idle());
    EXPECT_EQ(stack().timer().pending_count(), 0u);
    EXPECT_EQ(stack().reactor().source_count(), 0u);
    EXPECT_EQ(stack().reactor().leases_out(), 0u);
  }

  /// Runs `body()`, a coroutine that may capture, to its end.
  template <class Body>
  auto run(Body&& body) {
    return stack().block_on(rouse::assume_owned(body()));
  }
  [[nodiscard]] world& here() { return *world_; }
  [[nodiscard]] rouse::runtime& stack() { return world_->stack(); }
  [[nodiscard]] rouse::nanoseconds moments(int n) const { return n * world_->moment(); }
  void end_stack() {
    is_ended_ = true;
    world_->end_stack();
  }
  /// What was awaited since `start` took `expected`: to the nanosecond, or no less.
  void expect_passed(rouse::instant start, rouse::nanoseconds expected) {
    const rouse::nanoseconds passed = world_->now() - start;
    if (world_->is_exact())
      EXPECT_EQ(passed.count(), expected.count());
    else
      EXPECT_GE(passed.count(), expected.count());
  }

 private:
  std::unique_ptr<world> world_;
  bool is_ended_ = false;
};

}  // namespace support

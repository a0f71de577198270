#include <rouse/reactor/io_uring/internal/ring.hpp>

#include <rouse/sys/clock.hpp>
#include <rouse/sys/table.hpp>

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <vector>

namespace rouse::internal {
namespace {

using namespace std::chrono_literals;

class ring_test : public ::testing::Test {
 protected:
  void SetUp() override {
    if (auto opened = ring_.open(64); !opened)
      GTEST_SKIP() << "no io_uring here: " << opened.error().message();
  }
  void add_nop(std::uint64_t user_data) {
    io_uring_sqe* entry = ring_.next_entry();
    ASSERT_NE(entry, nullptr);
    entry->opcode = IORING_OP_NOP;
    entry->user_data = user_data;
  }
  std::vector<std::uint64_t> reap() {
    std::vector<std::uint64_t> all;
    ring_.reap([&](const io_uring_cqe& c) { all.push_back(c.user_data); });
    return all;
  }
  ring ring_;
};

TEST_F(ring_test, submits_and_brings_completions) {
  add_nop(1);
  add_nop(2);
  EXPECT_EQ(ring_.unsubmitted(), 2u);
  EXPECT_EQ(ring_.enter(2, no_limit), 0);
  EXPECT_EQ(ring_.unsubmitted(), 0u);
  EXPECT_EQ(reap(), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_FALSE(ring_.has_completions());
}

TEST_F(ring_test, submits_also_when_a_completion_is_there_already) {
  add_nop(1);
  EXPECT_EQ(ring_.enter(1, no_limit), 0);
  add_nop(2);
  EXPECT_EQ(ring_.enter(1, 0ns), 0);
  EXPECT_EQ(ring_.unsubmitted(), 0u);
  EXPECT_EQ(reap(), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(ring_test, fault_T5_waits_no_shorter_than_its_limit) {
  const instant start = sys::monotonic_now();
  EXPECT_EQ(ring_.enter(1, 2ms), -ETIME);
  EXPECT_GE(sys::monotonic_now() - start, 2ms);
}

TEST_F(ring_test, fault_T4_an_endless_limit_is_none) {
  add_nop(1);
  EXPECT_EQ(ring_.enter(1, nanoseconds::max() - 1ns), 0);
  EXPECT_EQ(reap().size(), 1u);
}

TEST_F(ring_test, a_full_queue_has_no_entry_and_is_emptied_by_submitting) {
  for (unsigned i = 0; i < ring_.entries(); i++)
    add_nop(i + 1);
  EXPECT_EQ(ring_.next_entry(), nullptr);
  EXPECT_EQ(ring_.submit(), 0);
  EXPECT_NE(ring_.next_entry(), nullptr);
}

TEST_F(ring_test, takes_an_entry_back_until_it_is_submitted) {
  io_uring_sqe* entry = ring_.next_entry();
  entry->opcode = IORING_OP_NOP;
  entry->user_data = 7;
  const auto ticket = ring_.ticket_of(entry);
  EXPECT_TRUE(ring_.retract(ticket));
  EXPECT_EQ(ring_.enter(1, no_limit), 0);
  EXPECT_EQ(reap(), (std::vector<std::uint64_t>{0}));
  EXPECT_FALSE(ring_.retract(ticket));
}

TEST_F(ring_test, wants_to_be_entered_only_when_that_brings_something) {
  if (!(ring_.setup_flags() & IORING_SETUP_TASKRUN_FLAG)) GTEST_SKIP() << "an old kernel";
  EXPECT_FALSE(ring_.wants_enter());
  int pair[2];
  ASSERT_EQ(::pipe(pair), 0);
  io_uring_sqe* entry = ring_.next_entry();
  io_uring_prep_poll_add(entry, pair[0], POLL_IN);
  entry->user_data = 3;
  EXPECT_EQ(ring_.enter(0, 0ns), 0);
  EXPECT_FALSE(ring_.wants_enter());
  ASSERT_EQ(::write(pair[1], "x", 1), 1);
  EXPECT_TRUE(ring_.wants_enter());
  EXPECT_EQ(ring_.enter(0, 0ns), 0);
  EXPECT_EQ(reap(), (std::vector<std::uint64_t>{3}));
  EXPECT_FALSE(ring_.wants_enter());
  ::close(pair[0]);
  ::close(pair[1]);
}

TEST_F(ring_test, refuses_what_the_reactor_has_no_use_for) {
  if (!(ring_.setup_flags() & IORING_SETUP_R_DISABLED)) GTEST_SKIP() << "an old kernel";
  io_uring_sqe* entry = ring_.next_entry();
  entry->opcode = IORING_OP_PROVIDE_BUFFERS;
  EXPECT_EQ(ring_.enter(1, no_limit), 0);
  int answer = 0;
  ring_.reap([&](const io_uring_cqe& c) { answer = c.res; });
  EXPECT_EQ(answer, -EACCES);
}

TEST_F(ring_test, belongs_to_the_thread_that_opened_it) {
  if (!(ring_.setup_flags() & IORING_SETUP_SINGLE_ISSUER)) GTEST_SKIP() << "an old kernel";
  std::thread([this] {
    // As in any other thread, the number under which the owner has registered it means nothing.
    EXPECT_LT(
        ::io_uring_enter(static_cast<unsigned>(ring_.fd()), 0, 0, IORING_ENTER_GETEVENTS, nullptr),
        0);
  }).join();
}

// ---- setting up

int attempts = 0;

TEST(ring, fault_R5_flags_that_a_kernel_refuses_are_left_out_one_by_one) {
  sys::table t = sys::real_table;
  t.ring_gate = [](sys::ring_step step) {
    return step == sys::ring_step::setup && attempts++ < 3 ? -EINVAL : 0;
  };
  sys::scoped_table scope(t);
  attempts = 0;
  ring r;
  if (!r.open(64)) GTEST_SKIP() << "no io_uring here";
  EXPECT_EQ(r.setup_flags() & (IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SINGLE_ISSUER |
                               IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG),
            0u);
  EXPECT_NE(r.setup_flags() & IORING_SETUP_R_DISABLED, 0u);
  EXPECT_TRUE(r.wants_enter());  // nothing tells, so it is asked
}

TEST(ring, fault_R5_a_kernel_that_refuses_every_flag_is_an_error) {
  sys::table t = sys::real_table;
  t.ring_gate = [](sys::ring_step step) { return step == sys::ring_step::setup ? -EINVAL : 0; };
  sys::scoped_table scope(t);
  EXPECT_EQ(ring().open(64).error().code, EINVAL);
}

/// Of each ring: its restrictions, its start, its descriptor.
int refused_registration = 0;

TEST(ring, fault_R13_a_refused_registration_leaves_it_unregistered_or_is_an_error) {
  sys::table t = sys::real_table;
  t.ring_gate = [](sys::ring_step step) {
    return step == sys::ring_step::registration && ++attempts == refused_registration ? -EPERM : 0;
  };
  ring probe;
  if (!probe.open(64) || (probe.setup_flags() & IORING_SETUP_R_DISABLED) == 0)
    GTEST_SKIP() << "no io_uring with restrictions here";
  sys::scoped_table scope(t);
  for (refused_registration = 1; refused_registration <= 3; refused_registration++) {
    attempts = 0;
    ring r;
    const auto opened = r.open(64);
    if (refused_registration == 2) {  // it cannot be started
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().code, EPERM);
      EXPECT_FALSE(r.is_open());
      continue;
    }
    ASSERT_TRUE(opened) << refused_registration;
    EXPECT_EQ(attempts, 3);
    EXPECT_EQ(r.enter(0, nanoseconds(0)), 0) << refused_registration;
  }
}

TEST(ring, fault_R4_entries_are_halved_down_to_64_when_memory_is_denied) {
  sys::table t = sys::real_table;
  t.ring_gate = [](sys::ring_step step) {
    return step == sys::ring_step::setup && attempts++ < 3 ? -ENOMEM : 0;
  };
  sys::scoped_table scope(t);
  attempts = 0;
  ring r;
  if (!r.open(256)) {
    EXPECT_EQ(attempts, 3);  // 256, 128, 64
  } else {
    ADD_FAILURE() << r.entries();
  }
  attempts = 1;
  ASSERT_TRUE(r.open(256));
  EXPECT_EQ(r.entries(), 64u);
}

/// In a child without the right to lock memory and with `limit_bytes` of it: the entries of the
/// ring that it got, or 0.
int entries_under_memlock(rlim_t limit_bytes) {
  int pair[2];
  EXPECT_EQ(::pipe(pair), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{limit_bytes, limit_bytes};
    int entries = -1;
    if (::setrlimit(RLIMIT_MEMLOCK, &limit) == 0 && (::geteuid() != 0 || ::setuid(65534) == 0)) {
      ring r;
      const auto opened = r.open(2048);
      entries = opened ? static_cast<int>(r.entries()) : opened.error().code == ENOMEM ? 0 : -2;
    }
    (void)!::write(pair[1], &entries, sizeof entries);
    ::_exit(0);
  }
  int entries = -3;
  EXPECT_EQ(::read(pair[0], &entries, sizeof entries), static_cast<ssize_t>(sizeof entries));
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  ::close(pair[0]);
  ::close(pair[1]);
  return entries;
}

TEST(ring, fault_R4_a_small_memlock_limit_gives_a_small_ring_or_none) {
  if (ring r; !r.open(64)) GTEST_SKIP() << "no io_uring here";
  EXPECT_EQ(entries_under_memlock(0), 0);
  const int tiny = entries_under_memlock(32 << 10);
  const int small = entries_under_memlock(64 << 10);
  EXPECT_GE(tiny, 64);
  EXPECT_GE(small, tiny);
  EXPECT_LT(small, 2048);
}

}  // namespace
}  // namespace rouse::internal

// What only the mock can do: be told what happens. And operations on files that own their data,
// whose every race is played.
#include <rouse/reactor/mock/mock_reactor.hpp>

#include <rouse/reactor/contract_test.hpp>
#include <rouse/sys/event_fd.hpp>
#include <rouse/sys/file.hpp>

#include <memory>

namespace rouse::testing {
namespace {

class mock_reactor_script : public reactor_contract {};
INSTANTIATE_TEST_SUITE_P(on, mock_reactor_script, ::testing::Values(reactor_kind::mock), kind_name);

TEST_P(mock_reactor_script, answers_are_given_once_and_in_order) {
  auto [ours, peer] = connected();
  mock().answer(opcode::send, -ENOBUFS);
  mock().answer(opcode::send, 3);
  operation op;
  op.send(ours, bytes_of("hello"));
  EXPECT_EQ(run(op), -ENOBUFS);
  op.reset();
  op.send(ours, bytes_of("hello"));
  EXPECT_EQ(run(op), 3);
  op.reset();
  op.send(ours, bytes_of("hello"));
  EXPECT_EQ(run(op), 5);
  EXPECT_EQ(mock().started(), (std::vector<opcode>{opcode::send, opcode::send, opcode::send}));
}

TEST_P(mock_reactor_script, a_completion_after_a_cancel_wakes_the_canceller) {
  auto [ours, peer] = connected();
  mock().late_cancel = true;
  std::byte b[8];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  EXPECT_FALSE(poll_cancel(op));
  look();
  EXPECT_EQ(waker_.wakes, 1);
  EXPECT_TRUE(poll_cancel(op));
  EXPECT_FALSE(poll(op));
}

TEST_P(mock_reactor_script, fault_R8_once_a_cancel_was_asked_other_words_mean_cancelled_too) {
  for (const int word : {-ECANCELED, -EINTR, -EALREADY}) {
    source s = mock().open_stream();
    mock().late_cancel = true;
    std::byte b[8];
    operation op;
    op.receive(s, b);
    EXPECT_FALSE(poll(op));
    EXPECT_FALSE(poll_cancel(op));
    mock().answer(opcode::receive, word);
    look();
    EXPECT_TRUE(poll_cancel(op));
    EXPECT_FALSE(poll(op)) << word;
  }
}

TEST_P(mock_reactor_script, the_same_words_without_a_cancel_are_results) {
  source s = mock().open_stream();
  mock().answer(opcode::receive, -EINTR);
  std::byte b[8];
  operation op;
  op.receive(s, b);
  EXPECT_EQ(run(op), -EINTR);
}

/// A file operation with data of its own.
struct read_file final : owned_operation {
  explicit read_file(int* counter) : destroyed(counter) {}
  ~read_file() override { ++*destroyed; }
  std::array<std::byte, 64> buffer{};
  sys::open_how how;
  int* destroyed;
};

TEST_P(mock_reactor_script, owned_operations_are_dropped_at_once_when_nothing_is_in_flight) {
  int destroyed = 0;
  {
    owned<read_file> idle(new read_file(&destroyed));
    owned<read_file> done(new read_file(&destroyed));
    done->read_at(on(), 0, done->buffer, 0);
    EXPECT_FALSE(poll(*done));
    mock().answer(opcode::read_at, 64);
    look();
    EXPECT_TRUE(poll(*done));
    EXPECT_EQ(done->result(), 64);
  }
  EXPECT_EQ(destroyed, 2);
}

TEST_P(mock_reactor_script, owned_operations_in_flight_live_until_their_completion) {
  mock().late_cancel = true;
  int destroyed = 0;
  {
    owned<read_file> op(new read_file(&destroyed));
    op->read_at(on(), 0, op->buffer, 0);
    EXPECT_FALSE(poll(*op));
  }
  EXPECT_EQ(destroyed, 0);
  EXPECT_TRUE(on().has_work());
  look();
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(waker_.wakes, 0);
  EXPECT_FALSE(on().has_work());
}

// The cancel has completed, and whoever asked for it does not come back.
TEST_P(mock_reactor_script, fault_M2_an_operation_may_die_once_its_cancel_has_completed) {
  auto [ours, peer] = connected();
  mock().late_cancel = true;
  std::byte b[8];
  {
    auto op = std::make_unique<operation>();
    op->receive(ours, b);
    EXPECT_FALSE(poll(*op));
    EXPECT_FALSE(poll_cancel(*op));
    look();
  }
  ours = source();  // would look for the operation
  look();
}

TEST_P(mock_reactor_script, a_side_is_free_once_a_cancel_on_it_has_completed) {
  auto [ours, peer] = connected();
  mock().late_cancel = true;
  std::byte b[8];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  EXPECT_FALSE(poll_cancel(op));
  look();
  op.settle();
  mock().late_cancel = false;
  operation next;
  next.receive(ours, b);
  EXPECT_FALSE(poll(next));
  EXPECT_TRUE(poll_cancel(next));
}

TEST_P(mock_reactor_script, fault_M2_a_descriptor_that_comes_to_an_abandoned_open_is_closed) {
  mock().late_cancel = true;
  int destroyed = 0;
  {
    owned<read_file> op(new read_file(&destroyed));
    op->open(on(), sys::current_directory, "somewhere", op->how);
    EXPECT_FALSE(poll(*op));
  }
  const int before = descriptor_count();
  auto late = sys::duplicate(0);
  ASSERT_TRUE(late);
  mock().answer(opcode::open, late->release());
  look();
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(descriptor_count(), before);
}

TEST_P(mock_reactor_script, spec_row_50_a_reactor_that_goes_ends_operations_on_files_too) {
  int destroyed = 0;
  owned<read_file> waits(new read_file(&destroyed));
  waits->read_at(on(), 0, waits->buffer, 0);
  EXPECT_FALSE(poll(*waits));
  {
    mock().late_cancel = true;
    owned<read_file> abandoned(new read_file(&destroyed));
    abandoned->read_at(on(), 0, abandoned->buffer, 0);
    EXPECT_FALSE(poll(*abandoned));
  }
  destroy_reactor();
  EXPECT_EQ(destroyed, 1);
  EXPECT_EQ(waker_.wakes, 1);
  EXPECT_TRUE(poll(*waits));
  EXPECT_EQ(waits->failure(), errc::runtime_shut_down);
}

}  // namespace
}  // namespace rouse::testing

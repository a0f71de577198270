// The operation half of the contract, over every back-end: results, wakes, cancelling, destruction,
// and that nothing is lost.
#include <rouse/reactor/contract_test.hpp>

#include <deque>
#include <vector>

namespace rouse::testing {
namespace {

class reactor_operation : public reactor_contract {};
INSTANTIATE_TEST_SUITE_P(on, reactor_operation, every_kind(), kind_name);

TEST_P(reactor_operation, receives_what_comes_later_with_one_wake) {
  auto [ours, peer] = connected();
  std::byte b[16];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  look();
  EXPECT_FALSE(poll(op));
  EXPECT_EQ(waker_.wakes, 0);
  peer.send("hello");
  EXPECT_EQ(run(op), 5);
  EXPECT_EQ(waker_.wakes, 1);
  EXPECT_EQ(text_of(std::span(b).first(5)), "hello");
  EXPECT_FALSE(poll(op));  // true once
}

TEST_P(reactor_operation, receives_what_was_there_before) {
  auto [ours, peer] = connected();
  peer.send("hello");
  EXPECT_EQ(receive(ours), "hello");
}

TEST_P(reactor_operation, takes_bytes_in_pieces_without_losing_the_rest) {
  auto [ours, peer] = connected();
  peer.send("abcdef");
  EXPECT_EQ(receive(ours, 2), "ab");
  EXPECT_EQ(receive(ours, 3), "cde");
  EXPECT_EQ(receive(ours, 3), "f");
  peer.send("gh");
  EXPECT_EQ(receive(ours, 2), "gh");
}

TEST_P(reactor_operation, goes_to_and_fro_many_times) {
  auto [ours, peer] = connected();
  std::byte b[64];
  operation in, out;
  for (int i = 0; i < 300; i++) {
    const std::string text = "ping " + std::to_string(i);
    in.receive(ours, b);
    EXPECT_FALSE(poll(in));
    peer.send(text);
    ASSERT_EQ(run(in), static_cast<int>(text.size()));
    in.reset();
    out.send(ours, std::span(b).first(text.size()));
    ASSERT_EQ(run(out), static_cast<int>(text.size()));
    out.reset();
    ASSERT_EQ(peer.take(), text);
  }
}

TEST_P(reactor_operation, both_halves_wait_at_once) {
  auto [ours, peer] = connected();
  const std::string block(256 * 1024, 'x');
  counting_waker reader, writer;
  std::byte b[16];
  operation in, out;
  in.receive(ours, b);
  EXPECT_FALSE(poll(in, reader));
  // fill the way out until a send has to wait
  bool full = false;
  for (int i = 0; i < 1000 && !full; i++) {
    out.send(ours, bytes_of(block));
    full = true;
    for (int looks = 0; looks < 3 && full; looks++) {
      if (poll(out, writer)) {
        ASSERT_GT(out.result(), 0);
        out.reset();
        full = false;
      } else {
        look();
      }
    }
  }
  ASSERT_TRUE(full);
  writer.wakes = 0;
  peer.send("x");
  EXPECT_EQ(run(in), 1);
  EXPECT_EQ(writer.wakes, 0);
  while (!poll(out, writer)) {
    (void)peer.take();
    ASSERT_TRUE(on().park(100ms));
  }
  EXPECT_GT(out.result(), 0);
}

TEST_P(reactor_operation, spec_row_41_partial_writes_of_64_KiB_arrive_whole) {
  auto [ours, peer] = connected();
  if (!is_mock()) ASSERT_TRUE(sys::set_send_buffer(ours.fd(), 8192));
  if (is_mock()) mock().set_room(ours.fd(), 3000);
  std::string all(64 * 1024, '\0');
  for (std::size_t i = 0; i < all.size(); i++)
    all[i] = static_cast<char>(i * 7 + i / 251);
  std::string arrived;
  operation op;
  for (std::size_t at = 0; at < all.size();) {
    if (op.is_idle()) op.send(ours, bytes_of(std::string_view(all).substr(at)));
    if (poll(op)) {
      ASSERT_GT(op.result(), 0);
      at += static_cast<std::size_t>(op.result());
      op.reset();
    } else {
      ASSERT_TRUE(on().park(20ms));
      arrived += peer.take(1000);
    }
  }
  while (arrived.size() < all.size())
    arrived += peer.take();
  EXPECT_EQ(arrived, all);
}

TEST_P(reactor_operation, sends_slices_in_order) {
  auto [ours, peer] = connected();
  const sys::slice slices[] = {bytes_of("one "), bytes_of(""), bytes_of("two "), bytes_of("three")};
  operation op;
  op.send_vectored(ours, slices);
  EXPECT_EQ(run(op), 13);
  EXPECT_EQ(peer.take(), "one two three");
}

TEST_P(reactor_operation, leases_bytes_and_takes_the_buffer_back) {
  make({.lease_bytes = 64, .lease_count = 1, .lease_heap_bytes_max = 0});
  auto [ours, peer] = connected();
  for (int i = 0; i < 5; i++) {
    operation op;
    op.receive_leased(ours);
    peer.send("leased");
    ASSERT_EQ(run(op), 6);
    lease l = op.take_lease();
    EXPECT_TRUE(l);
    EXPECT_EQ(text_of(l), "leased");
    l.skip(2);
    EXPECT_EQ(text_of(l), "ased");
    EXPECT_EQ(on().leases_out(), 1u);
  }
  EXPECT_EQ(on().leases_out(), 0u);
  peer.finish();
  operation end;
  end.receive_leased(ours);
  EXPECT_EQ(run(end), 0);
  EXPECT_FALSE(end.take_lease());
}

TEST_P(reactor_operation, fault_R6_a_lease_waits_until_a_buffer_comes_back) {
  make({.lease_bytes = 64, .lease_count = 2, .lease_heap_bytes_max = 0});
  std::deque<line> lines;
  for (int i = 0; i < 4; i++) {
    lines.push_back(connected());
    lines.back().peer.send("bytes " + std::to_string(i));
  }
  std::optional<operation> ops[4];
  for (auto& op : ops)
    op.emplace();
  lease held[4];
  for (std::size_t i = 0; i < 2; i++) {
    ops[i]->receive_leased(lines[i].ours);
    ASSERT_EQ(run(*ops[i]), 7);
    held[i] = ops[i]->take_lease();
  }
  for (std::size_t i = 2; i < 4; i++) {
    ops[i]->receive_leased(lines[i].ours);
    EXPECT_FALSE(poll(*ops[i]));
    look();
    EXPECT_FALSE(poll(*ops[i]));
  }
  EXPECT_GE(on().metrics().lease_waits, 2u);
  held[0].reset();  // the first of the two may have the buffer, but is cancelled: the other gets it
  ASSERT_TRUE(on().park(0ns));
  run_cancel(*ops[2]);
  ops[2].reset();
  EXPECT_EQ(receive(lines[2].ours), "bytes 2");
  ASSERT_EQ(run(*ops[3]), 7);
  EXPECT_EQ(text_of(ops[3]->take_lease()), "bytes 3");
}

TEST_P(reactor_operation, a_lease_outlives_its_reactor) {
  auto [ours, peer] = connected();
  peer.send("kept");
  operation op;
  op.receive_leased(ours);
  ASSERT_EQ(run(op), 4);
  const lease l = op.take_lease();
  destroy_reactor();
  EXPECT_EQ(text_of(l), "kept");
}

TEST_P(reactor_operation, waits_until_readable_without_taking_anything) {
  auto [ours, peer] = connected();
  operation op;
  op.readable(ours);
  EXPECT_FALSE(poll(op));
  look();
  EXPECT_FALSE(poll(op));
  peer.send("x");
  EXPECT_EQ(run(op), 0);
  op.reset();
  op.readable(ours);  // still is
  EXPECT_EQ(run(op), 0);
  EXPECT_EQ(receive(ours), "x");
  op.reset();
  op.readable(ours);
  EXPECT_FALSE(poll(op));
  peer.finish();
  EXPECT_EQ(run(op), 0);  // the end is readable too
}

TEST_P(reactor_operation, is_writable_at_once_when_there_is_room) {
  auto [ours, peer] = connected();
  operation op;
  op.writable(ours);
  EXPECT_EQ(run(op), 0);
}

// ---- ends

TEST_P(reactor_operation,
       fault_N2_bytes_before_the_end_are_delivered_then_the_end_again_and_again) {
  auto [ours, peer] = connected();
  std::byte b[3];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  peer.send("last words");
  peer.finish();
  std::string got;
  for (int n = run(op); n > 0; n = run(op)) {
    got += text_of(std::span(b).first(static_cast<std::size_t>(n)));
    op.reset();
    op.receive(ours, b);
  }
  EXPECT_EQ(got, "last words");
  EXPECT_EQ(op.result(), 0);
  EXPECT_EQ(receive(ours), "");
  operation out;  // our way goes on
  out.send(ours, bytes_of("still here"));
  EXPECT_EQ(run(out), 10);
  EXPECT_EQ(peer.take(), "still here");
}

TEST_P(reactor_operation, fault_N1_a_reset_reaches_both_halves_and_raises_no_signal) {
  auto [ours, peer] = connected();
  counting_waker reader;
  std::byte b[8];
  operation in;
  in.receive(ours, b);
  EXPECT_FALSE(poll(in, reader));
  peer.reset();
  EXPECT_EQ(run(in), -ECONNRESET);
  EXPECT_EQ(in.failure().message(), "receive: Connection reset by peer");
  operation out;
  out.send(ours, bytes_of("x"));
  const auto n = run(out);
  EXPECT_TRUE(n == -EPIPE || n == -ECONNRESET) << n;
}

// ---- cancelling

TEST_P(reactor_operation, fault_M1_a_cancelled_receive_loses_no_byte) {
  auto [ours, peer] = connected();
  for (int i = 0; i < 20; i++) {
    {
      std::byte b[16];
      operation op;
      op.receive(ours, b);
      EXPECT_FALSE(poll(op));
      if (i % 2 != 0) look();
      if (i % 4 < 2) peer.send("bytes");
      run_cancel(op);
      if (i % 4 >= 2) peer.send("bytes");
    }
    ASSERT_EQ(receive(ours), "bytes") << i;
  }
}

TEST_P(reactor_operation, fault_C10_a_result_that_beat_the_cancel_is_given_by_one_more_poll) {
  auto [ours, peer] = connected();
  if (is_mock()) mock().late_cancel = true;
  std::byte b[16];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  look();
  peer.send("bytes");
  run_cancel(op);
  const bool beat = poll(op);
  if (beat) {
    EXPECT_EQ(op.result(), 5);
  } else {
    EXPECT_EQ(receive(ours), "bytes");
  }
  EXPECT_FALSE(poll(op));  // starts nothing
  op.reset();
  EXPECT_FALSE(poll(op));
  if (is_mock()) EXPECT_TRUE(beat);
}

TEST_P(reactor_operation, cancelling_before_the_first_poll_starts_nothing) {
  auto [ours, peer] = connected();
  peer.send("bytes");
  std::byte b[16];
  operation op;
  op.receive(ours, b);
  EXPECT_TRUE(poll_cancel(op));
  EXPECT_FALSE(poll(op));
  EXPECT_EQ(receive(ours), "bytes");
}

TEST_P(reactor_operation, fault_M1_plain_destruction_loses_no_byte_and_leaves_the_memory_alone) {
  auto [ours, peer] = connected();
  for (int i = 0; i < 20; i++) {
    {
      auto memory = std::make_unique<std::array<std::byte, 16>>();
      operation op;
      op.receive(ours, *memory);
      EXPECT_FALSE(poll(op));
      if (i % 2 != 0) look();
      if (i % 4 < 2) peer.send("bytes");
      if (i % 8 < 4) look();  // woken, but never polled again
    }
    if (i % 4 >= 2) peer.send("bytes");
    ASSERT_EQ(receive(ours), "bytes") << i;
  }
}

TEST_P(reactor_operation, a_leased_receive_that_nobody_took_goes_back_to_the_stream) {
  auto [ours, peer] = connected();
  if (is_mock()) mock().late_cancel = true;
  {
    operation op;
    op.receive_leased(ours);
    EXPECT_FALSE(poll(op));
    peer.send("bytes");
    look();
  }
  EXPECT_EQ(receive(ours, 2), "by");
  EXPECT_EQ(receive(ours), "tes");
  {
    operation op;
    op.receive_leased(ours);
    peer.send("more");
    ASSERT_EQ(run(op), 4);  // taken by the poll, but not out of the operation
  }
  operation leased;
  leased.receive_leased(ours);
  EXPECT_EQ(run(leased), 4);
  EXPECT_EQ(text_of(leased.take_lease()), "more");
}

TEST_P(reactor_operation, a_disowned_operation_stays_started_and_wakes_nobody) {
  auto [ours, peer] = connected();
  std::byte b[16];
  operation op;
  {
    counting_waker short_lived;
    op.receive(ours, b);
    EXPECT_FALSE(poll(op, short_lived));
    op.disown();
  }
  peer.send("bytes");
  look();
  look();
  EXPECT_EQ(run(op), 5);
}

TEST_P(reactor_operation, the_latest_waker_is_the_one_that_is_woken) {
  auto [ours, peer] = connected();
  counting_waker first, second;
  std::byte b[16];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op, first));
  EXPECT_FALSE(poll(op, second));
  peer.send("x");
  ASSERT_TRUE(on().park(5s));
  EXPECT_EQ(first.wakes, 0);
  EXPECT_EQ(second.wakes, 1);
}

TEST_P(reactor_operation, the_budget_is_charged_per_result) {
  auto [ours, peer] = connected();
  peer.send("abcdef");
  unsigned budget = 2;
  std::byte b[1];
  operation op;
  int results = 0;
  for (int i = 0; i < 200 && results < 6; i++) {
    if (op.is_idle()) op.receive(ours, b);
    context cx(waker_, &budget);
    if (op.poll(cx)) {
      results++;
      op.reset();
    } else if (budget == 0) {
      EXPECT_GE(waker_.wakes, 1);  // woken by the budget itself: nothing is forgotten
      EXPECT_EQ(results % 2, 0);
      budget = 2;
    } else {
      look();
    }
  }
  EXPECT_EQ(results, 6);
}

// ---- accepting

TEST_P(reactor_operation, accepts_connections_that_were_there_and_that_come) {
  source listener = listening();
  far_end early = connect_to(listener);
  operation op;
  op.accept(listener);
  EXPECT_GE(run(op), 0);
  source first = on().attach(op.take_descriptor(), source_kind::tcp).value();
  op.reset();
  op.accept(listener);
  EXPECT_FALSE(poll(op));
  far_end late = connect_to(listener);
  EXPECT_GE(run(op), 0);
  source second = on().attach(op.take_descriptor(), source_kind::tcp).value();
  early.send("early");
  late.send("late");
  EXPECT_EQ(receive(first), "early");
  EXPECT_EQ(receive(second), "late");
}

TEST_P(reactor_operation, fault_M2_a_cancelled_accept_leaves_its_connection_to_the_next) {
  source listener = listening();
  for (int i = 0; i < 12; i++) {
    far_end peer;
    {
      operation op;
      op.accept(listener);
      EXPECT_FALSE(poll(op));
      if (i % 2 != 0) look();
      peer = connect_to(listener);
      if (i % 3 == 0) look();
      if (i % 4 == 0) run_cancel(op);
    }
    operation next;
    next.accept(listener);
    ASSERT_GE(run(next), 0);
    source s = on().attach(next.take_descriptor(), source_kind::tcp).value();
    peer.send("me");
    ASSERT_EQ(receive(s), "me") << i;
  }
}

TEST_P(reactor_operation, fault_M2_an_accepted_connection_that_nobody_took_is_kept_too) {
  source listener = listening();
  far_end peer = connect_to(listener);
  {
    operation op;
    op.accept(listener);
    ASSERT_GE(run(op), 0);
  }
  const int before = descriptor_count();
  operation op;
  op.accept(listener);
  EXPECT_GE(run(op), 0);
  EXPECT_EQ(descriptor_count(), before);
  listener.close();
}

TEST_P(reactor_operation, fault_M2_100000_cancels_leave_no_descriptor_behind) {
  source listener = listening();
  auto [ours, peer] = connected();
  far_end waiting[8];
  int before = -1;
  const int rounds = is_mock() ? 2'000 : 50'000;  // two cancels each
  for (int i = 0; i < rounds; i++) {
    if (i == 100) before = descriptor_count();
    operation accept;
    accept.accept(listener);
    EXPECT_FALSE(poll(accept));
    std::byte b[8];
    operation receive;
    receive.receive(ours, b);
    EXPECT_FALSE(poll(receive));
    if (i % 3 == 0) look();
    if (i % 2 == 0) {
      run_cancel(accept);
      run_cancel(receive);
    }
  }
  EXPECT_EQ(descriptor_count(), before);
}

}  // namespace
}  // namespace rouse::testing

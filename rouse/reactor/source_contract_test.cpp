// Sources: closing, adopting, releasing, stale events, and reactors that go first. Over every
// back-end where it makes sense.
#include <rouse/reactor/contract_test.hpp>

#include <rouse/sys/file.hpp>
#include <rouse/sys/table.hpp>

#include <unistd.h>

#include <optional>
#include <vector>

namespace rouse::testing {
namespace {

class reactor_source : public reactor_contract {};
INSTANTIATE_TEST_SUITE_P(on, reactor_source, every_kind(), kind_name);

class kernel_source : public reactor_contract {};
INSTANTIATE_TEST_SUITE_P(on, kernel_source, kernel_kinds(), kind_name);

TEST_P(reactor_source, fault_M3_closing_ends_what_waits_on_it_and_wakes) {
  auto [ours, peer] = connected();
  counting_waker reader;
  std::byte b[8];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op, reader));
  look();
  ours.close();
  EXPECT_TRUE(on().has_work());  // a wake is owed
  ASSERT_TRUE(on().park(5s));
  EXPECT_EQ(reader.wakes, 1);
  EXPECT_TRUE(poll(op, reader));
  EXPECT_EQ(op.result(), -ECANCELED);
  EXPECT_EQ(on().source_count(), 0u);
}

TEST_P(reactor_source, closing_drops_results_that_nobody_took) {
  auto [ours, peer] = connected();
  source listener = listening();
  const int before = descriptor_count();
  {
    std::byte b[8];
    operation op;
    op.receive(ours, b);
    EXPECT_FALSE(poll(op));
    operation accept;
    accept.accept(listener);
    EXPECT_FALSE(poll(accept));
    peer.send("bytes");
    far_end late = connect_to(listener);
    ASSERT_TRUE(on().park(5s));
    look();
    ours.close();
    listener.close();
    late.close();
  }
  look();
  EXPECT_EQ(descriptor_count(), before - 2);
}

TEST_P(reactor_source, moves_while_an_operation_waits_on_it) {
  auto [ours, peer] = connected();
  std::byte b[8];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  source moved = std::move(ours);
  EXPECT_FALSE(ours);
  peer.send("x");
  EXPECT_EQ(run(op), 1);
}

TEST_P(kernel_source, spec_row_51_fault_N10_a_reused_number_gets_no_event_of_its_former_owner) {
  auto first = connected();
  std::byte b[8];
  operation op;
  op.receive(first.ours, b);
  EXPECT_FALSE(poll(op));
  look();
  const int number = first.ours.fd();
  auto duplicate = sys::duplicate(number);  // keeps the description, and its events, alive
  ASSERT_TRUE(duplicate);
  first.peer.send("for the former owner");
  first.ours.close();
  auto pair = sys::open_socket_pair();
  ASSERT_TRUE(pair);
  sys::descriptor& same = pair->first.get() == number ? pair->first : pair->second;
  ASSERT_EQ(same.get(), number) << "the number was not reused";
  source second = on().attach(std::move(same), source_kind::stream).value();
  counting_waker reader;
  operation wait;
  wait.readable(second);
  EXPECT_FALSE(poll(wait, reader));
  for (int i = 0; i < 5; i++) {
    first.peer.send("more");
    look();
  }
  EXPECT_EQ(reader.wakes, 0);
  EXPECT_FALSE(poll(wait, reader));
}

TEST_P(reactor_source, fault_M15_a_wake_may_close_other_sources_of_the_same_batch) {
  auto a = connected();
  auto b = connected();
  source* to_close = nullptr;
  counting_waker wa, wb;
  std::byte ba[8], bb[8];
  operation oa, ob;
  oa.receive(a.ours, ba);
  ob.receive(b.ours, bb);
  EXPECT_FALSE(poll(oa, wa));
  EXPECT_FALSE(poll(ob, wb));
  look();
  wa.on_wake = [&] { to_close = &b.ours, b.ours.close(); };
  wb.on_wake = [&] {
    if (!to_close) to_close = &a.ours, a.ours.close();
  };
  a.peer.send("x");
  b.peer.send("x");
  for (int i = 0; i < 4; i++)
    ASSERT_TRUE(on().park(1ms));
  ASSERT_NE(to_close, nullptr);
  operation& closed = to_close == &a.ours ? oa : ob;
  operation& other = to_close == &a.ours ? ob : oa;
  EXPECT_EQ(run(other), 1);
  const auto n = run(closed);
  EXPECT_TRUE(n == -ECANCELED || n == 1) << n;
}

TEST_P(reactor_source, a_wake_may_destroy_operations_of_the_same_batch) {
  auto a = connected();
  auto b = connected();
  counting_waker wa, wb;
  std::byte ba[8], bb[8];
  std::optional<operation> oa(std::in_place), ob(std::in_place);
  oa->receive(a.ours, ba);
  ob->receive(b.ours, bb);
  EXPECT_FALSE(poll(*oa, wa));
  EXPECT_FALSE(poll(*ob, wb));
  look();
  wa.on_wake = [&] { ob.reset(); };
  wb.on_wake = [&] { oa.reset(); };
  a.peer.send("a");
  b.peer.send("b");
  for (int i = 0; i < 4; i++)
    ASSERT_TRUE(on().park(1ms));
  EXPECT_EQ(wa.wakes + wb.wakes, 1);
  source& lost = oa ? b.ours : a.ours;
  EXPECT_EQ(receive(lost).size(), 1u);
}

TEST_P(reactor_source, spec_row_50_a_reactor_that_goes_wakes_its_waiters_with_an_error) {
  auto [ours, peer] = connected();
  source listener = listening();
  counting_waker reader, acceptor;
  std::byte b[8];
  operation receive_op, accept_op;
  receive_op.receive(ours, b);
  accept_op.accept(listener);
  EXPECT_FALSE(poll(receive_op, reader));
  EXPECT_FALSE(poll(accept_op, acceptor));
  look();
  destroy_reactor();
  EXPECT_EQ(reader.wakes, 1);
  EXPECT_EQ(acceptor.wakes, 1);
  EXPECT_TRUE(poll(receive_op, reader));
  EXPECT_EQ(receive_op.failure(), errc::runtime_shut_down);
  EXPECT_TRUE(poll(accept_op, acceptor));
  EXPECT_EQ(accept_op.failure(), errc::runtime_shut_down);

  EXPECT_EQ(ours.owner(), nullptr);  // the source lives on and says the same
  operation late;
  late.send(ours, bytes_of("x"));
  EXPECT_TRUE(poll(late));
  EXPECT_EQ(late.failure(), errc::runtime_shut_down);
}

TEST_P(reactor_source, a_reactor_may_go_while_a_wake_is_owed_or_a_result_waits) {
  auto [ours, peer] = connected();
  std::byte b[8];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  peer.send("x");
  look();
  destroy_reactor();
  ASSERT_TRUE(poll(op));
  EXPECT_TRUE(op.result() == 1 || op.failure() == errc::runtime_shut_down);
}

TEST_P(reactor_source, a_source_dies_after_its_reactor_with_what_was_pushed_back) {
  auto [ours, peer] = connected();
  source listener = listening();
  far_end late = connect_to(listener);
  {
    operation accept;
    accept.accept(listener);
    ASSERT_GE(run(accept), 0);
    operation leased;
    peer.send("bytes");
    leased.receive_leased(ours);
    ASSERT_GE(run(leased), 0);
  }
  destroy_reactor();
  ours.close();
  listener.close();
}

TEST_P(reactor_source, fault_R14_late_connections_beyond_the_cap_are_closed) {
  source listener = listening();
  const int before = descriptor_count();
  for (std::uint32_t i = 0; i <= source_block::late_max; i++) {
    auto connection = sys::duplicate(listener.fd());
    ASSERT_TRUE(connection);
    listener.block()->push_back(std::move(*connection));
  }
  EXPECT_EQ(descriptor_count(), before + static_cast<int>(source_block::late_max));
  listener.block()->drop_pushed_back();
  EXPECT_EQ(descriptor_count(), before);
}

TEST_P(reactor_source, blocks_are_recycled_under_a_new_generation) {
  std::uint64_t former = ~std::uint64_t{0};
  for (int i = 0; i < 100; i++) {
    auto [ours, peer] = connected();
    EXPECT_NE(ours.block()->key(), former);
    former = ours.block()->key();
    EXPECT_EQ(ours.block()->index, 0u);
    EXPECT_EQ(on().source_count(), 1u);
  }
}

TEST_P(kernel_source, is_adopted_and_released_with_its_bytes) {
  auto pair = sys::open_socket_pair();
  ASSERT_TRUE(pair);
  source s = on().attach(std::move(pair->first), source_kind::stream).value();
  {
    operation op;
    op.receive_leased(s);
    ASSERT_EQ(sys::nonblocking::send(pair->second.get(), "bytes", 5), 5);
    ASSERT_EQ(run(op), 5);
  }  // pushed back
  EXPECT_EQ(text_of(s.take_pushed_back()), "bytes");
  const int number = s.fd();
  sys::descriptor fd = s.release();
  EXPECT_EQ(fd.get(), number);
  EXPECT_FALSE(s);
  EXPECT_EQ(sys::nonblocking::send(fd.get(), "back", 4), 4);
  s = on().attach(std::move(fd), source_kind::stream).value();
  ASSERT_EQ(sys::nonblocking::send(pair->second.get(), "again", 5), 5);
  EXPECT_EQ(receive(s), "again");
}

TEST_P(kernel_source, sockets_may_be_blocking_ones) {
  auto pair = sys::open_socket_pair();
  ASSERT_TRUE(pair);
  ASSERT_TRUE(sys::set_nonblocking(pair->first.get(), false));
  source s = on().attach(std::move(pair->first), source_kind::stream).value();
  std::byte b[8];
  operation op;
  op.receive(s, b);
  EXPECT_FALSE(poll(op));
  ASSERT_EQ(sys::nonblocking::send(pair->second.get(), "x", 1), 1);
  EXPECT_EQ(run(op), 1);
}

TEST_P(kernel_source, pipes_are_read_and_written) {
  auto pipe = sys::open_pipe();
  ASSERT_TRUE(pipe);
  source in = on().attach(std::move(pipe->read)).value();
  source out = on().attach(std::move(pipe->write)).value();
  std::byte b[16];
  operation read, write;
  read.read(in, b);
  EXPECT_FALSE(poll(read));
  look();
  write.write(out, bytes_of("through"));
  EXPECT_EQ(run(write), 7);
  EXPECT_EQ(run(read), 7);
  read.reset();
  read.read(in, b);
  EXPECT_FALSE(poll(read));
  out.close();
  EXPECT_EQ(run(read), 0);  // hang-up is the end
}

TEST_P(kernel_source, connects_and_is_refused) {
  sys::socket_address to;
  sys::descriptor listener = bound_listener(to);
  auto connect = [&] {
    auto fd = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream);
    source s = on().attach(std::move(*fd), source_kind::tcp).value();
    operation op;
    op.connect(s, to);
    const auto n = run(op);
    if (n == 0) {
      const sys::descriptor other(sys::nonblocking::accept(listener.get()));
      EXPECT_TRUE(other);
      EXPECT_EQ(sys::nonblocking::send(other.get(), "hi", 2), 2);
      EXPECT_EQ(receive(s), "hi");
    }
    return n;
  };
  EXPECT_EQ(connect(), 0);
  EXPECT_EQ(connect(), 0);
  listener.reset();
  EXPECT_EQ(connect(), -ECONNREFUSED);
}

TEST_P(kernel_source, a_cancelled_connect_leaves_nothing) {
  sys::socket_address to;
  const sys::descriptor listener = bound_listener(to);
  const int before = descriptor_count();
  for (int i = 0; i < 50; i++) {
    auto fd = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream);
    source s = on().attach(std::move(*fd), source_kind::tcp).value();
    operation op;
    op.connect(s, to);
    if (poll(op)) continue;
    if (i % 2 == 0) run_cancel(op);
  }
  look();
  EXPECT_EQ(descriptor_count(), before);
}

TEST_P(kernel_source, unix_connects_that_find_a_full_backlog_say_so) {
  const std::string name("\0rouse-contract-backlog", 23);
  const auto at = sys::socket_address::unix_path(name + std::to_string(::getpid())).value();
  auto listener = sys::open_socket(sys::address_family::unix_path, sys::socket_type::stream);
  ASSERT_TRUE(listener && sys::bind(listener->get(), at) && sys::listen(listener->get(), 0));
  std::vector<sys::descriptor> queued;
  for (int i = 0; i < 8; i++) {
    auto fd = sys::open_socket(sys::address_family::unix_path, sys::socket_type::stream);
    if (sys::nonblocking::connect(fd->get(), at) != 0) break;
    queued.push_back(std::move(*fd));
  }
  auto fd = sys::open_socket(sys::address_family::unix_path, sys::socket_type::stream);
  source s = on().attach(std::move(*fd), source_kind::stream).value();
  operation op;
  op.connect(s, at);
  EXPECT_EQ(run(op), -EAGAIN);  // net tries again by timer: no event would ever come
}

TEST_P(reactor_source, bytes_pushed_back_by_hand_come_first_and_in_order) {
  auto [ours, peer] = connected();
  ours.block()->push_back(lease::heap_copy(bytes_of("second ")));
  ours.block()->push_back(lease::heap_copy(bytes_of("first ")));  // in front of what is there
  peer.send("third");
  operation readable;
  readable.readable(ours);
  EXPECT_EQ(run(readable), 0);
  EXPECT_EQ(receive(ours, 6), "first ");
  EXPECT_EQ(receive(ours), "second ");
  EXPECT_EQ(receive(ours), "third");
}

TEST_P(reactor_source, fault_R10_a_stream_that_lost_bytes_for_want_of_memory_says_so) {
  auto [ours, peer] = connected();
  peer.send("after the hole");
  ours.block()->lost_bytes = true;  // what a push-back does that gets no memory
  operation op;
  op.receive_leased(ours);
  EXPECT_EQ(run(op), -ENOMEM);
  op.reset();
  op.receive_leased(ours);
  EXPECT_EQ(run(op), -ENOMEM);
}

TEST_P(reactor_source, a_second_operation_on_the_same_half_asserts) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto start_two = [this] {
    auto [ours, peer] = connected();
    operation first;
    std::byte b[8];
    operation second;
    first.receive(ours, b);
    (void)poll(first);
    second.receive(ours, b);
    (void)poll(second);
  };
  EXPECT_DEATH(start_two(), "assertion failed: side.waiting == nullptr");
}

}  // namespace
}  // namespace rouse::testing

// What only epoll promises: how few system calls it makes.
#include <rouse/reactor/epoll/epoll_reactor.hpp>

#include <rouse/reactor/contract_test.hpp>
#include <rouse/sys/file.hpp>
#include <rouse/sys/table.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <vector>

namespace rouse::testing {
namespace {

struct counts {
  int receives = 0, sends = 0, controls = 0, waits = 0;
};
counts seen;

sys::table counting_table() {
  seen = {};
  sys::table t = sys::real_table;
  t.recv = [](int fd, void* into, std::size_t n, int flags) {
    return seen.receives++, sys::real_table.recv(fd, into, n, flags);
  };
  t.send = [](int fd, const void* from, std::size_t n, int flags) {
    return seen.sends++, sys::real_table.send(fd, from, n, flags);
  };
  t.epoll_ctl = [](int queue, int command, int fd, void* event) {
    return seen.controls++, sys::real_table.epoll_ctl(queue, command, fd, event);
  };
  t.epoll_wait = [](int queue, void* events, int n, int ms) {
    return seen.waits++, sys::real_table.epoll_wait(queue, events, n, ms);
  };
  return t;
}

class epoll_reactor_calls : public reactor_contract {};
INSTANTIATE_TEST_SUITE_P(on, epoll_reactor_calls, ::testing::Values(reactor_kind::epoll),
                         kind_name);

TEST_P(epoll_reactor_calls, an_echo_is_one_wait_one_receive_and_one_send) {
  auto [ours, peer] = connected();
  std::byte b[64];
  operation in, out;
  in.receive(ours, b);
  EXPECT_FALSE(poll(in));
  look();  // takes the first edge, which says writable
  constexpr int rounds = 100;
  const sys::table t = counting_table();
  sys::scoped_table scope(t);
  for (int i = 0; i < rounds; i++) {
    ASSERT_EQ(sys::real_table.send(peer.fd(), "ping", 4, 0), 4);
    look();
    ASSERT_TRUE(poll(in));
    in.reset();
    out.send(ours, std::span(b).first(4));
    ASSERT_TRUE(poll(out));
    out.reset();
    in.receive(ours, b);
    ASSERT_FALSE(poll(in));
  }
  EXPECT_EQ(seen.receives, rounds);
  EXPECT_EQ(seen.sends, rounds);
  EXPECT_EQ(seen.waits, rounds);
  EXPECT_EQ(seen.controls, 0);
}

TEST_P(epoll_reactor_calls, a_connection_that_is_answered_at_once_is_never_registered) {
  const sys::table t = counting_table();
  sys::scoped_table scope(t);
  {
    auto [ours, peer] = connected();
    peer.send("request");
    EXPECT_EQ(receive(ours), "request");
    operation out;
    out.send(ours, bytes_of("answer"));
    EXPECT_EQ(run(out), 6);
  }
  EXPECT_EQ(seen.controls, 0);
}

TEST_P(epoll_reactor_calls, short_reads_of_unix_sockets_are_not_taken_for_empty) {
  auto pair = sys::open_socket_pair(sys::socket_type::sequenced);  // each record is a short read
  ASSERT_TRUE(pair);
  source s = on().attach(std::move(pair->first), source_kind::stream).value();
  std::byte b[64];
  operation op;
  op.receive(s, b);
  EXPECT_FALSE(poll(op));
  look();
  ASSERT_EQ(sys::nonblocking::send(pair->second.get(), "one", 3), 3);
  ASSERT_EQ(sys::nonblocking::send(pair->second.get(), "two", 3), 3);
  look();
  ASSERT_TRUE(poll(op));
  EXPECT_EQ(receive(s), "two");
}

TEST_P(epoll_reactor_calls, urgent_data_does_not_hide_what_follows) {
  auto [ours, peer] = connected();
  std::byte b[64];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  look();
  peer.send("before");
  constexpr int out_of_band = 1;  // MSG_OOB
  ASSERT_EQ(sys::real_table.send(peer.fd(), "!", 1, out_of_band), 1);
  peer.send("after");
  std::string got;
  for (int i = 0; i < 3 && got.size() < 11; i++) {
    const auto n = run(op);
    got += text_of(std::span(b).first(static_cast<std::size_t>(n)));
    op.reset();
    op.receive(ours, b);
  }
  EXPECT_EQ(got, "beforeafter");
}

TEST_P(epoll_reactor_calls, regular_files_are_always_ready) {
  auto file = sys::open_at(sys::current_directory, "/proc/self/exe");
  ASSERT_TRUE(file);
  source s = on().attach(std::move(*file)).value();
  operation op;
  op.readable(s);
  EXPECT_EQ(run(op), 0);
}

TEST_P(epoll_reactor_calls, files_are_somebody_elses_matter) {
  EXPECT_FALSE(on().supports(opcode::read_at));
  EXPECT_TRUE(on().supports(opcode::receive));
  operation op;
  op.sync(on(), 0, false);
  EXPECT_TRUE(poll(op));
  EXPECT_EQ(op.result(), -EOPNOTSUPP);
}

TEST_P(epoll_reactor_calls, fault_R1_connections_are_shed_when_descriptors_run_out) {
  source listener = listening();
  operation op;
  op.accept(listener);
  EXPECT_FALSE(poll(op));
  look();
  const auto limit = sys::descriptor_limit();
  ASSERT_TRUE(limit);
  far_end peer = connect_to(listener);
  std::vector<sys::descriptor> fillers;
  ASSERT_TRUE(sys::set_descriptor_limit(static_cast<std::uint64_t>(descriptor_count()) + 3));
  for (;;) {
    auto fd = sys::duplicate(0);
    if (!fd) break;
    fillers.push_back(std::move(*fd));
  }
  look();
  EXPECT_FALSE(poll(op));
  EXPECT_EQ(on().metrics().shed_connections, 1u);
  EXPECT_EQ(on().metrics().accept_back_offs, 1u);
  const nanoseconds cpu = sys::thread_cpu_time();
  const instant start = sys::monotonic_now();
  while (sys::monotonic_now() - start < 60ms) {
    ASSERT_TRUE(on().park(1s));
    EXPECT_FALSE(poll(op));
  }
  EXPECT_LT(sys::thread_cpu_time() - cpu, 20ms);
  fillers.clear();
  ASSERT_TRUE(sys::set_descriptor_limit(*limit));
  far_end next = connect_to(listener);
  const instant freed = sys::monotonic_now();
  EXPECT_GE(run(op), 0);
  EXPECT_LT(sys::monotonic_now() - freed, 1s);
}

TEST_P(epoll_reactor_calls, fault_P1_a_forked_child_gets_an_error_and_leaves_the_parent_alone) {
  auto [ours, peer] = connected();
  std::byte b[8];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  look();
  const int child = ::fork();
  if (child == 0) {
    const auto parked = on().park(0ns);
    const bool ok = !parked && parked.error() == errc::forked;
    ours.close();  // must not take it out of the queue that the parent waits on
    destroy_reactor();
    ::_exit(ok ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  peer.send("x");
  EXPECT_EQ(run(op), 1);
}

TEST_P(epoll_reactor_calls, a_queue_that_is_full_is_the_operations_error) {
  auto [ours, peer] = connected();
  sys::table t = sys::real_table;
  t.epoll_ctl = [](int, int, int, void*) { return -ENOSPC; };
  sys::scoped_table scope(t);
  std::byte b[8];
  operation op;
  op.receive(ours, b);
  EXPECT_TRUE(poll(op));
  EXPECT_EQ(op.failure().code, ENOSPC);
  EXPECT_FALSE(on().has_work());
}

TEST_P(epoll_reactor_calls, a_failing_wait_is_an_error_that_loses_no_token) {
  {
    sys::table t = sys::real_table;
    t.epoll_wait = [](int, void*, int, int) { return -ENOMEM; };
    sys::scoped_table scope(t);
    on().unparker().unpark();
    EXPECT_EQ(on().park(0ns).error().code, ENOMEM);
    EXPECT_EQ(on().park(no_limit).error().code, ENOMEM);
  }
  EXPECT_EQ(on().park(no_limit).value(), park_outcome::woken);
}

TEST_P(epoll_reactor_calls, fault_C7_generations_wrap) {
  source s = connected().ours;
  s.block()->generation = 0xffff'fffd;
  s.close();
  for (int i = 0; i < 6; i++) {
    auto [ours, peer] = connected();
    peer.send("x");
    EXPECT_EQ(receive(ours), "x");
    std::byte b[8];
    operation op;
    op.receive(ours, b);
    EXPECT_FALSE(poll(op));
    peer.send("y");
    EXPECT_EQ(run(op), 1);
  }
}

TEST(epoll_reactor, opens_by_itself_and_once) {
  epoll_reactor r;
  EXPECT_TRUE(r.park(0ns));
  EXPECT_TRUE(r.open());
  EXPECT_EQ(r.metrics().turns, 1u);
}

}  // namespace
}  // namespace rouse::testing

// What only this back-end does; what all back-ends do is in the contract suite. Most names carry
// the line of FAULTS that they hold the reactor to.
#include <rouse/reactor/io_uring/io_uring_test.hpp>

#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <tests/support/sanitized.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>
#include <vector>

namespace rouse::testing {
namespace {

using state = operation::state;

class uring : public io_uring_test {};
INSTANTIATE_TEST_SUITE_P(on, uring, this_kind(), kind_name);

// Hooks for the fault seam, which takes plain functions.
std::atomic<int> enters{0};
int count_enters(sys::ring_step step) {
  if (step == sys::ring_step::enter) enters++;
  return 0;
}
std::atomic<int> failures_left{0};
std::atomic<unsigned char> failing_code{0};
std::atomic<int> failure{0};
int fail_some(unsigned char code, int said) {
  if (code != failing_code || failures_left == 0) return said;
  failures_left--;
  return failure;
}
/// The next `count` completions of `code` say `answer`.
sys::table failing(opcode code, int answer, int count = 1) {
  failing_code = static_cast<unsigned char>(code);
  failure = answer;
  failures_left = count;
  sys::table t = sys::real_table;
  t.ring_completion = fail_some;
  return t;
}

// Opening a FIFO that nobody writes to: without O_CREAT the ring opens it at once, as with
// O_NONBLOCK.
constexpr sys::open_options blocking_fifo{.create = true};

// ---- turns

TEST_P(uring, looks_without_a_system_call_while_nothing_has_happened) {
  auto [ours, peer] = unix_pair();
  operation op;
  op.readable(ours);
  ASSERT_FALSE(poll(op));
  look();
  sys::table t = sys::real_table;
  t.ring_gate = count_enters;
  sys::scoped_table scope(t);
  enters = 0;
  for (int i = 0; i < 100; i++)
    look();
  EXPECT_EQ(enters, 0);
  ASSERT_EQ(::send(peer.get(), "x", 1, 0), 1);
  look();
  EXPECT_EQ(enters, 1);
  EXPECT_TRUE(poll(op));
}

TEST_P(uring, submits_everything_of_a_turn_in_one_call) {
  std::vector<pair> pairs;
  std::vector<operation> ops(100);
  for (int i = 0; i < 100; i++)
    pairs.push_back(unix_pair());
  sys::table t = sys::real_table;
  t.ring_gate = count_enters;
  sys::scoped_table scope(t);
  enters = 0;
  for (std::size_t i = 0; i < ops.size(); i++) {
    ops[i].readable(pairs[i].ours);
    ASSERT_FALSE(poll(ops[i]));
  }
  EXPECT_EQ(enters, 0);
  look();
  EXPECT_EQ(enters, 1);
  for (auto& p : pairs)
    ASSERT_EQ(::send(p.peer.get(), "x", 1, 0), 1);
  // The kernel brings about twenty events per call and says that there are more.
  for (auto& op : ops)
    EXPECT_EQ(run(op), 0);
  EXPECT_LE(enters, 1 + 10);
}

TEST_P(uring, operations_begun_before_there_is_a_ring_wait_for_it) {
  io_uring_reactor fresh;
  scratch_folder folder;
  const std::string path = folder / "f";
  const auto how = sys::how_to_open({.mode = sys::access::write, .create = true});
  operation op;
  op.open(fresh, sys::current_directory, path.c_str(), how);
  EXPECT_FALSE(poll(op));
  auto both = sys::open_socket_pair().value();
  source ours = fresh.attach(std::move(both.first), source_kind::stream).value();
  operation read;
  read.readable(ours);
  EXPECT_FALSE(poll(read));
  EXPECT_EQ(fresh.in_flight(), 0u);
  ASSERT_EQ(::send(both.second.get(), "x", 1, 0), 1);
  while (!poll(op))
    ASSERT_TRUE(fresh.park(1s));
  EXPECT_TRUE(op.take_descriptor());
  while (!poll(read))
    ASSERT_TRUE(fresh.park(1s));
}

TEST_P(uring, a_signal_ends_a_sleep_as_a_spurious_wake) {
  if (support::is_sanitized) GTEST_SKIP() << "the thread sanitizer keeps signals back";
  struct sigaction former{};
  struct sigaction nothing{};
  nothing.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &nothing, &former);
  const pthread_t self = ::pthread_self();
  std::thread other([self] {
    std::this_thread::sleep_for(2ms);
    ::pthread_kill(self, SIGUSR1);
  });
  const auto outcome = on().park(10s);
  other.join();
  ::sigaction(SIGUSR1, &former, nullptr);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(*outcome, park_outcome::woken);
}

// ---- threads

TEST_P(uring, spec_row_3_the_ring_belongs_to_one_thread_until_it_is_released) {
  auto [ours, peer] = unix_pair();
  char into[8] = {};
  operation op;
  op.receive(ours, std::as_writable_bytes(std::span(into)));
  EXPECT_FALSE(poll(op));
  look();
  std::thread([this] {
    const auto outcome = on().park(0ns);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error(), errc::wrong_thread);
    EXPECT_EQ(on().open().error(), errc::wrong_thread);
    EXPECT_EQ(on().release_thread().error(), errc::wrong_thread);
    operation elsewhere;
    elsewhere.close(on(), -1);
    EXPECT_TRUE(poll(elsewhere));
    EXPECT_EQ(elsewhere.failure(), errc::wrong_thread);
  }).join();
  ASSERT_TRUE(on().release_thread());
  EXPECT_EQ(ring().in_flight(), 0u);
  ASSERT_EQ(::send(peer.get(), "later", 5, 0), 5);
  std::thread([&, this] {
    EXPECT_EQ(run(op), 5);
    ASSERT_TRUE(on().release_thread());
  }).join();
  EXPECT_EQ(std::string(into, 5), "later");
}

TEST_P(uring, the_end_of_its_thread_releases_it) {
  make({});
  ASSERT_TRUE(on().release_thread());
  auto [ours, peer] = unix_pair();
  char into[8] = {};
  operation op;
  op.receive(ours, std::as_writable_bytes(std::span(into)));
  std::thread([&, this] {
    ASSERT_TRUE(on().open());
    EXPECT_FALSE(poll(op));
    look();
    EXPECT_GT(ring().in_flight(), 0u);
  }).join();
  EXPECT_EQ(ring().in_flight(), 0u);
  ASSERT_EQ(::send(peer.get(), "x", 1, 0), 1);
  EXPECT_EQ(run(op), 1);
}

TEST_P(uring, a_listener_moves_to_another_thread_with_what_it_accepted_ahead) {
  source listener = listening();
  operation op;
  op.accept(listener);
  EXPECT_FALSE(poll(op));
  look();
  far_end first = connect_to(listener);
  far_end second = connect_to(listener);
  ASSERT_GE(run(op), 0);
  look();
  ASSERT_TRUE(on().release_thread());
  far_end third = connect_to(listener);
  std::thread([&, this] {
    for (int i = 0; i < 2; i++) {
      operation more;
      more.accept(listener);
      EXPECT_GE(run(more), 0);
    }
    ASSERT_TRUE(on().release_thread());
  }).join();
}

TEST_P(uring, can_be_destroyed_elsewhere_while_the_kernel_has_no_memory_of_ours) {
  auto made = std::make_unique<io_uring_reactor>();
  auto both = sys::open_socket_pair().value();
  ASSERT_TRUE(made->open());
  source ours = made->attach(std::move(both.first), source_kind::stream).value();
  operation op;
  op.readable(ours);
  EXPECT_FALSE(poll(op));
  ASSERT_TRUE(made->park(0ns));
  std::thread([&] { made.reset(); }).join();
  EXPECT_TRUE(poll(op));
  EXPECT_EQ(op.failure(), errc::runtime_shut_down);
}

TEST_P(uring, fault_P1_a_forked_child_gets_an_error_and_can_destroy_it) {
  auto [ours, peer] = unix_pair();
  operation op;
  op.readable(ours);
  EXPECT_FALSE(poll(op));
  look();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto outcome = on().park(0ns);
    const bool ok = !outcome && outcome.error() == errc::forked;
    destroy_reactor();
    ::_exit(ok ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  ASSERT_EQ(::send(peer.get(), "x", 1, 0), 1);
  EXPECT_EQ(run(op), 0);
}

TEST_P(uring, fault_P1_a_forked_child_that_exits_touches_no_ring) {
  auto [ours, peer] = unix_pair();
  operation op;
  op.readable(ours);
  EXPECT_FALSE(poll(op));
  look();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) std::exit(0);  // ends its thread, which elsewhere releases the thread's rings
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  op.settle();
}

// ---- cancelling

TEST_P(uring, what_is_cancelled_before_its_turn_never_reaches_the_kernel) {
  scratch_folder folder;
  const std::string path = folder / "kept";
  ASSERT_TRUE(sys::open_at(sys::current_directory, path.c_str(),
                           {.mode = sys::access::write, .create = true}));
  const auto before = ring().in_flight();
  operation op;
  op.unlink_at(on(), sys::current_directory, path.c_str(), 0);
  EXPECT_FALSE(poll(op));
  EXPECT_TRUE(poll_cancel(op));
  EXPECT_EQ(op.current_state(), state::spent);
  EXPECT_EQ(ring().in_flight(), before);
  look();
  look();
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_FALSE(on().has_work());
}

TEST_P(uring, what_was_retracted_once_is_submitted_the_second_time) {
  auto file = sys::open_at(sys::current_directory, "/proc/self/exe").value();
  for (const bool arrives : {false, true, false}) {
    char into = 0;
    operation op;
    op.read_at(on(), file.get(), std::as_writable_bytes(std::span(&into, 1)), 1);
    EXPECT_FALSE(poll(op));
    run_cancel(op);
    EXPECT_EQ(into == 'E', arrives);
    EXPECT_EQ(op.has_result(), arrives);
  }
}

TEST_P(uring, a_cancel_gives_two_completions_and_both_are_taken) {
  scratch_folder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto before = ring().in_flight();
  owned<owned_open> op(new owned_open(on(), fifo, blocking_fifo));
  EXPECT_FALSE(poll(*op));
  look();
  EXPECT_EQ(ring().in_flight(), before + 1);
  run_cancel(*op);
  EXPECT_FALSE(op->has_result()) << op->result();
  EXPECT_EQ(ring().in_flight(), before);
  EXPECT_FALSE(on().has_work());
}

TEST_P(uring, destroying_what_is_in_flight_waits_and_keeps_the_completions_of_others) {
  scratch_folder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  auto [ours, peer] = unix_pair();
  operation other;
  other.readable(ours);
  EXPECT_FALSE(poll(other));
  const auto how = sys::how_to_open(blocking_fifo);
  {
    operation op;
    op.open(on(), sys::current_directory, fifo.c_str(), how);
    EXPECT_FALSE(poll(op));
    look();
    ASSERT_EQ(::send(peer.get(), "x", 1, 0), 1);
  }
  EXPECT_EQ(waker_.wakes, 0);
  look();
  EXPECT_EQ(waker_.wakes, 1);
  EXPECT_TRUE(poll(other));
}

TEST_P(uring, fault_R8_interruptions_after_a_cancel_was_asked_mean_cancelled) {
  for (const int answer : {-ECANCELED, -EINTR, -EALREADY}) {
    make({});
    // The backlog is full, so the connection request gets no answer.
    sys::socket_address address;
    sys::descriptor listener = bound_listener(address);
    ASSERT_TRUE(sys::listen(listener.get(), 0));
    sys::descriptor first = connecting(address);
    sys::descriptor second = connecting(address);
    auto fd = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream).value();
    source ours = on().attach(std::move(fd), source_kind::tcp).value();
    const sys::table t = failing(opcode::connect, answer);
    sys::scoped_table scope(t);
    operation op;
    op.connect(ours, address);
    EXPECT_FALSE(poll(op));
    look();
    EXPECT_EQ(failures_left, 1);
    run_cancel(op);
    EXPECT_EQ(failures_left, 0);
    EXPECT_FALSE(op.has_result());
    EXPECT_FALSE(poll(op));
  }
}

TEST_P(uring, a_unix_connect_to_a_full_backlog_is_answered_at_once) {
  scratch_folder folder;
  const auto address = sys::socket_address::unix_path(folder / "s").value();
  auto listener =
      sys::open_socket(sys::address_family::unix_path, sys::socket_type::stream).value();
  ASSERT_TRUE(sys::bind(listener.get(), address));
  ASSERT_TRUE(sys::listen(listener.get(), 0));
  std::vector<source> clients;
  for (const int wanted : {0, -EAGAIN}) {
    auto fd = sys::open_socket(sys::address_family::unix_path, sys::socket_type::stream).value();
    clients.push_back(on().attach(std::move(fd), source_kind::stream).value());
    operation op;
    op.connect(clients.back(), address);
    EXPECT_TRUE(poll(op));
    EXPECT_EQ(op.result(), wanted);
  }
}

TEST_P(uring, fault_M2_late_descriptors_of_abandoned_opens_are_closed) {
  scratch_folder folder;
  const std::string path = folder / "f";
  ASSERT_TRUE(sys::open_at(sys::current_directory, path.c_str(),
                           {.mode = sys::access::write, .create = true}));
  look();
  const int before = descriptor_count();
  for (int i = 0; i < 1000; i++) {
    owned<owned_open> op(new owned_open(on(), path, {}));
    EXPECT_FALSE(poll(*op));
    if (i % 2 == 0) look();
  }
  while (on().has_work())
    ASSERT_TRUE(on().park(1s));
  EXPECT_EQ(descriptor_count(), before);
}

// ---- reading

TEST_P(uring, urgent_data_delays_what_follows_but_does_not_hide_it) {
  ring().set_quiet_limit(2ms);
  auto [ours, peer] = connected();
  std::byte b[64];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  look();
  peer.send("before");
  ASSERT_EQ(sys::real_table.send(peer.fd(), "!", 1, MSG_OOB), 1);
  peer.send("after");
  std::string got;
  while (got.size() < 11) {
    const auto n = run(op);
    ASSERT_GT(n, 0);
    got += text_of(std::span(b).first(static_cast<std::size_t>(n)));
    op.reset();
    op.receive(ours, b);
  }
  EXPECT_EQ(got, "beforeafter");
}

TEST_P(uring, a_quiet_connection_is_asked_once_and_then_left_alone) {
  ring().set_quiet_limit(1ms);
  auto [ours, peer] = connected();
  std::byte b[64];
  operation op;
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  peer.send("hello");
  EXPECT_EQ(run(op), 5);
  op.reset();
  op.receive(ours, b);
  EXPECT_FALSE(poll(op));
  static std::atomic<int> asked;
  asked = 0;
  sys::table t = sys::real_table;
  t.poll = [](int fd, short events, int ms) {
    asked++;
    return sys::real_table.poll(fd, events, ms);
  };
  t.recv = [](int, void*, std::size_t, int) -> long {
    ADD_FAILURE() << "a read without an event";
    return -EAGAIN;
  };
  sys::scoped_table scope(t);
  const auto wait = [&] {
    ASSERT_TRUE(on().park(2ms));
    EXPECT_FALSE(poll(op));
  };
  for (const instant until = sys::monotonic_now() + 5s; asked == 0 && sys::monotonic_now() < until;)
    wait();
  for (int i = 0; i < 3; ++i)
    wait();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(waker_.wakes, 1);
}

// ---- closing

TEST_P(uring,
       fault_M3_a_closed_source_is_closed_for_its_peer_at_once_and_its_memory_is_left_alone) {
  auto [ours, peer] = unix_pair();
  char into[8] = "before";
  operation op;
  op.receive(ours, std::as_writable_bytes(std::span(into)));
  EXPECT_FALSE(poll(op));
  look();
  const auto before = ring().in_flight();
  ours.close();
  EXPECT_LT(ring().in_flight(), before);
  char end = 0;
  EXPECT_EQ(::recv(peer.get(), &end, 1, MSG_DONTWAIT), 0);
  EXPECT_EQ(::send(peer.get(), "later", 5, MSG_NOSIGNAL), -1);
  look();
  EXPECT_STREQ(into, "before");
  EXPECT_TRUE(poll(op));
  EXPECT_EQ(op.result(), -ECANCELED);
}

TEST_P(uring, a_listener_that_closes_frees_its_address_at_once) {
  source listener = listening();
  operation op;
  op.accept(listener);
  EXPECT_FALSE(poll(op));
  look();
  op.settle();
  listener.close();
  auto again = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream).value();
  EXPECT_TRUE(sys::bind(again.get(), listens_at_));
  EXPECT_TRUE(sys::listen(again.get(), 1));
}

// ---- accepting

TEST_P(uring, accepts_ahead_up_to_a_mark_and_loses_nobody) {
  source listener = listening();
  {
    operation op;
    op.accept(listener);
    EXPECT_FALSE(poll(op));
    look();
    EXPECT_TRUE(poll_cancel(op));
  }
  const int before = descriptor_count();
  std::vector<far_end> peers;
  constexpr int count = 300;
  for (int i = 0; i < count; i++) {
    peers.push_back(connect_to(listener));
    if (i % 10 == 0) look();
  }
  look();
  const int ahead = descriptor_count() - before - count;
  EXPECT_GE(ahead, static_cast<int>(io_uring_reactor::accepted_ahead_max));
  EXPECT_LT(ahead, static_cast<int>(io_uring_reactor::accepted_ahead_max) + 20);
  for (int i = 0; i < count; i++) {
    operation op;
    op.accept(listener);
    ASSERT_GE(run(op), 0);
    source accepted = on().attach(op.take_descriptor(), source_kind::tcp).value();
    operation send;
    send.send(accepted, bytes_of("hi"));
    ASSERT_EQ(run(send), 2);
  }
  int greeted = 0;
  for (auto& p : peers)
    greeted += p.take() == "hi";
  EXPECT_EQ(greeted, count);
  EXPECT_EQ(on().metrics().shed_connections, 0u);
}

TEST_P(uring, what_was_accepted_ahead_is_closed_with_the_listener) {
  const int before = descriptor_count();
  source listener = listening();
  operation op;
  op.accept(listener);
  EXPECT_FALSE(poll(op));
  look();
  EXPECT_TRUE(poll_cancel(op));
  {
    std::vector<far_end> peers;
    for (int i = 0; i < 20; i++)
      peers.push_back(connect_to(listener));
    look();
    EXPECT_EQ(descriptor_count(), before + 1 + 40);
    listener.close();
  }
  EXPECT_EQ(descriptor_count(), before);
}

TEST_P(uring, a_connection_accepted_ahead_makes_the_listener_readable) {
  source listener = listening();
  {
    operation op;
    op.accept(listener);
    EXPECT_FALSE(poll(op));
    look();
    EXPECT_TRUE(poll_cancel(op));
  }
  operation readable;
  readable.readable(listener);
  EXPECT_FALSE(poll(readable));
  far_end peer = connect_to(listener);
  EXPECT_EQ(run(readable), 0);
  operation op;
  op.accept(listener);
  EXPECT_TRUE(poll(op));
}

TEST_P(uring, fault_R2_accepting_goes_on_after_the_descriptors_ran_out) {
  // Its vptr check opens a pipe to look at an object, and calls the object bad when there is none.
  if (support::is_sanitized)
    GTEST_SKIP() << "the undefined behaviour sanitizer needs descriptors of its own";
  source listener = listening();
  far_end first = connect_to(listener);
  rlimit former{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &former), 0);
  const int lowest_free = ::dup(0);
  ::close(lowest_free);
  const rlimit none{static_cast<rlim_t>(lowest_free), former.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);  // the kernel reads it when an accept is armed
  operation op;
  op.accept(listener);
  EXPECT_FALSE(poll(op));
  look();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &former), 0);
  EXPECT_FALSE(poll(op));
  EXPECT_EQ(on().metrics().accept_back_offs, 1u);
  EXPECT_EQ(on().metrics().shed_connections, 1u);  // told by its end, instead of waiting for ever
  far_end second = connect_to(listener);
  const instant start = sys::monotonic_now();
  EXPECT_GE(run(op), 0);
  EXPECT_LT(sys::monotonic_now() - start, 1s);
}

TEST_P(uring, fault_R2_a_listener_that_closes_during_the_pause_is_forgotten) {
  source listener = listening();
  operation op;
  op.accept(listener);
  const sys::table t = failing(opcode::accept, -EMFILE);
  sys::scoped_table scope(t);
  EXPECT_FALSE(poll(op));
  look();
  const int before = descriptor_count();
  far_end peer = connect_to(listener);
  look();
  EXPECT_EQ(on().metrics().accept_back_offs, 1u);
  EXPECT_EQ(descriptor_count(), before + 1);  // what the seam took away is closed
  op.settle();
  listener.close();
  std::this_thread::sleep_for(11ms);
  look();
  EXPECT_FALSE(on().has_work());
}

TEST_P(uring, fault_R5_a_kernel_without_multishot_accept_is_asked_by_calls) {
  source listener = listening();
  operation op;
  op.accept(listener);
  EXPECT_FALSE(poll(op));
  look();
  {
    const sys::table t = failing(opcode::accept, -EINVAL);
    sys::scoped_table scope(t);
    far_end lost = connect_to(listener);
    look();
    EXPECT_EQ(failures_left, 0);
    EXPECT_FALSE(poll(op));
  }
  const sys::table t = failing(opcode::accept, -EIO, 100);  // whoever uses the ring again is seen
  sys::scoped_table scope(t);
  far_end waits = connect_to(listener);
  EXPECT_GE(run(op), 0);
  far_end was_there = connect_to(listener);
  operation again;
  again.accept(listener);
  EXPECT_GE(run(again), 0);
  source another = listening();
  operation first;
  first.accept(another);
  EXPECT_FALSE(poll(first));
  far_end peer = connect_to(another);
  EXPECT_GE(run(first), 0);
  EXPECT_EQ(failures_left, 100);
}

TEST_P(uring, an_error_of_one_connection_does_not_end_accepting) {
  source listener = listening();
  operation op;
  op.accept(listener);
  EXPECT_FALSE(poll(op));
  look();
  const sys::table t = failing(opcode::accept, -ECONNABORTED);
  sys::scoped_table scope(t);
  far_end first = connect_to(listener);
  look();
  EXPECT_FALSE(poll(op));
  far_end second = connect_to(listener);
  EXPECT_GE(run(op), 0);
}

TEST_P(uring, accept_on_what_does_not_listen_gives_the_kernels_answer) {
  auto fd = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream).value();
  source odd = on().attach(std::move(fd), source_kind::listener).value();
  operation op;
  op.accept(odd);
  EXPECT_EQ(run(op), -EINVAL);
}

// ---- what a kernel may lack

TEST_P(uring, fault_R5_a_kernel_without_multishot_poll_is_polled_one_by_one) {
  const sys::table t = failing(opcode::readable, -EINVAL);
  sys::scoped_table scope(t);
  auto [ours, peer] = unix_pair();
  for (const char* text : {"one", "two", "three"}) {
    operation op;
    op.receive_leased(ours);
    EXPECT_FALSE(poll(op));
    look();
    ASSERT_EQ(::send(peer.get(), text, std::strlen(text), 0),
              static_cast<ssize_t>(std::strlen(text)));
    run(op);
    EXPECT_EQ(text_of(op.take_lease().bytes()), text);
  }
  EXPECT_EQ(failures_left, 0);
}

TEST_P(uring, fault_R5_an_operation_refused_at_its_first_use_is_not_offered_again) {
  sys::raw_status into{};
  const auto status = [&] {
    operation op;
    op.status(on(), sys::current_directory, "/", 0, sys::status_mask, into);
    return run(op);
  };
  {
    const sys::table t = failing(opcode::status, -EINVAL);
    sys::scoped_table scope(t);
    ASSERT_TRUE(on().supports(opcode::status));
    EXPECT_EQ(status(), -EOPNOTSUPP);
  }
  EXPECT_FALSE(on().supports(opcode::status));
  EXPECT_EQ(status(), -EOPNOTSUPP);
  EXPECT_TRUE(on().supports(opcode::open));
}

TEST_P(uring, an_operation_that_has_worked_keeps_its_EINVAL) {
  sys::raw_status into{};
  for (const int wanted : {0, -EINVAL, 0}) {
    const sys::table t = failing(opcode::status, wanted, wanted == 0 ? 0 : 1);
    sys::scoped_table scope(t);
    operation op;
    op.status(on(), sys::current_directory, "/", 0, sys::status_mask, into);
    EXPECT_EQ(run(op), wanted);
  }
}

TEST_P(uring, fault_R8_an_interrupted_file_operation_is_repeated) {
  sys::raw_status into{};
  const sys::table t = failing(opcode::status, -EINTR, 3);
  sys::scoped_table scope(t);
  operation op;
  op.status(on(), sys::current_directory, "/", 0, sys::status_mask, into);
  EXPECT_EQ(run(op), 0);
  EXPECT_EQ(failures_left, 0);
}

TEST_P(uring, fault_R11_a_sync_is_never_repeated) {
  scratch_folder folder;
  const std::string path = folder / "f";
  auto file = sys::open_at(sys::current_directory, path.c_str(),
                           {.mode = sys::access::write, .create = true})
                  .value();
  const sys::table t = failing(opcode::sync, -EINTR, 1);
  sys::scoped_table scope(t);
  operation op;
  op.sync(on(), file.get(), false);
  EXPECT_EQ(run(op), -EINTR);
}

TEST_P(uring, fault_R5_connecting_goes_on_by_calls_where_the_ring_cannot) {
  for (const int answer : {-EINVAL, -EOPNOTSUPP, -EINPROGRESS}) {
    make({});
    source listener = listening();
    auto fd = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream).value();
    source client = on().attach(std::move(fd), source_kind::tcp).value();
    const sys::table t = failing(opcode::connect, answer);
    sys::scoped_table scope(t);
    operation op;
    op.connect(client, listens_at_);
    EXPECT_EQ(run(op), 0) << answer;
    EXPECT_EQ(failures_left, 0);
  }
}

TEST_P(uring, connects_and_reports_who_refuses) {
  source listener = listening();
  auto fd = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream).value();
  source client = on().attach(std::move(fd), source_kind::tcp).value();
  operation op;
  op.connect(client, listens_at_);
  EXPECT_EQ(run(op), 0);
  listener.close();
  auto second = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream).value();
  source refused = on().attach(std::move(second), source_kind::tcp).value();
  operation again;
  again.connect(refused, listens_at_);
  EXPECT_EQ(run(again), -ECONNREFUSED);
}

// ---- resources

TEST_P(uring, fault_R7_completions_that_overflow_their_queue_are_all_taken) {
  make({.ring_entries = 64});
  auto file = sys::open_at(sys::current_directory, "/proc/self/exe").value();
  constexpr std::size_t count = 1500;  // the queue holds 512
  std::vector<char> into(count);
  std::vector<operation> ops(count);
  for (std::size_t i = 0; i < count; i++) {
    ops[i].read_at(on(), file.get(), std::as_writable_bytes(std::span(&into[i], 1)), 1);
    ASSERT_FALSE(poll(ops[i]));
  }
  std::size_t done = 0;
  for (auto& op : ops)
    done += run(op) == 1;
  EXPECT_EQ(done, count);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(into, 'E')), count);
}

TEST_P(uring, fault_R7_a_full_or_busy_queue_drops_no_entry) {
  make({.ring_entries = 64});
  sys::table t = sys::real_table;
  static std::atomic<int> calls;
  calls = 0;
  t.ring_gate = [](sys::ring_step step) {
    constexpr int answers[] = {-EBUSY, -EAGAIN, 0, -EINTR};
    return step == sys::ring_step::enter ? answers[calls++ % 4] : 0;
  };
  sys::scoped_table scope(t);
  auto file = sys::open_at(sys::current_directory, "/proc/self/exe").value();
  constexpr std::size_t count = 500;
  std::vector<char> into(count);
  std::vector<operation> ops(count);
  for (std::size_t i = 0; i < count; i++) {
    ops[i].read_at(on(), file.get(), std::as_writable_bytes(std::span(&into[i], 1)), 1);
    ASSERT_FALSE(poll(ops[i]));
  }
  std::size_t done = 0;
  for (auto& op : ops)
    done += run(op) == 1;
  EXPECT_EQ(done, count);
}

TEST_P(uring, cancels_that_find_no_room_are_sent_later) {
  make({.ring_entries = 64});
  scratch_folder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  owned<owned_open> op(new owned_open(on(), fifo, blocking_fifo));
  EXPECT_FALSE(poll(*op));
  look();
  sys::table t = sys::real_table;
  t.ring_gate = [](sys::ring_step step) { return step == sys::ring_step::enter ? -EBUSY : 0; };
  std::vector<operation> filling(64);
  sys::raw_status into{};
  {
    sys::scoped_table scope(t);
    for (auto& f : filling) {
      f.status(on(), sys::current_directory, "/", 0, sys::status_mask, into);
      EXPECT_FALSE(poll(f));
    }
    EXPECT_FALSE(poll_cancel(*op));
  }
  run_cancel(*op);
  for (auto& f : filling)
    EXPECT_EQ(run(f), 0);
}

TEST_P(uring, fault_R10_taking_completions_allocates_nothing) {
  if (support::is_sanitized) GTEST_SKIP() << "the sanitizers' allocator does not count like libc's";
  source listener = listening();
  operation accept;
  accept.accept(listener);
  EXPECT_FALSE(poll(accept));
  auto [ours, peer] = unix_pair();
  operation read;
  read.readable(ours);
  EXPECT_FALSE(poll(read));
  sys::raw_status into{};
  operation status;
  status.status(on(), sys::current_directory, "/", 0, sys::status_mask, into);
  EXPECT_FALSE(poll(status));
  look();
  std::vector<far_end> peers;
  for (int i = 0; i < 10; i++)
    peers.push_back(connect_to(listener));
  ASSERT_EQ(::send(peer.get(), "x", 1, 0), 1);
  const auto before = ::mallinfo2().uordblks;
  while (waker_.wakes < 3)
    ASSERT_TRUE(on().park(1s));
  EXPECT_EQ(::mallinfo2().uordblks, before);
}

TEST_P(uring, fault_R4_denial_is_an_error_and_nothing_is_left_behind) {
  for (const int why : {ENOSYS, EPERM, ENOMEM, EMFILE}) {
    static int answer;
    answer = -why;
    sys::table t = sys::real_table;
    t.ring_gate = [](sys::ring_step step) { return step == sys::ring_step::setup ? answer : 0; };
    sys::scoped_table scope(t);
    const int before = descriptor_count();
    {
      io_uring_reactor denied;
      const auto opened = denied.open();
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().code, why);
      EXPECT_EQ(denied.park(0ns).error().code, why);
      EXPECT_EQ(io_uring_reactor::probe().error().code, why);
    }
    EXPECT_EQ(descriptor_count(), before);
  }
}

TEST_P(uring, fault_R3_no_descriptor_for_the_wake_up_is_an_error) {
  sys::table t = sys::real_table;
  t.eventfd = [](unsigned, int) { return -EMFILE; };
  sys::scoped_table scope(t);
  io_uring_reactor poor;
  EXPECT_EQ(poor.open().error().code, EMFILE);
}

// ---- the end

TEST_P(uring, fault_M4_its_end_takes_back_what_was_abandoned) {
  scratch_folder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const int before = descriptor_count();
  const auto leaked = io_uring_reactor::leaked_operations();
  {
    io_uring_reactor fresh;
    for (int i = 0; i < 10; i++) {
      owned<owned_open> op(new owned_open(fresh, fifo, blocking_fifo));
      EXPECT_FALSE(poll(*op));
      ASSERT_TRUE(fresh.park(0ns));
    }
  }
  EXPECT_EQ(descriptor_count(), before);
  EXPECT_EQ(io_uring_reactor::leaked_operations(), leaked);
}

TEST_P(uring, fault_M4_what_the_kernel_does_not_let_go_in_time_is_kept_and_counted) {
  scratch_folder folder;
  const std::string fifo = folder / "fifo";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto leaked = io_uring_reactor::leaked_operations();
  {
    io_uring_reactor fresh;
    fresh.set_teardown_limit(0ns);
    owned<owned_open> op(new owned_open(fresh, fifo, blocking_fifo));
    EXPECT_FALSE(poll(*op));
    ASSERT_TRUE(fresh.park(0ns));
  }
  EXPECT_EQ(io_uring_reactor::leaked_operations(), leaked + 1);
}

TEST_P(uring, operations_that_outlive_it_are_told_so) {
  auto [ours, peer] = unix_pair();
  source listener = listening();
  operation read;
  operation accept;
  operation status;
  sys::raw_status into{};
  read.receive_leased(ours);
  accept.accept(listener);
  status.status(on(), sys::current_directory, "/", 0, sys::status_mask, into);
  for (operation* op : {&read, &accept, &status})
    EXPECT_FALSE(poll(*op));
  destroy_reactor();
  EXPECT_EQ(waker_.wakes, 3);
  for (operation* op : {&read, &accept, &status}) {
    EXPECT_TRUE(poll(*op));
    EXPECT_EQ(op->failure(), errc::runtime_shut_down);
  }
}

// ---- files

TEST_P(uring, does_files_in_the_ring) {
  scratch_folder folder;
  const std::string directory = folder / "d";
  const std::string first = folder / "d/first";
  const std::string second = folder / "d/second";
  operation op;
  const auto next = [&] {
    const auto n = run(op);
    op.reset();
    return n;
  };
  op.make_directory(on(), sys::current_directory, directory.c_str(), 0700);
  EXPECT_EQ(next(), 0);
  const auto how = sys::how_to_open({.mode = sys::access::read_write, .create = true});
  op.open(on(), sys::current_directory, first.c_str(), how);
  ASSERT_GE(run(op), 0);
  const sys::descriptor file = op.take_descriptor();
  op.reset();
  op.write_at(on(), file.get(), bytes_of("hello"), 2);
  EXPECT_EQ(next(), 5);
  op.sync(on(), file.get(), true);
  EXPECT_EQ(next(), 0);
  char into[16] = {};
  op.read_at(on(), file.get(), std::as_writable_bytes(std::span(into)), 3);
  EXPECT_EQ(next(), 4);
  EXPECT_STREQ(into, "ello");
  sys::raw_status status{};
  op.status(on(), sys::current_directory, first.c_str(), 0, sys::status_mask, status);
  EXPECT_EQ(next(), 0);
  EXPECT_EQ(sys::status_of(status).size_bytes, 7u);
  op.rename(on(), sys::current_directory, first.c_str(), sys::current_directory, second.c_str(), 0);
  EXPECT_EQ(next(), 0);
  op.unlink_at(on(), sys::current_directory, first.c_str(), 0);
  EXPECT_EQ(next(), -ENOENT);
  op.unlink_at(on(), sys::current_directory, second.c_str(), 0);
  EXPECT_EQ(next(), 0);
  op.unlink_at(on(), sys::current_directory, directory.c_str(), sys::unlink_directory);
  EXPECT_EQ(next(), 0);
  op.close(on(), ::dup(file.get()));
  EXPECT_EQ(next(), 0);
  op.close(on(), -1);
  EXPECT_EQ(next(), -EBADF);
}

}  // namespace
}  // namespace rouse::testing

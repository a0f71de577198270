// What this kernel does, by bare liburing: the facts of FAULTS that the reactor is built on. A
// kernel that changes its mind fails here, next to the rule that has to be looked at again, and not
// in a program.
#include <gtest/gtest.h>

#include <liburing.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace {

class kernel_facts : public ::testing::Test {
 protected:
  void SetUp() override {
    constexpr unsigned flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    if (const int n = ::io_uring_queue_init(32, &ring_, flags); n < 0)
      GTEST_SKIP() << "no such ring here: " << std::strerror(-n);
    is_open_ = true;
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair_), 0);
  }
  void TearDown() override {
    if (!is_open_) return;
    ::io_uring_queue_exit(&ring_);
    for (const int fd : pair_)
      if (fd >= 0) ::close(fd);
  }
  io_uring_sqe* entry(std::uint64_t user_data) {
    io_uring_sqe* e = ::io_uring_get_sqe(&ring_);
    std::memset(e, 0, sizeof *e);
    e->user_data = user_data;
    return e;
  }
  /// Entries keep the number given to entry(): the prep functions clear it.
  template <class Prepare>
  void submit(std::uint64_t user_data, Prepare prepare) {
    io_uring_sqe* e = entry(user_data);
    prepare(e);
    e->user_data = user_data;
    ::io_uring_submit_and_get_events(&ring_);
  }
  /// All completions so far: user_data to result.
  std::multimap<std::uint64_t, int> completions() {
    std::multimap<std::uint64_t, int> all;
    ::io_uring_get_events(&ring_);
    io_uring_cqe* c = nullptr;
    while (::io_uring_peek_cqe(&ring_, &c) == 0) {
      all.emplace(c->user_data, c->res);
      last_flags_ = c->flags;
      ::io_uring_cqe_seen(&ring_, c);
    }
    return all;
  }
  using answers = std::multimap<std::uint64_t, int>;

  io_uring ring_{};
  int pair_[2] = {-1, -1};
  unsigned last_flags_ = 0;
  bool is_open_ = false;
};

TEST_F(kernel_facts, closing_a_descriptor_does_not_end_a_receive_which_still_writes_its_buffer) {
  char into[8] = "before";
  submit(1, [&](io_uring_sqe* e) { ::io_uring_prep_recv(e, pair_[0], into, sizeof into, 0); });
  ::close(pair_[0]);
  pair_[0] = -1;
  EXPECT_TRUE(completions().empty());
  ASSERT_EQ(::send(pair_[1], "later", 6, MSG_NOSIGNAL), 6);
  EXPECT_EQ(completions(), (answers{{1, 6}}));
  EXPECT_STREQ(into, "later");
}

TEST_F(kernel_facts, multishot_accept_ends_when_descriptors_run_out) {
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;  // an abstract name
  std::memcpy(address.sun_path + 1, "rouse", 5);
  const int suffix = ::getpid();
  std::memcpy(address.sun_path + 6, &suffix, sizeof suffix);
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  ASSERT_EQ(::bind(listener, to, sizeof address), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(client, to, sizeof address), 0);
  rlimit former{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &former), 0);
  const int lowest_free = ::dup(0);
  ::close(lowest_free);
  const rlimit none{static_cast<rlim_t>(lowest_free), former.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  submit(1, [&](io_uring_sqe* e) {
    ::io_uring_prep_multishot_accept(e, listener, nullptr, nullptr, 0);
  });
  const auto all = completions();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &former), 0);
  EXPECT_EQ(all, (answers{{1, -EMFILE}}));
  EXPECT_EQ(last_flags_ & IORING_CQE_F_MORE, 0u);
  EXPECT_TRUE(completions().empty());  // a free descriptor does not revive it
  ::close(client);
  ::close(listener);
}

TEST_F(kernel_facts, multishot_receive_ends_when_its_buffer_ring_is_empty) {
  constexpr unsigned count = 2;
  alignas(4096) static std::byte page[4096];
  static char buffers[count][16];
  auto* slots = reinterpret_cast<io_uring_buf_ring*>(page);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(page);
  registration.ring_entries = count;
  ASSERT_EQ(::io_uring_register_buf_ring(&ring_, &registration, 0), 0);
  slots->tail = 0;
  for (unsigned i = 0; i < count; i++) {
    // By hand: the header's inline function counts on C's flexible array members.
    auto& slot = reinterpret_cast<io_uring_buf*>(page)[i];
    slot.addr = reinterpret_cast<std::uintptr_t>(buffers[i]);
    slot.len = sizeof buffers[i];
    slot.bid = static_cast<__u16>(i);
  }
  __atomic_store_n(&slots->tail, count, __ATOMIC_RELEASE);
  submit(1, [&](io_uring_sqe* e) {
    ::io_uring_prep_recv_multishot(e, pair_[0], nullptr, 0, 0);
    e->flags |= IOSQE_BUFFER_SELECT;
  });
  for (int i = 0; i < 3; i++) {
    ASSERT_EQ(::send(pair_[1], "x", 1, 0), 1);
    const auto all = completions();
    EXPECT_EQ(all, (answers{{1, i < 2 ? 1 : -ENOBUFS}}));
    EXPECT_EQ((last_flags_ & IORING_CQE_F_MORE) != 0, i < 2);
  }
  char rest = 0;
  EXPECT_EQ(::recv(pair_[0], &rest, 1, MSG_DONTWAIT), 1);  // the third byte is where it was
}

TEST_F(kernel_facts, completions_that_overflow_are_kept_and_only_a_flag_tells) {
  constexpr int count = 80;  // the completion queue holds 64
  for (int i = 0; i < count; i += 20) {
    for (int j = 0; j < 20; j++)
      ::io_uring_prep_nop(entry(0));
    ::io_uring_submit(&ring_);
  }
  EXPECT_NE(*ring_.sq.kflags & IORING_SQ_CQ_OVERFLOW, 0u);
  EXPECT_EQ(*ring_.cq.koverflow, 0u);
  EXPECT_EQ(completions().size() + completions().size(), static_cast<std::size_t>(count));
  EXPECT_EQ(*ring_.sq.kflags & IORING_SQ_CQ_OVERFLOW, 0u);
}

volatile std::sig_atomic_t pipe_signals = 0;

TEST_F(kernel_facts, a_write_to_a_dead_peer_raises_a_signal_and_a_send_does_not) {
  struct sigaction former{};
  struct sigaction counting{};
  counting.sa_handler = [](int) { pipe_signals = pipe_signals + 1; };
  ASSERT_EQ(::sigaction(SIGPIPE, &counting, &former), 0);
  ::close(pair_[1]);
  pair_[1] = -1;
  pipe_signals = 0;
  submit(1, [&](io_uring_sqe* e) { ::io_uring_prep_send(e, pair_[0], "x", 1, MSG_NOSIGNAL); });
  EXPECT_EQ(completions(), (answers{{1, -EPIPE}}));
  EXPECT_EQ(pipe_signals, 0);
  submit(2, [&](io_uring_sqe* e) { ::io_uring_prep_write(e, pair_[0], "x", 1, 0); });
  EXPECT_EQ(completions(), (answers{{2, -EPIPE}}));
  EXPECT_EQ(pipe_signals, 1);
  ::sigaction(SIGPIPE, &former, nullptr);
}

// Why a reactor that is waited on from outside has a ring without deferral. The last look of
// poll(), at its time-out, sees what it was not woken for, so the time tells. (The first polls of a
// ring may be interrupted, by the kernel's own preparations for them.)
TEST_F(kernel_facts, poll_on_a_deferring_ring_sleeps_through_deferred_work) {
  using clock = std::chrono::steady_clock;
  constexpr auto patience = std::chrono::milliseconds(20);
  bool slept_through = false;
  for (int round = 0; round < 20 && !slept_through; round++) {
    submit(1, [&](io_uring_sqe* e) { ::io_uring_prep_poll_add(e, pair_[0], POLL_IN); });
    const auto start = clock::now();
    std::thread other([&] {
      std::this_thread::sleep_for(patience / 10);
      EXPECT_EQ(::send(pair_[1], "x", 1, 0), 1);
    });
    pollfd p{ring_.ring_fd, POLLIN, 0};
    EXPECT_EQ(::poll(&p, 1, static_cast<int>(patience.count())), 1);
    slept_through = clock::now() - start >= patience;
    other.join();
    EXPECT_EQ(completions().size(), 1u);
    char x = 0;
    EXPECT_EQ(::recv(pair_[0], &x, 1, 0), 1);
  }
  EXPECT_TRUE(slept_through);
}

TEST_F(kernel_facts, a_cancel_gives_two_completions) {
  char into[8];
  submit(1, [&](io_uring_sqe* e) { ::io_uring_prep_recv(e, pair_[0], into, sizeof into, 0); });
  submit(2, [&](io_uring_sqe* e) { ::io_uring_prep_cancel64(e, 1, 0); });
  EXPECT_EQ(completions(), (answers{{1, -ECANCELED}, {2, 0}}));
}

TEST_F(kernel_facts, a_multishot_poll_tells_of_what_was_there_and_of_each_new_edge) {
  ASSERT_EQ(::send(pair_[1], "x", 1, 0), 1);
  submit(1, [&](io_uring_sqe* e) { ::io_uring_prep_poll_multishot(e, pair_[0], POLL_IN); });
  EXPECT_EQ(completions().size(), 1u);
  EXPECT_NE(last_flags_ & IORING_CQE_F_MORE, 0u);
  EXPECT_TRUE(completions().empty());
  ASSERT_EQ(::send(pair_[1], "y", 1, 0), 1);  // nothing was read in between
  EXPECT_EQ(completions().size(), 1u);
}

TEST_F(kernel_facts, a_poll_keeps_a_closed_socket_open_until_it_is_cancelled) {
  submit(1, [&](io_uring_sqe* e) { ::io_uring_prep_poll_multishot(e, pair_[0], POLL_IN); });
  ::close(pair_[0]);
  pair_[0] = -1;
  char end = 0;
  EXPECT_EQ(::recv(pair_[1], &end, 1, MSG_DONTWAIT), -1);
  submit(2, [&](io_uring_sqe* e) { ::io_uring_prep_cancel64(e, 1, 0); });
  EXPECT_EQ(completions().size(), 2u);
  EXPECT_EQ(::recv(pair_[1], &end, 1, MSG_DONTWAIT), 0);
}

}  // namespace

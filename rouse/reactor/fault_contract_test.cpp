// What the kernel may answer at the worst moment, played through the seam of sys, over the two real
// back-ends.
#include <rouse/reactor/contract_test.hpp>

#include <rouse/base/log.hpp>
#include <rouse/sys/table.hpp>

#include <cstdlib>
#include <string>
#include <vector>

namespace rouse::testing {
namespace {

class log_lines final : public log_sink {
 public:
  log_lines() : former_(set_log_sink(this)) {}
  ~log_lines() { set_log_sink(former_); }
  void write(log_level, std::string_view text) noexcept override { lines.emplace_back(text); }
  std::vector<std::string> lines;

 private:
  log_sink* former_;
};

class reactor_fault : public reactor_contract {};
INSTANTIATE_TEST_SUITE_P(on, reactor_fault, kernel_kinds(), kind_name);

TEST_P(reactor_fault, R8_interruptions_everywhere_change_nothing) {
  static int calls;
  calls = 0;
  sys::table t = sys::real_table;
  static const auto interrupted = [] { return ++calls % 3 != 0; };
  t.recv = [](int fd, void* into, std::size_t n, int flags) -> long {
    return interrupted() ? -EINTR : sys::real_table.recv(fd, into, n, flags);
  };
  t.send = [](int fd, const void* from, std::size_t n, int flags) -> long {
    return interrupted() ? -EINTR : sys::real_table.send(fd, from, n, flags);
  };
  t.accept = [](int fd, void* a, unsigned* n, int flags) {
    return interrupted() ? -EINTR : sys::real_table.accept(fd, a, n, flags);
  };
  t.epoll_wait = [](int queue, void* events, int n, int ms) {
    return interrupted() ? -EINTR : sys::real_table.epoll_wait(queue, events, n, ms);
  };
  t.epoll_pwait2 = [](int queue, void* events, int n, const void* limit) {
    return interrupted() ? -EINTR : sys::real_table.epoll_pwait2(queue, events, n, limit);
  };
  sys::scoped_table scope(t);
  source listener = listening();
  far_end peer = connect_to(listener);
  operation accept;
  accept.accept(listener);
  ASSERT_GE(run(accept), 0);
  source s = on().attach(accept.take_descriptor(), source_kind::tcp).value();
  for (int i = 0; i < 50; i++) {
    std::byte b[16];
    operation in, out;
    in.receive(s, b);
    EXPECT_FALSE(poll(in));
    peer.send("ping");
    ASSERT_EQ(run(in), 4);
    out.send(s, std::span(b).first(4));
    ASSERT_EQ(run(out), 4);
    ASSERT_EQ(peer.take(), "ping");
  }
}

TEST_P(reactor_fault, R12_one_byte_at_a_time_is_enough) {
  sys::table t = sys::real_table;
  t.short_read_means_empty = false;
  t.recv = [](int fd, void* into, std::size_t, int flags) {
    return sys::real_table.recv(fd, into, 1, flags);
  };
  t.send = [](int fd, const void* from, std::size_t, int flags) {
    return sys::real_table.send(fd, from, 1, flags);
  };
  sys::scoped_table scope(t);
  auto [ours, peer] = connected();
  std::string sent;
  for (const char c : std::string_view("hello"))
    peer.send(std::string_view(&c, 1)), sent += c;
  std::string got;
  while (got.size() < sent.size())
    got += receive(ours);
  EXPECT_EQ(got, sent);
  operation op;
  std::string_view left = "world";
  while (!left.empty()) {
    op.send(ours, bytes_of(left));
    const auto n = run(op);
    ASSERT_GT(n, 0);
    left.remove_prefix(static_cast<std::size_t>(n));
    op.reset();
  }
  std::string back;
  for (int i = 0; i < 100 && back.size() < 5; i++)
    back += peer.take();
  EXPECT_EQ(back, "world");
}

TEST_P(reactor_fault, R1_R2_accept_without_descriptors_pauses_and_recovers) {
  static int failures;
  failures = 3;
  sys::table t = sys::real_table;
  t.accept = [](int fd, void* a, unsigned* n, int flags) {
    return failures-- > 0 ? -EMFILE : sys::real_table.accept(fd, a, n, flags);
  };
  t.ring_completion = [](unsigned char code, int result) {
    if (code != static_cast<unsigned char>(opcode::accept) || result < 0) return result;
    return failures-- > 0 ? -EMFILE : result;
  };
  sys::scoped_table scope(t);
  source listener = listening();
  std::vector<far_end> peers;
  operation op;
  op.accept(listener);
  const nanoseconds cpu = sys::thread_cpu_time();
  const instant start = sys::monotonic_now();
  while (!poll(op)) {
    peers.push_back(connect_to(listener));  // some are shed, so they keep coming
    ASSERT_TRUE(on().park(20ms));
    ASSERT_LT(sys::monotonic_now() - start, 5s);
  }
  EXPECT_GE(op.result(), 0);
  EXPECT_GE(on().metrics().accept_back_offs, 1u);
  EXPECT_LT(sys::thread_cpu_time() - cpu, 50ms);  // it did not spin
}

TEST_P(reactor_fault, R3_a_reactor_that_cannot_be_made_says_why_and_leaks_nothing) {
  const int before = descriptor_count();
  sys::table t = sys::real_table;
  t.eventfd = [](unsigned, int) { return -EMFILE; };
  t.epoll_create = [](int) { return -EMFILE; };
  t.ring_gate = [](sys::ring_step step) { return step == sys::ring_step::setup ? -EMFILE : 0; };
  sys::scoped_table scope(t);
  log_lines log;
  auto made = make_reactor({.kind = GetParam()});
  if (made) {
    const auto opened = (*made)->open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, EMFILE);
    EXPECT_EQ((*made)->park(0ns).error().code, EMFILE);
    *made = reactor_ptr();
  }
  EXPECT_EQ(descriptor_count(), before);
}

class environment {
 public:
  environment(const char* name, const char* value) : name_(name) {
    if (const char* f = std::getenv(name)) former_ = f;
    value ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~environment() { former_ ? ::setenv(name_, former_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> former_;
};

TEST(fault_R4, a_denied_ring_falls_back_to_epoll_with_one_line) {
  environment e("ROUSE_REACTOR", nullptr);
  sys::table t = sys::real_table;
  t.ring_gate = [](sys::ring_step step) { return step == sys::ring_step::setup ? -EPERM : 0; };
  sys::scoped_table scope(t);
  log_lines log;
  auto made = make_reactor();
  ASSERT_TRUE(made);
  EXPECT_STREQ((*made)->backend(), "epoll");
  ASSERT_EQ(log.lines.size(), 1u);
  EXPECT_NE(log.lines[0].find("using epoll"), std::string::npos) << log.lines[0];
  EXPECT_TRUE((*made)->park(0ns));
}

TEST(reactor_choice, the_environment_goes_before_the_option) {
  environment e("ROUSE_REACTOR", "epoll");
  auto made = make_reactor({.kind = reactor_kind::io_uring});
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->kind(), reactor_kind::epoll);
  EXPECT_EQ((*make_reactor({.kind = reactor_kind::mock}))->kind(), reactor_kind::mock);
}

TEST(reactor_choice, an_unknown_name_is_an_error) {
  environment e("ROUSE_REACTOR", "kqueue");
  const auto made = make_reactor();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), errc::invalid_input);
}

}  // namespace
}  // namespace rouse::testing

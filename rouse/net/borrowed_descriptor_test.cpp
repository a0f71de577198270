// Somebody else's descriptors, awaited on each real reactor.
#include <rouse/net/borrowed_descriptor.hpp>
#include <rouse/net/net_test.hpp>
#include <rouse/sys/table.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rouse::net {
namespace {
using namespace testing;
using namespace std::chrono_literals;

class borrowed : public on_each_reactor {
 protected:
  void SetUp() override {
    on_each_reactor::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends_), 0);
  }
  void TearDown() override {
    for (const int fd : ends_)
      if (fd >= 0) ::close(fd);
    on_each_reactor::TearDown();
  }
  [[nodiscard]] int lent() const { return ends_[0]; }
  void say(char c) const { ASSERT_EQ(::send(ends_[1], &c, 1, 0), 1); }
  [[nodiscard]] char hear() const {
    char c = '-';
    (void)!::recv(ends_[0], &c, 1, 0);
    return c;
  }
  [[nodiscard]] bool peer_sees_the_end() const {
    pollfd p{ends_[1], 0, 0};
    return ::poll(&p, 1, 0) == 1;
  }

  int ends_[2] = {-1, -1};
};
ROUSE_ON_EACH_REACTOR(borrowed);

TEST_P(borrowed, is_readable_as_long_as_there_are_bytes) {
  auto d = borrowed_descriptor::borrow(lent()).value();
  auto first = d.readable();
  EXPECT_TRUE(poll_pending(first));
  say('a');
  say('b');
  must(first);
  must(d.readable());  // nothing was read
  EXPECT_EQ(hear(), 'a');
  must(d.readable());
  EXPECT_EQ(hear(), 'b');
  auto again = d.readable();
  EXPECT_TRUE(poll_pending(again));
  say('c');
  must(again);
  EXPECT_EQ(hear(), 'c');
}

TEST_P(borrowed, both_directions_wait_at_once) {
  auto d = borrowed_descriptor::borrow(lent()).value();
  const std::string block(1 << 16, 'x');
  while (::send(lent(), block.data(), block.size(), 0) > 0) {
  }
  auto in = d.readable();
  auto out = d.writable();
  EXPECT_TRUE(poll_pending(in));
  EXPECT_TRUE(poll_pending(out));
  say('a');
  must(in);
  EXPECT_TRUE(poll_pending(out));
  std::string into(1 << 16, '\0');
  while (::recv(ends_[1], into.data(), into.size(), 0) > 0) {
  }
  must(out);
}

TEST_P(borrowed, its_end_is_readable) {
  auto d = borrowed_descriptor::borrow(lent()).value();
  auto in = d.readable();
  EXPECT_TRUE(poll_pending(in));
  ASSERT_EQ(::shutdown(ends_[1], SHUT_WR), 0);
  must(in);
}

TEST_P(borrowed, a_wait_can_be_bounded_and_cancelled) {
  auto d = borrowed_descriptor::borrow(lent()).value();
  auto bounded = d.readable({.within = 5ms});
  EXPECT_TRUE(poll_pending(bounded));
  advance(5ms);
  EXPECT_TRUE(must_fail(bounded).is_timed_out());
  {
    auto cancelled = d.readable();
    EXPECT_TRUE(poll_pending(cancelled));
    cancel(cancelled);
    auto destroyed = d.writable();
    must(destroyed);
  }
  {
    auto never_polled = d.readable();
  }
  say('a');
  must(d.readable());
}

TEST_P(borrowed, fault_N10_once_given_back_the_file_is_the_lenders_alone) {
  auto d = borrowed_descriptor::borrow(lent()).value();
  auto pending_wait = d.readable();
  EXPECT_TRUE(poll_pending(pending_wait));
  const int number = std::exchange(ends_[0], -1);
  d.give_back();
  EXPECT_FALSE(d);
  EXPECT_EQ(must_fail(pending_wait).code, ECANCELED);
  ::close(number);
  EXPECT_TRUE(peer_sees_the_end());
}

TEST_P(borrowed, fault_R3_says_what_lacks) {
  EXPECT_EQ(borrowed_descriptor::borrow(-1).error().code, EBADF);
  sys::table t = sys::real_table;
  t.duplicate = [](int) { return -EMFILE; };
  const sys::scoped_table scope(t);
  EXPECT_EQ(borrowed_descriptor::borrow(lent()).error().code, EMFILE);
}

TEST_P(borrowed, needs_a_reactor_and_outlives_it) {
  auto d = borrowed_descriptor::borrow(lent()).value();
  on_each_reactor::TearDown();
  reactor_ = reactor_ptr();
  EXPECT_EQ(borrowed_descriptor::borrow(lent()).error(), errc::no_context);
  auto late = d.readable();
  context cx(no_wakeable());
  EXPECT_EQ(late.poll(cx).take().error(), errc::runtime_shut_down);
}

}  // namespace
}  // namespace rouse::net

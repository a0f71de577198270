// For the tests of net: a real reactor of either kind, driven by hand. No executor, no coroutine:
// what is shown here is the poll protocol and the reactor alone; tests/integration has the same
// ground in coroutines on the whole stack.
#pragma once

#include <rouse/core/current.hpp>
#include <rouse/core/pollable.hpp>
#include <rouse/io/bytes.hpp>
#include <rouse/net/tcp_listener.hpp>
#include <rouse/net/tcp_stream.hpp>
#include <rouse/net/unix_stream.hpp>
#include <rouse/reactor/reactor.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/sys/nonblocking.hpp>
#include <rouse/sys/socket.hpp>
#include <rouse/time/manual_clock.hpp>
#include <rouse/time/timer_park.hpp>

#include <tests/support/counting_waker.hpp>
#include <tests/support/open_descriptors.hpp>
#include <tests/support/pattern.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace rouse::net::testing {

using support::counting_waker;

/// What polls by hand in run(): counts, and ends the park, as wakes may come from the blocking
/// pool.
class loop_waker final : public wakeable {
 public:
  explicit loop_waker(rouse::unparker u) noexcept : wakeable(table), unparker_(std::move(u)) {}
  ~loop_waker() {
    while (holders_ != 0)
      std::this_thread::yield();  // the pool is about to drop its own
  }
  std::atomic<int> wakes = 0;

 private:
  static const wake_table table;
  std::atomic<int> holders_ = 0;
  rouse::unparker unparker_;
};
inline constinit const wake_table loop_waker::table{
    [](wakeable& w) noexcept {
      auto& self = static_cast<loop_waker&>(w);
      self.wakes++;
      self.unparker_.unpark();
    },
    [](wakeable& w) noexcept -> wakeable& {
      static_cast<loop_waker&>(w).holders_++;
      return w;
    },
    [](wakeable& w) noexcept { static_cast<loop_waker&>(w).holders_--; },
};

inline constexpr nanoseconds patience = std::chrono::seconds(10);

/// One reactor on this thread, of the kind that the parameter names; skipped where this kernel has
/// none.
class on_each_reactor : public ::testing::TestWithParam<reactor_kind> {
 protected:
  void SetUp() override {
    auto made = make_reactor({.kind = GetParam()});
    if (!made || (*made)->kind() != GetParam())
      GTEST_SKIP() << "no " << name_of(GetParam()) << " here";
    reactor_ = std::move(*made);
    ASSERT_TRUE(reactor_->open());
    scope_.emplace(reactor_.get());
    stack_.emplace(clock_, *reactor_);
    timer_scope_.emplace(stack_->driver());
  }
  void TearDown() override {
    timer_scope_.reset();
    stack_.reset();
    scope_.reset();
  }

  /// Polls until ready, parking in between.
  template <class P>
  auto run(P&& p) {
    loop_waker waker(reactor_->unparker());
    const instant give_up = saturating_add(sys::monotonic_now(), patience);
    for (;;) {
      const int before = waker.wakes;
      context cx(waker);
      if (auto answer = p.poll(cx); answer.is_ready()) return answer.take();
      while (waker.wakes == before) {
        if (sys::monotonic_now() >= give_up) {
          ADD_FAILURE() << "still pending after " << patience.count() << " ns";
          std::abort();
        }
        EXPECT_TRUE(reactor_->park(std::chrono::milliseconds(100)));
      }
    }
  }
  /// The value of what must succeed.
  template <class P>
  auto must(P&& p) {
    auto answer = run(std::forward<P>(p));
    if (!answer) {
      ADD_FAILURE() << answer.error().message();
      std::abort();
    }
    if constexpr (!std::is_void_v<typename decltype(answer)::value_type>) return std::move(*answer);
  }
  template <class P>
  error must_fail(P&& p) {
    auto answer = run(std::forward<P>(p));
    EXPECT_FALSE(answer.has_value());
    return answer ? error() : answer.error();
  }
  template <class P>
  static bool poll_pending(P& p, wakeable& w = no_wakeable()) {
    context cx(w);
    return !p.poll(cx).is_ready();
  }
  /// Cancels and waits for it.
  template <class P>
  void cancel(P& p) {
    loop_waker waker(reactor_->unparker());
    for (;;) {
      const int before = waker.wakes;
      context cx(waker);
      if (rouse::poll_cancel(p, cx).is_ready()) return;
      while (waker.wakes == before)
        ASSERT_TRUE(reactor_->park(patience));
    }
  }
  /// Looks at the kernel without waiting, and fires what is due.
  void look() { EXPECT_TRUE(stack_->park(nanoseconds(0))); }
  /// Moves time, which stands still otherwise.
  void advance(nanoseconds d) {
    clock_.advance(d);
    look();
  }

  struct connection {
    tcp_stream client, server;
  };
  tcp_listener listen_here(const listen_options& options = {}) {
    auto made = tcp_listener::bind(address::loopback_v4(), options);
    EXPECT_TRUE(made) << made.error().message();
    return std::move(*made);
  }
  /// A socket on its way to `to`; on the loopback it is connected at once.
  static sys::descriptor dial(const address& to, std::size_t receive_buffer = 0) {
    auto fd = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream);
    EXPECT_TRUE(fd);
    if (receive_buffer) {
      EXPECT_TRUE(sys::set_receive_buffer(fd->get(), static_cast<int>(receive_buffer)));
    }
    const auto ip = to.bytes().first<4>();
    (void)sys::nonblocking::connect(fd->get(), sys::socket_address::ipv4(ip, to.port()));
    return std::move(*fd);
  }
  connection connect_pair(const listen_options& options = {},
                          std::size_t client_receive_buffer = 0) {
    auto listener = listen_here(options);
    auto fd = dial(*listener.local_address(), client_receive_buffer);
    auto arrived = must(listener.accept());
    auto client = tcp_stream::adopt(fd.release());
    EXPECT_TRUE(client) << client.error().message();
    return {std::move(*client), std::move(arrived.stream)};
  }
  template <class Stream>
  std::string read_text(Stream& from) {
    auto bytes = must(from.read());
    return std::string(io::as_text(bytes.bytes()));
  }
  /// What is there now; an operation that finds nothing is given up.
  template <class Stream>
  static std::string read_now(Stream& from) {
    auto read = from.read();
    context cx(no_wakeable());
    auto answer = read.poll(cx);
    if (!answer.is_ready()) return {};
    auto bytes = answer.take();
    EXPECT_TRUE(bytes) << bytes.error().message();
    return bytes ? std::string(io::as_text(bytes->bytes())) : std::string();
  }
  template <class Stream>
  std::string read_all(Stream& from) {
    std::string all;
    while (auto bytes = must(from.read()))
      all += io::as_text(bytes.bytes());
    return all;
  }

  reactor_ptr reactor_;
  manual_clock clock_;
  std::optional<current<reactor>::scope> scope_;
  std::optional<timer_park<reactor&>> stack_;
  std::optional<timer_driver::scope> timer_scope_;
};

inline std::string reactor_name(const ::testing::TestParamInfo<reactor_kind>& info) {
  return name_of(info.param);
}

using support::open_descriptors;
using support::pattern;

}  // namespace rouse::net::testing

#define ROUSE_ON_EACH_REACTOR(suite)                                                    \
  INSTANTIATE_TEST_SUITE_P(                                                             \
      reactor, suite,                                                                   \
      ::testing::Values(::rouse::reactor_kind::epoll, ::rouse::reactor_kind::io_uring), \
      ::rouse::net::testing::reactor_name)

// The ground that the contract suite stands on: a reactor of the kind that the parameter names, a
// stream with a scriptable far end, and a waker that counts. Real back-ends get a TCP connection
// over the loopback, the mock gets its script, and the tests cannot tell.
#pragma once

#include <rouse/base/duration.hpp>
#include <rouse/core/context.hpp>
#include <rouse/reactor/mock/mock_reactor.hpp>
#include <rouse/reactor/reactor.hpp>
#include <rouse/sys/address.hpp>
#include <rouse/sys/clock.hpp>
#include <rouse/sys/nonblocking.hpp>
#include <rouse/sys/socket.hpp>

#include <gtest/gtest.h>

#include <dirent.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rouse::testing {

using namespace std::chrono_literals;

/// Counts its wakes and may do something at each.
class counting_waker final : public wakeable {
 public:
  counting_waker() noexcept : wakeable(table) {}
  int wakes = 0;
  std::function<void()> on_wake;

 private:
  static const wake_table table;
};
inline constexpr wake_table counting_waker::table{
    [](wakeable& w) noexcept {
      auto& self = static_cast<counting_waker&>(w);
      self.wakes++;
      if (self.on_wake) self.on_wake();
    },
    [](wakeable& w) noexcept -> wakeable& { return w; },
    [](wakeable&) noexcept {},
};

inline std::span<const std::byte> bytes_of(std::string_view s) {
  return std::as_bytes(std::span(s));
}
inline std::string text_of(std::span<const std::byte> b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

/// Open descriptors of this process.
inline int descriptor_count() {
  int n = 0;
  DIR* d = ::opendir("/proc/self/fd");
  while (::readdir(d))
    n++;
  ::closedir(d);
  return n;
}

/// The other end of a stream.
class far_end {
 public:
  far_end() = default;
  explicit far_end(sys::descriptor fd) : fd_(std::move(fd)) {}
  far_end(mock_reactor& mock, int fd) : mock_(&mock), mock_fd_(fd) {}

  void send(std::string_view text) {
    if (mock_) return mock_->arrive(mock_fd_, bytes_of(text));
    ASSERT_EQ(sys::nonblocking::send(fd_.get(), text.data(), text.size()),
              static_cast<long>(text.size()));
  }
  /// What has come from our end, up to `bytes_max`.
  std::string take(std::size_t bytes_max = 1 << 20) {
    if (mock_) return text_of(mock_->take_sent(mock_fd_));
    std::string all;
    char b[4096];
    while (all.size() < bytes_max) {
      const long n = sys::nonblocking::receive(fd_.get(), b, sizeof b);
      if (n <= 0) break;
      all.append(b, static_cast<std::size_t>(n));
    }
    return all;
  }
  /// Sends no more.
  void finish() {
    if (mock_) return mock_->finish(mock_fd_);
    ASSERT_TRUE(sys::shutdown(fd_.get(), sys::shutdown_side::send));
  }
  /// Its descriptor; real back-ends only.
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// Ends with RST.
  void reset() {
    if (mock_) return mock_->fail(mock_fd_, ECONNRESET);
    ASSERT_TRUE(sys::set_linger(fd_.get(), 0));
    fd_.reset();
  }
  void close() { mock_ ? mock_->finish(mock_fd_) : fd_.reset(); }

 private:
  sys::descriptor fd_;
  mock_reactor* mock_ = nullptr;
  int mock_fd_ = -1;
};

class reactor_contract : public ::testing::TestWithParam<reactor_kind> {
 protected:
  struct line {
    source ours;
    far_end peer;
  };

  void SetUp() override { make({}); }

  /// Replaces the reactor by one with these options.
  void make(reactor_options options) {
    options.kind = GetParam();
    reactor_.reset();
    auto made = make_reactor(options);
    ASSERT_TRUE(made);
    if ((*made)->kind() != GetParam()) GTEST_SKIP() << "no " << name_of(GetParam()) << " here";
    reactor_ = std::make_unique<reactor_ptr>(std::move(*made));
    ASSERT_TRUE(on().open());
  }
  void destroy_reactor() { reactor_.reset(); }

  [[nodiscard]] reactor& on() { return **reactor_; }
  [[nodiscard]] bool is_mock() const { return GetParam() == reactor_kind::mock; }
  [[nodiscard]] mock_reactor& mock() { return static_cast<mock_reactor&>(on()); }

  /// A connected stream.
  line connected() {
    if (is_mock()) {
      source s = mock().open_stream();
      const int fd = s.fd();
      return {std::move(s), far_end(mock(), fd)};
    }
    sys::socket_address to;
    const sys::descriptor listener = bound_listener(to);
    sys::descriptor client = connecting(to);
    sys::descriptor server;
    while (!server)
      server.reset(std::max(-1, sys::nonblocking::accept(listener.get())));
    (void)sys::set_no_delay(client.get(), true);
    return {on().attach(std::move(server), source_kind::tcp).value(), far_end(std::move(client))};
  }
  source listening() {
    if (is_mock()) return mock().open_listener();
    return on().attach(bound_listener(listens_at_), source_kind::listener).value();
  }
  /// A connection comes to the last listening().
  far_end connect_to(const source& listener) {
    if (is_mock()) return {mock(), mock().connect_peer(listener.fd())};
    return far_end(connecting(listens_at_));
  }

  static sys::descriptor bound_listener(sys::socket_address& at) {
    auto fd = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream);
    EXPECT_TRUE(fd && sys::bind(fd->get(), sys::socket_address::loopback_v4(0)) &&
                sys::listen(fd->get(), 1024));
    at = sys::local_address(fd->get()).value();
    return std::move(*fd);
  }
  static sys::descriptor connecting(const sys::socket_address& to) {
    auto fd = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream);
    EXPECT_TRUE(fd);
    const int n = sys::nonblocking::connect(fd->get(), to);
    EXPECT_TRUE(n == 0 || sys::nonblocking::is_connecting(n)) << n;
    return std::move(*fd);
  }

  // ---- driving
  bool poll(operation& op) { return poll(op, waker_); }
  static bool poll(operation& op, wakeable& w) {
    context cx(w);
    return op.poll(cx);
  }
  bool poll_cancel(operation& op) {
    context cx(waker_);
    return op.poll_cancel(cx).is_ready();
  }
  void look() { ASSERT_TRUE(on().park(0ns)); }
  /// Parks until the limit is said to have passed; gives how long that last park took. Anything may
  /// end a sleep early, but then it must not say that time is up. (Rings of former tests do: the
  /// kernel takes them down later, and interrupts their thread once for each.)
  nanoseconds timed_out_after(nanoseconds limit) {
    const instant give_up = saturating_add(sys::monotonic_now(), 5s);
    for (;;) {
      const instant start = sys::monotonic_now();
      const auto outcome = on().park(limit).value();
      const instant end = sys::monotonic_now();
      if (outcome == park_outcome::timed_out) return end - start;
      if (end > give_up) break;
    }
    ADD_FAILURE() << "never timed out";
    return nanoseconds(0);
  }
  /// Polls and parks until the operation is ready; gives its result.
  std::int32_t run(operation& op) {
    const instant give_up = saturating_add(sys::monotonic_now(), 5s);
    while (!poll(op)) {
      if (sys::monotonic_now() > give_up) {
        ADD_FAILURE() << "not ready in time: " << name_of(op.code());
        return -ETIMEDOUT;
      }
      EXPECT_TRUE(on().park(100ms));
    }
    return op.result();
  }
  /// Awaits a cancel.
  void run_cancel(operation& op) {
    const instant give_up = saturating_add(sys::monotonic_now(), 5s);
    while (!poll_cancel(op)) {
      ASSERT_LT(sys::monotonic_now(), give_up);
      ASSERT_TRUE(on().park(100ms));
    }
  }
  std::string receive(source& from, std::size_t bytes_max = 4096) {
    std::string into(bytes_max, '\0');
    operation op;
    op.receive(from, std::as_writable_bytes(std::span(into)));
    const auto n = run(op);
    into.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return into;
  }

  counting_waker waker_;
  sys::socket_address listens_at_;

 private:
  std::unique_ptr<reactor_ptr> reactor_;
};

inline auto every_kind() {
  return ::testing::Values(reactor_kind::epoll, reactor_kind::io_uring, reactor_kind::mock);
}
inline auto kernel_kinds() {
  return ::testing::Values(reactor_kind::epoll, reactor_kind::io_uring);
}
inline std::string kind_name(const ::testing::TestParamInfo<reactor_kind>& info) {
  return name_of(info.param);
}

}  // namespace rouse::testing

// Another library's descriptors and timer in a runtime, on each reactor.
#include <rouse/rouse.hpp>
#include <rouse/runtime/foreign_sources.hpp>
#include <rouse/sys/table.hpp>
#include <rouse/time/manual_clock.hpp>
#include <rouse/time/timer_driver.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/open_descriptors.hpp>
#include <tests/support/pollables.hpp>
#include <tests/support/scratch_folder.hpp>
#include <tests/support/trace_log.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace rouse;
using namespace std::chrono_literals;
using real = std::chrono::steady_clock;

/// A descriptor of the guest's, which closes it itself.
class guest_fd {
 public:
  explicit guest_fd(int fd = -1) : fd_(fd) {}
  guest_fd(guest_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  guest_fd& operator=(guest_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~guest_fd() { close(); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  [[nodiscard]] int get() const { return fd_; }
  void write(const char* text) const {
    ASSERT_EQ(::write(fd_, text, std::strlen(text)), static_cast<ssize_t>(std::strlen(text)));
  }
  std::string read(std::size_t most = 64) const {
    std::string into(most, '\0');
    const ssize_t n = ::read(fd_, into.data(), most);
    into.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return into;
  }

 private:
  int fd_;
};

struct pair_of {
  guest_fd ours;
  guest_fd peer;
};
pair_of connected() {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
  return {guest_fd(ends[0]), guest_fd(ends[1])};
}

constexpr foreign_interest reading{.readable = true};
constexpr foreign_interest writing{.writable = true};
constexpr foreign_interest both{.readable = true, .writable = true};

std::string text_of(const foreign_events& e) {
  return std::string(e.readable ? "r" : "") + (e.writable ? "w" : "") + (e.error ? "e" : "");
}

class foreign : public support::each_reactor {
 protected:
  void SetUp() override {
    each_reactor::SetUp();
    if (IsSkipped()) return;
    make();
  }
  void make(failure_handler on_failure = {nullptr, nullptr}) {
    guest.reset();
    runtime_options options;
    options.reactor.kind = GetParam();
    options.clock = &clock;
    options.executor.on_failure = on_failure;
    rt.emplace(std::move(runtime::make(options).value()));
    guest.emplace(*rt);
  }
  /// Turns until the kernel has nothing more to say.
  void settle(int turns = 6) {
    for (int i = 0; i < turns; ++i)
      rt->turn(0ns);
  }
  template <class Done>
  bool run_until(Done done) {
    const auto give_up = real::now() + 5s;
    while (!done()) {
      if (real::now() > give_up) return false;
      rt->turn(0ns);
    }
    return true;
  }

  manual_clock clock;
  std::optional<runtime> rt;
  std::optional<foreign_sources> guest;
};

INSTANTIATE_TEST_SUITE_P(reactors, foreign, support::reactors(), support::reactor_name);

TEST_P(foreign, tells_of_bytes_and_then_is_quiet) {
  auto [ours, peer] = connected();
  std::vector<std::string> got;
  ASSERT_TRUE(guest->watch(ours.get(), reading, [&, fd = ours.get()](foreign_events e) {
    EXPECT_EQ(e.fd, fd);
    got.push_back(text_of(e) + ours.read());
  }));
  settle();
  EXPECT_TRUE(got.empty());
  for (const char* text : {"one", "two", "three"}) {
    const std::size_t before = got.size();
    peer.write(text);
    EXPECT_TRUE(run_until([&] { return got.size() > before; }));
    settle();
  }
  EXPECT_EQ(got, (std::vector<std::string>{"rone", "rtwo", "rthree"}));
}

TEST_P(foreign, a_guest_that_leaves_bytes_is_told_again) {
  auto [ours, peer] = connected();
  std::string got;
  ASSERT_TRUE(guest->watch(ours.get(), reading, [&](foreign_events) { got += ours.read(1); }));
  peer.write("abcdef");
  EXPECT_TRUE(run_until([&] { return got.size() == 6; }));
  EXPECT_EQ(got, "abcdef");
}

TEST_P(foreign, a_guest_that_reads_nothing_starves_nobody) {
  auto [lazy, noise] = connected();
  auto [ours, peer] = connected();
  int calls = 0;
  std::string got;
  int tasks = 0;
  ASSERT_TRUE(guest->watch(lazy.get(), reading, [&](foreign_events) { ++calls; }));
  ASSERT_TRUE(guest->watch(ours.get(), reading, [&](foreign_events) { got += ours.read(); }));
  noise.write("x");
  EXPECT_TRUE(run_until([&] { return calls > 100; }));
  rt->spawn(support::polled([&](context&) -> poll_result<void> {
      ++tasks;
      return ready;
    }))
      .detach();
  peer.write("y");
  const int before = calls;
  EXPECT_TRUE(run_until([&] { return tasks == 1 && got == "y"; }));
  EXPECT_LT(calls - before, 1000);
}

TEST_P(foreign, other_tasks_have_their_turn_between_two_callbacks_where_asked) {
  guest.emplace(*rt, foreign_sources::options{.callbacks_per_poll = 1});
  std::vector<pair_of> all;
  std::string order;
  for (int i = 0; i < 3; ++i) {
    all.push_back(connected());
    ASSERT_TRUE(guest->watch(all.back().ours.get(), reading, [&](foreign_events e) {
      order += 'c';
      guest->remove(e.fd);
    }));
  }
  ASSERT_TRUE(guest->set_timer(0ns, [&] { order += 'c'; }));
  settle();
  order.clear();
  ASSERT_TRUE(guest->set_timer(1ms, [&] { order += 'c'; }));
  for (auto& one : all)
    one.peer.write("x");
  clock.advance(1ms);
  rt->spawn(support::polled([&, left = 20](context& cx) mutable -> poll_result<void> {
      if (!order.empty() && order.back() == 'c') order += 't';
      if (--left == 0) return ready;
      cx.wake();
      return pending;
    }))
      .detach();
  EXPECT_TRUE(run_until([&] { return order.size() == 8; })) << order;
  EXPECT_EQ(order, "ctctctct");
}

TEST_P(foreign, tells_only_what_is_wanted) {
  auto [ours, peer] = connected();
  std::vector<std::string> told;
  const auto note = [&](foreign_events e) {
    if (told.empty() || told.back() != text_of(e)) told.push_back(text_of(e));
  };
  ASSERT_TRUE(guest->watch(ours.get(), {}, note));
  peer.write("x");
  settle();
  EXPECT_TRUE(told.empty());
  EXPECT_TRUE(guest->modify(ours.get(), writing));
  settle();
  EXPECT_EQ(told, (std::vector<std::string>{"w"}));
  EXPECT_TRUE(guest->modify(ours.get(), both));
  EXPECT_TRUE(run_until([&] { return told.back() == "rw"; }));
  EXPECT_TRUE(guest->modify(ours.get(), reading));
  settle();
  EXPECT_EQ(told, (std::vector<std::string>{"w", "rw", "r"}));
  EXPECT_TRUE(guest->modify(ours.get(), {}));
  told.clear();
  settle();
  EXPECT_TRUE(told.empty());
  EXPECT_FALSE(guest->modify(peer.get(), reading));
}

TEST_P(foreign, waits_until_it_can_be_written_to) {
  auto [ours, peer] = connected();
  std::string block(1 << 16, 'x');
  while (::write(ours.get(), block.data(), block.size()) > 0) {
  }
  int told = 0;
  ASSERT_TRUE(guest->watch(ours.get(), writing, [&](foreign_events e) {
    ++told;
    EXPECT_EQ(text_of(e), "w");
    guest->remove(e.fd);
  }));
  settle();
  EXPECT_EQ(told, 0);
  while (!peer.read(1 << 16).empty()) {
  }
  EXPECT_TRUE(run_until([&] { return told == 1; }));
}

TEST_P(foreign, the_end_of_a_stream_is_readable) {
  auto [ours, peer] = connected();
  std::string told;
  ASSERT_TRUE(guest->watch(ours.get(), reading, [&](foreign_events e) {
    told = text_of(e);
    EXPECT_EQ(ours.read(), "");
    guest->remove(e.fd);
  }));
  settle();
  peer.close();
  EXPECT_TRUE(run_until([&] { return !told.empty(); }));
  EXPECT_EQ(told, "r");
  EXPECT_EQ(guest->watch_count(), 0u);
}

TEST_P(foreign, a_refused_connection_is_an_error) {
  const guest_fd nobody(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof to;
  ASSERT_EQ(::bind(nobody.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  ASSERT_EQ(::getsockname(nobody.get(), reinterpret_cast<sockaddr*>(&to), &length), 0);
  const guest_fd ours(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  (void)::connect(ours.get(), reinterpret_cast<sockaddr*>(&to), sizeof to);
  std::string told;
  ASSERT_TRUE(guest->watch(ours.get(), writing, [&](foreign_events e) {
    told = text_of(e);
    guest->remove(e.fd);
  }));
  EXPECT_TRUE(run_until([&] { return !told.empty(); }));
  EXPECT_EQ(told, "we");
}

TEST_P(foreign, pipes_eventfds_and_files_can_be_watched) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const guest_fd from(ends[0]);
  const guest_fd to(ends[1]);
  const guest_fd number(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const support::scratch_folder folder;
  const guest_fd file(::open((folder.path() + "/f").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  std::string told;
  const auto note = [&](const char* who) {
    return [&told, who, this](foreign_events e) {
      told += who + text_of(e);
      guest->remove(e.fd);
    };
  };
  ASSERT_TRUE(guest->watch(from.get(), reading, note("pipe")));
  ASSERT_TRUE(guest->watch(number.get(), reading, note("number")));
  settle();
  to.write("x");
  EXPECT_TRUE(run_until([&] { return told == "piper"; })) << told;
  const std::uint64_t one = 1;
  ASSERT_EQ(::write(number.get(), &one, sizeof one), 8);
  EXPECT_TRUE(run_until([&] { return told == "pipernumberr"; })) << told;
  ASSERT_TRUE(guest->watch(file.get(), both, note("file")));
  EXPECT_TRUE(run_until([&] { return told == "pipernumberrfilerw"; })) << told;
}

// ---- who may do what, and when

TEST_P(foreign, fault_M15_a_callback_that_removes_another_of_its_batch) {
  std::vector<pair_of> all;
  for (int i = 0; i < 4; ++i)
    all.push_back(connected());
  std::string order;
  for (std::size_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(guest->watch(all[i].ours.get(), reading, [&, i](foreign_events) {
      order += static_cast<char>('0' + i);
      (void)all[i].ours.read();
      if (i != 0) return;
      guest->remove(all[1].ours.get());
      all[1].ours.close();
      guest->remove(all[3].ours.get());
    }));
  }
  settle();
  for (auto& one : all)
    one.peer.write("x");
  settle();
  EXPECT_EQ(order, "02");
}

TEST_P(foreign, a_callback_may_remove_and_replace_itself) {
  auto [ours, peer] = connected();
  std::string order;
  auto counted = std::make_shared<int>(0);
  ASSERT_TRUE(guest->watch(ours.get(), reading, [&, counted](foreign_events e) {
    order += "a" + ours.read(1);
    EXPECT_TRUE(guest->watch(e.fd, reading, [&](foreign_events again) {
      order += "b" + ours.read(1);
      guest->remove(again.fd);
    }));
    EXPECT_EQ(counted.use_count(), 2);  // it is still here
  }));
  peer.write("123");
  EXPECT_TRUE(run_until([&] { return order.size() == 4; }));
  settle();
  EXPECT_EQ(order, "a1b2");
  EXPECT_EQ(counted.use_count(), 1);
  EXPECT_EQ(guest->watch_count(), 0u);
}

TEST_P(foreign, a_callback_may_destroy_the_set) {
  auto [ours, peer] = connected();
  auto [others, others_peer] = connected();
  int calls = 0;
  const auto end = [&](foreign_events) {
    ++calls;
    guest.reset();
  };
  ASSERT_TRUE(guest->watch(ours.get(), reading, end));
  ASSERT_TRUE(guest->watch(others.get(), reading, end));
  settle();
  peer.write("x");
  others_peer.write("x");
  settle();
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(rt->executor().is_idle());
}

TEST_P(foreign, fault_N10_a_number_that_is_used_again_gets_no_event_of_the_former) {
  auto [former, former_peer] = connected();
  const int number = former.get();
  std::string told;
  ASSERT_TRUE(guest->watch(number, reading, [&](foreign_events) { told += "former"; }));
  settle();
  const guest_fd kept(::dup(former.get()));  // as a child process might
  former.close();                            // without a word
  auto [now, now_peer] = connected();
  ASSERT_EQ(now.get(), number);
  ASSERT_TRUE(guest->watch(number, reading, [&](foreign_events) { told += now.read(); }));
  former_peer.write("-");
  settle();
  EXPECT_EQ(told, "");
  now_peer.write("now");
  EXPECT_TRUE(run_until([&] { return told == "now"; }));
}

TEST_P(foreign, a_removed_descriptor_is_really_the_guests_alone) {
  auto [ours, peer] = connected();
  ASSERT_TRUE(rt->reactor().open());
  const std::size_t before = support::open_descriptors();
  ASSERT_TRUE(guest->watch(ours.get(), both, [](foreign_events) {}));
  settle();
  guest->remove(ours.get());
  EXPECT_EQ(support::open_descriptors(), before);
  ours.close();
  EXPECT_EQ(peer.read(), "");
  pollfd p{peer.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&p, 1, 0), 1);  // the peer sees the end at once
  EXPECT_NE(p.revents & POLLHUP, 0);
}

TEST_P(foreign, what_a_callback_throws_is_reported_and_the_set_goes_on) {
  std::string failures;
  const failure_handler note{[](void* to, const task_header&, std::exception_ptr why) noexcept {
                               try {
                                 std::rethrow_exception(why);
                               } catch (const std::exception& e) {
                                 *static_cast<std::string*>(to) += e.what();
                               }
                             },
                             &failures};
  make(note);
  auto [ours, peer] = connected();
  ASSERT_TRUE(guest->watch(ours.get(), reading,
                           [&](foreign_events) { throw std::runtime_error(ours.read(1)); }));
  ASSERT_TRUE(guest->set_timer(0ns, [] { throw std::runtime_error("timer "); }));
  peer.write("ab");
  settle(10);
  EXPECT_EQ(failures, "timer ab");
  EXPECT_EQ(guest->watch_count(), 1u);
}

// ---- the timer

TEST_P(foreign, the_timer_fires_once_and_never_early) {
  int fired = 0;
  ASSERT_TRUE(guest->set_timer(10ms, [&] { ++fired; }));
  EXPECT_TRUE(guest->has_timer());
  settle();
  clock.advance(10ms - 1ns);
  settle();
  EXPECT_EQ(fired, 0);
  clock.advance(1ns);
  settle();
  EXPECT_EQ(fired, 1);
  EXPECT_FALSE(guest->has_timer());
  clock.advance(1h);
  settle();
  EXPECT_EQ(fired, 1);
}

TEST_P(foreign, the_timer_can_be_replaced_cleared_and_set_by_itself) {
  std::string order;
  ASSERT_TRUE(guest->set_timer(1ms, [&] { order += "never"; }));
  ASSERT_TRUE(guest->set_timer(2ms, [&] {
    order += "a";
    EXPECT_FALSE(guest->has_timer());
    EXPECT_TRUE(guest->set_timer(0ns, [&] { order += "b"; }));
  }));
  clock.advance(2ms);
  settle();
  EXPECT_EQ(order, "ab");
  ASSERT_TRUE(guest->set_timer(1ms, [&] { order += "never"; }));
  guest->clear_timer();
  ASSERT_TRUE(guest->set_timer(1ms, [&] { order += "never"; }));
  clock.advance(1ms);
  guest->clear_timer();  // due, and not yet told
  settle();
  EXPECT_EQ(order, "ab");
  EXPECT_EQ(rt->timer().pending_count(), 0u);
}

// ---- the life of the runtime

TEST_P(foreign, run_waits_for_a_guest_until_it_wants_nothing_more) {
  clock.set_auto_advance(true);
  auto [ours, peer] = connected();
  std::string order;
  ASSERT_TRUE(guest->watch(ours.get(), reading, [&](foreign_events e) {
    order += ours.read();
    guest->remove(e.fd);
    EXPECT_TRUE(guest->set_timer(1h, [&] { order += " then the timer"; }));
  }));
  peer.write("bytes");
  rt->run();
  EXPECT_EQ(order, "bytes then the timer");
  rt->run();
  ASSERT_TRUE(guest->set_timer(1h, [&] { order += ", again"; }));  // and can be used again
  rt->run();
  EXPECT_EQ(order, "bytes then the timer, again");
}

TEST_P(foreign, run_does_not_wait_for_one_in_the_background) {
  guest.emplace(*rt, foreign_sources::options{.background = true});
  auto [ours, peer] = connected();
  ASSERT_TRUE(guest->watch(ours.get(), reading, [](foreign_events) {}));
  rt->run();
  EXPECT_EQ(guest->watch_count(), 1u);
}

TEST_P(foreign, may_outlive_its_runtime) {
  auto [ours, peer] = connected();
  ASSERT_TRUE(guest->watch(ours.get(), both, [](foreign_events) { ADD_FAILURE(); }));
  ASSERT_TRUE(guest->set_timer(1h, [] { ADD_FAILURE(); }));
  guest->modify(ours.get(), reading);
  settle();
  rt.reset();
  EXPECT_EQ(guest->watch(ours.get(), reading, [](foreign_events) {}).error(),
            errc::runtime_shut_down);
  EXPECT_EQ(guest->set_timer(0ns, [] {}).error(), errc::runtime_shut_down);
  guest->remove(ours.get());
  guest.reset();
}

TEST_P(foreign, may_end_before_its_task_has_run) {
  const std::size_t before = support::open_descriptors();
  auto [ours, peer] = connected();
  ASSERT_TRUE(guest->watch(ours.get(), both, [](foreign_events) { ADD_FAILURE(); }));
  ASSERT_TRUE(guest->set_timer(0ns, [] { ADD_FAILURE(); }));
  guest.reset();
  ours.close();
  peer.close();
  EXPECT_EQ(support::open_descriptors(), before);
  rt->run();
}

TEST_P(foreign, a_moved_runtime_and_a_moved_set_are_the_same_ones) {
  auto [ours, peer] = connected();
  runtime moved(std::move(*rt));
  foreign_sources set(std::move(*guest));
  guest.reset();
  int calls = 0;
  ASSERT_TRUE(set.watch(ours.get(), reading, [&](foreign_events e) {
    ++calls;
    set.remove(e.fd);
  }));
  peer.write("x");
  moved.run();
  EXPECT_EQ(calls, 1);
}

TEST_P(foreign, a_guest_inside_a_runtime_inside_a_host) {
  auto [ours, peer] = connected();
  std::string got;
  const auto round = [&] {
    const auto wait = rt->begin_wait().value();
    pollfd p{wait.descriptor, POLLIN, 0};
    const bool told = ::poll(&p, 1, wait.limit == 0ns ? 0 : 5000) == 1;
    rt->turn(0ns);
    return told;
  };
  for (int i = 0; i < 3; ++i) {
    const auto wait = rt->begin_wait().value();  // what the host's handlers ask for is seen
    ASSERT_TRUE(guest->watch(ours.get(), reading, [&](foreign_events e) {
      got += ours.read();
      guest->remove(e.fd);
    }));
    pollfd p{wait.descriptor, POLLIN, 0};
    EXPECT_EQ(::poll(&p, 1, 5000), 1);
    rt->turn(0ns);
    std::thread([&] { peer.write("x"); }).join();
    for (int rounds = 0; got.size() < static_cast<std::size_t>(i) + 1 && rounds < 10; ++rounds)
      (void)round();
  }
  EXPECT_EQ(got, "xxx");
}

// ---- faults

TEST_P(foreign, fault_R3_without_descriptors_watching_is_an_error) {
  auto [ours, peer] = connected();
  sys::table t = sys::real_table;
  t.duplicate = [](int) { return -EMFILE; };
  {
    const sys::scoped_table scope(t);
    EXPECT_EQ(guest->watch(ours.get(), reading, [](foreign_events) {}).error().code, EMFILE);
  }
  EXPECT_EQ(guest->watch(-1, reading, [](foreign_events) {}).error().code, EBADF);
  EXPECT_EQ(guest->watch(987'654, reading, [](foreign_events) {}).error().code, EBADF);
  EXPECT_EQ(guest->watch_count(), 0u);
  rt->run();
}

class foreign_on_epoll : public foreign {};  // a ring has no such limit
INSTANTIATE_TEST_SUITE_P(reactors, foreign_on_epoll, ::testing::Values(reactor_kind::epoll),
                         support::reactor_name);

TEST_P(foreign_on_epoll, what_the_kernel_does_not_watch_is_told_as_an_error_and_rests) {
  auto [ours, peer] = connected();
  std::string told;
  ASSERT_TRUE(guest->watch(ours.get(), reading, [&](foreign_events e) { told += text_of(e); }));
  sys::table t = sys::real_table;
  t.epoll_ctl = [](int, int, int, void*) { return -ENOSPC; };
  {
    const sys::scoped_table scope(t);
    settle();
  }
  EXPECT_EQ(told, "e");
  peer.write("x");
  settle();
  EXPECT_EQ(told, "e");
  EXPECT_TRUE(guest->modify(ours.get(), reading));
  EXPECT_TRUE(run_until([&] { return told.size() > 3; }));
  EXPECT_EQ(told.substr(0, 3), "err");
}

}  // namespace

// What many, or slow, clients cost a server that is a process of its own: its memory as the kernel
// counts it, and the time of those who behave.
#include "child.hpp"

#include <rouse/reactor/reactor.hpp>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <tests/support/each_reactor.hpp>
#include <tests/support/sanitized.hpp>
#include <tests/support/scratch_folder.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <span>
#include <string>
#include <vector>

namespace {

using peers::rouse_serve;

constexpr std::string_view request = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

/// Blocking connections, closed with the object.
class clients {
 public:
  clients() = default;
  clients(const clients&) = delete;
  clients& operator=(const clients&) = delete;
  ~clients() {
    for (const int fd : all_)
      ::close(fd);
  }
  int add(const rouse_serve& server) {
    all_.push_back(peers::connect_to(server.port()));
    return all_.back();
  }
  [[nodiscard]] const std::vector<int>& all() const { return all_; }

 private:
  std::vector<int> all_;
};

void send(int fd, std::string_view text) {
  ASSERT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

/// Asks for /hello and takes the whole answer, which fits one segment.
void get(int fd) {
  send(fd, request);
  char answer[4096];
  const ssize_t n = ::recv(fd, answer, sizeof answer, 0);
  ASSERT_GT(n, 0);
  const std::string_view text(answer, static_cast<std::size_t>(n));
  ASSERT_TRUE(text.starts_with("HTTP/1.1 200") && text.ends_with("hello")) << text;
}

/// A line of /proc/PID/status, in bytes.
std::size_t memory_of(pid_t process, const std::string& line) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string word; status >> word;) {
    std::size_t kib = 0;
    if (word == line + ":" && status >> kib) return kib * 1024;
  }
  return 0;
}

/// False where this process and its children may not open so many.
bool may_open(rlim_t descriptors) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= descriptors) return true;
  limit.rlim_cur = descriptors;
  limit.rlim_max = std::max(limit.rlim_max, descriptors);
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

class crowd : public support::each_reactor {
 protected:
  void SetUp() override {
    each_reactor::SetUp();
    std::ofstream(site / "hello") << "hello";
  }
  [[nodiscard]] std::string reactor() const { return rouse::name_of(GetParam()); }
  support::scratch_folder site;
};
INSTANTIATE_TEST_SUITE_P(on, crowd, support::reactors(), support::reactor_name);

TEST_P(crowd, ten_thousand_idle_connections_fit_twenty_megabytes) {
  constexpr int count = 10'000;
  constexpr std::size_t resident_max = 20'000'000;
  if (support::is_sanitized) GTEST_SKIP() << "a sanitizer keeps memory of its own";
  if (!may_open(count + 200)) GTEST_SKIP() << "no limit of " << count + 200 << " descriptors here";
  const rouse_serve server(site.path(), reactor());
  clients idle;
  for (int i = 0; i < count; ++i)
    ASSERT_NO_FATAL_FAILURE(get(idle.add(server))) << i;
  EXPECT_LE(memory_of(server.pid(), "VmRSS"), resident_max);
  ASSERT_NO_FATAL_FAILURE(get(idle.all().front()));  // they are all still there
}

/// Fills `into`, or stops at the end. MSG_WAITALL alone is not enough: the end of a ring in this
/// process, which a look for io_uring has made, interrupts a wait.
std::size_t take(int fd, std::span<char> into) {
  std::size_t at = 0;
  while (at < into.size()) {
    const ssize_t n = ::recv(fd, into.data() + at, into.size() - at, MSG_WAITALL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    at += static_cast<std::size_t>(n);
  }
  return at;
}

TEST_P(crowd, slow_readers_of_a_large_file_keep_no_memory) {
  constexpr off_t file_bytes = off_t{1} << 30;
  constexpr int count = 32;
  constexpr std::size_t taken_each = 4 << 20;
  constexpr std::size_t buffered_max = 256 * 1024;  // of one connection, in the server
  std::ofstream(site / "big");
  ASSERT_EQ(::truncate((site / "big").c_str(), file_bytes), 0);  // sparse
  const rouse_serve server(site.path(), reactor());
  clients slow;
  ASSERT_NO_FATAL_FAILURE(get(slow.add(server)));
  const std::size_t before = memory_of(server.pid(), "VmHWM");
  for (int i = 0; i < count; ++i)
    ASSERT_NO_FATAL_FAILURE(send(slow.add(server), "GET /big HTTP/1.1\r\nHost: a\r\n\r\n"));
  std::vector<char> piece(64 * 1024);
  for (std::size_t taken = 0; taken < taken_each; taken += piece.size()) {
    for (std::size_t i = 1; i < slow.all().size(); ++i)
      ASSERT_EQ(take(slow.all()[i], piece), piece.size()) << "reader " << i << " at " << taken;
  }
  ASSERT_NO_FATAL_FAILURE(get(slow.all().front()));  // nobody is kept waiting by them
  if (!support::is_sanitized)                        // which keeps what was freed
    EXPECT_LE(memory_of(server.pid(), "VmHWM") - before, count * buffered_max);
}

using std::chrono::nanoseconds;

/// The time that 99 of 100 requests stay below, one at a time over one connection. Beside each goes
/// one byte more of the head of one of `slow`.
nanoseconds p99_of(int fd, const clients& slow, std::size_t& turn) {
  nanoseconds longest{0};
  nanoseconds second{0};
  for (int i = 0; i < 100; ++i) {
    if (!slow.all().empty()) send(slow.all()[turn++ % slow.all().size()], "x");
    const auto begin = std::chrono::steady_clock::now();
    get(fd);
    const nanoseconds took = std::chrono::steady_clock::now() - begin;
    second = std::max(second, std::min(longest, took));
    longest = std::max(longest, took);
  }
  return second;
}

/// Of many such windows, the best: a machine that is busy elsewhere makes the others long.
nanoseconds quietest_p99(const rouse_serve& server, const clients& slow) {
  constexpr int windows = 30;
  clients one;
  const int fd = one.add(server);
  nanoseconds best = nanoseconds::max();
  std::size_t turn = 0;
  for (int i = 0; i < windows; ++i)
    best = std::min(best, p99_of(fd, slow, turn));
  return best;
}

TEST_P(crowd, fault_N4_a_thousand_slow_heads_leave_the_others_their_time) {
  constexpr int count = 1'000;
  constexpr int rounds_max = 5;
  if (!may_open(count + 200)) GTEST_SKIP() << "no limit of " << count + 200 << " descriptors here";
  const rouse_serve server(site.path(), reactor());
  nanoseconds alone = nanoseconds::max();
  nanoseconds among = nanoseconds::max();
  for (int round = 0; round < rounds_max && (round == 0 || among > 2 * alone); ++round) {
    clients slow;
    alone = std::min(alone, quietest_p99(server, slow));
    for (int i = 0; i < count; ++i)
      ASSERT_NO_FATAL_FAILURE(send(slow.add(server), "GET /hello HTTP/1.1\r\nX: "));
    among = std::min(among, quietest_p99(server, slow));
  }
  EXPECT_LE(among.count(), 2 * alone.count());
}

}  // namespace

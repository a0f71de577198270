#include "load.hpp"

#include "clocks.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

constexpr unsigned longest_s = 40;  // a run that takes longer hangs

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

int open_listener() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // What is accepted inherits it.
  if (fd < 0 || ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
      ::bind(fd, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 ||
      ::listen(fd, 4096) != 0)
    fail("listen");
  return fd;
}

int connect_to(int listener) {
  sockaddr_in there{};
  socklen_t bytes = sizeof there;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&there), &bytes);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0 ||
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
    fail("connect");
  return fd;
}

void send_all(int fd, const std::string& bytes) {
  if (::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
    fail("send");
}

class client {
 public:
  client(int listener, pid_t server, const load& l)
      : listener_(listener), server_(server), load_(l) {}

  void connect(int n) {
    for (int i = 0; i < n; ++i) {
      connections_.push_back(connect_to(listener_));
      // One at a time: the server is not asked for more than one buffer, and the backlog stays
      // short.
      send_all(connections_.back(), load_.message);
      if (answer_.empty()) learn_answer_size();
      receive(connections_.back());
    }
  }
  void rounds(int n) {
    for (int i = 0; i < n; ++i) {
      for (const int fd : connections_)
        send_all(fd, load_.message);
      for (auto fd = connections_.rbegin(); fd != connections_.rend(); ++fd)
        receive(*fd);
    }
  }
  /// Each connection asks anew as soon as it has its answer; gives how long each answer took.
  [[nodiscard]] std::vector<std::int64_t> closed_loop(std::size_t messages) {
    struct flight {
      std::int64_t since = 0;
      std::size_t bytes_left = 0;
    };
    std::vector<flight> flights(connections_.size());
    std::size_t to_ask = messages;
    const auto ask = [&](std::size_t i) {
      if (to_ask == 0) return;
      --to_ask;
      flights[i] = {.since = now_ns(), .bytes_left = answer_.size()};
      send_all(connections_[i], load_.message);
    };
    const int queue = ::epoll_create1(EPOLL_CLOEXEC);
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      epoll_event e{};
      e.events = EPOLLIN;
      e.data.u64 = i;
      if (::epoll_ctl(queue, EPOLL_CTL_ADD, connections_[i], &e) != 0) fail("epoll_ctl");
      ask(i);
    }
    std::vector<std::int64_t> took;
    took.reserve(messages);
    std::vector<epoll_event> events(connections_.size());
    while (took.size() < messages) {
      const int n = ::epoll_wait(queue, events.data(), static_cast<int>(events.size()), -1);
      for (int e = 0; e < n; ++e) {
        const std::size_t i = events[static_cast<std::size_t>(e)].data.u64;
        flight& f = flights[i];
        const ssize_t got = ::recv(connections_[i], answer_.data(), f.bytes_left, 0);
        if (got <= 0) fail("receive");
        const auto bytes = static_cast<std::size_t>(got);
        const std::size_t at = answer_.size() - f.bytes_left;
        if (load_.message.compare(at, bytes, answer_, 0, bytes) != 0)
          throw std::runtime_error("a wrong answer");
        f.bytes_left -= bytes;
        if (f.bytes_left != 0) continue;
        took.push_back(now_ns() - f.since);
        ask(i);
      }
    }
    ::close(queue);
    return took;
  }
  [[nodiscard]] std::int64_t server_cpu_ns() const {
    clockid_t clock{};
    if (::clock_getcpuclockid(server_, &clock) != 0) fail("the server's clock");
    return read_clock(clock);
  }
  [[nodiscard]] double server_resident_bytes() const {
    const std::string name = "/proc/" + std::to_string(server_) + "/smaps_rollup";
    std::FILE* file = std::fopen(name.c_str(), "re");
    if (!file) fail("smaps_rollup");
    char line[256];
    long kib = -1;
    while (kib < 0 && std::fgets(line, sizeof line, file))
      if (std::sscanf(line, "Rss: %ld", &kib) != 1) kib = -1;
    std::fclose(file);
    return static_cast<double>(kib) * 1024;
  }

 private:
  /// An HTTP answer says in its head how long it is; all are alike.
  void learn_answer_size() {
    if (load_.echo) {
      answer_.resize(load_.message.size());
      return;
    }
    char head[4096];
    const ssize_t got = ::recv(connections_.back(), head, sizeof head - 1, MSG_PEEK);
    if (got <= 0) fail("receive");
    head[got] = 0;
    const char* end = std::strstr(head, "\r\n\r\n");
    const char* length = strcasestr(head, "content-length:");
    if (!end || !length || !std::strstr(head, "200 OK")) throw std::runtime_error("no such answer");
    const auto body = static_cast<std::size_t>(std::atol(length + 15));
    one_answer_ = static_cast<std::size_t>(end + 4 - head) + body;
    answer_.resize(one_answer_ * static_cast<std::size_t>(load_.answers));
  }
  void receive(int fd) {
    if (::recv(fd, answer_.data(), answer_.size(), MSG_WAITALL) !=
        static_cast<ssize_t>(answer_.size()))
      fail("receive");
    const bool is_right =
        load_.echo ? answer_ == load_.message : answer_.starts_with("HTTP/1.1 200");
    if (!is_right) throw std::runtime_error("a wrong answer");
  }

  int listener_;
  pid_t server_;
  const load& load_;
  std::vector<int> connections_;
  std::string answer_;
  std::size_t one_answer_ = 0;
};

/// In a child: dies with its parent, or when it takes too long, and runs on the last processor.
void settle_in() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::alarm(longest_s);
  cpu_set_t all;
  CPU_ZERO(&all);
  ::sched_getaffinity(0, sizeof all, &all);
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0; --cpu) {
    if (!CPU_ISSET(cpu, &all)) continue;
    CPU_ZERO(&all);
    CPU_SET(cpu, &all);
    ::sched_setaffinity(0, sizeof all, &all);
    break;
  }
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_BATCH, &none);
}

template <class Work>
pid_t fork_and(Work work) {
  const pid_t pid = ::fork();
  if (pid < 0) fail("fork");
  if (pid > 0) return pid;
  settle_in();
  work();
  ::_exit(0);
}

template <class Ask>
load_result run(const server& s, const load& l, Ask ask) {
  void* shared = ::mmap(nullptr, sizeof(load_result), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) fail("mmap");
  auto* found = ::new (shared) load_result;
  std::strcpy(found->error, "the client died");
  const int listener = open_listener();
  const pid_t serving = fork_and([&] { s(listener); });
  const pid_t asking = fork_and([&] {
    try {
      client c(listener, serving, l);
      ask(c, *found);
      found->error[0] = 0;
    } catch (const std::exception& e) {
      std::snprintf(found->error, sizeof found->error, "%s", e.what());
    }
  });
  ::close(listener);
  ::waitpid(asking, nullptr, 0);
  ::kill(serving, SIGKILL);
  ::waitpid(serving, nullptr, 0);
  const load_result result = *found;
  ::munmap(shared, sizeof(load_result));
  return result;
}

}  // namespace

load_result measure_load(const server& s, const load& l) {
  return run(s, l, [&](client& c, load_result& found) {
    c.connect(l.connections);
    c.rounds(l.warm_rounds);
    const std::int64_t before = c.server_cpu_ns();
    c.rounds(l.rounds);
    const auto answers = static_cast<double>(l.rounds) * l.connections * l.answers;
    found.cpu_ns = static_cast<double>(c.server_cpu_ns() - before) / answers;
  });
}

load_result measure_latency(const server& s, const load& l) {
  return run(s, l, [&](client& c, load_result& found) {
    c.connect(l.connections);
    c.rounds(l.warm_rounds);
    auto took =
        c.closed_loop(static_cast<std::size_t>(l.rounds) * static_cast<std::size_t>(l.connections));
    found.p50_ns = static_cast<double>(percentile(took, 0.5));
    found.p99_ns = static_cast<double>(percentile(took, 0.99));
  });
}

load_result measure_idle(const server& s, const load& l) {
  return run(s, l, [&](client& c, load_result& found) {
    c.connect(l.connections / 8);
    const double before = c.server_resident_bytes();
    c.connect(l.connections);
    found.resident_bytes = (c.server_resident_bytes() - before) / l.connections;
  });
}

}  // namespace bench

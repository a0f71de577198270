// The programs of examples/: what they print and how they exit, on each reactor where they have
// one.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <tests/support/each_reactor.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <sstream>
#include <string>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto patience = 20s;  // of one program; sanitizers on a busy machine are slow

/// A program of examples/, its output read through a pipe. Killed when the test leaves it behind.
class program {
 public:
  /// @param trace  what ROUSE_TRACE names; then stderr is read with the rest.
  program(const std::string& name, const std::vector<std::string>& arguments, const char* reactor,
          const char* trace = nullptr) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    std::string path = std::string(EXAMPLES_DIRECTORY "/") + name;
    std::vector<char*> argv{path.data()};
    std::vector<std::string> copies = arguments;
    for (auto& c : copies)
      argv.push_back(c.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      if (reactor) ::setenv("ROUSE_REACTOR", reactor, 1);
      if (trace) {
        ::setenv("ROUSE_TRACE", trace, 1);
        ::dup2(ends[1], STDERR_FILENO);
      }
      ::execv(path.c_str(), argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    out_ = ends[0];
  }
  program(const program&) = delete;
  program& operator=(const program&) = delete;
  ~program() {
    if (!ended_) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(out_);
  }

  /// The next line without its end; empty when the program has closed its output, or is too slow.
  std::string read_line() {
    for (;;) {
      if (const auto end = text_.find('\n'); end != std::string::npos) {
        std::string line = text_.substr(0, end);
        text_.erase(0, end + 1);
        return line;
      }
      if (!read_some()) return std::exchange(text_, {});
    }
  }
  std::vector<std::string> read_lines() {
    while (read_some()) {
    }
    std::vector<std::string> lines;
    std::istringstream in(std::exchange(text_, {}));
    for (std::string line; std::getline(in, line);)
      lines.push_back(line);
    return lines;
  }
  void signal(int number) const { ::kill(pid_, number); }
  /// 1000 + the signal's number when one killed it; -1 when it did not end in time.
  int exit_code() {
    for (; clock_type::now() < deadline_; ::usleep(1000)) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) != pid_) continue;
      ended_ = true;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }
    return -1;
  }

 private:
  bool read_some() {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - clock_type::now());
    pollfd readable{out_, POLLIN, 0};
    if (left <= 0ms || ::poll(&readable, 1, static_cast<int>(left.count())) <= 0) return false;
    char buffer[4096];
    const auto n = ::read(out_, buffer, sizeof buffer);
    if (n <= 0) return false;
    text_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  pid_t pid_ = -1;
  int out_ = -1;
  bool ended_ = false;
  std::string text_;
  clock_type::time_point deadline_ = clock_type::now() + patience;
};

using lines = std::vector<std::string>;

/// Where a line stands; fails, and gives the end, when it is not there once.
std::size_t place_of(const lines& all, const std::string& line) {
  EXPECT_EQ(std::count(all.begin(), all.end(), line), 1) << line;
  return static_cast<std::size_t>(std::find(all.begin(), all.end(), line) - all.begin());
}
void expect_in_order(const lines& all, const lines& some) {
  for (std::size_t i = 1; i < some.size(); ++i)
    EXPECT_LT(place_of(all, some[i - 1]), place_of(all, some[i]))
        << some[i - 1] << " | " << some[i];
}

/// What a server says to `request`, until it closes.
std::string ask(std::uint16_t port, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string all;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 &&
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return all;
}

TEST(example_ding, spec_row_10_prints_27_lines_and_ends) {
  program ding("ding", {"3", "20"}, nullptr);
  auto printed = ding.read_lines();
  EXPECT_EQ(ding.exit_code(), 0);
  ASSERT_EQ(printed.size(), 27u);
  EXPECT_EQ(printed.front(), "Task 1 - ding");
  EXPECT_EQ(printed.back(), "Task 9 - ding");
  for (int i = 1; i <= 9; ++i)
    EXPECT_EQ(std::count(printed.begin(), printed.end(), "Task " + std::to_string(i) + " - ding"),
              3)
        << i;
}

TEST(example_timer_thread, spec_row_11_wakes_three_threads_in_order_and_no_cancelled_one) {
  program timers("timer_thread", {}, nullptr);
  EXPECT_EQ(timers.read_lines(), (lines{"thread 1 was woken", "thread 2 was woken",
                                        "thread 3 was woken", "cancelled alarm rang: no"}));
  EXPECT_EQ(timers.exit_code(), 0);
}

class examples : public support::each_reactor {
 protected:
  const char* const reactor = rouse::name_of(GetParam());
};

TEST_P(examples, hello_prints_its_two_lines) {
  program hello("hello", {}, reactor);
  EXPECT_EQ(hello.read_lines(), (lines{"hello from a task", "another one says 42"}));
  EXPECT_EQ(hello.exit_code(), 0);
}

TEST_P(examples, the_child_process_sorts_shouts_and_is_stopped) {
  program parent("child_process", {}, reactor);
  EXPECT_EQ(parent.read_lines(), (lines{"1", "2", "3", "exit code 0", "HELLO", "CHILD", "signal 15",
                                        "exec: No such file or directory"}));
  EXPECT_EQ(parent.exit_code(), 0);
}

TEST_P(examples, the_http_client_asks_its_server_over_one_connection) {
  program client("http_client", {}, reactor);
  EXPECT_EQ(client.read_lines(),
            (lines{"200 hello, world", "200 14 bytes came", "1000000 bytes, over 1 connection"}));
  EXPECT_EQ(client.exit_code(), 0);
}

TEST_P(examples, the_http_server_answers_as_its_page_says) {
  program server("http_server", {"0", EXAMPLES_DIRECTORY}, reactor);
  const std::string greeting = server.read_line();
  const auto colon = greeting.rfind(':');
  ASSERT_NE(colon, std::string::npos) << greeting;
  const auto port = static_cast<std::uint16_t>(std::stoi(greeting.substr(colon + 1)));
  const auto get = [&](const std::string& target) {
    return ask(port, "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  };
  const auto send = [&](const std::string& line, const std::string& body) {
    return ask(port, line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " +
                         std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  EXPECT_NE(get("/hello/you?mark=%3F").find("\r\n\r\nHello, you?\n"), std::string::npos);
  EXPECT_EQ(send("POST /notes", "first").find("HTTP/1.1 201"), 0u);
  EXPECT_EQ(send("POST /notes", std::string(2000, 'x')).find("HTTP/1.1 413"), 0u);
  const std::string notes = get("/notes");
  EXPECT_TRUE(notes.ends_with("\r\n\r\nfirst\n")) << notes;
  EXPECT_NE(notes.find("\r\nX-Powered-By: Rouse\r\n"), std::string::npos);
  const std::string echoed = send("PUT /echo", std::string(50'000, 'b'));
  EXPECT_NE(echoed.find("bbbb"), std::string::npos);
  EXPECT_NE(get("/files/").find("hello"), std::string::npos);
  server.signal(SIGINT);
  EXPECT_EQ(server.exit_code(), 0);
}

TEST_P(examples, a_bare_poll_loop_carries_the_runtime) {
  program host("embed_in_poll", {}, reactor);
  EXPECT_EQ(host.read_lines(), (lines{"tick 1", "tick 2", "tick 3",
                                      "echo: posted by another thread", "the host ends"}));
  EXPECT_EQ(host.exit_code(), 0);
}

TEST_P(examples, curl_is_hosted) {
#ifndef EXAMPLES_WITH_CURL
  GTEST_SKIP() << "built without libcurl (libcurl4-openssl-dev)";
#endif
  program curl("host_curl", {}, reactor);
  EXPECT_EQ(curl.read_lines(), (lines{"200 hello, curl", "200 1000000 bytes", "404",
                                      "timeout: Connection timed out"}));
  EXPECT_EQ(curl.exit_code(), 0);
}

TEST_P(examples, spec_row_46_the_custom_layer_does_its_pieces_beside_three_ticks) {
  program layer("custom_layer", {}, reactor);
  EXPECT_EQ(layer.read_lines(),
            (lines{"tick 1", "tick 2", "tick 3", "100 pieces of idle work done"}));
  EXPECT_EQ(layer.exit_code(), 0);
}

TEST_P(examples, spec_row_69_the_manual_runtime_prints_two_lines_a_second_apart) {
  const auto start = clock_type::now();
  program manual("manual_runtime", {"1", "1"}, reactor);
  EXPECT_EQ(manual.read_line(), "Failed to connect: connect: Connection refused");
  EXPECT_EQ(manual.read_line(), "1 seconds are over");
  EXPECT_GE(clock_type::now() - start, 1s);
  EXPECT_EQ(manual.read_lines(), lines{});
  EXPECT_EQ(manual.exit_code(), 0);
}

TEST_P(examples, the_echo_server_echoes_until_it_is_interrupted) {
  program server("echo_server", {"127.0.0.1:0"}, reactor);
  const std::string greeting = server.read_line();
  const std::string before = "listening on 127.0.0.1:";
  ASSERT_EQ(greeting.substr(0, before.size()), before);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(greeting.substr(before.size()))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{10, 0};
  ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string line = "what one says comes back\n";
  ASSERT_EQ(::send(client, line.data(), line.size(), 0), static_cast<ssize_t>(line.size()));
  std::string echoed(line.size(), '\0');
  ssize_t got = 0;
  do  // the ring that the probe has closed is taken down by work that interrupts a wait
    got = ::recv(client, echoed.data(), echoed.size(), MSG_WAITALL);
  while (got < 0 && errno == EINTR);
  EXPECT_EQ(got, static_cast<ssize_t>(line.size()));
  EXPECT_EQ(echoed, line);

  server.signal(SIGINT);
  EXPECT_EQ(server.exit_code(), 130);
  EXPECT_LE(::recv(client, echoed.data(), 1, 0), 0);  // it took the connection with it
  ::close(client);
  EXPECT_EQ(server.read_lines(), lines{});
}

TEST_P(examples, spec_row_40_the_loop_tour_keeps_its_partial_order) {
  program tour("loop_tour", {}, reactor);
  lines all = tour.read_lines();
  ASSERT_EQ(tour.exit_code(), 0);
  // The thread that computes is any of the pool.
  const auto takes = std::find_if(all.begin(), all.end(), [](const std::string& line) {
    return line.find("takes a job") != std::string::npos;
  });
  ASSERT_NE(takes, all.end());
  const std::string worker = takes->substr(0, takes->find(':'));
  EXPECT_EQ(worker.find("pool-"), 0U) << worker;

  for (int i = 0; i < 4; ++i) {
    const std::string thread = "pool-" + std::to_string(i);
    EXPECT_LT(place_of(all, thread + ": starts"), place_of(all, "main: ===== TICK 1 ====="));
  }
  expect_in_order(
      all, {"main: First call to read test.txt", "main: Registering immediate timeout 1",
            "main: Registering immediate timeout 2", "main: Second call to read test.txt",
            "main: Registering a 3000 and a 500 ms timeout", "main: Registering a 1000 ms timeout",
            "main: Registering http get request",
            "main: ===== TICK 1 =====", "main: Immediate1 timed out", "main: Immediate2 timed out",
            "main: First count: 39 characters.", "main: I want to \"encrypt\" it to a number.",
            worker + ": takes a job, fibonacci(39)", worker + ": has finished it",
            "main: \"Encrypted\" number is: 63245986"});
  expect_in_order(
      all, {"main: Immediate2 timed out", "main: Second count: 39 characters.",
            "main: Third call to read test.txt", "main: ===== file read =====",
            "main: Hello world! This is a text to encrypt!", "main: 3000ms timer timed out"});
  // The web call ends 2 s after its server has it: after the timer of 1 s, and before or after that
  // of 3 s as quick as the machine is.
  expect_in_order(all, {"main: SETTIMEOUT",
                        "main: ===== web call =====", "main: Good things take two seconds."});
  const lines end{"main: 3000ms timer timed out",
                  "main: 500ms timer(nested) timed out",
                  "pool-0: closes",
                  "pool-1: closes",
                  "pool-2: closes",
                  "pool-3: closes",
                  "main: the reactor is closed",
                  "main: FINISHED"};
  expect_in_order(all, end);
  expect_in_order(all, {"main: SETTIMEOUT", "main: 3000ms timer timed out"});
  expect_in_order(all, {"main: \"Encrypted\" number is: 63245986", "pool-0: closes"});
  expect_in_order(all, {"main: Good things take two seconds.", "pool-0: closes"});
  EXPECT_EQ(lines(all.end() - 6, all.end()), lines(end.end() - 6, end.end()));
  // Ticks are numbered from 1 without a gap. Their number is no contract.
  int turns = 0;
  for (const std::string& line : all) {
    if (!line.starts_with("main: ===== TICK ")) continue;
    EXPECT_EQ(line, "main: ===== TICK " + std::to_string(++turns) + " =====");
  }
  EXPECT_LT(turns, 100);  // nor does it turn for nothing while it waits 3.5 s
}

TEST_P(examples, in_the_loop_chat_callbacks_and_coroutines_talk_in_both_rooms) {
  program chat("loop_chat", {}, reactor);
  const lines all = chat.read_lines();
  ASSERT_EQ(chat.exit_code(), 0);
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].find("in callbacks at 127.0.0.1:"), 0U) << all[0];
  for (const std::string room : {"callbacks: ", "coroutines: "})
    expect_in_order(all, {room + "ann joins", room + "bob joins", room + "bob: hi ann",
                          room + "ann: hi bob", room + "bob leaves"});
  EXPECT_EQ(all.size(), 11U);
}

TEST_P(examples, rouse_trace_loop_logs_phases_and_callbacks_to_stderr) {
  for (const char* words : {"loop", "x,loop", "nothing", "loops"}) {
    program chat("loop_chat", {}, reactor, words);
    const lines all = chat.read_lines();
    EXPECT_EQ(chat.exit_code(), 0);
    const auto has = [&](const char* what) {
      return std::any_of(all.begin(), all.end(), [&](const std::string& line) {
        return line.starts_with("loop ") && line.ends_with(what);
      });
    };
    const bool is_asked = std::string(words).ends_with("loop");
    for (const char* what : {" pending", " ms    poll waits for an event", " ms      connection",
                             " ms      data", " ms      a task", " ms      closed"})
      EXPECT_EQ(has(what), is_asked) << words << what;
    EXPECT_EQ(std::count(all.begin(), all.end(), "callbacks: bob leaves"), 1);
  }
}

INSTANTIATE_TEST_SUITE_P(reactors, examples, support::reactors(), support::reactor_name);

}  // namespace

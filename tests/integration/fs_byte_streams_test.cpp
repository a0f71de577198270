// Descriptors of others as streams: terminal, pipe, socket and file; and files of our own; on each
// reactor.
#include <rouse/fs/byte_streams.hpp>
#include <rouse/fs/file_stream.hpp>
#include <rouse/io/buffered_reader.hpp>
#include <rouse/io/read_until.hpp>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>
#include <tests/integration/files_on_each_reactor.hpp>
#include <tests/support/pattern.hpp>

#include <csignal>

namespace {

using namespace rouse;
using support::get;
using support::pattern;
using support::put;

static_assert(io::async_read<fs::input_stream> && io::async_write<fs::output_stream>);
static_assert(io::async_read<fs::file_reader> && io::async_write<fs::file_writer>);

/// Two ends that others have opened, blocking.
struct two_ends {
  int read = -1;
  int write = -1;
  two_ends() = default;
  two_ends(const two_ends&) = delete;
  two_ends& operator=(const two_ends&) = delete;
  ~two_ends() {
    close_read();
    close_write();
  }
  void close_read() { close(read); }
  void close_write() { close(write); }
  static void close(int& fd) {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
};
struct pipe_pair : two_ends {
  pipe_pair() {
    int both[2];
    if (::pipe2(both, O_CLOEXEC) == 0) read = both[0], write = both[1];
  }
};
struct socket_pair : two_ends {
  socket_pair() {
    int both[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) == 0)
      read = both[0], write = both[1];
  }
};
/// What is written to the master is typed, read from the terminal.
struct terminal : two_ends {
  terminal() {
    write = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ::grantpt(write);
    ::unlockpt(write);
    read = ::open(::ptsname(write), O_RDWR | O_NOCTTY | O_CLOEXEC);
    termios plain;
    ::tcgetattr(read, &plain);
    ::cfmakeraw(&plain);
    ::tcsetattr(read, TCSANOW, &plain);
  }
};

bool is_nonblocking(int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; }

class fs_streams : public support::files_on_each_reactor {
 protected:
  // What is written to a pipe that nobody reads shall be an error and not the end of the test.
  void SetUp() override {
    ::sigset_t pipes;
    ::sigemptyset(&pipes);
    ::sigaddset(&pipes, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipes, nullptr);
    files_on_each_reactor::SetUp();
  }
  /// Nothing comes, then a line, then another in two pieces, then the end.
  void reads_lines(two_ends& ends, bool has_end) {
    auto body = [&]() -> task<> {
      fs::input_stream stream(ends.read, "the input");
      io::buffered_reader in(stream);
      auto either = co_await select(io::read_line(in), yield_now());
      EXPECT_EQ(either.index(), 1u) << "nothing has come yet";
      EXPECT_FALSE(is_nonblocking(ends.read));
      EXPECT_EQ(::write(ends.write, "one\ntw", 6), 6);
      auto first = co_await io::read_line(in);
      EXPECT_EQ(first, "one");
      auto waiting =
          spawn(assume_owned([](io::buffered_reader<fs::input_stream>& from) -> task<std::string> {
            auto line = co_await io::read_line(from);
            co_return line.value_or("(end)");
          }(in)));
      co_await yield_now();
      EXPECT_FALSE(waiting.is_finished());
      EXPECT_EQ(::write(ends.write, "o\n", 2), 2);
      const std::string second = co_await waiting;
      EXPECT_EQ(second, "two");
      if (!has_end) co_return;
      ends.close_write();
      auto end = co_await io::read_line(in);
      EXPECT_FALSE(end.has_value());
    };
    run(body());
  }
  /// More than fits is written while another thread reads.
  void writes_much(two_ends& ends) {
    const std::string text = pattern(300'000);
    std::string seen;
    std::thread reader([&, from = std::exchange(ends.read, -1)] {
      char piece[5000];
      for (long n; (n = ::read(from, piece, sizeof piece)) > 0;)
        seen.append(piece, static_cast<std::size_t>(n));
      ::close(from);
    });
    auto body = [&]() -> task<> {
      fs::output_stream out(ends.write, "the output");
      std::size_t done = 0;
      co_await out.write_all(io::as_bytes(text), done);
      EXPECT_EQ(done, text.size());
      EXPECT_FALSE(is_nonblocking(ends.write));
    };
    run(body());
    ends.close_write();
    reader.join();
    EXPECT_EQ(seen, text);
  }
};
INSTANTIATE_TEST_SUITE_P(on, fs_streams, support::reactors(), support::reactor_name);

TEST_P(fs_streams, a_pipe_is_read_line_by_line_and_stays_blocking) {
  pipe_pair ends;
  reads_lines(ends, true);
}
TEST_P(fs_streams, a_terminal_is_read_line_by_line_and_stays_blocking) {
  terminal ends;
  ASSERT_GE(ends.read, 0);
  reads_lines(ends, false);
}
TEST_P(fs_streams, a_socket_is_read_line_by_line_and_stays_blocking) {
  socket_pair ends;
  reads_lines(ends, true);
}
TEST_P(fs_streams, a_pipe_that_cannot_be_opened_anew_is_read_by_the_pool) {
  static sys::table table = sys::real_table;
  table.openat2 = [](int, const char*, const sys::open_how*) { return -EACCES; };
  const sys::scoped_table in_force(table);
  pipe_pair ends;
  reads_lines(ends, true);
}

TEST_P(fs_streams, much_is_written_to_a_pipe_that_stays_blocking) {
  pipe_pair ends;
  writes_much(ends);
}
TEST_P(fs_streams, much_is_written_to_a_socket_that_stays_blocking) {
  socket_pair ends;
  writes_much(ends);
}
TEST_P(fs_streams, much_is_written_to_a_pipe_that_cannot_be_opened_anew) {
  static sys::table table = sys::real_table;
  table.openat2 = [](int, const char*, const sys::open_how*) { return -EACCES; };
  const sys::scoped_table in_force(table);
  pipe_pair ends;
  writes_much(ends);
}
TEST_P(fs_streams, a_terminal_is_written) {
  terminal ends;
  ASSERT_GE(ends.read, 0);
  auto body = [&]() -> task<> {
    fs::output_stream out(ends.read);
    co_await out.write_all("hello");
  };
  run(body());
  char seen[16];
  EXPECT_EQ(::read(ends.write, seen, sizeof seen), 5);
  EXPECT_FALSE(is_nonblocking(ends.read));
}

TEST_P(fs_streams, a_file_is_read_from_where_it_stands_and_no_further_than_asked) {
  put(at("f"), "0123456789");
  const int fd = ::open(at("f").c_str(), O_RDONLY | O_CLOEXEC);
  ::lseek(fd, 2, SEEK_SET);
  auto body = [&]() -> task<> {
    fs::input_stream in(fd);
    std::byte four[4];
    const std::size_t n = co_await in.read(std::span(four));
    EXPECT_EQ(io::as_text(std::span(four).first(n)), "2345");
    EXPECT_EQ(::lseek(fd, 0, SEEK_CUR), 6) << "the rest is for whoever comes next";
  };
  run(body());
  ::close(fd);
}

TEST_P(fs_streams, a_file_is_written_where_it_stands_and_appended_where_it_should) {
  put(at("f"), "0123456789");
  for (const bool appends : {false, true}) {
    const int fd = ::open(at("f").c_str(), O_WRONLY | O_CLOEXEC | (appends ? O_APPEND : 0));
    auto body = [&]() -> task<> {
      fs::output_stream out(fd);
      co_await out.write_all("ab");
      co_await out.write_all("c");
    };
    run(body());
    ::close(fd);
  }
  EXPECT_EQ(get(at("f")), "abc3456789abc");
}

TEST_P(fs_streams, a_read_of_a_file_that_is_given_up_loses_no_byte) {
  const std::string text = pattern(100'000);
  put(at("f"), text);
  const int fd = ::open(at("f").c_str(), O_RDONLY | O_CLOEXEC);
  std::string seen;
  auto body = [&]() -> task<> {
    fs::input_stream in(fd);
    std::vector<std::byte> memory(1000);
    int given_up = 0;
    for (;;) {
      auto either = co_await select(in.read(std::span(memory)), yield_now());
      if (either.index() == 1) {
        given_up++;
        continue;
      }
      const std::size_t n = std::get<0>(either);
      if (n == 0) break;
      seen += io::as_text(std::span(memory).first(n));
    }
    EXPECT_GT(given_up, 0);
  };
  run(body());
  ::close(fd);
  EXPECT_EQ(seen, text);
}

TEST_P(fs_streams, a_write_to_a_file_that_is_given_up_has_an_exact_cursor) {
  const std::string text = pattern(1'000'000);
  const int fd = ::open(at("f").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  auto body = [&]() -> task<> {
    fs::output_stream out(fd);
    std::size_t done = 0;
    while (done < text.size()) {
      auto either = co_await select(out.write_all(io::as_bytes(text), done), yield_now());
      EXPECT_LE(either.index(), 1u);
    }
    std::size_t none = 0;
    co_await out.write_all(io::as_bytes("."), none);  // the last piece is there before this one
  };
  run(body());
  ::close(fd);
  EXPECT_EQ(get(at("f")), text + ".");
}

TEST_P(fs_streams, what_the_pool_could_not_write_is_not_counted_and_told) {
  const int fd = ::open(at("f").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  auto body = [&]() -> task<> {
    static sys::table table = sys::real_table;
    table.write = [](int to, const void* from, std::size_t bytes) -> long {
      if (bytes == 7) return -ENOSPC;  // what is left of ours; eventfds take 8
      return sys::real_table.write(to, from, bytes == 10 ? 3 : bytes);
    };
    const sys::scoped_table in_force(table);
    fs::output_stream out(fd, "the output");
    std::size_t done = 0;
    auto failed = co_await out.write_all(io::as_bytes("0123456789"), done).result();
    EXPECT_EQ(failed.error().code, ENOSPC);
    EXPECT_EQ(done, 3u);
  };
  run(body());
  ::close(fd);
  EXPECT_EQ(get(at("f")), "012");
}

TEST_P(fs_streams, a_pipe_that_nobody_reads_is_an_error_with_the_name) {
  static sys::table unopenable = sys::real_table;
  unopenable.openat2 = [](int, const char*, const sys::open_how*) { return -EACCES; };
  for (const bool is_reopened : {true, false}) {
    pipe_pair ends;
    const sys::scoped_table in_force(is_reopened ? sys::real_table : unopenable);
    auto body = [&]() -> task<std::string> {
      std::string said;
      fs::output_stream out(ends.write, "the output");
      if (is_reopened) co_await out.write_all("x");
      ends.close_read();
      try {
        co_await out.write_all("y");
      } catch (const io_error& e) {
        EXPECT_EQ(e.reason().code, EPIPE);
        said = e.what();
      }
      co_return said;
    };
    const std::string said = run(body());
    EXPECT_NE(said.find("the output"), std::string::npos) << said;
  }
}

TEST_P(fs_streams, devices_are_streams_as_well) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  auto body = [&]() -> task<> {
    std::byte memory[8];
    fs::input_stream nothing(null);
    std::size_t n = co_await nothing.read(std::span(memory));
    EXPECT_EQ(n, 0u);
    fs::output_stream sink(null);
    co_await sink.write_all("x");
    fs::input_stream zeros(zero);
    n = co_await zeros.read(std::span(memory));
    EXPECT_EQ(n, 8u);
  };
  run(body());
  ::close(null);
  ::close(zero);
}

// ---- files of our own

TEST_P(fs_streams, a_file_is_read_by_lines_and_copied_as_a_stream) {
  put(at("f"), "one\ntwo\nthree");
  auto body = [&]() -> task<> {
    auto opened = co_await fs::open(at("f"));
    fs::file_reader from(opened, 4);
    io::buffered_reader in(from);
    auto line = co_await io::read_line(in);
    EXPECT_EQ(line, "two");
    line = co_await io::read_line(in);
    EXPECT_EQ(line, "three");
    line = co_await io::read_line(in);
    EXPECT_FALSE(line.has_value());
    EXPECT_EQ(from.offset(), 13u);
    from.seek(0);
    const fs::open_options how{.mode = sys::access::write, .create = true};
    auto made = co_await fs::open(at("g"), how);
    fs::file_writer to(made, 2);
    const std::uint64_t count = co_await io::copy(from, to);
    EXPECT_EQ(count, 13u);
    EXPECT_EQ(to.offset(), 15u);
    co_await to.get().sync();
  };
  run(body());
  EXPECT_EQ(get(at("g")), std::string("\0\0one\ntwo\nthree", 15));
}

TEST_P(fs_streams, reads_and_writes_of_a_file_that_are_given_up_lose_nothing) {
  const std::string text = pattern(700'000);
  put(at("f"), text);
  auto body = [&]() -> task<> {
    static sys::table table = sys::real_table;
    table.pread_cached = [](int, void*, std::size_t, std::uint64_t) -> long { return -EAGAIN; };
    const sys::scoped_table in_force(table);
    auto opened = co_await fs::open(at("f"));
    const fs::open_options how{.mode = sys::access::write, .create = true};
    auto made = co_await fs::open(at("g"), how);
    fs::file_reader from(opened);
    fs::file_writer to(made);
    std::vector<std::byte> memory(50'000);
    std::size_t count = 1;
    while (count != 0) {
      auto given_up = co_await select(from.read(std::span(memory)), yield_now());
      if (given_up.index() == 0)
        count = std::get<0>(given_up);
      else
        count = co_await from.read(std::span(memory));
      const auto piece = std::span(memory).first(count);
      std::size_t done = 0;
      auto begun = co_await select(to.write_all(piece, done), yield_now());
      EXPECT_LE(begun.index(), 1u);
      co_await to.write_all(piece, done);
    }
  };
  run(body());
  EXPECT_EQ(get(at("g")), text);
}

TEST_P(fs_streams, a_write_to_a_file_that_fails_counts_what_is_there) {
  auto body = [&]() -> task<> {
    static sys::table table = sys::real_table;
    table.pwrite = [](int fd, const void* from, std::size_t bytes, std::uint64_t offset) -> long {
      return offset >= 6 ? -ENOSPC
                         : sys::real_table.pwrite(fd, from, bytes < 3 ? bytes : 3, offset);
    };
    static int pieces;
    pieces = 0;
    table.ring_completion = [](unsigned char code, int result) {
      const bool is_write = code == static_cast<unsigned char>(opcode::write_at);
      return !is_write ? result : ++pieces > 2 ? -ENOSPC : std::min(result, 3);
    };
    const sys::scoped_table in_force(table);
    const fs::open_options how{.mode = sys::access::write, .create = true};
    auto made = co_await fs::open(at("g"), how);
    fs::file_writer to(made);
    std::size_t done = 0;
    auto failed = co_await to.write_all(io::as_bytes("0123456789"), done).result();
    EXPECT_EQ(failed.error().code, ENOSPC);
    EXPECT_EQ(done, 6u);
    EXPECT_EQ(to.offset(), 6u);
  };
  run(body());
}

// As a shell starts a program: three descriptors that others share.
TEST_P(fs_streams, the_standard_streams_are_what_the_parent_has_opened) {
  pipe_pair in;
  pipe_pair out;
  const int kept_in = ::fcntl(0, F_DUPFD_CLOEXEC, 10);
  const int kept_out = ::fcntl(1, F_DUPFD_CLOEXEC, 10);
  ::dup2(in.read, 0);
  ::dup2(out.write, 1);
  EXPECT_EQ(::write(in.write, "name\n", 5), 5);
  auto body = [&]() -> task<> {
    auto input = fs::standard_input();
    auto output = fs::standard_output();
    io::buffered_reader lines(input);
    auto name = co_await io::read_line(lines);
    const std::string greeting = "hello, " + name.value_or("nobody") + "\n";
    co_await output.write_all(greeting);
  };
  run(body());
  EXPECT_FALSE(is_nonblocking(0));
  EXPECT_FALSE(is_nonblocking(1));
  ::dup2(kept_in, 0);
  ::dup2(kept_out, 1);
  ::close(kept_in);
  ::close(kept_out);
  char seen[64];
  const long n = ::read(out.read, seen, sizeof seen);
  EXPECT_EQ(std::string_view(seen, static_cast<std::size_t>(n)), "hello, name\n");
}

}  // namespace

#include <rouse/sys/table.hpp>

#include <rouse/sys/descriptor.hpp>
#include <rouse/sys/file.hpp>
#include <rouse/sys/nonblocking.hpp>
#include <rouse/sys/socket.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

namespace {

using namespace rouse;

TEST(sys_table, replacement_holds_for_a_block_and_nests) {
  EXPECT_EQ(&sys::calls(), &sys::real_table);
  sys::table outer = sys::real_table;
  sys::table inner = sys::real_table;
  {
    sys::scoped_table a(outer);
    EXPECT_EQ(&sys::calls(), &outer);
    {
      sys::scoped_table b(inner);
      EXPECT_EQ(&sys::calls(), &inner);
    }
    EXPECT_EQ(&sys::calls(), &outer);
  }
  EXPECT_EQ(&sys::calls(), &sys::real_table);
}

TEST(sys_table, a_failing_call_becomes_an_error_that_names_the_operation) {
  sys::table t = sys::real_table;
  t.socket = [](int, int, int) { return -EMFILE; };
  sys::scoped_table scope(t);
  const auto s = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream);
  ASSERT_FALSE(s);
  EXPECT_EQ(s.error().code, EMFILE);
  EXPECT_STREQ(s.error().operation, "socket");
}

TEST(fault_R8, interrupted_calls_are_repeated) {
  static int interruptions;
  interruptions = 100;
  sys::table t = sys::real_table;
  t.read = [](int fd, void* into, std::size_t bytes) -> long {
    return interruptions-- > 0 ? -EINTR : sys::real_table.read(fd, into, bytes);
  };
  t.recv = [](int fd, void* into, std::size_t bytes, int flags) -> long {
    return interruptions-- > 0 ? -EINTR : sys::real_table.recv(fd, into, bytes, flags);
  };
  auto pipe = sys::open_pipe();
  ASSERT_TRUE(pipe);
  ASSERT_TRUE(sys::write(pipe->write.get(), std::as_bytes(std::span("x", 1))));
  auto pair = sys::open_socket_pair();
  ASSERT_TRUE(pair);
  sys::scoped_table scope(t);
  std::byte b[4];
  EXPECT_EQ(sys::read(pipe->read.get(), b).value_or(0), 1u);
  interruptions = 100;
  EXPECT_EQ(sys::nonblocking::receive(pair->first.get(), b, sizeof b), -EAGAIN);
}

TEST(sys_descriptor, is_closed_once_and_not_repeated_when_interrupted) {
  static int closed;
  closed = 0;
  sys::table t = sys::real_table;
  t.close = [](int fd) {
    closed++;
    sys::real_table.close(fd);
    return -EINTR;
  };
  auto pipe = sys::open_pipe();
  ASSERT_TRUE(pipe);
  sys::scoped_table scope(t);
  {
    sys::descriptor moved = std::move(pipe->read);
    EXPECT_FALSE(pipe->read);
    sys::descriptor again = std::move(moved);
    EXPECT_TRUE(again);
  }
  EXPECT_EQ(closed, 1);
}

TEST(sys_table, is_read_by_threads_while_it_is_replaced) {
  std::atomic<bool> stop{false};
  std::atomic<int> reading{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; i++)
    readers.emplace_back([&] {
      reading++;
      while (!stop)
        (void)sys::nonblocking::is_readable(0);
    });
  while (reading != 2)
    std::this_thread::yield();
  static sys::table other = sys::real_table;  // outlives every reader
  for (int i = 0; i < 1000; i++)
    sys::scoped_table scope(other);
  stop = true;
  for (auto& r : readers)
    r.join();
  EXPECT_EQ(&sys::calls(), &sys::real_table);
}

}  // namespace

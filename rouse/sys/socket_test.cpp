#include <rouse/sys/socket.hpp>

#include <rouse/sys/nonblocking.hpp>
#include <rouse/sys/table.hpp>

#include <gtest/gtest.h>

#include <cerrno>

namespace {

using namespace rouse;

sys::descriptor listener_on_loopback(sys::socket_address& bound) {
  auto fd = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream);
  EXPECT_TRUE(fd && sys::bind(fd->get(), sys::socket_address::loopback_v4(0)) &&
              sys::listen(fd->get(), 16));
  bound = sys::local_address(fd->get()).value();
  return std::move(*fd);
}

TEST(sys_socket, connects_accepts_and_names_both_ends) {
  sys::socket_address to;
  const auto listener = listener_on_loopback(to);
  EXPECT_NE(to.port(), 0);
  auto client = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream);
  ASSERT_TRUE(client);
  const int n = sys::nonblocking::connect(client->get(), to);
  ASSERT_TRUE(n == 0 || sys::nonblocking::is_connecting(n));
  const sys::descriptor server(sys::nonblocking::accept(listener.get()));
  ASSERT_TRUE(server);
  EXPECT_TRUE(sys::nonblocking::is_connected(sys::nonblocking::connect(client->get(), to)));
  EXPECT_EQ(sys::peer_address(client->get()).value().port(), to.port());
  EXPECT_EQ(sys::local_address(client->get()).value().port(),
            sys::peer_address(server.get()).value().port());
  EXPECT_TRUE(sys::is_nonblocking(server.get()).value_or(false));
}

TEST(sys_socket, options_are_what_was_set) {
  auto s = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream);
  ASSERT_TRUE(s);
  EXPECT_FALSE(sys::no_delay(s->get()).value());
  ASSERT_TRUE(sys::set_no_delay(s->get(), true));
  EXPECT_TRUE(sys::no_delay(s->get()).value());
  ASSERT_TRUE(sys::set_send_buffer(s->get(), 20000));
  EXPECT_EQ(sys::send_buffer(s->get()).value(), 40000);  // the kernel doubles
  EXPECT_TRUE(sys::set_keep_alive(s->get(), true));
  EXPECT_TRUE(sys::set_keep_alive_times(s->get(), 30, 5, 3));
  EXPECT_TRUE(sys::set_user_timeout(s->get(), 1000));
  EXPECT_TRUE(sys::set_reuse_address(s->get(), true));
  EXPECT_TRUE(sys::set_linger(s->get(), 0));
  ASSERT_TRUE(sys::set_nonblocking(s->get(), false));
  EXPECT_FALSE(sys::is_nonblocking(s->get()).value());
}

TEST(sys_socket, facts_tell_what_a_foreign_descriptor_is) {
  sys::socket_address to;
  const auto listener = listener_on_loopback(to);
  const auto facts = sys::facts_of(listener.get());
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->is_listening);
  EXPECT_EQ(facts->family, sys::address_family::ipv4);
  auto pair = sys::open_socket_pair(sys::socket_type::datagram);
  ASSERT_TRUE(pair);
  EXPECT_EQ(sys::facts_of(pair->first.get())->type, sys::socket_type::datagram);
  EXPECT_EQ(sys::facts_of(0).error().code, ENOTSOCK);
}

TEST(fault_N1, a_send_to_a_closed_peer_is_EPIPE_and_no_signal) {
  auto pair = sys::open_socket_pair();
  ASSERT_TRUE(pair);
  pair->second.reset();
  EXPECT_EQ(sys::nonblocking::send(pair->first.get(), "x", 1), -EPIPE);
  const sys::slice one(std::as_bytes(std::span("x", 1)));
  EXPECT_EQ(sys::nonblocking::send_vectored(pair->first.get(), &one, 1), -EPIPE);
}

TEST(sys_socket, accept_skips_connections_that_died) {
  static int dead;
  dead = 3;
  sys::table t = sys::real_table;
  t.accept = [](int, void*, unsigned*, int) { return dead-- > 0 ? -ECONNABORTED : -EAGAIN; };
  sys::scoped_table scope(t);
  EXPECT_EQ(sys::nonblocking::accept(0), -EAGAIN);
  dead = 1 << 30;  // a backlog full of them: the call ends all the same
  EXPECT_EQ(sys::nonblocking::accept(0), -ECONNABORTED);
}

// The edge that says "connected" may have come before: waiting for it would never end.
TEST(fault_R8_connect, that_is_interrupted_asks_again_how_far_it_is) {
  static int interruptions;
  sys::socket_address to;
  const auto listener = listener_on_loopback(to);
  auto client = sys::open_socket(sys::address_family::ipv4, sys::socket_type::stream);
  ASSERT_TRUE(client);
  sys::table t = sys::real_table;
  t.connect = [](int fd, const void* address, unsigned bytes) {
    return interruptions-- > 0 ? -EINTR : sys::real_table.connect(fd, address, bytes);
  };
  sys::scoped_table scope(t);
  interruptions = 3;
  const int begun = sys::nonblocking::connect(client->get(), to);
  ASSERT_TRUE(begun == 0 || sys::nonblocking::is_connecting(begun)) << begun;
  const sys::descriptor server(sys::nonblocking::accept(listener.get()));
  ASSERT_TRUE(server);
  interruptions = 3;
  EXPECT_EQ(sys::nonblocking::connect(client->get(), to), 0);
}

TEST(fault_R3, a_pair_that_cannot_be_made_leaks_nothing) {
  sys::table t = sys::real_table;
  t.socketpair = [](int, int, int, int*) { return -ENFILE; };
  t.pipe = [](int*, int) { return -EMFILE; };
  sys::scoped_table scope(t);
  EXPECT_EQ(sys::open_socket_pair().error().code, ENFILE);
}

}  // namespace

#include <rouse/sys/address.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace rouse;
using sys::socket_address;

TEST(sys_address, keeps_ipv4_parts) {
  const std::uint8_t bytes[4] = {10, 1, 2, 3};
  const auto a = socket_address::ipv4(bytes, 7000);
  EXPECT_EQ(a.family(), sys::address_family::ipv4);
  EXPECT_EQ(a.port(), 7000);
  EXPECT_TRUE(std::equal(a.ip().begin(), a.ip().end(), bytes, bytes + 4));
  EXPECT_EQ(a.size(), 16u);
}

TEST(sys_address, keeps_ipv6_parts_and_scope) {
  std::uint8_t bytes[16] = {0xfe, 0x80};
  bytes[15] = 1;
  const auto a = socket_address::ipv6(bytes, 80, 3);
  EXPECT_EQ(a.family(), sys::address_family::ipv6);
  EXPECT_EQ(a.port(), 80);
  EXPECT_EQ(a.scope(), 3u);
  EXPECT_TRUE(std::equal(a.ip().begin(), a.ip().end(), bytes, bytes + 16));
}

TEST(sys_address, takes_unix_paths_up_to_their_bound) {
  const std::string longest(socket_address::path_bytes_max, 'a');
  auto a = socket_address::unix_path(longest);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->path(), longest);
  EXPECT_EQ(socket_address::unix_path(longest + "a").error(), errc::too_large);
  EXPECT_EQ(socket_address::unix_path("").error(), errc::invalid_input);
  EXPECT_EQ(socket_address::unix_path(std::string_view("a\0b", 3)).error(), errc::invalid_input);
}

TEST(sys_address, abstract_names_are_exactly_their_bytes) {
  const std::string_view name("\0rouse", 6);
  auto a = socket_address::unix_path(name);
  ASSERT_TRUE(a);
  EXPECT_EQ(a->path(), name);
  EXPECT_EQ(a->size(), 2u + name.size());
}

TEST(sys_address, an_empty_one_names_nothing) {
  const socket_address none;
  EXPECT_EQ(none.family(), sys::address_family::none);
  EXPECT_EQ(none.port(), 0);
  EXPECT_TRUE(none.ip().empty());
  EXPECT_TRUE(none.path().empty());
}

}  // namespace

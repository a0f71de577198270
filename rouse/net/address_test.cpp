#include <rouse/net/address.hpp>

#include <gtest/gtest.h>

#include <random>

namespace rouse::net {
namespace {

address must_parse(std::string_view text) {
  auto parsed = address::parse(text);
  if (!parsed) ADD_FAILURE() << text << ": " << parsed.error().message();
  return parsed ? *parsed : address();
}

std::string why_not(std::string_view text) {
  auto parsed = address::parse(text);
  return parsed ? "parsed as " + parsed->to_string() : parsed.error().operation;
}

std::string why_no_endpoint(std::string_view text) {
  auto parsed = endpoint::parse(text);
  return parsed ? "parsed as " + parsed->to_string() : parsed.error().operation;
}

TEST(address, default_one_names_nothing) {
  const address none{};
  EXPECT_FALSE(none);
  EXPECT_EQ(none.to_string(), "");
  EXPECT_TRUE(none.bytes().empty());
  EXPECT_EQ(none, address());
}

TEST(address, parses_ipv4) {
  const address a = must_parse("127.0.0.1:7000");
  EXPECT_TRUE(a.is_ipv4());
  EXPECT_TRUE(a.is_loopback());
  EXPECT_EQ(a.port(), 7000);
  EXPECT_EQ(a, address::loopback_v4(7000));
  EXPECT_EQ(a.to_string(), "127.0.0.1:7000");
  EXPECT_EQ(must_parse("255.255.255.255:65535").to_string(), "255.255.255.255:65535");
  EXPECT_TRUE(must_parse("0.0.0.0:0").is_unspecified());
}

TEST(address, parses_ipv6_and_prints_it_by_rfc_5952) {
  const std::pair<const char*, const char*> cases[] = {
      {"[::1]:80", "[::1]:80"},
      {"[::]:0", "[::]:0"},
      {"[2001:DB8:0:0:1:0:0:1]:443", "[2001:db8::1:0:0:1]:443"},  // the first of two equal runs
      {"[2001:db8:0:1:1:1:1:1]:1", "[2001:db8:0:1:1:1:1:1]:1"},  // one group alone is not shortened
      {"[1:0:0:2:0:0:0:3]:1", "[1:0:0:2::3]:1"},                 // the longest run
      {"[1::]:1", "[1::]:1"},
      {"[1:2:3:4:5:6:7::]:1", "[1:2:3:4:5:6:7:0]:1"},
      {"[::2:3:4:5:6:7:8]:1", "[0:2:3:4:5:6:7:8]:1"},
      {"[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]:1"},
      {"[64:ff9b::192.0.2.1]:1", "[64:ff9b::c000:201]:1"},
      {"[fe80::1%2]:80", "[fe80::1%2]:80"},
      {"[fe80::1%4294967295]:80", "[fe80::1%4294967295]:80"},
      {"[0001:0002:0003:0004:0005:0006:0007:0008]:1", "[1:2:3:4:5:6:7:8]:1"},
  };
  for (auto [text, canonical] : cases)
    EXPECT_EQ(must_parse(text).to_string(), canonical) << text;
  EXPECT_EQ(must_parse("[fe80::1%2]:80").scope(), 2u);
  EXPECT_TRUE(must_parse("[::1]:1").is_loopback());
  EXPECT_TRUE(must_parse("[::ffff:127.9.9.9]:1").is_loopback());
  EXPECT_FALSE(must_parse("[::2]:1").is_loopback());
}

TEST(address, a_port_alone_is_every_local_address) {
  const address a = must_parse(":8080");
  EXPECT_EQ(a, address::any_v6(8080));
  EXPECT_TRUE(a.is_unspecified());
  EXPECT_FALSE(a.is_loopback());
}

TEST(address, parses_unix_paths_and_abstract_names) {
  const address path = must_parse("unix:/run/app.sock");
  EXPECT_TRUE(path.is_unix());
  EXPECT_FALSE(path.is_abstract());
  EXPECT_EQ(path.path(), "/run/app.sock");
  EXPECT_EQ(path.to_string(), "unix:/run/app.sock");
  const address name = must_parse("unix:@app");
  EXPECT_TRUE(name.is_abstract());
  EXPECT_EQ(name.path(), "app");
  EXPECT_EQ(name.to_string(), "unix:@app");
  EXPECT_NE(name, *address::unix_path("app"));
  EXPECT_EQ(address::unix_unnamed().to_string(), "unix:");
  EXPECT_EQ(address::unix_abstract(std::string_view("a\0\n\\", 4))->to_string(),
            "unix:@a\\x00\\x0a\\x5c");
}

TEST(address, unix_names_are_refused_one_past_the_edge) {
  EXPECT_TRUE(address::unix_path(std::string(address::path_bytes_max, 'x')));
  EXPECT_TRUE(address::unix_abstract(std::string(address::abstract_bytes_max, 'x')));
  EXPECT_FALSE(address::unix_path(std::string(address::path_bytes_max + 1, 'x')));
  EXPECT_FALSE(address::unix_abstract(std::string(address::abstract_bytes_max + 1, 'x')));
  EXPECT_FALSE(address::unix_path(std::string_view("a\0b", 3)));
  EXPECT_FALSE(address::unix_path(""));
  EXPECT_FALSE(address::unix_abstract(""));
}

TEST(address, errors_name_the_bad_part) {
  EXPECT_EQ(why_not(""), "address: empty");
  EXPECT_EQ(why_not("127.0.0.1"), "address: the port is missing");
  EXPECT_EQ(why_not("127.0.0.1:"), "address: the port is missing");
  EXPECT_EQ(why_not("[::1]"), "address: the port is missing");
  EXPECT_EQ(why_not("127.0.0.1:http"), "address: the port is not a number");
  EXPECT_EQ(why_not("127.0.0.1:+80"), "address: the port is not a number");
  EXPECT_EQ(why_not("127.0.0.1: 80"), "address: the port is not a number");
  EXPECT_EQ(why_not("127.0.0.1:080"), "address: the port begins with 0");
  EXPECT_EQ(why_not("127.0.0.1:65536"), "address: the port is over 65535");
  EXPECT_EQ(why_not("127.0.0.1:99999999999999999999"), "address: the port is over 65535");
  EXPECT_EQ(why_not("::1:80"), "address: an IPv6 address needs brackets before its port");
  EXPECT_EQ(why_not("[::1:80"), "address: a '[' without its ']'");
  EXPECT_EQ(why_not("[::1]x80"), "address: only ':' and a port may follow ']'");
  EXPECT_EQ(why_not("[127.0.0.1]:80"), "address: only an IPv6 address stands in brackets");
  EXPECT_EQ(why_not("[fe80::1%eth0]:80"), "address: the scope after % is not a number");
  EXPECT_EQ(why_not("[fe80::1%]:80"), "address: the scope after % is not a number");
  EXPECT_EQ(why_not("[fe80::1%4294967296]:80"), "address: the scope after % is not a number");
  EXPECT_EQ(why_not("unix:"), "address: the path after unix: is missing");
  EXPECT_EQ(why_not("unix:@"), "address: the abstract Unix name is empty");
}

TEST(address, malformed_ip_addresses_are_refused) {
  for (const char* text : {"1.2.3:1",
                           "1.2.3.4.5:1",
                           "1.2.3.256:1",
                           "01.2.3.4:1",
                           "1.2.3.:1",
                           ".1.2.3:1",
                           "1..2.3:1",
                           "1.2.3.4 :1",
                           "0x7f.0.0.1:1",
                           "host:1",
                           "[:]:1",
                           "[:::]:1",
                           "[1::2::3]:1",
                           "[1:2:3:4:5:6:7]:1",
                           "[1:2:3:4:5:6:7:8:9]:1",
                           "[1:2:3:4:5:6:7:8::]:1",
                           "[::1:2:3:4:5:6:7:8]:1",
                           "[12345::]:1",
                           "[g::]:1",
                           "[1:]:1",
                           "[:1]:1",
                           "[1.2.3.4::]:1",
                           "[::1.2.3]:1",
                           "[::1.2.3.4:5]:1",
                           "[::1 ]:1",
                           "[]:1",
                           "[1:2:3:4:5:6:7:1.2.3.4]:1"})
    EXPECT_FALSE(address::parse(text)) << text << " became " << address::parse(text)->to_string();
}

TEST(address, copies_and_moves_keep_unix_names_alive) {
  address a = *address::unix_path("/tmp/a");
  address b = a;
  a = address::loopback_v4(1);
  EXPECT_EQ(b.path(), "/tmp/a");
  EXPECT_EQ(a.to_string(), "127.0.0.1:1");
  a = std::move(b);
  EXPECT_EQ(a.path(), "/tmp/a");
  EXPECT_FALSE(b);  // NOLINT: a moved-from address names nothing
  a = static_cast<const address&>(a);
  EXPECT_EQ(a.path(), "/tmp/a");
}

TEST(address, with_port_changes_only_ip_addresses) {
  EXPECT_EQ(address::loopback_v4(1).with_port(2), address::loopback_v4(2));
  EXPECT_EQ(address::unix_path("/a")->with_port(2).port(), 0);
}

TEST(address, what_it_prints_it_reads_again) {
  std::mt19937 random(41);
  for (int i = 0; i < 2000; i++) {
    std::uint8_t ip[16];
    for (auto& byte : ip)
      byte = random() % 3 ? 0 : static_cast<std::uint8_t>(random());
    const address a = address::ipv6(ip, static_cast<std::uint16_t>(random()),
                                    static_cast<std::uint32_t>(random() % 2 ? 0 : random()));
    ASSERT_EQ(must_parse(a.to_string()), a) << a.to_string();
  }
}

TEST(endpoint, keeps_host_names_apart) {
  const auto e = endpoint::parse("example.org:80");
  ASSERT_TRUE(e);
  EXPECT_FALSE(e->is_resolved());
  EXPECT_EQ(e->host(), "example.org");
  EXPECT_EQ(e->port(), 80);
  EXPECT_EQ(e->to_string(), "example.org:80");
}

TEST(endpoint, resolves_literals_by_itself) {
  EXPECT_EQ(endpoint::parse("127.0.0.1:1")->resolved(), address::loopback_v4(1));
  EXPECT_EQ(endpoint::parse("[::1]:1")->resolved(), address::loopback_v6(1));
  EXPECT_EQ(endpoint::parse("[fe80::1%3]:1")->resolved().scope(), 3u);
  EXPECT_EQ(endpoint::parse("unix:/a")->resolved().path(), "/a");
  EXPECT_TRUE(endpoint(address::loopback_v4(5)).is_resolved());
}

TEST(endpoint, a_port_alone_is_any_host) {
  const auto e = endpoint::parse(":8080");
  ASSERT_TRUE(e);
  EXPECT_TRUE(e->is_any_host());
  EXPECT_FALSE(e->is_resolved());
  EXPECT_EQ(e->port(), 8080);
  EXPECT_EQ(e->to_string(), ":8080");
  EXPECT_FALSE(endpoint::parse("0.0.0.0:8080")->is_any_host());
}

TEST(endpoint, an_interface_name_is_left_to_the_resolver) {
  const auto e = endpoint::parse("[fe80::1%eth0]:80");
  ASSERT_TRUE(e);
  EXPECT_FALSE(e->is_resolved());
  EXPECT_EQ(e->host(), "fe80::1%eth0");
  EXPECT_EQ(e->to_string(), "[fe80::1%eth0]:80");
  EXPECT_EQ(endpoint::parse("[fe80::1%3]:80")->resolved().scope(), 3u);
}

TEST(fault_X2, bad_host_names_are_refused_before_any_query) {
  const std::string label(63, 'a'),
      longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  ASSERT_EQ(longest.size(), 253u);
  EXPECT_TRUE(check_host_name(longest));
  EXPECT_TRUE(check_host_name(longest + "."));
  EXPECT_STREQ(check_host_name(longest + "b").error().operation, "host name: over 253 bytes");
  EXPECT_STREQ(check_host_name(label + "a").error().operation, "host name: a label over 63 bytes");
  EXPECT_STREQ(check_host_name("").error().operation, "host name: empty");
  EXPECT_STREQ(check_host_name(".").error().operation, "host name: empty");
  EXPECT_STREQ(check_host_name("a..b").error().operation, "host name: an empty label");
  EXPECT_STREQ(check_host_name(".a").error().operation, "host name: an empty label");
  EXPECT_STREQ(check_host_name("a..").error().operation, "host name: an empty label");
  EXPECT_FALSE(check_host_name(std::string_view("a\0.example.org", 14)));
  EXPECT_FALSE(check_host_name("a b"));
  EXPECT_FALSE(
      check_host_name("b\xc3\xbc"
                      "cher.de"));
  EXPECT_TRUE(check_host_name("xn--bcher-kva.de"));
  EXPECT_TRUE(check_host_name("_sip.example"));
}

TEST(fault_X2, numbers_in_disguise_are_no_host_names) {
  for (const char* host :
       {"127.1", "1", "0x7f.1", "0x7f000001", "017700000001", "example.0x1f", "example.1", "0x"})
    EXPECT_FALSE(check_host_name(host)) << host;
  for (const char* host : {"1.example", "3com.com", "0xcafe.org", "0xyz"})
    EXPECT_TRUE(check_host_name(host)) << host;
  EXPECT_EQ(why_no_endpoint("127.1:80"),
            "address: not four numbers of 0 to 255 (or a host name, or IPv6)");
  EXPECT_EQ(why_no_endpoint("0x7f.1:80"), "host name: ends in a number");
}

}  // namespace
}  // namespace rouse::net

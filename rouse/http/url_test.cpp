#include <gtest/gtest.h>

#include <rouse/http/url.hpp>

#include <string>

namespace rouse::http {
namespace {

/// What a URL becomes, or why it is refused.
std::string seen(std::string_view text) {
  auto u = url::parse(text);
  return u ? u->to_string() : u.error().operation;
}

std::string resolved(std::string_view base, std::string_view reference) {
  auto u = url::parse(base).value().resolve(reference);
  return u ? u->to_string() : u.error().operation;
}

TEST(url, has_its_parts) {
  const url u = url::parse("http://Example.org:8080/a/b%20c?q=1&r#part").value();
  EXPECT_EQ(u.host(), "example.org");
  EXPECT_EQ(u.port(), 8080);
  EXPECT_EQ(u.authority(), "example.org:8080");
  EXPECT_EQ(u.target(), "/a/b%20c?q=1&r");
  EXPECT_EQ(u.path(), "/a/b%20c");
  EXPECT_EQ(u.query(), "q=1&r");
  EXPECT_EQ(u.endpoint().host(), "example.org");
  EXPECT_EQ(u.endpoint().port(), 8080);
  EXPECT_EQ(u.to_string(), "http://example.org:8080/a/b%20c?q=1&r");
}

TEST(url, reads_addresses) {
  const url six = url::parse("http://[0::0:1]/").value();
  EXPECT_EQ(six.host(), "::1");
  EXPECT_EQ(six.authority(), "[::1]");
  EXPECT_EQ(six.endpoint().to_string(), "[::1]:80");
  EXPECT_EQ(seen("http://[2001:DB8::1]:8080"), "http://[2001:db8::1]:8080/");
  const url four = url::parse("http://127.0.0.1:7/").value();
  EXPECT_EQ(four.endpoint().resolved(), net::address::loopback_v4(7));
}

TEST(url, fills_in_what_may_be_missing) {
  EXPECT_EQ(seen("HTTP://a"), "http://a/");
  EXPECT_EQ(seen("http://a?x"), "http://a/?x");
  EXPECT_EQ(seen("http://a#x"), "http://a/");
  EXPECT_EQ(seen("http://a:80/"), "http://a/");
  EXPECT_EQ(seen("http://a/./b/../c?[]"), "http://a/./b/../c?[]");
}

TEST(url, refuses_other_schemes_by_name) {
  EXPECT_EQ(seen("https://a/"), "url: https is not supported");
  EXPECT_EQ(url::parse("https://a/").error(), std::errc::protocol_not_supported);
  EXPECT_EQ(seen("ftp://a/"), "url: only http is supported");
  for (const char* text : {"", "a", "a:80", "//a/", "/a", "http:/a", "http:a", "://a", "http//a"})
    EXPECT_EQ(seen(text), "url: does not begin with http://") << text;
}

TEST(url, refuses_odd_hosts) {
  EXPECT_EQ(seen("http:///a"), "url: no host");
  EXPECT_EQ(seen("http://?a"), "url: no host");
  EXPECT_EQ(seen("http://user@a/"), "url: user information is not allowed");
  EXPECT_EQ(seen("http://user:pass@a/"), "url: user information is not allowed");
  EXPECT_EQ(seen("http://a/@b"), "http://a/@b");
  for (const char* host :
       {"a:", "a:0", "a:65536", "a:x", ":80", "[::1", "::1", "[::1]x", "[zz]", "a b", "a\\b",
        "a%41", "\xc3\xa9", "[fe80::1%25eth0]", "[127.0.0.1]", "a,b", "a\tb", "a\nb"})
    EXPECT_EQ(seen(std::string("http://") + host + "/"), "url: malformed host or port") << host;
  for (const char* host : {"127.1", "0x7f.1", "a..b", ".a", "1.2.3.4.5", "999.1.1.1"})
    EXPECT_FALSE(url::parse(std::string("http://") + host + "/")) << host;
  EXPECT_EQ(seen(std::string_view("http://a\0b/", 11)), "url: malformed host or port");
}

TEST(fault_H6, a_url_cannot_carry_a_line_break) {
  EXPECT_EQ(seen("http://a/b\r\nX: y"), "url: blank or control byte");
  EXPECT_EQ(seen("http://a/b c"), "url: blank or control byte");
  EXPECT_EQ(seen("http://a/?b\nc"), "url: blank or control byte");
  EXPECT_EQ(seen(std::string_view("http://a/\0", 10)), "url: blank or control byte");
  EXPECT_EQ(seen("http://a/\x7f"), "url: blank or control byte");
  EXPECT_EQ(seen("http://a/%0d%0a"), "http://a/%0d%0a");  // stays encoded
  EXPECT_EQ(resolved("http://a/", "/b\r\nX: y"), "url: blank or control byte");
}

TEST(url, refuses_odd_paths) {
  EXPECT_EQ(seen("http://a/\xc3\xa9"), "url: not ASCII, encode it with %");
  EXPECT_EQ(seen("http://a/%"), "url: % without two hex digits");
  EXPECT_EQ(seen("http://a/%1"), "url: % without two hex digits");
  EXPECT_EQ(seen("http://a/%zz"), "url: % without two hex digits");
  EXPECT_EQ(seen("http://a/?%g0"), "url: % without two hex digits");
  for (const char* path : {"\\", "\"", "<", ">"})
    EXPECT_EQ(seen(std::string("http://a/") + path), "url: odd byte in the path") << path;
  EXPECT_EQ(url::parse("http://a/" + std::string(url::bytes_max, 'a')).error(), errc::too_large);
}

TEST(url, knows_its_origin) {
  const url a = url::parse("http://a/x").value();
  EXPECT_TRUE(a.is_same_origin(url::parse("http://A:80/y?z").value()));
  EXPECT_FALSE(a.is_same_origin(url::parse("http://a:81/x").value()));
  EXPECT_FALSE(a.is_same_origin(url::parse("http://b/x").value()));
}

// The examples of RFC 3986, section 5.4, as far as they stay http.
TEST(url, resolves_references_as_rfc_3986_shows) {
  constexpr const char* base = "http://a/b/c/d;p?q";
  constexpr struct {
    const char* reference;
    const char* target;
  } examples[] = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q"},
      {"g#s", "http://a/b/c/g"},
      {"g?y#s", "http://a/b/c/g?y"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"../../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"http://g/x/../y", "http://g/y"},
      {"//g:81/..", "http://g:81/"},
  };
  for (const auto& e : examples)
    EXPECT_EQ(resolved(base, e.reference), e.target) << e.reference;
  EXPECT_EQ(resolved(base, "https://a/"), "url: https is not supported");
  EXPECT_EQ(resolved(base, "g:h"), "url: does not begin with http://");
  EXPECT_EQ(resolved(base, "http:g"), "url: does not begin with http://");
  EXPECT_EQ(resolved(base, "//u@g"), "url: user information is not allowed");
  EXPECT_EQ(resolved(base, "\\\\g"), "url: odd byte in the path");
}

}  // namespace
}  // namespace rouse::http

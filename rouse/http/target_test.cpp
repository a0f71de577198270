#include <rouse/http/target.hpp>

#include <gtest/gtest.h>

#include <string>

namespace rouse::http {
namespace {

/// "path", "path/" for a directory, "path?query", or the status of the refusal.
std::string decoded(std::string_view target) {
  std::string storage;
  auto result = decode_target(target, storage);
  if (!result) return std::to_string(static_cast<int>(result.error()));
  std::string text(result->path);
  if (result->wants_directory) text += "/";
  if (result->has_query) text += "?" + std::string(result->query);
  return text;
}

TEST(target, becomes_a_path_below_the_root) {
  EXPECT_EQ(decoded("/"), "/");
  EXPECT_EQ(decoded("/a"), "a");
  EXPECT_EQ(decoded("/a/"), "a/");
  EXPECT_EQ(decoded("/a/b.txt"), "a/b.txt");
  EXPECT_EQ(decoded("/a%20b/%C3%a9"), "a b/\xc3\xa9");
  EXPECT_EQ(decoded("/a+b&c=d;e,f:g@h~"), "a+b&c=d;e,f:g@h~");
}

TEST(target, gives_the_query_as_it_is) {
  EXPECT_EQ(decoded("/a?b=%2e&c=/../d?e"), "a?b=%2e&c=/../d?e");
  EXPECT_EQ(decoded("/?"), "/?");
  EXPECT_EQ(decoded("/a/?x"), "a/?x");
  EXPECT_EQ(decoded("/%3fx"), "?x");
}

TEST(target, may_be_absolute) {
  EXPECT_EQ(decoded("http://host:80/a/b?c"), "a/b?c");
  EXPECT_EQ(decoded("HTTPS://host"), "/");
  EXPECT_EQ(decoded("http://host?q"), "/?q");
  EXPECT_EQ(decoded("http://host//x"), "404");
  for (const char* other : {"", "*", "a", "a:80", "ftp://a/", "http:/a", "file:///etc/passwd"})
    EXPECT_EQ(decoded(other), "400") << other;
}

TEST(target, reuses_its_storage) {
  std::string storage;
  ASSERT_TRUE(decode_target("/a/rather/long/path/for/a/short/string/optimisation", storage));
  const char* before = storage.data();
  auto result = decode_target("/b", storage);
  EXPECT_EQ(result->path.data(), before);
  EXPECT_EQ(result->path, "b");
}

TEST(fault_H8, no_segment_climbs) {
  for (const char* target :
       {"/..", "/../", "/a/..", "/a/../b", "/./a", "/a/.", "/%2e%2e", "/%2E%2e/x", "/.%2e", "/%2e",
        "/a/%2e%2e/b", "/..%2f..%2fetc/passwd", "/..%5c", "/...", "/..;/x"})
    EXPECT_EQ(decoded(target), "404") << target;
}

TEST(fault_H8, separators_are_never_made_by_decoding) {
  for (const char* target :
       {"/a%2fb", "/%2fetc/passwd", "/%2F", "/a%2F..%2Fb", "/a\\b", "/a%5cb", "/%5c%5chost", "/\\"})
    EXPECT_EQ(decoded(target), "404") << target;
}

TEST(fault_H8, nothing_is_decoded_twice) {
  EXPECT_EQ(decoded("/%252e%252e"), "%2e%2e");
  EXPECT_EQ(decoded("/%252f"), "%2f");
  EXPECT_EQ(decoded("/%25"), "%");
}

TEST(fault_H8, no_segment_is_empty) {
  for (const char* target : {"//", "//a", "/a//b", "/a//", "///", "//etc/passwd", "//host/share"})
    EXPECT_EQ(decoded(target), "404") << target;
}

TEST(fault_H8, control_bytes_are_not_found) {
  for (const char* target : {"/%00", "/a%00.html", "/a%0d%0ab", "/%1f", "/%7f", "/a%09b", "/%0A"})
    EXPECT_EQ(decoded(target), "404") << target;
  EXPECT_EQ(decoded(std::string_view("/a\0b", 4)), "404");
}

TEST(fault_H8, malformed_percents_are_bad_requests) {
  for (const char* target :
       {"/%", "/%2", "/%zz", "/%2g", "/a%", "/%%41", "/%+1", "/% 1", "/..%", "/a/%4/b"})
    EXPECT_EQ(decoded(target), "400") << target;
}

TEST(fault_H8, overlong_utf_8_stays_bytes) {
  EXPECT_EQ(decoded("/%c0%ae%c0%ae"), "\xc0\xae\xc0\xae");
  EXPECT_EQ(decoded("/%c0%af"), "\xc0\xaf");
  EXPECT_EQ(decoded("/%ff%fe"), "\xff\xfe");
}

TEST(fault_H9, hidden_files_are_not_found) {
  for (const char* target : {"/.git/config", "/.env", "/a/.htpasswd", "/%2egit", "/.", "/a/.b/c"})
    EXPECT_EQ(decoded(target), "404") << target;
  EXPECT_EQ(decoded("/a.b"), "a.b");
}

TEST(target, names_are_servable_when_some_target_reaches_them) {
  for (const char* name :
       {"a", "a b", "%2e", "\xff", "a..", "<script>", "~", "\"quoted\"", "a:b", "?", "#"}) {
    EXPECT_TRUE(is_servable_name(name));
    std::string target = "/";
    append_encoded_segment(target, name);
    EXPECT_EQ(decoded(target), name);
  }
  for (const char* name : {"", ".", "..", ".git", "a/b", "a\\b", "a\nb", "\x7f"})
    EXPECT_FALSE(is_servable_name(name));
}

TEST(target, encodes_all_but_the_unreserved) {
  std::string out;
  append_encoded_segment(out, "aZ09-._~ /%&\"'<>?#:\xc3\xa9\n");
  EXPECT_EQ(out, "aZ09-._~%20%2F%25%26%22%27%3C%3E%3F%23%3A%C3%A9%0A");
}

TEST(target, links_lead_back_to_their_path) {
  auto link = [](std::string_view path, bool directory) {
    std::string out;
    append_encoded_path(out, path, directory);
    return out;
  };
  EXPECT_EQ(link("", true), "/");
  EXPECT_EQ(link("", false), "/");
  EXPECT_EQ(link("a b/c?", true), "/a%20b/c%3F/");
  EXPECT_EQ(link("a/b", false), "/a/b");
  EXPECT_EQ(decoded(link("a b/c?\xff", true)), "a b/c?\xff/");
}

}  // namespace
}  // namespace rouse::http

#include <rouse/http/content_type.hpp>

#include <gtest/gtest.h>

#include <string>

namespace rouse::http {
namespace {

TEST(content_type, follows_the_last_extension_in_any_case) {
  EXPECT_EQ(content_type_of("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type_of("a/b.c/INDEX.HTM"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type_of("archive.tar.gz"), "application/gzip");
  EXPECT_EQ(content_type_of("photo.JPG"), "image/jpeg");
  EXPECT_EQ(content_type_of("7.7z"), "application/x-7z-compressed");
  EXPECT_EQ(content_type_of("x.zst"), "application/zstd");
  EXPECT_EQ(content_type_of("logo.svg"), "image/svg+xml");
  EXPECT_EQ(content_type_of("app.mjs"), "text/javascript; charset=utf-8");
}

TEST(content_type, shows_sources_and_licences_as_text) {
  for (const char* name :
       {"main.cpp", "CMakeLists.txt", "dir/LICENSE", "Makefile", "README", "run.sh", "a.toml"})
    EXPECT_EQ(content_type_of(name), "text/plain; charset=utf-8") << name;
}

TEST(content_type, admits_what_it_does_not_know) {
  for (const std::string& name :
       {std::string(), std::string("noextension"), std::string("dot."), std::string("a.unknown"),
        std::string("dir.html/file"), std::string("a.") + std::string(300, 'x'),
        std::string("a.html ")})
    EXPECT_EQ(content_type_of(name), "application/octet-stream") << name;
}

}  // namespace
}  // namespace rouse::http

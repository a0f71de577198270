#include "run_tool.hpp"
#include "scripted_server.hpp"

#include <gtest/gtest.h>
#include <tests/support/scratch_folder.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace tools {
namespace {

const std::string modified = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
constexpr const char* date = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string ok(const std::string& body, const std::string& fields = "") {
  return "HTTP/1.1 200 OK\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}
std::string part(const std::string& body, const std::string& range) {
  return "HTTP/1.1 206 Partial Content\r\n" + modified + "Content-Range: bytes " + range +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class rouse_get : public ::testing::Test {
 protected:
  const support::scratch_folder folder_;
  const std::string file_ = folder_.path() + "/file";
};

TEST_F(rouse_get, writes_the_body_to_stdout_and_nothing_else) {
  scripted_server server({{ok("hello\n")}});
  const tool_run ran = run_tool({"get", server.url("/a?b")});
  EXPECT_EQ(ran.out, "hello\n");
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(server.stop().at(0).substr(0, 19), "GET /a?b HTTP/1.1\r\n");
}

TEST_F(rouse_get, sends_method_fields_and_data) {
  scripted_server server({{ok("")}});
  (void)run_tool({"get", "-d", "a=b", "-H", "X: y", "-H", "Z:w", server.url()});
  (void)run_tool({"get", "-X", "PUT", "-d", "@" ROUSE_TOOL_TEST_FILE, "-H", "Content-Type: a/b",
                  server.url()});
  const auto& heard = server.stop();
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_TRUE(heard[0].starts_with("POST / HTTP/1.1\r\n"));
  EXPECT_NE(
      heard[0].find("\r\nX: y\r\nZ: w\r\nContent-Type: application/x-www-form-urlencoded\r\n"),
      std::string::npos);
  EXPECT_TRUE(heard[0].ends_with("\r\nContent-Length: 3\r\n\r\na=b"));
  EXPECT_TRUE(heard[1].starts_with("PUT / HTTP/1.1\r\n"));
  EXPECT_TRUE(heard[1].ends_with("\r\n\r\n" + content_of(ROUSE_TOOL_TEST_FILE)));
}

TEST_F(rouse_get, exits_with_what_went_wrong) {
  scripted_server missing({{"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno\n"}});
  tool_run ran = run_tool({"get", missing.url("/x")});
  EXPECT_EQ(ran.exit_code, 22);
  EXPECT_EQ(ran.out, "no\n");
  EXPECT_EQ(ran.err, "rouse get: 404 Not Found: " + missing.url("/x") + "\n");
  ran = run_tool({"get", "-o", file_, missing.url("/x")});
  EXPECT_EQ(ran.exit_code, 22);
  EXPECT_FALSE(std::filesystem::exists(file_));  // an error page is no file

  ran = run_tool({"get", "http://127.0.0.1:1/"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.err, "rouse get: connect http://127.0.0.1:1/: Connection refused\n");

  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"get"},
                                                {"get", "https://a/"},
                                                {"get", "a b"},
                                                {"get", "-C", "127.0.0.1"},
                                                {"get", "-H", "x", "127.0.0.1"},
                                                {"get", "-H", "Host: x", "127.0.0.1"},
                                                {"get", "--max-time", "x", "127.0.0.1"}}) {
    ran = run_tool(wrong);
    EXPECT_EQ(ran.exit_code, 2) << wrong.back() << ran.err;
    EXPECT_NE(ran.err, "");
  }

  scripted_server silent({{"", false}});
  ran = run_tool({"get", "--max-time", "0.2", silent.url()});
  EXPECT_EQ(ran.exit_code, 28);
  EXPECT_EQ(ran.err, "rouse get: request " + silent.url() + ": Connection timed out\n");
}

TEST_F(rouse_get, prints_the_head_when_asked) {
  scripted_server server({{ok("x", "A: b\r\n")}});
  EXPECT_EQ(run_tool({"get", "-i", server.url()}).out,
            "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 1\r\n\r\nx");
}

TEST_F(rouse_get, keeps_a_part_and_gets_the_rest_later) {
  scripted_server server(
      {{"HTTP/1.1 200 OK\r\n" + modified + "Content-Length: 10\r\n\r\nhello"},
       {part("world", "5-9/10")},
       {"HTTP/1.1 416 x\r\nContent-Range: bytes */10\r\nContent-Length: 0\r\n\r\n"}});
  tool_run ran = run_tool({"get", "-o", file_, server.url()});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.err, "rouse get: " + file_ + " keeps what came; -C gets the rest\n" +
                         "rouse get: response body " + server.url() + ": the stream ended early\n");
  EXPECT_EQ(content_of(file_), "hello");

  ran = run_tool({"get", "-C", "-o", file_, server.url()});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(content_of(file_), "helloworld");

  ran = run_tool({"get", "-C", "-o", file_, server.url()});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.err, file_ + " is complete\n");
  EXPECT_EQ(content_of(file_), "helloworld");

  const auto& heard = server.stop();
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_EQ(heard[0].find("Range"), std::string::npos);
  EXPECT_NE(heard[1].find("\r\nRange: bytes=5-\r\nIf-Range: " + std::string(date) + "\r\n"),
            std::string::npos);
  EXPECT_NE(heard[2].find("\r\nRange: bytes=10-\r\n"), std::string::npos);
}

TEST_F(rouse_get, starts_over_when_the_server_has_another_version) {
  std::ofstream(file_) << "old text that is longer";
  scripted_server server({{ok("new")}});
  const tool_run ran = run_tool({"get", "-C", "-o", file_, server.url()});
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.err, file_ + ": the server has another version: starting over\n");
  EXPECT_EQ(content_of(file_), "new");
}

TEST_F(rouse_get, does_not_join_what_does_not_fit) {
  for (const char* range : {"4-8/10", "*/10", "5-9", "bytes", "9-5/10"}) {
    std::ofstream(file_) << "hello";
    scripted_server server({{part("world", range)}});
    const tool_run ran = run_tool({"get", "-C", "-o", file_, server.url()});
    EXPECT_EQ(ran.exit_code, 1) << range;
    EXPECT_NE(ran.err.find("another part than was asked for"), std::string::npos);
    EXPECT_EQ(content_of(file_), "hello");
  }
  std::ofstream(file_) << "hello, world";
  scripted_server server(
      {{"HTTP/1.1 416 x\r\nContent-Range: bytes */10\r\nContent-Length: 0\r\n\r\n"}});
  const tool_run ran = run_tool({"get", "-C", "-o", file_, server.url()});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.err.find("has 12 bytes, the server's 10"), std::string::npos) << ran.err;
}

TEST_F(rouse_get, follows_redirects) {
  scripted_server server(
      {{"HTTP/1.1 302 x\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"}, {ok("x")}});
  EXPECT_EQ(run_tool({"get", server.url()}).out, "x");
  EXPECT_TRUE(server.stop().at(1).starts_with("GET /there "));
}

}  // namespace
}  // namespace tools

#include "run_tool.hpp"
#include "scripted_server.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace tools {
namespace {

scripted_server::answer kept() {
  return {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false};
}

TEST(rouse_bench, reports_what_it_measured) {
  scripted_server server({kept()});
  const tool_run ran = run_tool({"bench", "-c", "1", "-d", "100ms", "-H", "X: y", server.url()});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  for (const char* part : {"1 connection, closed loop", "status 200", "p99.99", "latency", "#"})
    EXPECT_NE(ran.out.find(part), std::string::npos) << part << ran.out;
  EXPECT_EQ(ran.out.find('\x1b'), std::string::npos);  // no terminal, no colors
  const auto& heard = server.stop();
  EXPECT_GE(heard.size(), 2u);
  EXPECT_NE(heard.at(0).find("\r\nX: y\r\n"), std::string::npos);
}

/// The number behind a key in what stands as JSON.
long number(const std::string& json, const std::string& key) {
  const std::size_t at = json.find('"' + key + "\": ");
  if (at == std::string::npos) return -1;
  return std::strtol(json.c_str() + at + key.size() + 4, nullptr, 10);
}

TEST(rouse_bench, keeps_a_rate_and_says_it_in_json) {
  scripted_server server({kept()});
  const tool_run ran =
      run_tool({"bench", "-c", "1", "-d", "200ms", "-r", "100", "--json", server.url()});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(number(ran.out, "rate"), 100) << ran.out;
  // On a busy machine the last may be too late to be sent.
  const long sent = number(ran.out, "requests");
  EXPECT_GT(sent, 0) << ran.out;
  EXPECT_EQ(sent + number(ran.out, "unsent"), 20) << ran.out;
  EXPECT_EQ(number(ran.out, "200"), sent) << ran.out;
}

TEST(rouse_bench, exits_with_what_went_wrong) {
  tool_run ran = run_tool({"bench", "http://127.0.0.1:1/"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.err, "rouse bench: connect http://127.0.0.1:1/: Connection refused\n");
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"bench"},
                                                {"bench", "https://a/"},
                                                {"bench", "-c", "0", "a"},
                                                {"bench", "-d", "x", "a"},
                                                {"bench", "-r", "-1", "a"},
                                                {"bench", "-H", "x", "a"},
                                                {"bench", "-H", "X: \n", "a"},
                                                {"bench", "-r", "1", "--pipeline", "2", "a"}}) {
    ran = run_tool(wrong);
    EXPECT_EQ(ran.exit_code, 2) << wrong[1] << ran.err;
    EXPECT_NE(ran.err, "");
  }
}

}  // namespace
}  // namespace tools

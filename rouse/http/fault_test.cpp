// FAULTS H1-H11 and N5 over real connections, on each reactor. The parser's and the target's own
// tests have more cases of each; here the whole server refuses, answers once, and closes.
#include <rouse/http/http_server_test.hpp>

#include <rouse/http/router.hpp>
#include <rouse/http/static_files.hpp>

#include <sys/stat.h>
#include <unistd.h>
#include <tests/support/scratch_folder.hpp>

#include <filesystem>
#include <fstream>

namespace rouse::http {
namespace {

using namespace std::chrono_literals;

class http_faults : public http_server {
 protected:
  http_faults() {
    app.get("/", [](http::exchange& x) { x.text("fine"); });
    app.post("/", [](http::exchange& x) -> task<result<void>> {
      auto all = co_await x.body().read_to_end().result();
      if (!all) co_return std::unexpected(all.error());
      x.text(*all);
      co_return result<void>();
    });
  }
  static std::string code_of(const std::string& answer) {
    return answer.size() < 12 ? answer : answer.substr(9, 3);
  }
  /// Each is answered with `code` and nothing after it is, also when it comes byte by byte.
  void expect_refused(const std::vector<std::string>& requests, std::string_view code) {
    serve(app, [&](net::address at, server&) -> task<void> {
      for (const std::string& text : requests) {
        for (const std::size_t piece : {std::size_t{1} << 20, std::size_t{1}}) {
          if (piece == 1 && text.size() > 1000) continue;
          const std::string all = co_await talk(at, text + get("/"), piece);
          EXPECT_EQ(code_of(all), code) << text;
          EXPECT_EQ(count_of(all, "HTTP/1.1 "), 1u) << text << "\n" << all;
        }
      }
      const std::string fine = co_await talk(at, get("/", "Connection: close\r\n"));
      EXPECT_TRUE(fine.ends_with("fine")) << fine;
    });
  }
  static std::string head(std::string_view fields, std::string_view line = "POST / HTTP/1.1") {
    return std::string(line) + "\r\nHost: x\r\n" + std::string(fields) + "\r\n";
  }
  router app;
};

TEST_P(http_faults, fault_H1_framing_that_can_be_read_in_two_ways) {
  expect_refused(
      {head("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
       head("Content-Length: 1\r\nContent-Length: 1\r\n") + "a",
       head("Content-Length: +5\r\n") + "aaaaa", head("Content-Length: 5 5\r\n") + "aaaaa",
       head("Content-Length: 0x5\r\n") + "aaaaa", head("Content-Length: 1, 1\r\n") + "a",
       head("Content-Length: 18446744073709551616\r\n"),
       head("Transfer-Encoding: chunked, identity\r\n") + "0\r\n\r\n",
       head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
       head("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0") + "0\r\n\r\n"},
      "400");
}

TEST_P(http_faults, fault_H2_lines_and_fields_that_are_none) {
  expect_refused({"GET / HTTP/1.1\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\n\r\n",
                  "GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n", head("A: b\r\n c\r\n"),
                  head("A : b\r\n"), head(": b\r\n"), head(std::string("A: b\0c\r\n", 8)),
                  head("A: \x01\r\n"), head("no colon\r\n")},
                 "400");
}

TEST_P(http_faults, fault_H3_chunks_that_are_none) {
  const std::string chunked = head("Transfer-Encoding: chunked\r\n");
  expect_refused({chunked + "00000000000000001\r\na\r\n0\r\n\r\n", chunked + "-1\r\n",
                  chunked + "1\r\nab\r\n0\r\n\r\n", chunked + "1\na\r\n0\r\n\r\n",
                  chunked + "1;" + std::string(20'000, 'x') + "\r\na\r\n0\r\n\r\n",
                  chunked + "0\r\nA: " + std::string(5'000, 'x') + "\r\n\r\n"},
                 "400");
}

TEST_P(http_faults, fault_H4_heads_beyond_their_caps) {
  std::string many;
  for (int i = 0; i < 101; ++i)
    many += "A" + std::to_string(i) + ": b\r\n";
  expect_refused({head(many), head("Cookie: " + std::string(9'000, 'c') + "\r\n"),
                  head("A: " + std::string(8'000, 'a') + "\r\nB: " + std::string(8'000, 'b') +
                       "\r\nC: d\r\n" + "D: " + std::string(500, 'e') + "\r\n")},
                 "431");
  expect_refused({"GET /" + std::string(9'000, 'u') + " HTTP/1.1\r\nHost: x\r\n\r\n"}, "414");
}

TEST_P(http_faults, fault_H5_one_request_is_in_service_and_little_is_read_ahead) {
  int running = 0;
  int most = 0;
  app.get("/slow", [&](exchange& x) -> task<void> {
    most = std::max(most, ++running);
    for (int i = 0; i < 5; ++i)
      co_await yield_now();
    --running;
    x.text("slow");
  });
  serve(app, [&](net::address at, server&) -> task<void> {
    std::string all;
    for (int i = 0; i < 50; ++i)
      all += get("/slow");
    const std::string answers = co_await talk(at, all + get("/", "Connection: close\r\n"));
    EXPECT_EQ(count_of(answers, "HTTP/1.1 200"), 51u);
    EXPECT_EQ(most, 1);
    const std::string connect = co_await talk(
        at,
        "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
    EXPECT_NE(code_of(connect), "200");
    const std::string upgrade = co_await talk(
        at, head("Upgrade: h2c\r\nConnection: close, Upgrade\r\nContent-Length: 3\r\n") + "abc");
    EXPECT_TRUE(upgrade.ends_with("abc")) << upgrade;  // an upgrade that nobody offers is ignored
  });
}

TEST_P(http_faults, fault_H7_hosts_that_are_missing_double_or_odd) {
  expect_refused({"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
                  "GET / HTTP/1.1\r\nHost: x y\r\n\r\n", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
                  "GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n"},
                 "400");
}

TEST_P(http_faults, fault_H8_H9_nothing_outside_is_reached) {
  const support::scratch_folder folder;
  const std::string root = folder.path() + "/root";
  std::filesystem::create_directories(root + "/dir");
  std::ofstream(folder.path() + "/secret") << "SECRET";
  std::ofstream(root + "/.hidden") << "SECRET";
  std::ofstream(root + "/dir/file") << "inside";
  std::filesystem::create_symlink("../secret", root + "/link");
  std::filesystem::create_directory_symlink("..", root + "/up");
  ASSERT_EQ(::mkfifo((root + "/fifo").c_str(), 0600), 0);
  static_files files(fs::directory(sys::open_at(-100, root.c_str(), {.directory = true}).value()));
  serve(files, [&](net::address at, server&) -> task<void> {
    for (const char* target :
         {"/../secret", "/dir/../../secret", "/%2e%2e/secret", "/..%2fsecret", "/%252e%252e/secret",
          "/dir/..%5c..%5csecret", "/dir//file", "//secret", "/%00", "/dir/file%00", "/.hidden",
          "/%2ehidden", "/link", "/up/secret", "/up/", "/fifo", "/%c0%ae%c0%ae/secret",
          "/dir\\file"}) {
      const std::string all = co_await talk(at, get(target, "Connection: close\r\n"));
      EXPECT_TRUE(code_of(all) == "404" || code_of(all) == "400") << target << "\n" << all;
      EXPECT_EQ(all.find("SECRET"), std::string::npos) << target;
      EXPECT_EQ(all.find("inside"), std::string::npos) << target;
    }
    // A directory that becomes a link between two requests leads nowhere either.
    std::filesystem::remove_all(root + "/dir");
    std::filesystem::create_directory_symlink("..", root + "/dir");
    const std::string raced = co_await talk(at, get("/dir/secret", "Connection: close\r\n"));
    EXPECT_EQ(code_of(raced), "404");
  });
}

// Nothing here inflates what a client sends, and no client chooses the keys of a table.
TEST_P(http_faults, fault_H11_a_compressed_body_stays_as_it_is_and_many_names_cost_little) {
  serve(app, [&](net::address at, server&) -> task<void> {
    const std::string body("\x1f\x8b\x08\x00 no bomb goes off", 20);
    const std::string all = co_await talk(
        at, head("Content-Encoding: gzip\r\nConnection: close\r\nContent-Length: 20\r\n") + body);
    EXPECT_TRUE(all.ends_with(body)) << all;
    std::string many;
    for (int i = 0; i < 97; ++i)
      many += "X-" + std::to_string(i) + ": v\r\n";
    std::string pipeline;
    for (int i = 0; i < 200; ++i)
      pipeline += get("/", many);
    const std::string answers = co_await talk(at, pipeline + get("/", "Connection: close\r\n"));
    EXPECT_EQ(count_of(answers, "HTTP/1.1 200"), 201u);
  });
}

TEST_P(http_faults, fault_N5_beyond_the_cap_connections_wait_and_are_served_as_soon_as_others_end) {
  options.connections_max = 4;
  serve(app, [&](net::address at, server& s) -> task<void> {
    std::vector<net::tcp_stream> crowd;
    for (int i = 0; i < 40; ++i) {
      auto one = co_await net::connect(at).result();
      if (one) crowd.push_back(std::move(*one));
    }
    co_await turns(200);
    EXPECT_EQ(s.connections(), 4u);
    const std::string request = get("/");
    co_await crowd[0].write_all(request);
    const auto served = co_await crowd[0].read();
    EXPECT_TRUE(io::as_text(served.bytes()).ends_with("fine"));  // those that are there are served
    auto waiting = spawn(assume_owned(talk(at, get("/", "Connection: close\r\n"))));
    crowd.clear();
    const std::string answer = co_await std::move(waiting);
    EXPECT_TRUE(answer.ends_with("fine")) << answer;
  });
}

INSTANTIATE_TEST_SUITE_P(on, http_faults, support::reactors(), support::reactor_name);

}  // namespace
}  // namespace rouse::http

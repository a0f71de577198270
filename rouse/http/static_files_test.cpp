// Files over HTTP: conditions, ranges, compressed siblings, what is kept in memory and for how
// long.
#include <rouse/http/static_files.hpp>

#include <rouse/http/http_server_test.hpp>
#include <rouse/http/router.hpp>
#include <rouse/sys/table.hpp>

#include <tests/support/scratch_folder.hpp>

#include <filesystem>
#include <fstream>

namespace rouse::http {
namespace {

using namespace std::chrono_literals;

class http_files : public http_server {
 protected:
  http_files() {
    write("a.txt", "0123456789");
    write("style.css", "body{}");
  }
  void write(const std::string& name, std::string_view content, int age_s = 3600) const {
    std::ofstream(path(name), std::ios::binary) << content;
    const auto time = std::filesystem::file_time_type::clock::now() - std::chrono::seconds(age_s);
    std::filesystem::last_write_time(path(name), time);
  }
  [[nodiscard]] std::string path(const std::string& name) const {
    return folder.path() + "/" + name;
  }
  [[nodiscard]] fs::directory root() const {
    return fs::directory(sys::open_at(-100, folder.path().c_str(), {.directory = true}).value());
  }
  struct answer {
    int status = 0;
    std::string head;
    std::string body;
    [[nodiscard]] std::string field(std::string_view name) const {
      const std::string key = "\r\n" + std::string(name) + ": ";
      const std::size_t at = head.find(key);
      if (at == std::string::npos) return "";
      return head.substr(at + key.size(), head.find("\r\n", at + 2) - at - key.size());
    }
  };
  static answer read_answer(const std::string& text) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) return {};
    return {std::stoi(text.substr(9, 3)), text.substr(0, end + 2), text.substr(end + 4)};
  }
  /// One request on a connection of its own.
  static task<answer> ask(net::address at, std::string target, std::string fields = "",
                          std::string method = "GET") {
    const std::string text =
        co_await talk(at, method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
                              fields + "\r\n");
    co_return read_answer(text);
  }
  support::scratch_folder folder;
};

TEST_P(http_files, a_client_that_has_it_already_gets_304) {
  static_files files(root());
  serve(files, [&](net::address at, server&) -> task<void> {
    const answer first = co_await ask(at, "/a.txt");
    EXPECT_EQ(first.status, 200);
    EXPECT_EQ(first.body, "0123456789");
    const std::string etag = first.field("ETag");
    EXPECT_TRUE(etag.starts_with('"')) << etag;
    const answer by_tag = co_await ask(at, "/a.txt", "If-None-Match: " + etag + "\r\n");
    EXPECT_EQ(by_tag.status, 304);
    EXPECT_EQ(by_tag.body, "");
    EXPECT_EQ(by_tag.field("ETag"), etag);
    EXPECT_EQ(by_tag.field("Content-Length"), "");
    const answer by_date =
        co_await ask(at, "/a.txt", "If-Modified-Since: " + first.field("Last-Modified") + "\r\n");
    EXPECT_EQ(by_date.status, 304);
    const answer insists = co_await ask(at, "/a.txt", "If-Match: \"other\"\r\n");
    EXPECT_EQ(insists.status, 412);
    write("a.txt", "9876543210", 1800);
    const answer changed = co_await ask(at, "/a.txt", "If-None-Match: " + etag + "\r\n");
    EXPECT_EQ(changed.status, 200);
    EXPECT_EQ(changed.body, "9876543210");
    EXPECT_NE(changed.field("ETag"), etag);
  });
}

TEST_P(http_files, a_file_changed_within_this_second_has_a_weak_tag) {
  write("a.txt", "fresh", 0);
  static_files files(root());
  serve(files, [&](net::address at, server&) -> task<void> {
    const answer fresh = co_await ask(at, "/a.txt");
    const std::string etag = fresh.field("ETag");
    EXPECT_TRUE(etag.starts_with("W/\"")) << etag;
    const answer part =
        co_await ask(at, "/a.txt", "Range: bytes=0-1\r\nIf-Range: " + etag + "\r\n");
    EXPECT_EQ(part.status, 200);  // the rest of something that may have changed would not fit
    const answer same = co_await ask(at, "/a.txt", "If-None-Match: " + etag + "\r\n");
    EXPECT_EQ(same.status, 304);
  });
}

TEST_P(http_files, fault_H10_parts_are_served_one_or_several_or_416) {
  const std::string big(300'000, 'q');
  write("big", big + "end");
  static_files files(root());
  serve(files, [&](net::address at, server&) -> task<void> {
    const answer one = co_await ask(at, "/a.txt", "Range: bytes=2-4\r\n");
    EXPECT_EQ(one.status, 206);
    EXPECT_EQ(one.body, "234");
    EXPECT_EQ(one.field("Content-Range"), "bytes 2-4/10");
    const answer several = co_await ask(at, "/a.txt", "Range: bytes=0-0,-2\r\n");
    EXPECT_EQ(several.status, 206);
    const std::string type = several.field("Content-Type");
    const std::string boundary = type.substr(type.find('=') + 1);
    EXPECT_EQ(boundary.size(), 32u) << type;
    EXPECT_EQ(several.field("Content-Length"), std::to_string(several.body.size()));
    EXPECT_NE(several.body.find("Content-Range: bytes 8-9/10\r\n\r\n89\r\n--" + boundary + "--"),
              std::string::npos)
        << several.body;
    const answer far = co_await ask(at, "/big", "Range: bytes=299998-300001,300002-\r\n");
    EXPECT_EQ(far.status, 206);
    EXPECT_NE(far.body.find("\r\n\r\nqqen\r\n"), std::string::npos);
    const answer long_part = co_await ask(at, "/big", "Range: bytes=1-\r\n");
    EXPECT_EQ(long_part.body, (big + "end").substr(1));
    const answer outside = co_await ask(at, "/a.txt", "Range: bytes=10-\r\n");
    EXPECT_EQ(outside.status, 416);
    EXPECT_EQ(outside.field("Content-Range"), "bytes */10");
    const answer many =
        co_await ask(at, "/a.txt", "Range: bytes=0-0,1-1,2-2,3-3,4-4,5-5,6-6,7-7,8-8\r\n");
    EXPECT_EQ(many.status, 200);
    const answer head = co_await ask(at, "/a.txt", "Range: bytes=2-4\r\n", "HEAD");
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.field("Content-Length"), "10");
    EXPECT_EQ(head.body, "");
    const answer stale = co_await ask(at, "/a.txt", "Range: bytes=2-4\r\nIf-Range: \"other\"\r\n");
    EXPECT_EQ(stale.status, 200);
    const answer resumed =
        co_await ask(at, "/a.txt", "Range: bytes=2-4\r\nIf-Range: " + one.field("ETag") + "\r\n");
    EXPECT_EQ(resumed.status, 206);
  });
}

TEST_P(http_files, compressed_siblings_go_to_who_takes_them_unless_they_are_older) {
  write("style.css.br", "BROTLI");
  write("style.css.gz", "GZ");
  write("old.css", "new content", 10);
  write("old.css.gz", "old content", 3600);
  write("a.txt.gz", "");
  std::filesystem::remove(path("a.txt.gz"));
  std::filesystem::create_symlink(path("style.css.gz"), path("a.txt.gz"));
  static_files files(root());
  serve(files, [&](net::address at, server&) -> task<void> {
    const answer plain = co_await ask(at, "/style.css");
    EXPECT_EQ(plain.body, "body{}");
    EXPECT_EQ(plain.field("Vary"), "Accept-Encoding");
    const answer brotli = co_await ask(at, "/style.css", "Accept-Encoding: gzip, br\r\n");
    EXPECT_EQ(brotli.body, "BROTLI");
    EXPECT_EQ(brotli.field("Content-Encoding"), "br");
    EXPECT_EQ(brotli.field("Content-Type"), "text/css; charset=utf-8");
    EXPECT_NE(brotli.field("ETag"), plain.field("ETag"));
    const answer gzip = co_await ask(at, "/style.css", "Accept-Encoding: gzip, br;q=0.1\r\n");
    EXPECT_EQ(gzip.body, "GZ");
    const answer neither = co_await ask(at, "/style.css", "Accept-Encoding: identity\r\n");
    EXPECT_EQ(neither.body, "body{}");
    const answer old = co_await ask(at, "/old.css", "Accept-Encoding: gzip\r\n");
    EXPECT_EQ(old.body, "new content");
    const answer linked = co_await ask(at, "/a.txt", "Accept-Encoding: gzip\r\n");
    EXPECT_EQ(linked.body, "0123456789");
  });
}

TEST_P(http_files, requests_that_arrived_together_share_one_read_and_later_ones_do_not) {
  static int opened;
  opened = 0;
  sys::table counting = sys::real_table;
  counting.openat2 = [](int directory, const char* name, const sys::open_how* how) {
    ++opened;
    return sys::real_table.openat2(directory, name, how);
  };
  static_files files(root());
  const sys::scoped_table here(counting);
  serve(files, [&](net::address at, server&) -> task<void> {
    const std::string two = get("/a.txt") + "HEAD /a.txt HTTP/1.1\r\nHost: x\r\n\r\n" +
                            get("/a.txt", "Range: bytes=1-1\r\nConnection: close\r\n");
    const std::string together = co_await talk(at, two);
    EXPECT_EQ(count_of(together, "HTTP/1.1 20"), 3u) << together;
    EXPECT_EQ(opened, 1);
    write("a.txt", "abcdefghij", 0);
    const answer after = co_await ask(at, "/a.txt");
    EXPECT_EQ(after.body, "abcdefghij");
    EXPECT_EQ(opened, 2);
  });
}

TEST_P(http_files, what_a_request_in_between_has_written_is_read_behind_it) {
  static_files files(root());
  router app;
  app.put("/a.txt", [&](exchange& x) {
    write("a.txt", "written", 0);
    x.empty();
  });
  app.mount("/", files);
  serve(app, [&](net::address at, server&) -> task<void> {
    const std::string all = co_await talk(
        at, get("/a.txt") + "PUT /a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" +
                get("/a.txt", "Connection: close\r\n"));
    EXPECT_NE(all.find("0123456789"), std::string::npos);
    EXPECT_TRUE(all.ends_with("written")) << all;
  });
}

TEST_P(http_files, a_cache_serves_what_was_true_for_as_long_as_it_may) {
  manual_clock hand;
  clock = &hand;
  static_files_options how;
  how.cached_for = 5s;
  how.cache_bytes_max = 15'000;
  static_files files(root(), how);
  serve(files, [&](net::address at, server&) -> task<void> {
    (void)co_await ask(at, "/a.txt");
    write("a.txt", "abcdefghij", 0);
    hand.advance(4s);
    const answer kept = co_await ask(at, "/a.txt");
    EXPECT_EQ(kept.body, "0123456789");
    hand.advance(1s);
    const answer fresh = co_await ask(at, "/a.txt");
    EXPECT_EQ(fresh.body, "abcdefghij");
    for (const char* name : {"b.txt", "c.txt"}) {
      write(name, "tenletters" + std::string(10'000, 'x'));
      (void)co_await ask(at, "/" + std::string(name));
    }
    write("a.txt", "0000000000", 0);  // least recently used, and there is no room for both
    const answer evicted = co_await ask(at, "/a.txt");
    EXPECT_EQ(evicted.body, "0000000000");
    const answer bounds = co_await ask(at, "/c.txt", "Range: bytes=1-2\r\n");
    EXPECT_EQ(bounds.body, "en");
  });
}

TEST_P(http_files, sendfile_gives_the_same_bytes_and_asks_the_disk_for_what_is_not_cached) {
  std::string content;
  for (int i = 0; content.size() < 5'000'000; ++i)
    content += std::to_string(i);
  write("big", content);
  static_files_options how;
  how.sendfile = true;
  static_files files(root(), how);
  static int asked;
  asked = 0;
  sys::table half_cold = sys::real_table;
  half_cold.pages_cached = [](int fd, std::uint64_t offset, std::uint64_t bytes) -> long {
    return ++asked % 2 == 0 ? 0 : sys::real_table.pages_cached(fd, offset, bytes);
  };
  const sys::scoped_table here(half_cold);
  serve(files, [&](net::address at, server&) -> task<void> {
    const answer whole = co_await ask(at, "/big");
    EXPECT_EQ(whole.body, content);
    EXPECT_GT(asked, 4);
    const answer part = co_await ask(at, "/big", "Range: bytes=100000-4000000\r\n");
    EXPECT_EQ(part.body, content.substr(100'000, 3'900'001));
  });
}

TEST_P(http_files, a_request_behind_one_that_changes_the_file_sees_the_change) {
  static_files files(root());
  router app;
  app.on("PUT", "/a.txt", [&](exchange& x) {
    write("a.txt", "changed", 1800);
    x.empty();
  });
  app.mount("/", files);
  serve(app, [&](net::address at, server&) -> task<void> {
    const std::string all =
        co_await talk(at, get("/a.txt") + "PUT /a.txt HTTP/1.1\r\nHost: x\r\n\r\n" +
                              get("/a.txt", "Connection: close\r\n"));
    EXPECT_EQ(count_of(all, "0123456789"), 1u) << all;
    EXPECT_TRUE(all.ends_with("\r\n\r\nchanged")) << all;
  });
}

TEST_P(http_files, two_servers_with_one_handler_do_not_take_each_others_batches) {
  static_files files(root());
  for (const std::string body : {"0123456789", "other"}) {
    serve(files, [&](net::address at, server&) -> task<void> {
      const answer one = co_await ask(at, "/a.txt");
      EXPECT_EQ(one.body, body);
    });
    write("a.txt", "other", 1800);
  }
}

TEST_P(http_files, a_filter_finds_what_the_page_has_no_room_for) {
  for (char c = 'b'; c <= 'z'; ++c)
    write(std::string(1, c) + "-file", "");
  static_files_options how;
  how.listed_entries_max = 2;
  static_files files(root(), how);
  serve(files, [&](net::address at, server&) -> task<void> {
    const answer all = co_await ask(at, "/");
    EXPECT_NE(all.body.find("25 more entries"), std::string::npos) << all.body;
    for (char c = 'b'; c <= 'z'; ++c) {
      const std::string name = std::string(1, c) + "-file";
      const answer found = co_await ask(at, "/?filter=" + name);
      EXPECT_NE(found.body.find("<bdi>" + name), std::string::npos) << name;
      EXPECT_EQ(found.body.find("not shown"), std::string::npos) << name;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(on, http_files, support::reactors(), support::reactor_name);

}  // namespace
}  // namespace rouse::http

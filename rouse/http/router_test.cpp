// Which route is taken, and what middleware does around it.
#include <rouse/http/router.hpp>

#include <rouse/http/http_server_test.hpp>

#include <functional>
#include <stdexcept>

namespace rouse::http {
namespace {

class http_router : public http_server {
 protected:
  /// The answers to one request each, without their heads but for the status: "200 text".
  std::vector<std::string> answers(router& app, std::vector<std::string> requests) {
    std::vector<std::string> all;
    serve(app, [&](net::address at, server&) -> task<void> {
      for (const std::string& r : requests) {
        const std::string text = co_await talk(at, r);
        const std::size_t end = text.find("\r\n\r\n");
        heads.push_back(text.substr(0, end + 2));
        all.push_back(text.substr(9, 3) + " " + text.substr(end + 4));
      }
    });
    return all;
  }
  static std::string ask(std::string_view method, std::string_view target) {
    return std::string(method) + " " + std::string(target) +
           " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  }
  std::vector<std::string> heads;
};

auto says(std::string text) {
  return [text = std::move(text)](exchange& x) { x.text(text); };
}

task<result<void>> done() { co_return result<void>(); }

TEST_P(http_router, literal_beats_parameter_beats_rest_whatever_the_order) {
  router app;
  app.get("/*all", says("rest"));
  app.get("/a/:id", [](exchange& x) { x.text("id=" + std::string(x.parameter("id"))); });
  app.get("/a/b", says("literal"));
  app.get("/a/:id/c", [](exchange& x) { x.text("c of " + std::string(x.parameter("id"))); });
  app.get("/a/b/d", says("d"));
  const auto got = answers(
      app, {ask("GET", "/a/b"), ask("GET", "/a/x?y=/a/b"), ask("GET", "/a/b/c"),
            ask("GET", "/a/b/d"), ask("GET", "/a/b/e"), ask("GET", "/"), ask("GET", "/a/")});
  EXPECT_EQ(got, (std::vector<std::string>{"200 literal", "200 id=x", "200 c of b", "200 d",
                                           "200 rest", "200 rest", "200 rest"}));
}

TEST_P(http_router, parameters_are_decoded_segment_by_segment) {
  router app;
  app.get("/f/:one/:two", [](exchange& x) {
    x.text(std::string(x.parameter("one")) + "|" + std::string(x.parameter("two")) + "|" +
           std::string(x.parameter("three")));
  });
  app.get("/r/*rest", [](exchange& x) { x.text(x.parameter("rest")); });
  app.get("/q", [](exchange& x) {
    x.text(x.query("a").value_or("none") + "|" + x.query("b").value_or("none"));
  });
  const auto got = answers(
      app, {ask("GET", "/f/a%2Fb/%C3%A9"), ask("GET", "/f/a%00/b"), ask("GET", "/f/%zz/b"),
            ask("GET", "/f//b"), ask("GET", "/r/a/b%20c"), ask("GET", "/r"),
            ask("GET", "/q?b=x+y%21&a=&a=2"), ask("GET", "/q?a=%4"), ask("GET", "http://x/q?a=1")});
  EXPECT_EQ(got[0], "200 a/b|\xC3\xA9|");
  EXPECT_EQ(got[1].substr(0, 3), "404");
  EXPECT_EQ(got[2].substr(0, 3), "404");
  EXPECT_EQ(got[3].substr(0, 3), "404");
  EXPECT_EQ(got[4], "200 a/b%20c");  // several segments stay as they were sent
  EXPECT_EQ(got[5], "200 ");
  EXPECT_EQ(got[6], "200 |x y!");
  EXPECT_EQ(got[7], "200 none|none");
  EXPECT_EQ(got[8], "200 1|none");
}

TEST_P(http_router, a_path_with_other_methods_is_405_and_says_which) {
  router app;
  app.get("/a", says("got"));
  app.del("/a", says("deleted"));
  app.on("PROPFIND", "/a", says("found"));
  const auto got = answers(app, {ask("DELETE", "/a"), ask("HEAD", "/a"), ask("POST", "/a"),
                                 ask("OPTIONS", "/a"), ask("PROPFIND", "/a"), ask("GET", "/b")});
  EXPECT_EQ(got[0], "200 deleted");
  EXPECT_EQ(got[1], "200 ");
  EXPECT_NE(heads[1].find("Content-Length: 3\r\n"), std::string::npos);
  EXPECT_EQ(got[2].substr(0, 3), "405");
  EXPECT_NE(heads[2].find("Allow: GET, HEAD, DELETE, PROPFIND\r\n"), std::string::npos) << heads[2];
  EXPECT_EQ(got[3], "204 ");
  EXPECT_NE(heads[3].find("Allow: GET, HEAD, DELETE, PROPFIND\r\n"), std::string::npos);
  EXPECT_EQ(got[4], "200 found");
  EXPECT_EQ(got[5].substr(0, 3), "404");
}

TEST_P(http_router, middleware_goes_around_every_answer_and_may_give_its_own) {
  router app;
  std::string trace;
  app.use([&](exchange& x, next_step next) -> task<result<void>> {
    trace += "(";
    auto answered = co_await next(x);
    trace += std::to_string(static_cast<int>(x.answered())) + ")";
    co_return answered;
  });
  app.use([](exchange& x, next_step next) -> task<result<void>> {
    if (!x.request().header("x-key")) {
      x.error(status::unauthorized);
      return done();
    }
    (void)x.field("X-Seen", "yes");
    return next(x);
  });
  app.get("/", says("in"));
  const std::string key = "GET / HTTP/1.1\r\nHost: x\r\nX-Key: 1\r\nConnection: close\r\n\r\n";
  const auto got = answers(app, {ask("GET", "/"), key});
  EXPECT_EQ(got[0].substr(0, 3), "401");
  EXPECT_EQ(got[1], "200 in");
  EXPECT_NE(heads[1].find("X-Seen: yes\r\n"), std::string::npos);
  EXPECT_EQ(trace, "(401)(200)");
}

TEST_P(http_router, mounted_handlers_see_the_rest_and_the_longest_prefix_wins) {
  struct names_target final : handler {
    task<result<void>> respond(exchange& x) override {
      x.text(std::string(x.mounted_at()) + "|" + std::string(x.target()));
      co_return result<void>();
    }
  } leaf;
  router inner;
  inner.mount("/deep", leaf);
  router app;
  app.mount("/m/", leaf);
  app.mount("/m/n", inner);
  app.get("/m/own", says("route"));
  const auto got = answers(app, {ask("GET", "/m/a%20b?q"), ask("POST", "/m/n/deep/x"),
                                 ask("GET", "/m/own"), ask("GET", "/m?q"), ask("GET", "/mm")});
  EXPECT_EQ(got[0], "200 /m|/a%20b?q");
  EXPECT_EQ(got[1], "200 /m/n/deep|/x");
  EXPECT_EQ(got[2], "200 route");
  EXPECT_EQ(got[3].substr(0, 3), "301");
  EXPECT_NE(heads[3].find("Location: /m/?q\r\n"), std::string::npos) << heads[3];
  EXPECT_EQ(got[4].substr(0, 3), "404");
}

TEST_P(http_router, the_three_kinds_of_function_answer_and_fail_alike) {
  router app;
  app.get("/throws", [](exchange&) { throw std::runtime_error("no"); });
  app.get("/task", [](exchange& x) -> task<void> {
    x.text("task");
    co_return;
  });
  app.get("/task-throws", [](exchange&) -> task<void> {
    throw std::runtime_error("no");
    co_return;
  });
  app.get("/fails", [](exchange&) -> task<result<void>> {
    co_return std::unexpected(error("test", errc::at_capacity));
  });
  const auto got = answers(app, {ask("GET", "/throws"), ask("GET", "/task"),
                                 ask("GET", "/task-throws"), ask("GET", "/fails")});
  EXPECT_EQ(got[0].substr(0, 3), "500");
  EXPECT_EQ(got[1], "200 task");
  EXPECT_EQ(got[2].substr(0, 3), "500");
  EXPECT_EQ(got[3].substr(0, 3), "500");
}

TEST(router_death, patterns_that_make_no_sense_are_bugs) {
  router app;
  app.get("/a/:id", says(""));
  EXPECT_DEATH(app.get("/a/:other", says("")), "");
  EXPECT_DEATH(app.get("a", says("")), "");
  EXPECT_DEATH(app.get("/*rest/b", says("")), "");
  EXPECT_DEATH(app.get("/:", says("")), "");
}

INSTANTIATE_TEST_SUITE_P(on, http_router, support::reactors(), support::reactor_name);

}  // namespace
}  // namespace rouse::http

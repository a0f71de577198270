// HTTP in callbacks, against a server of ours on the same loop.
#include <rouse/loop/loop_http.hpp>

#include <rouse/base/io_error.hpp>
#include <rouse/http/router.hpp>
#include <rouse/http/server.hpp>
#include <rouse/loop/loop_files.hpp>
#include <rouse/loop/loop_jobs.hpp>
#include <rouse/loop/on_loop_test.hpp>
#include <rouse/loop/pipeline.hpp>
#include <rouse/net/listen.hpp>
#include <rouse/time/sleep.hpp>

#include <tests/support/open_descriptors.hpp>
#include <tests/support/scratch_folder.hpp>

#include <algorithm>
#include <functional>
#include <memory>

namespace loop_test {
namespace {

using rouse::http_answer;
using rouse::http::exchange;
using rouse::http::outgoing;

rouse::task<void> answer_late(exchange& x) {
  co_await rouse::sleep(2s);
  x.text("late");
}
rouse::task<void> answer_in_pieces(exchange& x) {
  auto& out = x.begin(rouse::http::status::ok, "text/plain");
  for (const char* piece : {"one ", "two ", "three"}) {
    co_await out.write(piece);
    co_await rouse::sleep(100ms);
  }
}
rouse::task<void> break_off(exchange& x) {
  auto& out = x.begin(rouse::http::status::ok, "text/plain", 100);
  co_await out.write("only this");
}
rouse::task<void> echo(exchange& x) {
  auto body = co_await x.body().read_to_end();
  x.text(std::string(x.request().header("X-Kind").value_or("none")) + ": " + body);
}

rouse::task<void> serve(rouse::http::handler* answers, std::string* base, std::size_t* count) {
  auto listener = co_await rouse::net::listen("127.0.0.1:0");
  *base = "http://" + listener.local_address().value().to_string();
  rouse::http::server server(std::move(listener), *answers);
  auto counted = rouse::assume_owned(server.run());
  *count = 1;
  co_await std::move(counted);
}

class loop_http : public on_loop {
 protected:
  void SetUp() override {
    on_loop::SetUp();
    if (IsSkipped()) return;
    descriptors = support::open_descriptors();
    app.get("/hello", [this](exchange& x) {
      ++requests;
      x.field("X-Colour", "blue").value();
      x.text("hello");
    });
    app.get("/late", answer_late);
    app.get("/pieces", answer_in_pieces);
    app.get("/broken", break_off);
    app.post("/echo", echo);
    app.get("/away", [](exchange& x) { x.redirect("/hello").value(); });
    make();
    begin_server();
  }
  void TearDown() override {
    if (IsSkipped()) return;
    loop_.reset();
    EXPECT_EQ(support::open_descriptors(), descriptors);
  }
  void begin_server() {
    rouse::spawn_options behind;
    behind.background = true;
    it().spawn(rouse::assume_owned(serve(&app, &base, &begun)), behind).detach();
    while (begun == 0)
      it().run_nowait();
  }
  auto told() {
    return
        [this](rouse::result<http_answer> a) { log.push_back(a ? a->body : a.error().message()); };
  }

  std::size_t descriptors = 0;
  std::size_t begun = 0;
  int requests = 0;
  std::string base;
  rouse::http::router app;
};
INSTANTIATE_TEST_SUITE_P(each, loop_http, support::reactors(), support::reactor_name);

TEST_P(loop_http, gets_an_answer_with_its_whole_body) {
  it().run([&] {
    it().http().get(base + "/hello", [&](rouse::result<http_answer> answer) {
      EXPECT_EQ(answer->code, rouse::http::status::ok);
      EXPECT_TRUE(answer->is_success());
      EXPECT_EQ(answer->header("x-colour"), "blue");
      EXPECT_EQ(answer->header("x-colou"), std::nullopt);
      EXPECT_EQ(answer->where, base + "/hello");
      log.push_back(answer->body);
      it().next_tick(say("tick"));
    });
    log.emplace_back("main");
  });
  EXPECT_EQ(log, (lines{"main", "hello", "tick"}));
}

TEST_P(loop_http, follows_redirects_and_takes_404_for_an_answer) {
  it().http().get(base + "/away", [&](auto answer) {
    log.push_back(answer->where.substr(base.size()));
    it().http().get(base + "/nowhere", [&](auto missing) {
      EXPECT_EQ(missing->code, rouse::http::status::not_found);
      EXPECT_FALSE(missing->is_success());
      log.emplace_back("404");
    });
  });
  it().run();
  EXPECT_EQ(log, (lines{"/hello", "404"}));
}

TEST_P(loop_http, sends_method_fields_and_body) {
  it().http().request(outgoing("POST", base + "/echo").header("X-Kind", "note").body("text"),
                      told());
  it().run();
  EXPECT_EQ(log, lines{"note: text"});
}

TEST_P(loop_http, keeps_its_connections_for_later_requests) {
  std::function<void(int)> next = [&](int left) {
    it().http().get(base + "/hello", [&, left](auto) {
      EXPECT_EQ(it().http().idle_connections(), 1U);
      if (left != 0) next(left - 1);
    });
  };
  EXPECT_EQ(it().http().idle_connections(), 0U);
  next(9);
  it().run();
  EXPECT_EQ(requests, 10);
  it().http().close_idle();
  EXPECT_EQ(it().http().idle_connections(), 0U);
}

TEST_P(loop_http, ends_a_request_after_its_time) {
  it().http().request(outgoing("GET", base + "/late").within(500ms), [&](auto answer) {
    EXPECT_TRUE(answer.error().is_timed_out());
    EXPECT_EQ(passed(), 500ms);
    log.emplace_back("late");
  });
  it().run();
  EXPECT_EQ(log, lines{"late"});
}

TEST_P(loop_http, refuses_a_body_beyond_its_limit) {
  it().http().request(outgoing("GET", base + "/hello"), 4, [&](auto answer) {
    EXPECT_EQ(answer.error(), rouse::errc::too_large);
    log.emplace_back("refused");
  });
  it().http().request(outgoing("GET", base + "/hello"), 5, told());
  it().run();
  std::ranges::sort(log);
  EXPECT_EQ(log, (lines{"hello", "refused"}));
}

TEST_P(loop_http, tells_what_is_wrong_with_a_request_or_a_server) {
  it().http().get("no url", told());
  it().http().get(base + "/broken", told());
  it().run();
  EXPECT_EQ(log.size(), 2U);
  for (const auto& line : log)
    EXPECT_EQ(line.find("hello"), std::string::npos) << line;
}

TEST_P(loop_http, cancels_a_request) {
  const auto id = it().http().get(base + "/late", [&](auto answer) {
    EXPECT_TRUE(answer.error().is_cancelled());
    EXPECT_EQ(passed(), 1s);
    log.emplace_back("cancelled");
  });
  it().set_timeout(1s, [&] { EXPECT_TRUE(it().cancel(id)); });
  it().run();
  EXPECT_EQ(log, lines{"cancelled"});
  EXPECT_EQ(it().http().idle_connections(), 0U);
}

TEST_P(loop_http, takes_limits_from_now_on) {
  rouse::http::client_options options;
  options.redirects_max = 0;
  options.request_limit = 1s;
  it().http().configure(options);
  it().http().get(base + "/away", [&](auto answer) {
    EXPECT_EQ(answer->code, rouse::http::status::found);
    it().http().get(base + "/late", told());
  });
  it().run();
  ASSERT_EQ(log.size(), 1U);
  EXPECT_NE(log[0].find("timed out"), std::string::npos) << log[0];
}

TEST_P(loop_http, goes_on_with_the_old_client_where_it_was_configured_meanwhile) {
  it().http().get(base + "/late", told());
  it().set_timeout(1s, [&] { it().http().configure({}); });
  it().run();
  EXPECT_EQ(log, lines{"late"});
}

TEST_P(loop_http, closes_with_requests_and_connections_under_way) {
  auto token = std::make_shared<int>(0);
  it().http().get(base + "/hello", told());
  it().run();
  EXPECT_EQ(it().http().idle_connections(), 1U);
  it().http().get(base + "/late", [token](auto) { FAIL(); });
  it().http()
      .request_stream(outgoing("GET", base + "/late"), [token](auto, auto) { FAIL(); })
      .on_error([token](const auto&) { FAIL(); })
      .on_close([token] { FAIL(); });
  it().set_timeout(1s, [&] { it().stop(); });
  it().run();
  EXPECT_EQ(token.use_count(), 5);
  auto http = it().http();
  it().close().value();
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_THROW(http.get(base, told()), rouse::io_error);
  EXPECT_THROW(http.configure({}), rouse::io_error);
  EXPECT_EQ(http.idle_connections(), 0U);
}

TEST_P(loop_http, serves_many_requests_at_once) {
  for (int i = 0; i < 200; ++i)
    it().http().get(base + "/hello", told());
  it().run();
  EXPECT_EQ(log, lines(200, "hello"));
}

// ---- bodies that flow

TEST_P(loop_http, streams_a_body_as_it_comes) {
  it().http()
      .request_stream(outgoing("GET", base + "/pieces"),
                      [&](const http_answer& head, rouse::loop_flow body) {
                        log.push_back(std::to_string(static_cast<int>(head.code)));
                        body.on_data(say_bytes()).on_end(say("end")).on_close(say("close"));
                      })
      .on_error([](const auto&) { FAIL(); });
  it().run();
  EXPECT_EQ(log, (lines{"200", "one ", "two ", "three", "end", "close"}));
  EXPECT_EQ(it().http().idle_connections(), 1U);
}

TEST_P(loop_http, reads_no_more_of_a_body_while_it_is_paused) {
  it().http().request_stream(outgoing("GET", base + "/pieces"),
                             [&](const http_answer&, rouse::loop_flow body) {
                               body.on_end(say("end")).on_data([&, body](auto piece) {
                                 log.emplace_back(rouse::io::as_text(piece));
                                 if (log.size() != 1) return;
                                 body.pause();
                                 it().set_timeout(1s, [&, body]() {
                                   log.emplace_back("resume");
                                   body.resume();
                                 });
                               });
                             });
  it().run();
  ASSERT_GE(log.size(), 4U);
  EXPECT_EQ(log[0], "one ");
  EXPECT_EQ(log[1], "resume");
  EXPECT_EQ(log.back(), "end");
  std::string rest;
  for (std::size_t i = 2; i + 1 < log.size(); ++i)
    rest += log[i];
  EXPECT_EQ(rest, "two three");
}

TEST_P(loop_http, tells_a_flow_that_its_body_was_broken_off) {
  it().http()
      .request_stream(outgoing("GET", base + "/broken"),
                      [&](const http_answer&, rouse::loop_flow body) {
                        body.on_end([] { FAIL(); }).on_data(say_bytes());
                      })
      .on_error([&](const rouse::error& e) {
        EXPECT_EQ(e, rouse::errc::end_of_stream);
        log.emplace_back("error");
      })
      .on_close(say("close"));
  it().run();
  EXPECT_EQ(log, (lines{"only this", "error", "close"}));
}

TEST_P(loop_http, tells_a_flow_that_there_is_no_answer) {
  it().http()
      .request_stream(outgoing("GET", "no url"), [](const auto&, auto) { FAIL(); })
      .on_error([&](const rouse::error&) { log.emplace_back("error"); })
      .on_close(say("close"));
  it().run();
  EXPECT_EQ(log, (lines{"error", "close"}));
}

TEST_P(loop_http, names_the_url_in_an_error_that_nobody_takes) {
  it().http().request_stream(outgoing("GET", "http://127.0.0.1:1/"), [](const auto&, auto) {});
  EXPECT_EQ(thrown(), "connect http://127.0.0.1:1/: Connection refused");
  it().http().upload(outgoing("PUT", "http://127.0.0.1:1/a"), [](const auto&) {}).end();
  EXPECT_EQ(thrown(), "connect http://127.0.0.1:1/a: Connection refused");
}

TEST_P(loop_http, destroys_a_flow_before_and_after_its_answer) {
  auto early = it().http().request_stream(outgoing("GET", base + "/late"),
                                          [](const auto&, auto) { FAIL(); });
  early.on_error([](const auto&) { FAIL(); }).on_close([&] {
    EXPECT_EQ(passed(), 1s);
    log.emplace_back("early");
  });
  it().set_timeout(1s, [early]() { early.destroy(); });
  it().http().request_stream(
      outgoing("GET", base + "/pieces"), [&](const http_answer&, rouse::loop_flow body) {
        body.on_close(say("close")).on_end([] { FAIL(); }).on_data([&, body](auto piece) {
          log.emplace_back(rouse::io::as_text(piece));
          body.destroy();
        });
      });
  it().run();
  EXPECT_EQ(log, (lines{"one ", "close", "early"}));
}

// ---- all together

int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

std::ptrdiff_t place_of(const lines& all, const std::string& line) {
  return std::ranges::find(all, line) - all.begin();
}

TEST_P(loop_http, uploads_a_body_bit_by_bit) {
  it().run([&] {
    const auto body = it().http().upload(outgoing("POST", base + "/echo").header("X-Kind", "bits"),
                                         [&](const http_answer& answer) {
                                           EXPECT_TRUE(answer.is_success());
                                           log.push_back(answer.body);
                                         });
    body.on_finish(say("finish")).on_close(say("close"));
    body.write("one ", [this](rouse::result<void> r) { log.emplace_back(r ? "sent" : "failed"); });
    it().set_timeout(1s, [body] {
      body.write("two ");
      body.end("three");
    });
  });
  EXPECT_EQ(log, (lines{"sent", "finish", "bits: one two three", "close"}));
}

TEST_P(loop_http, pipes_one_exchange_into_another) {
  for (const char* path : {"/pieces", "/broken"}) {
    const auto up = it().http().upload(outgoing("POST", base + "/echo"), told());
    it().http().request_stream(outgoing("GET", base + path),
                               [&, up](const http_answer&, const rouse::loop_flow& body) {
                                 rouse::pipeline(body, up, [&](const rouse::result<void>& r) {
                                   log.emplace_back(r ? "done" : r.error().message());
                                 });
                               });
    it().run();
  }
  EXPECT_EQ(log, (lines{"none: one two three", "done", "response body: the stream ended early"}));
}

TEST_P(loop_http, uploads_a_body_of_a_known_length_and_fails_with_another) {
  it().run([&] {
    const auto hears = [&](const http_answer& answer) { log.push_back(answer.body); };
    auto what = outgoing("POST", base + "/echo").body_length(4);
    it().http().upload(what, hears).end("four");
    const auto longer = it().http().upload(what, hears);
    longer.on_error([&](const rouse::error& e) {
      EXPECT_EQ(e, rouse::errc::invalid_input);
      log.emplace_back("too long");
    });
    longer.end("more than four");
  });
  EXPECT_THAT(log, testing::UnorderedElementsAre("none: four", "too long"));
}

TEST_P(loop_http, closes_an_upload_that_is_refused_destroyed_or_has_no_server) {
  it().run([&] {
    const auto refused = it().http().upload(outgoing("POST", base + "/nowhere"),
                                            [&, code = 0](const http_answer& answer) mutable {
                                              code = static_cast<int>(answer.code);
                                              log.push_back(std::to_string(code));
                                            });
    refused.write("some");
    refused.on_close([&] {
      log.emplace_back("refused");
      const auto lost =
          it().http().upload(outgoing("POST", base + "/echo"), [](const auto&) { FAIL(); });
      lost.write("some");
      lost.on_close([&] {
        log.emplace_back("destroyed");
        it().http()
            .upload(outgoing("POST", "http://127.0.0.1:1/"), [](const auto&) { FAIL(); })
            .on_error([&](const rouse::error& e) {
              log.emplace_back(e == std::errc::connection_refused ? "ECONNREFUSED" : e.message());
            });
      });
      it().set_timeout(1s, [lost] { lost.destroy(); });
    });
  });
  EXPECT_EQ(log, (lines{"404", "refused", "destroyed", "ECONNREFUSED"}));
}

TEST_P(loop_http, row_40_runs_the_main_program_of_files_jobs_timers_and_a_slow_server) {
  support::scratch_folder folder;
  const std::string path = folder / "test.txt";
  // Time stands still while another thread works.
  auto busy = [this] { return std::make_shared<rouse::manual_clock::hold>(clock_); };
  it().fs().write_file(path, std::string(39, 'x'), [](auto written) { ASSERT_TRUE(written); });
  it().run();
  const int code = it().run([&] {
    it().fs().read_file(path, [&, working = busy()](auto text) {
      log.push_back("first " + std::to_string(text->size()));
      it().jobs().run(
          [] { return fibonacci(20); },
          [&, working](auto number) { log.push_back("encrypted " + std::to_string(*number)); });
    });
    it().set_timeout(0ms, say("immediate1"));
    it().set_timeout(0ms, say("immediate2"));
    it().fs().read_file(path, [&, working = busy()](auto text) {
      log.push_back("second " + std::to_string(text->size()));
      it().fs().read_file(path, [&, working](auto again) { log.push_back("third " + *again); });
    });
    it().set_timeout(3000ms, [&] {
      log.emplace_back("3000ms");
      it().set_timeout(500ms, [&] {
        EXPECT_EQ(passed(), 3500ms);
        log.emplace_back("nested");
      });
    });
    it().set_timeout(1000ms, say("1000ms"));
    it().http().get(base + "/late", [&](auto answer) { log.push_back("web " + answer->body); });
    log.emplace_back("main");
  });
  EXPECT_EQ(code, 0);
  ASSERT_EQ(log.size(), 11U);
  EXPECT_EQ(lines(log.begin(), log.begin() + 3), (lines{"main", "immediate1", "immediate2"}));
  EXPECT_LT(place_of(log, "first 39"), place_of(log, "encrypted 6765"));
  EXPECT_LT(place_of(log, "second 39"), place_of(log, "third " + std::string(39, 'x')));
  EXPECT_EQ(lines(log.begin() + 7, log.end()), (lines{"1000ms", "web late", "3000ms", "nested"}));
}

}  // namespace
}  // namespace loop_test

// Streams that are written to, in callbacks: files here, bodies of requests in loop_http_test.
#include <rouse/loop/loop_sink.hpp>

#include <rouse/base/io_error.hpp>
#include <rouse/loop/loop_files.hpp>
#include <rouse/loop/on_files_test.hpp>

#include <tests/support/open_descriptors.hpp>

#include <memory>
#include <stdexcept>

namespace loop_test {
namespace {

class loop_sink : public on_files {
 protected:
  auto told(const std::string& what) {
    return [this, what](const rouse::result<void>& r) {
      log.push_back(r ? what : what + ": " + r.error().message());
    };
  }
  /// Sets all callbacks.
  void hear(const rouse::loop_sink& sink) {
    sink.on_drain(say("drain"))
        .on_finish(say("finish"))
        .on_error([this](const rouse::error& e) { log.push_back("error " + e.message()); })
        .on_close(say("close"));
  }
  rouse::loop_sink heard(const std::string& path, const rouse::write_stream_options& how = {}) {
    auto sink = it().fs().create_write_stream(path, how);
    hear(sink);
    return sink;
  }
  static rouse::write_stream_options mark_at(std::size_t bytes) {
    rouse::write_stream_options options;
    options.high_water_mark = bytes;
    return options;
  }
};
INSTANTIATE_TEST_SUITE_P(each, loop_sink, support::reactors(), support::reactor_name);

TEST_P(loop_sink, writes_in_order_and_tells_each_write_and_the_end) {
  put(at("a"), "what was there before");
  const auto sink = heard(at("a"));
  EXPECT_TRUE(sink.write("one ", told("one")));
  EXPECT_TRUE(sink.write("two ", told("two")));
  sink.end("three");
  EXPECT_EQ(sink.buffered_bytes(), 13U);
  EXPECT_EQ(log, lines()) << "not before the loop runs";
  it().run();
  EXPECT_EQ(log, (lines{"one", "two", "finish", "close"}));
  EXPECT_EQ(text_of(at("a")), "one two three");
  EXPECT_EQ(sink.bytes_written(), 13U);
  EXPECT_EQ(sink.buffered_bytes(), 0U);
  EXPECT_TRUE(sink.is_closed());
}

TEST_P(loop_sink, makes_an_empty_file_when_nothing_is_written) {
  heard(at("a")).end();
  it().run();
  EXPECT_EQ(log, (lines{"finish", "close"}));
  EXPECT_TRUE(std::ifstream(at("a")).good());
}

TEST_P(loop_sink, answers_false_beyond_its_mark_and_drains_once) {
  const auto sink = heard(at("a"), mark_at(4));
  EXPECT_TRUE(sink.write("abcd", told("abcd")));
  EXPECT_FALSE(sink.write("e", told("e")));
  EXPECT_FALSE(sink.write("f"));
  sink.on_drain([&] {
    log.emplace_back("drain");
    EXPECT_EQ(sink.buffered_bytes(), 0U);
    EXPECT_TRUE(sink.write("ghij", told("ghij")));
    sink.end();
  });
  it().run();
  EXPECT_EQ(log, (lines{"drain", "abcd", "e", "ghij", "finish", "close"}));
  EXPECT_EQ(text_of(at("a")), "abcdefghij");
}

TEST_P(loop_sink, does_not_drain_once_it_was_ended) {
  const auto sink = heard(at("a"), mark_at(1));
  EXPECT_FALSE(sink.write("abc"));
  sink.end();
  it().run();
  EXPECT_EQ(log, (lines{"finish", "close"}));
}

TEST_P(loop_sink, tells_of_a_write_of_nothing) {
  const auto sink = heard(at("a"));
  sink.write("", told("before the rest"));
  sink.write("text", [&](auto) {
    it().set_immediate([&] {
      sink.write("", [&](auto) {
        log.emplace_back("when nothing waits");
        sink.end();
      });
    });
  });
  it().run();
  EXPECT_EQ(log, (lines{"before the rest", "when nothing waits", "finish", "close"}));
  log.clear();
  const auto other = heard(at("b"));
  other.write("", told("nothing"));
  other.end();
  it().run();
  EXPECT_EQ(log, (lines{"nothing", "finish", "close"}));
}

TEST_P(loop_sink, writes_much_with_no_more_in_memory_than_its_mark_and_a_piece) {
  constexpr int pieces = 64;
  const std::string piece(32 * 1024, 'x');
  const auto sink = it().fs().create_write_stream(at("a"));
  int n = 0;
  const auto write_some = [&] {
    for (bool goes_on = true; goes_on && n < pieces; ++n)
      goes_on = sink.write(piece);
    EXPECT_LE(sink.buffered_bytes(), rouse::loop_sink::high_water_mark + piece.size());
    if (n == pieces) sink.end();
  };
  sink.on_drain(write_some);
  write_some();
  it().run();
  EXPECT_EQ(text_of(at("a")).size(), pieces * piece.size());
}

TEST_P(loop_sink, appends_or_changes_a_part) {
  put(at("a"), "0123456789");
  rouse::write_stream_options part;
  part.open.truncate = false;
  part.offset = 3;
  part.flush = true;
  heard(at("a"), part).end("abc");
  it().run();
  EXPECT_EQ(text_of(at("a")), "012abc6789");
  rouse::write_stream_options append;
  append.open.truncate = false;
  append.open.append = true;
  const auto sink = it().fs().create_write_stream(at("a"), append);
  sink.write("x", [&](auto) { sink.end("y"); });
  it().run();
  EXPECT_EQ(text_of(at("a")), "012abc6789xy");
  EXPECT_EQ(log, (lines{"finish", "close"}));
}

TEST_P(loop_sink, tells_that_it_cannot_be_opened) {
  const auto sink = heard(at("missing/a"));
  sink.write("text", told("text"));
  it().run();
  EXPECT_EQ(log, (lines{"text: open: No such file or directory",
                        "error open: No such file or directory", "close"}));
  EXPECT_TRUE(sink.is_closed());
}

TEST_P(loop_sink, throws_an_error_that_nobody_takes_and_names_the_file) {
  it().fs().create_write_stream(at("missing/a")).on_close(say("close"));
  EXPECT_EQ(thrown(), "open " + at("missing/a") + ": No such file or directory");
  it().run();
  EXPECT_EQ(log, lines{"close"});
}

TEST_P(loop_sink, fails_when_the_disk_is_full) {
  const auto sink = heard("/dev/full");
  sink.write("one", told("one"));
  sink.write("two", told("two"));
  sink.end();
  it().run();
  const std::string why = "write: No space left on device";
  EXPECT_EQ(log, (lines{"one: " + why, "two: " + why, "error " + why, "close"}));
  EXPECT_EQ(sink.bytes_written(), 0U);
}

TEST_P(loop_sink, refuses_a_write_after_the_end) {
  const auto sink = heard(at("a"));
  sink.end("text");
  EXPECT_FALSE(sink.write("more", [&](const rouse::result<void>& r) {
    EXPECT_EQ(r.error(), rouse::errc::closed);
    log.emplace_back("refused");
  }));
  it().run();
  EXPECT_EQ(log, (lines{"refused", "finish", "close"}));
  EXPECT_EQ(text_of(at("a")), "text");
  EXPECT_FALSE(sink.write("more", [&](const rouse::result<void>& r) {
    EXPECT_EQ(r.error(), rouse::errc::closed);
    log.emplace_back("refused again");
  }));
  it().run();
  EXPECT_EQ(log.back(), "refused again");
}

TEST_P(loop_sink, fails_by_a_write_after_the_end_that_nobody_looks_at) {
  const auto sink = heard(at("a"));
  sink.end("text");
  EXPECT_FALSE(sink.write("more"));
  it().run();
  ASSERT_EQ(log.size(), 2U);
  EXPECT_THAT(log[0], testing::StartsWith("error write: "));
  EXPECT_EQ(log[1], "close");
}

TEST_P(loop_sink, calls_close_alone_after_destroy) {
  const auto sink = heard(at("a"), mark_at(1));
  sink.write("one", [&](rouse::result<void> r) {
    EXPECT_TRUE(r);
    log.emplace_back("one");
    sink.write("two", [&](const rouse::result<void>& two) {
      EXPECT_EQ(two.error(), std::errc::operation_canceled);
      log.emplace_back("two is lost");
    });
    sink.destroy();
    sink.end();
  });
  it().run();
  EXPECT_EQ(log, (lines{"drain", "one", "two is lost", "close"}));
  const auto other = heard(at("b"));
  other.destroy();
  other.destroy();
  it().run();
  EXPECT_EQ(log.size(), 5U);
  EXPECT_EQ(log.back(), "close");
}

TEST_P(loop_sink, does_not_finish_after_destroy_though_it_was_ended_then_too) {
  for (const bool ends_first : {false, true}) {
    log.clear();
    const auto sink = heard(at("a"));
    sink.write("text", [&](auto) {
      it().set_immediate([&] {  // when it waits for more
        if (ends_first) sink.end();
        sink.destroy();
        sink.end();
      });
    });
    it().run();
    EXPECT_EQ(log, lines{"close"});
  }
}

TEST_P(loop_sink, keeps_the_loop_alive_unless_it_is_unrefd) {
  const auto sink = heard(at("a"));
  for (int i = 0; i < 5; ++i)
    it().run_nowait();
  EXPECT_TRUE(it().is_alive());
  sink.unref();
  EXPECT_FALSE(it().is_alive());
  it().run();
  EXPECT_EQ(log, lines());
  sink.ref();
  EXPECT_TRUE(it().is_alive());
  sink.end();
  it().run();
  EXPECT_EQ(log, (lines{"finish", "close"}));
  sink.ref();
  EXPECT_FALSE(it().is_alive());
}

TEST_P(loop_sink, m9_goes_on_after_an_exception_of_its_callback) {
  const auto sink = heard(at("a"));
  sink.write("a", [](auto) { throw std::runtime_error("a"); });
  sink.write("b", told("b"));
  sink.end();
  EXPECT_THROW(it().run(), std::runtime_error);
  it().run();
  EXPECT_EQ(log, (lines{"b", "finish", "close"}));
}

TEST_P(loop_sink, tells_the_other_writes_when_one_of_them_throws_at_a_failure) {
  const auto sink = heard("/dev/full");
  sink.write("a", [](auto) { throw std::runtime_error("a"); });
  sink.write("b", told("b"));
  EXPECT_THROW(it().run(), std::runtime_error);
  it().run();
  const std::string why = "write: No space left on device";
  EXPECT_EQ(log, (lines{"b: " + why, "error " + why, "close"}));
}

TEST_P(loop_sink, each_run_throws_one_of_what_its_writes_threw_and_its_own_error) {
  const auto sink = it().fs().create_write_stream("/dev/full");
  sink.on_close(say("close"));
  sink.write("a", fail("a"));
  sink.write("b", fail("b"));
  EXPECT_EQ(thrown(), "a");
  EXPECT_TRUE(it().is_alive());
  EXPECT_EQ(thrown(), "b");
  EXPECT_EQ(thrown(), "write /dev/full: No space left on device");
  EXPECT_EQ(log, lines());
  EXPECT_EQ(thrown(), "nothing");
  EXPECT_EQ(log, lines{"close"});
}

TEST_P(loop_sink, tells_nobody_of_a_failure_once_one_has_called_exit) {
  const auto sink = heard(at("missing/a"));
  sink.write("a", [&](auto) {
    log.emplace_back("a");
    it().exit(3);
  });
  sink.write("b", told("b"));
  EXPECT_EQ(it().run([] {}), 3);
  EXPECT_EQ(log, lines{"a"});
}

TEST_P(loop_sink, lets_everything_go_at_its_end_and_when_the_loop_closes) {
  it().fs().create_write_stream(at("first, for what stays open")).end("text");
  it().run();
  const auto before = open_descriptors();
  const auto token = std::make_shared<int>();
  rouse::loop_sink ended = it().fs().create_write_stream(at("a"));
  rouse::loop_sink open = it().fs().create_write_stream(at("b"));
  for (const auto& sink : {ended, open}) {
    sink.on_drain([sink, token] {}).on_finish([sink, token] {}).on_close([sink, token] {});
    sink.on_error([sink, token](const rouse::error&) {});
  }
  ended.end("text");
  open.write("text");
  const auto both = [&] { return ended.is_closed() && open.bytes_written() == 4; };
  for (int i = 0; i < 1000 && !both(); ++i)
    it().run_once();
  it().run_nowait();
  EXPECT_EQ(token.use_count(), 5);
  EXPECT_EQ(support::open_descriptors(), before + 1);
  open.write("lost", [token](auto) { FAIL(); });
  loop_.reset();
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_TRUE(open.is_closed());
  EXPECT_FALSE(open.write("nothing happens", [](auto) { FAIL(); }));
  open.end();
  open.destroy();
  open.unref();
}

TEST(handle_to_no_sink, is_closed_and_says_so_when_it_is_written_to) {
  const rouse::loop_sink sink;
  EXPECT_TRUE(sink.is_closed());
  EXPECT_DEATH(sink.write("lost"), "a loop_sink to nothing");
}

}  // namespace
}  // namespace loop_test

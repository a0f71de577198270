// Files in callbacks. No timers here: nothing that virtual time could overtake.
#include <rouse/loop/loop_files.hpp>

#include <rouse/base/io_error.hpp>
#include <rouse/loop/on_loop_test.hpp>

#include <tests/support/open_descriptors.hpp>
#include <tests/support/scratch_folder.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <thread>

namespace loop_test {
namespace {

class loop_files : public on_loop {
 protected:
  /// A callback that writes "what" or "what: why".
  template <class T = void>
  auto told(std::string what) {
    return [this, what = std::move(what)](rouse::result<T> r) {
      log.push_back(r ? what : what + ": " + r.error().message());
    };
  }
  std::string at(const char* name) const { return folder / name; }

  support::scratch_folder folder;
};
INSTANTIATE_TEST_SUITE_P(each, loop_files, support::reactors(), support::reactor_name);

TEST_P(loop_files, writes_and_reads_whole_files) {
  it().run([&] {
    it().fs().write_file(at("a"), "one\n", [&](rouse::result<void> written) {
      ASSERT_TRUE(written);
      it().fs().append_file(at("a"), "two\n", [&](auto appended) {
        ASSERT_TRUE(appended);
        it().fs().read_file(at("a"), [&](auto text) { log.push_back(text.value()); });
      });
    });
  });
  EXPECT_EQ(log, lines{"one\ntwo\n"});
}

TEST_P(loop_files, may_be_used_before_the_loop_runs) {
  it().fs().write_file(at("a"), "text", [&](auto) {
    it().fs().read_file(at("a"), [&](auto text) { log.push_back(text.value()); });
  });
  EXPECT_TRUE(log.empty());
  it().run();
  EXPECT_EQ(log, lines{"text"});
}

TEST_P(loop_files, calls_back_later_and_only_after_the_caller_has_returned) {
  it().run([&] {
    it().fs().stat(folder.path(), told<rouse::fs::file_status>("stat"));
    it().next_tick(say("tick"));
    it().queue_microtask(say("microtask"));
    log.emplace_back("main");
  });
  EXPECT_EQ(log, (lines{"main", "tick", "microtask", "stat"}));
}

TEST_P(loop_files, drains_ticks_and_microtasks_after_each_callback) {
  for (const char* name : {"a", "b"}) {
    it().fs().stat(folder.path(), [this, name](auto) {
      log.emplace_back(name);
      it().queue_microtask(say("microtask"));
      it().next_tick(say("tick"));
    });
  }
  it().run();
  // Both may be ready in one poll phase, in whatever order.
  ASSERT_EQ(log.size(), 6U);
  for (int i = 0; i < 6; i += 3)
    EXPECT_EQ(lines(log.begin() + i + 1, log.begin() + i + 3), (lines{"tick", "microtask"}));
}

TEST_P(loop_files, opens_writes_reads_and_closes) {
  using options = rouse::fs::open_options;
  const options how{.mode = rouse::sys::access::read_write, .create = true};
  it().fs().open(at("a"), how, [&](rouse::result<rouse::fs::file> opened) {
    auto file = std::make_shared<rouse::fs::file>(std::move(opened.value()));
    it().fs().write(*file, 0, "hello world", [this, file](rouse::result<std::size_t> bytes) {
      EXPECT_EQ(bytes.value(), 11U);
      it().fs().fsync(*file, [this, file](rouse::result<void> synced) {
        EXPECT_TRUE(synced);
        it().fs().read(*file, 6, 100, [this, file](rouse::result<rouse::io::buffer> read) {
          log.emplace_back(read.value().text());
          it().fs().close(std::move(*file), told("close"));
        });
      });
    });
  });
  it().run();
  EXPECT_EQ(log, (lines{"world", "close"}));
}

TEST_P(loop_files, keeps_a_file_open_while_a_call_is_under_way) {
  it().fs().write_file(at("a"), "text", [&](auto) {
    it().fs().open(at("a"), [&](auto opened) {
      it().fs().read(*opened, 0, 4, [&](auto read) { log.emplace_back(read.value().text()); });
    });  // the file object is gone here
  });
  it().run();
  EXPECT_EQ(log, lines{"text"});
}

TEST_P(loop_files, works_on_names) {
  auto fs = it().fs();
  fs.mkdir(at("d"), [&, fs](auto made) mutable {
    ASSERT_TRUE(made);
    fs.write_file(at("d/a"), "12345", [&, fs](auto) mutable {
      fs.rename(at("d/a"), at("d/b"), [&, fs](auto) mutable {
        fs.copy_file(at("d/b"), at("d/c"), [&, fs](auto bytes) mutable {
          EXPECT_EQ(bytes.value(), 5U);
          fs.readdir(at("d"), [&, fs](auto entries) mutable {
            for (const auto& entry : entries.value())
              log.push_back(entry.name);
            std::ranges::sort(log);
            fs.unlink(at("d/b"), [&, fs](auto unlinked) mutable {
              EXPECT_TRUE(unlinked);
              fs.rmdir(at("d"), [&, fs](auto removed) mutable {
                EXPECT_EQ(removed.error(), std::errc::directory_not_empty);
                fs.rm(at("d"), [&, fs](auto) mutable {
                  fs.stat(at("d"), told<rouse::fs::file_status>("stat"));
                });
              });
            });
          });
        });
      });
    });
  });
  it().run();
  EXPECT_EQ(log, (lines{"b", "c", "stat: stat: No such file or directory"}));
}

TEST_P(loop_files, row_35_a_missing_file_is_an_error_for_its_callback_and_the_pool_goes_on) {
  it().fs().read_file(at("missing"), [&](rouse::result<std::string> text) {
    EXPECT_EQ(text.error(), std::errc::no_such_file_or_directory);
    log.emplace_back("missing");
    it().fs().write_file(at("a"), "here", [&](auto) {
      it().fs().read_file(at("a"), [&](auto found) { log.push_back(found.value()); });
    });
  });
  EXPECT_EQ(it().run([] {}), 0);
  EXPECT_EQ(log, (lines{"missing", "here"}));
}

TEST_P(loop_files, refuses_a_file_larger_than_the_bound) {
  it().fs().write_file(at("a"), "12345", [&](auto) {
    it().fs().read_file(at("a"), 4, [&](auto text) {
      EXPECT_EQ(text.error(), rouse::errc::too_large);
      log.emplace_back("refused");
    });
  });
  it().run();
  EXPECT_EQ(log, lines{"refused"});
}

TEST_P(loop_files, does_nothing_to_the_disk_when_it_is_cancelled_at_once) {
  it().fs().write_file(at("a"), "text", [&](auto) {
    const auto id = it().fs().unlink(at("a"), told("unlink"));
    EXPECT_TRUE(it().cancel(id));
  });
  it().run();
  EXPECT_EQ(log, lines{"unlink: cancel: Operation canceled"});
  EXPECT_EQ(::access(at("a").c_str(), F_OK), 0);
}

TEST_P(loop_files, m15_a_callback_may_cancel_the_others) {
  std::vector<rouse::request_id> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(it().fs().stat(at("none"), [&](auto) {
      log.emplace_back("called");
      for (const auto id : ids)
        it().cancel(id);
    }));
  }
  it().run();
  EXPECT_EQ(log.size(), 3U);  // each once, with whatever result
  for (const auto id : ids)
    EXPECT_FALSE(it().cancel(id));
}

TEST_P(loop_files, m9_an_exception_leaves_run_and_the_others_are_called_by_the_next) {
  for (int i = 0; i < 3; ++i)
    it().fs().stat(folder.path(), [&](auto) {
      log.emplace_back("called");
      throw std::runtime_error("no");
    });
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_THROW(it().run(), std::runtime_error);
    EXPECT_EQ(log.size(), i);
  }
  it().run();
  EXPECT_EQ(log.size(), 3U);
}

TEST_P(loop_files, refuses_everything_once_the_loop_has_closed) {
  auto fs = it().fs();
  it().close().value();
  EXPECT_THROW(fs.stat("/", told<rouse::fs::file_status>("stat")), rouse::io_error);
  EXPECT_THROW(fs.create_read_stream("/"), rouse::io_error);
  EXPECT_THROW(fs.watch("/", told<rouse::fs::change_event>("watch")), rouse::io_error);
}

TEST_P(loop_files, destroys_what_is_under_way_when_the_loop_closes) {
  const std::size_t before = support::open_descriptors();
  make();
  auto token = std::make_shared<int>(0);
  it().fs().watch(folder.path(), [token](auto) { FAIL(); });
  it().fs().create_read_stream("/dev/null").on_end([token] { FAIL(); }).on_close([token] {
    FAIL();
  });
  for (int i = 0; i < 3; ++i)
    it().run_nowait();
  it().fs().read_file("/dev/null", [token](auto) { FAIL(); });  // which does not begin
  EXPECT_EQ(token.use_count(), 5);
  it().close().value();
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ(support::open_descriptors(), before);
}

// ---- streams

TEST_P(loop_files, streams_a_file_in_pieces_then_end_then_close) {
  const std::string content = std::string(3000, 'a') + "bc";
  it().fs().write_file(at("a"), content, [&](auto) {
    auto seen = std::make_shared<std::string>();
    rouse::read_stream_options options;
    options.piece_bytes_max = 1000;
    it().fs()
        .create_read_stream(at("a"), options)
        .on_data([this, seen](auto piece) {
          seen->append(rouse::io::as_text(piece));
          log.push_back(std::to_string(piece.size()));
        })
        .on_end([&, seen] {
          EXPECT_EQ(*seen, content);
          log.emplace_back("end");
        })
        .on_close(say("close"));
  });
  it().run();
  EXPECT_EQ(log, (lines{"1000", "1000", "1000", "2", "end", "close"}));
}

TEST_P(loop_files, streams_a_part_of_a_file) {
  it().fs().write_file(at("a"), "0123456789", [&](auto) {
    rouse::read_stream_options options;
    options.offset = 3;
    options.bytes_max = 4;
    it().fs().create_read_stream(at("a"), options).on_data(say_bytes());
  });
  it().run();
  EXPECT_EQ(log, lines{"3456"});
}

TEST_P(loop_files, gives_no_piece_while_the_stream_is_paused) {
  it().fs().write_file(at("a"), "abcd", [&](auto) {
    rouse::read_stream_options options;
    options.piece_bytes_max = 1;
    auto flow = it().fs().create_read_stream(at("a"), options);
    flow.on_end(say("end")).on_data([this, flow](auto piece) {
      log.emplace_back(rouse::io::as_text(piece));
      if (rouse::io::as_text(piece) != "b") return;
      flow.pause();
      it().set_timeout(1s, [this, flow]() {
        EXPECT_TRUE(flow.is_paused());
        log.emplace_back("resume");
        flow.resume();
      });
    });
  });
  it().run();
  EXPECT_EQ(log, (lines{"a", "b", "resume", "c", "d", "end"}));
}

TEST_P(loop_files, is_resumed_between_two_runs_of_the_loop) {
  it().fs().write_file(at("a"), "abcd", told("written"));
  it().run();
  auto flow = it().fs().create_read_stream(at("a"));
  flow.on_end(say("end"));
  for (int i = 0; i < 5; ++i)
    it().run_nowait();
  EXPECT_EQ(log, lines{"written"});
  EXPECT_FALSE(flow.is_closed());
  flow.resume();
  it().run();
  EXPECT_EQ(log, (lines{"written", "end"}));
  EXPECT_TRUE(flow.is_closed());
  flow.resume();
  flow.pause();
  flow.destroy();
  flow.on_data([](auto) {}).on_end([] {}).on_error([](const auto&) {}).on_close([] {});
}

TEST_P(loop_files, a_stream_keeps_the_loop_alive_unless_it_is_unrefd) {
  it().fs().write_file(at("a"), "text", [](auto) {});
  it().run();
  auto flow = it().fs().create_read_stream(at("a"));
  flow.on_end(say("end")).on_close(say("close"));
  EXPECT_TRUE(it().is_alive());
  flow.unref();
  EXPECT_FALSE(it().is_alive());
  it().run();
  flow.ref();
  EXPECT_TRUE(it().is_alive());
  EXPECT_EQ(log, lines());
  flow.on_data(say_bytes());
  it().run();
  EXPECT_EQ(log, (lines{"text", "end", "close"}));
  flow.ref();
  EXPECT_FALSE(it().is_alive());
}

TEST_P(loop_files, a_watch_keeps_the_loop_alive_unless_it_is_unrefd) {
  const auto watch = it().fs().watch(folder.path(), [](auto) {});
  EXPECT_TRUE(it().unref(watch));
  it().run();
  EXPECT_FALSE(it().is_alive());
  EXPECT_TRUE(it().ref(watch));
  EXPECT_TRUE(it().is_alive());
  it().cancel(watch);
  it().run();
  EXPECT_FALSE(it().unref(watch));
}

TEST_P(loop_files, calls_close_alone_after_destroy) {
  it().fs().write_file(at("a"), "abcd", [&](auto) {
    rouse::read_stream_options options;
    options.piece_bytes_max = 1;
    auto flow = it().fs().create_read_stream(at("a"), options);
    flow.on_end(say("end"))
        .on_error([&](const rouse::error&) { log.emplace_back("error"); })
        .on_close(say("close"))
        .on_data([this, flow](auto piece) {
          log.emplace_back(rouse::io::as_text(piece));
          if (rouse::io::as_text(piece) == "b") flow.destroy();
        });
    auto other = it().fs().create_read_stream(at("a"), options);
    other.on_data([&](auto) { log.emplace_back("destroyed before it began"); })
        .on_close(say("other"));
    other.destroy();
  });
  it().run();
  std::erase(log, "other");
  EXPECT_EQ(log, (lines{"a", "b", "close"}));
}

TEST_P(loop_files, tells_the_error_of_a_stream_or_throws_it) {
  it().fs()
      .create_read_stream(at("missing"))
      .on_data([](auto) { FAIL(); })
      .on_end([] { FAIL(); })
      .on_error([&](const rouse::error& e) { log.push_back(e.message()); })
      .on_close(say("close"));
  it().run();
  EXPECT_EQ(log, (lines{"open: No such file or directory", "close"}));
  it().fs().create_read_stream(at("missing")).on_data([](auto) {}).on_close(say("close"));
  EXPECT_EQ(thrown(), "open " + at("missing") + ": No such file or directory");
  it().run();
  EXPECT_EQ(log.size(), 3U);
}

TEST_P(loop_files, each_run_throws_one_of_what_a_stream_leaves_that_fails) {
  it().fs().create_read_stream(at("missing")).on_data([](auto) {}).on_close(fail("close"));
  EXPECT_EQ(thrown(), "open " + at("missing") + ": No such file or directory");
  EXPECT_EQ(thrown(), "close");
  EXPECT_EQ(thrown(), "nothing");
}

TEST_P(loop_files, lets_a_callback_of_a_stream_take_its_own_place) {
  it().fs().write_file(at("a"), "abc", [&](auto) {
    rouse::read_stream_options options;
    options.piece_bytes_max = 1;
    auto flow = it().fs().create_read_stream(at("a"), options);
    auto token = std::make_shared<std::string>("first ");
    flow.on_data([this, flow, token](auto piece) {
      flow.on_data(say_bytes());
      log.push_back(*token + std::string(rouse::io::as_text(piece)));
    });
  });
  it().run();
  EXPECT_EQ(log, (lines{"first a", "b", "c"}));
}

TEST_P(loop_files, m9_a_stream_goes_on_after_an_exception_of_its_callback) {
  it().fs().write_file(at("a"), "abc", told("written"));
  it().run();
  rouse::read_stream_options options;
  options.piece_bytes_max = 1;
  it().fs().create_read_stream(at("a"), options).on_end(say("end")).on_data([&](auto piece) {
    log.emplace_back(rouse::io::as_text(piece));
    if (rouse::io::as_text(piece) == "b") throw std::runtime_error("no");
  });
  EXPECT_THROW(it().run(), std::runtime_error);
  EXPECT_EQ(log, (lines{"written", "a", "b"}));
  it().run();
  EXPECT_EQ(log, (lines{"written", "a", "b", "c", "end"}));
}

TEST_P(loop_files, stops_a_stream_at_exit) {
  it().fs().write_file(at("a"), "abc", told("written"));
  it().run();
  const int code = it().run([&] {
    rouse::read_stream_options options;
    options.piece_bytes_max = 1;
    it().fs().create_read_stream(at("a"), options).on_data([&](auto piece) {
      log.emplace_back(rouse::io::as_text(piece));
      it().exit(7);
    });
  });
  EXPECT_EQ(code, 7);
  EXPECT_EQ(log, (lines{"written", "a"}));
}

// ---- watches

TEST_P(loop_files, watches_a_folder_until_it_is_cancelled) {
  rouse::request_id watching;
  watching = it().fs().watch(
      folder.path(),
      [&](rouse::result<rouse::fs::change_event> change) {
        if (!change) {
          log.push_back(change.error().is_cancelled() ? "cancelled" : change.error().message());
          return;
        }
        log.push_back(std::string(name_of(change->kind)) + " " +
                      change->path.substr(folder.path().size() + 1));
        if (change->kind == rouse::fs::change_kind::removed) it().cancel(watching);
      },
      [&] {
        log.emplace_back("ready");
        it().fs().mkdir(at("d"), [&](auto) { it().fs().rmdir(at("d"), [](auto) {}); });
      });
  it().run();
  EXPECT_EQ(log, (lines{"ready", "created d", "removed d", "cancelled"}));
}

TEST_P(loop_files, tells_why_there_is_no_watch) {
  it().fs().watch(at("missing"), told<rouse::fs::change_event>("watch"), [] { FAIL(); });
  it().run();
  EXPECT_EQ(log.size(), 1U);
  EXPECT_NE(log[0].find("No such file"), std::string::npos);
}

TEST_P(loop_files, tells_no_change_after_the_cancel_of_a_watch) {
  rouse::request_id watching;
  watching = it().fs().watch(
      folder.path(),
      [&](auto change) {
        log.emplace_back(change ? "change" : "cancelled");
        it().cancel(watching);  // the others of the batch are there already
      },
      [&] {
        for (const char* name : {"a", "b", "c"})
          ASSERT_EQ(::mkdir(at(name).c_str(), 0700), 0);
      });
  it().run();
  EXPECT_EQ(log, (lines{"change", "cancelled"}));
}

// ---- threads

TEST_P(loop_files, row_36_calls_back_on_the_thread_of_the_loop_only) {
  std::vector<std::thread::id> callers;
  for (int i = 0; i < 100; ++i)
    it().fs().readdir(folder.path(), [&](auto) { callers.push_back(std::this_thread::get_id()); });
  it().run();
  EXPECT_EQ(callers, std::vector<std::thread::id>(100, std::this_thread::get_id()));
}

}  // namespace
}  // namespace loop_test

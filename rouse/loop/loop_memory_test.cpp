// Goal: want of memory in a loop is told where it was asked for, or to the callback, and takes
// nothing else along. Method: calls of the allocator fail on this thread, one or all in a part of a
// turn. Whole programs: tests/faults.
#include <rouse/base/io_error.hpp>
#include <rouse/core/frame_memory.hpp>
#include <rouse/loop/loop_files.hpp>
#include <rouse/loop/loop_jobs.hpp>
#include <rouse/loop/loop_net.hpp>
#include <rouse/loop/loop_processes.hpp>
#include <rouse/loop/on_loop_test.hpp>
#include <rouse/loop/pipeline.hpp>
#include <rouse/sys/descriptor.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <tests/support/allocations.hpp>
#include <tests/support/scratch_folder.hpp>

#include <atomic>
#include <cerrno>
#include <exception>
#include <fstream>
#include <new>
#include <stdexcept>
#include <vector>

namespace loop_test {
namespace {

/// There is none until it ends.
class no_memory {
 public:
  no_memory() { begin(); }
  no_memory(const no_memory&) = delete;
  no_memory& operator=(const no_memory&) = delete;
  ~no_memory() { end(); }
  static void begin() {
    support::fail_at = 1;
    support::fail_for_good = true;
  }
  static void end() {
    support::fail_at = 0;
    support::fail_for_good = false;
  }
};

class loop_memory : public on_loop {
 protected:
  void SetUp() override {
    if (!support::can_count) GTEST_SKIP() << "a sanitizer owns the allocator";
    on_loop::SetUp();
  }
  void TearDown() override { no_memory::end(); }
  /// From the next prepare phase on, which is before the wait, there is none.
  void take_memory_before_the_wait() {
    hook_ = it().add_prepare([this] {
      it().remove(hook_);
      (void)rouse::internal::trim_frame_cache(0);
      no_memory::begin();
    });
  }

 private:
  rouse::hook_id hook_;
};
INSTANTIATE_TEST_SUITE_P(each, loop_memory, support::reactors(), support::reactor_name);

TEST_P(loop_memory, a_loop_that_cannot_be_made_leaves_nothing) {
  rouse::loop_options options;
  options.runtime.reactor.kind = GetParam();
  const auto make_short_of = [&](unsigned long n) {
    const support::failing_allocation nth(n);
    try {
      const rouse::loop l(options);
    } catch (const std::bad_alloc&) {
    } catch (const rouse::io_error& e) {
      EXPECT_EQ(e.reason().code, ENOMEM);
    }
    return nth.has_failed();
  };
  make_short_of(1);  // what the first exceptions keep
  make_short_of(1000);
  for (unsigned long n = 1;; n++) {
    const long before = support::live_blocks;
    const bool goes_on = make_short_of(n);
    EXPECT_EQ(support::live_blocks, before) << n;
    if (!goes_on) break;
  }
}

TEST_P(loop_memory, immediates_that_are_all_cleared_take_none_though_no_turn_follows) {
  rouse::loop& loop = make();
  std::vector<rouse::immediate_id> ids(100'000);
  const auto set_and_clear_all = [&] {
    for (auto& id : ids)
      id = loop.set_immediate([] { FAIL(); });
    for (const auto id : ids)
      loop.clear_immediate(id);
  };
  const long before = support::live_blocks;
  set_and_clear_all();
  EXPECT_EQ(support::live_blocks, before);

  loop.clear_immediate(loop.set_immediate([] {}));
  const support::allocation_count one_by_one;
  for (std::size_t i = 0; i < ids.size(); ++i)
    loop.clear_immediate(loop.set_immediate([] { FAIL(); }));
  EXPECT_EQ(one_by_one.made(), 0U);
}

TEST_P(loop_memory, a_handle_closes_without_any) {
  const auto server =
      it().net().listen("127.0.0.1:0", [](const rouse::loop_socket& peer) { peer.resume(); });
  const auto socket = it().net().connect(server.local_address().to_string());
  socket.on_close([&](bool) {
    log.emplace_back("close");
    server.close();
  });
  socket.on_connect([&] {
    it().set_immediate([&] {
      const no_memory now;
      socket.destroy();
    });
  });
  it().run();
  EXPECT_EQ(log, lines{"close"});
}

TEST_P(loop_memory, what_waited_to_be_sent_is_told_of_its_end_without_any) {
  const auto server =
      it().net().listen("127.0.0.1:0", [](const rouse::loop_socket& peer) { peer.resume(); });
  const auto socket = it().net().connect(server.local_address().to_string());
  for (int i = 0; i < 20; i++)  // more than the queue of ticks has room for
    socket.write("text", [&](const rouse::result<void>& sent) {
      log.push_back(sent ? "sent" : std::to_string(sent.error().code));
    });
  socket.on_close([&](bool) {
    log.emplace_back("close");
    server.close();
  });
  it().set_immediate([&] {
    const no_memory now;
    socket.destroy();
  });
  it().run();
  lines all(20, std::to_string(ECANCELED));
  all.emplace_back("close");
  EXPECT_EQ(log, all);
}

TEST_P(loop_memory, each_run_throws_one_of_what_those_throw_that_were_told_without_any) {
  const auto server =
      it().net().listen("127.0.0.1:0", [](const rouse::loop_socket& peer) { peer.resume(); });
  const auto socket = it().net().connect(server.local_address().to_string());
  constexpr int writes = 20;
  for (int i = 0; i < writes; i++)
    socket.write("text", fail(std::to_string(i)));
  socket.on_close(fail("close"));
  it().set_immediate([&] {
    const no_memory now;
    socket.destroy();
    server.close();
  });
  for (int i = 0; i < writes; i++)
    EXPECT_EQ(thrown(), std::to_string(i));
  EXPECT_EQ(thrown(), "close");
  EXPECT_EQ(thrown(), "nothing");
}

TEST_P(loop_memory, exceptions_that_one_callback_leaves_need_none_for_as_many_as_there_is_room) {
  const auto sink = it().fs().create_write_stream("/dev/full");
  constexpr int writes = 15;
  std::vector<std::exception_ptr> kept;  // to throw one needs memory
  for (int i = 0; i < writes; i++) {
    kept.push_back(std::make_exception_ptr(std::runtime_error(std::to_string(i))));
    sink.write("x", [&, i](auto) {
      no_memory::begin();
      std::rethrow_exception(kept[static_cast<std::size_t>(i)]);
    });
  }
  const auto next = [&] {
    std::string what;
    try {
      it().run();
    } catch (const std::exception& e) {
      no_memory::end();
      what = e.what();
    }
    return what;
  };
  for (int i = 0; i < writes; i++)
    EXPECT_EQ(next(), std::to_string(i));
  EXPECT_EQ(next(), std::bad_alloc().what()) << "the sink's own error, whose text found none";
  EXPECT_EQ(thrown(), "nothing");
}

TEST_P(loop_memory, what_waited_to_be_sent_is_told_of_nothing_after_exit_without_any) {
  const auto server =
      it().net().listen("127.0.0.1:0", [](const rouse::loop_socket& peer) { peer.resume(); });
  const auto socket = it().net().connect(server.local_address().to_string());
  for (int i = 0; i < 20; i++)
    socket.write("text", [&](auto) {
      log.emplace_back("told");
      it().exit(3);
    });
  socket.on_close([&](bool) { log.emplace_back("close"); });
  it().set_immediate([&] {
    const no_memory now;
    socket.destroy();
  });
  EXPECT_EQ(it().run([] {}), 3);
  EXPECT_EQ(log, lines{"told"});
}

TEST_P(loop_memory, a_handle_closes_without_any_while_its_loop_ends) {
  struct closes_at_its_end {
    explicit closes_at_its_end(rouse::loop_socket s) : socket(std::move(s)) {}
    closes_at_its_end(const closes_at_its_end&) = delete;
    closes_at_its_end& operator=(const closes_at_its_end&) = delete;
    ~closes_at_its_end() {
      const no_memory now;
      socket.destroy();
    }
    rouse::loop_socket socket;
  };
  const auto server = it().net().listen("127.0.0.1:0", [](auto) {});
  const auto socket = it().net().connect(server.local_address().to_string());
  socket.on_close([](bool) { FAIL(); });
  it().set_timeout(1ms, [held = std::make_unique<closes_at_its_end>(socket)] {});
  loop_.reset();
  EXPECT_TRUE(socket.is_closed());
}

TEST_P(loop_memory, a_write_that_finds_none_changes_nothing) {
  const auto server = it().net().listen(
      "127.0.0.1:0", [&](const rouse::loop_socket& peer) { peer.on_data(say_bytes()); });
  const auto socket = it().net().connect(server.local_address().to_string());
  {
    const no_memory now;
    EXPECT_THROW(socket.write("longer than what a string holds by itself"), std::bad_alloc);
  }
  EXPECT_EQ(socket.buffered_bytes(), 0u);
  socket.write("this", [&](const rouse::result<void>& sent) {
    EXPECT_TRUE(sent);
    socket.end();
    server.close();
  });
  it().run();
  EXPECT_EQ(log, lines{"this"});
}

TEST_P(loop_memory, a_server_goes_on_after_a_connection_that_found_none) {
  const auto server = it().net().listen("127.0.0.1:0", [&](const rouse::loop_socket& peer) {
    if (log.back() != "connection") log.emplace_back("connection");  // of two, or of one
    peer.destroy();
    it().stop();
  });
  std::vector<rouse::sys::descriptor> guests;
  const auto connect = [&, port = server.local_address().port()] {
    guests.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{.sin_family = AF_INET,
                   .sin_port = htons(port),
                   .sin_addr = {htonl(INADDR_LOOPBACK)},
                   .sin_zero = {}};
    const auto* to = reinterpret_cast<const sockaddr*>(&at);
    ASSERT_EQ(::connect(guests.back().get(), to, sizeof at), 0);
  };
  it().on_error([&](const std::exception_ptr& why) {
    no_memory::end();
    EXPECT_THROW(std::rethrow_exception(why), std::bad_alloc);
    log.emplace_back("no memory");
    connect();
  });
  connect();
  take_memory_before_the_wait();
  it().run();
  EXPECT_EQ(log, (lines{"no memory", "connection"}));
  EXPECT_FALSE(server.is_closed());
}

TEST_P(loop_memory, a_flow_that_finds_none_says_so_and_closes) {
  const support::scratch_folder folder;
  std::ofstream(folder / "file") << "text";
  const auto flow = it().fs().create_read_stream(folder / "file");
  flow.on_data(say_bytes());
  flow.on_error([&](const rouse::error& why) {
    no_memory::end();
    log.push_back(why.code == ENOMEM ? "ENOMEM" : why.message());
  });
  flow.on_close(say("close"));
  take_memory_before_the_wait();
  it().run();
  EXPECT_EQ(log, (lines{"ENOMEM", "close"}));
}

TEST_P(loop_memory, a_pipeline_that_finds_none_changes_nothing) {
  const support::scratch_folder folder;
  std::ofstream(folder / "a") << "text";
  const auto told = [&](const rouse::result<void>& r) {
    log.emplace_back(r ? "done" : r.error().message());
  };
  for (unsigned long n = 1;; ++n) {
    const auto from = it().fs().create_read_stream(folder / "a");
    const auto to = it().fs().create_write_stream(folder / "b");
    bool has_failed = false;
    try {
      const support::failing_allocation nth(n);
      rouse::pipeline(from, to, told);
    } catch (const std::bad_alloc&) {
      has_failed = true;
      from.on_data([](auto) {}).on_end(say("still its own"));
      to.end();
    }
    it().run();
    if (!has_failed) break;
    EXPECT_EQ(std::exchange(log, {}), lines{"still its own"});
  }
  EXPECT_EQ(log, lines{"done"});
}

TEST_P(loop_memory, a_child_that_finds_none_says_so_and_closes) {
  const auto child = it().processes().spawn(rouse::process::command("/bin/true"));
  child.on_error([&](const rouse::io_error& why) {
    no_memory::end();
    log.push_back(why.reason().code == ENOMEM ? "ENOMEM" : why.what());
  });
  child.on_close(say("close"));
  take_memory_before_the_wait();
  it().run();
  EXPECT_EQ(log, (lines{"ENOMEM", "close"}));
}

TEST_P(loop_memory, a_job_that_is_refused_for_want_of_it_does_not_run) {
  rouse::loop_options options;
  options.runtime.blocking.threads_max = 1;  // no thread is made while there is no memory
  rouse::loop& l = make_real(options);
  std::atomic<int> ran = 0;
  int told = 0;
  int refused = 0;
  const auto ask_short_of = [&](unsigned long n) {
    const support::failing_allocation nth(n);
    try {
      l.jobs().run([&] { ran++; }, [&](const rouse::result<void>&) { told++; });
    } catch (const std::bad_alloc&) {
      refused++;
    }
    return nth.has_failed();
  };
  ask_short_of(1000);  // what the first of a thread keeps
  for (unsigned long n = 1; ask_short_of(n); n++) {
  }
  l.run();
  EXPECT_GT(refused, 0);
  EXPECT_EQ(ran, told);
}

TEST_P(loop_memory, what_is_deferred_behind_a_rest_comes_without_any) {
  rouse::loop_options options;
  options.callbacks_per_phase = 1;
  rouse::loop& l = make(options);
  const auto defer_many = [&] {
    for (int i = 0; i < 20; i++)  // with the rest more than the ring has room for
      l.defer(say("."));
  };
  defer_many();
  rouse::hook_id check;
  rouse::hook_id prepare;
  check = l.add_check([&] {
    l.remove(check);
    defer_many();
    no_memory::begin();
  });
  prepare = l.add_prepare([&] {
    if (support::fail_at == 0) return;
    no_memory::end();
    l.remove(prepare);
  });
  l.run();
  EXPECT_EQ(log.size(), 40u);
}

TEST_P(loop_memory, what_is_posted_behind_a_rest_comes_without_any) {
  rouse::loop_options options;
  options.callbacks_per_phase = 1;
  rouse::loop& l = make(options);
  int came = 0;
  rouse::loop_hold hold = l.hold();
  const auto one = [&] {
    no_memory::end();
    if (++came == 1) {
      for (int i = 0; i < 20; i++)
        (void)l.handle().post([&] {
          no_memory::end();
          if (++came == 40) hold = {};
        });
      no_memory::begin();
    }
  };
  for (int i = 0; i < 20; i++)
    (void)l.handle().post(one);
  l.run();
  EXPECT_EQ(came, 40);
}

}  // namespace
}  // namespace loop_test

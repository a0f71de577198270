// The calls that docs/coming-from-node.md names are the real ones: a piece of code for each row of
// its table, in the table's order. What they do is tested where they live; here they are called
// once, and what each leaves in the log shows that it was.
#include <rouse/coro/task.hpp>
#include <rouse/loop.hpp>
#include <rouse/loop/on_loop_test.hpp>
#include <rouse/runtime/foreign_sources.hpp>

#include <tests/support/scratch_folder.hpp>

#include <unistd.h>

#include <csignal>

namespace loop_test {
namespace {

class coming_from_node : public on_loop {
 protected:
  void SetUp() override {
    on_loop::SetUp();
    if (!IsSkipped()) make_real();
  }
  /// A callback of anything, that writes a line.
  auto notes(std::string line) {
    return [this, line = std::move(line)](auto&&...) { log.push_back(line); };
  }
};
INSTANTIATE_TEST_SUITE_P(each, coming_from_node, support::reactors(), support::reactor_name);

TEST_P(coming_from_node, timers_and_queues) {
  rouse::loop& loop = it();
  rouse::timer_id id;
  loop.run([&] {
    id = loop.set_timeout(1h, notes("never"));
    EXPECT_TRUE(loop.refresh(id));
    EXPECT_TRUE(loop.clear_timeout(id));
    EXPECT_FALSE(loop.clear_timeout(id)) << "it had gone";
    id = loop.set_interval(1ms, [&] {
      log.emplace_back("interval");
      loop.clear_interval(id);
    });
    const rouse::immediate_id never = loop.set_immediate(notes("never"));
    EXPECT_TRUE(loop.clear_immediate(never));
    loop.set_immediate(notes("immediate"));
    loop.queue_microtask(notes("microtask"));
    loop.next_tick(notes("tick"));
    rouse::set_timeout(5ms, notes("timeout"));
  });
  EXPECT_EQ(log, (lines{"tick", "microtask", "immediate", "interval", "timeout"}));
}

TEST_P(coming_from_node, hooks_and_liveness) {
  rouse::loop& loop = it();
  for (const rouse::hook_id id : {loop.add_idle(notes("idle")), loop.add_prepare(notes("prepare")),
                                  loop.add_check(notes("check"))}) {
    EXPECT_TRUE(loop.unref(id));
    EXPECT_TRUE(loop.ref(id));
  }
  const rouse::hook_id more = loop.add_check(notes("never"));
  EXPECT_TRUE(loop.remove(more));
  EXPECT_TRUE(loop.run_nowait());
  EXPECT_EQ(log, (lines{"idle", "prepare", "check"}));
  EXPECT_TRUE(loop.run_once());
  loop.set_immediate([&] { loop.stop(); });
  loop.run();
  EXPECT_EQ(log.size(), 9U);
}

TEST_P(coming_from_node, other_threads_and_other_loops) {
  rouse::loop& loop = it();
  rouse::loop_async woken(loop, [&] {
    log.emplace_back("async");
    woken.close();
  });
  const auto sender = woken.sender();
  EXPECT_TRUE(sender.send());
  EXPECT_TRUE(sender.send()) << "many sends, one call";
  EXPECT_TRUE(loop.handle().post(notes("message")));
  const auto wait = loop.begin_wait();
  ASSERT_TRUE(wait);
  EXPECT_GE(wait->descriptor, 0);
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  rouse::foreign_sources guest(loop.runtime());
  EXPECT_TRUE(guest.watch(pipe[0], {.readable = true}, [&](rouse::foreign_events ready) {
    log.emplace_back("descriptor");
    guest.remove(ready.fd);
  }));
  loop.run();
  ::close(pipe[0]);
  ::close(pipe[1]);
  EXPECT_THAT(log, testing::UnorderedElementsAre("async", "message", "descriptor"));
}

TEST_P(coming_from_node, the_end) {
  rouse::loop& loop = it();
  loop.on_before_exit([&] {
    log.emplace_back("before exit");
    loop.exit(3);
  });
  loop.on_exit([&](int code) { log.push_back("exit " + std::to_string(code)); });
  loop.on_error(notes("error"));
  EXPECT_EQ(loop.run([] { throw 1; }), 3);
  EXPECT_EQ(log, (lines{"error", "before exit", "exit 3"}));
}

TEST_P(coming_from_node, sockets) {
  rouse::loop& loop = it();
  const rouse::loop_server server =
      loop.net().listen("127.0.0.1:0", [&](const rouse::loop_socket& client) {
        client.on_data([client](auto bytes) { client.write(bytes); });
      });
  const auto socket = loop.net().connect(server.local_address().to_string(), notes("connect"));
  EXPECT_TRUE(socket.write("hello"));
  socket.on_data([&, socket](auto) {
    log.emplace_back("data");
    socket.pause();
    socket.resume();
    socket.end();
  });
  socket.on_drain(notes("drain")).on_end(notes("end")).on_error(notes("error"));
  socket.unref();
  socket.ref();
  socket.on_close([&, socket](bool) {
    log.emplace_back("close");
    socket.destroy();
    server.close();
  });
  loop.run();
  EXPECT_EQ(log, (lines{"connect", "data", "end", "close"}));
}

TEST_P(coming_from_node, files_and_jobs) {
  rouse::loop& loop = it();
  const support::scratch_folder folder;
  const std::string path = folder / "a.txt";
  rouse::request_id watching;
  loop.fs().write_file(path, "text", [&](auto) {
    loop.fs().read_file(path, [&](auto text) { log.push_back(*text); });
    watching = loop.fs().watch(path, notes("watch"), [&] { EXPECT_TRUE(loop.cancel(watching)); });
  });
  loop.run();
  EXPECT_THAT(log, testing::UnorderedElementsAre("text", "watch"));
  log.clear();
  const auto to = loop.fs().create_write_stream(path);
  EXPECT_TRUE(to.write("a"));
  to.on_drain(notes("drain")).on_finish(notes("finish")).on_close([&] {
    loop.fs().create_read_stream(path).on_data(notes("data")).on_end(notes("end"));
  });
  to.end("b");
  loop.run();
  EXPECT_THAT(log, testing::ElementsAre("finish", "data", "end"));
  loop.jobs().run([] { return 42; }, [&](auto number) { log.push_back(std::to_string(*number)); });
  loop.run();
  EXPECT_EQ(log.back(), "42");
}

TEST_P(coming_from_node, names_and_http) {
  rouse::loop& loop = it();
  loop.names().look_up("127.0.0.1", [&](auto found) { log.push_back(found->front().to_string()); });
  loop.run();
  EXPECT_EQ(log, lines{"127.0.0.1:0"});
  rouse::loop_server server;
  server = loop.net().listen("127.0.0.1:0", [&](const rouse::loop_socket& client) {
    client.on_data([client](auto) {
      client.end("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi");
    });
    server.close();
  });
  loop.http().get("http://" + server.local_address().to_string() + "/",
                  [&](auto answer) { log.push_back(answer->body); });
  loop.run();
  EXPECT_EQ(log.back(), "hi");
}

TEST_P(coming_from_node, processes_and_signals) {
  rouse::loop& loop = it();
  using rouse::process::command;
  using rouse::process::piped;
  command cat("/bin/cat");
  cat.input(piped).output(piped);
  const rouse::loop_child child = loop.processes().spawn(cat, notes("exit"));
  child.output().on_data([&](auto piece) { log.emplace_back(rouse::io::as_text(piece)); });
  child.input().end("text");
  loop.run();
  EXPECT_THAT(log, testing::UnorderedElementsAre("text", "exit"));
  loop.processes().run(command("/bin/cat"), "whole", [&](auto end) { log.push_back(end->output); });
  loop.run();
  EXPECT_EQ(log.back(), "whole");
  const rouse::loop_signal hang_up = loop.signals().on(SIGHUP, notes("signal"));
  std::raise(SIGHUP);
  loop.run_nowait();
  loop.run_nowait();
  EXPECT_EQ(log.back(), "signal");
  hang_up.remove();
}

rouse::task<int> answer_later() {
  auto asked = rouse::promisify<int>([](rouse::resolver<int> resolve) {
    rouse::set_timeout(1ms, [resolve = std::move(resolve)]() mutable { resolve(42); });
  });
  const int answer = co_await std::move(asked);
  co_return answer;
}

TEST_P(coming_from_node, tasks) {
  rouse::loop& loop = it();
  loop.call_when_done(answer_later(), [&](auto got) { log.push_back(std::to_string(*got)); });
  auto joined = loop.spawn(answer_later());
  loop.run();
  EXPECT_EQ(log, lines{"42"});
  EXPECT_TRUE(joined.is_finished());
}

TEST_P(coming_from_node, size_of_the_pool) {
  rouse::loop_options options;
  EXPECT_EQ(options.runtime.blocking.threads_max, 4U);
  EXPECT_FALSE(options.node_compatible);
  options.node_compatible = true;
  EXPECT_TRUE(make(options).is_node_compatible());
}

}  // namespace
}  // namespace loop_test

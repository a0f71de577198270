// Files and jobs: what threads do, and when their callbacks come.
#include "program.hpp"

#include <rouse/loop/loop_files.hpp>
#include <rouse/loop/loop_jobs.hpp>

#include <tests/support/scratch_folder.hpp>

namespace node_order {

namespace {

/// Any file that is there.
std::string some_file() { return NODE_ORDER_SOURCES "/README.md"; }

std::string yes_or_no(bool is) { return is ? "true" : "false"; }
template <class T>
std::string code_of(const rouse::result<T>& r) {
  return !r && r.error() == std::errc::no_such_file_or_directory ? "ENOENT" : "something else";
}

void file_check_comes_before_timers(script& s) {
  s.loop.fs().read_file(some_file(), [&s](rouse::result<std::string>) {
    s.log("file");
    s.loop.set_timeout(1ms, s.says("timer"));
    s.loop.set_immediate(s.says("immediate"));
    s.loop.next_tick(s.says("tick"));
    s.pass(5ms);
  });
}

void file_reads_one_after_another(script& s) {
  s.loop.fs().read_file(some_file(), [&s](rouse::result<std::string> text) {
    s.log("first: " + yes_or_no(text && !text->empty()));
    s.loop.fs().read_file(some_file(), [&s](rouse::result<std::string>) {
      s.log("second");
      s.loop.fs().stat(some_file(), [&s](rouse::result<rouse::fs::file_status> found) {
        s.log("stat: " + yes_or_no(found && found->kind == rouse::fs::file_kind::regular));
      });
    });
  });
}

void file_missing(script& s) {
  s.loop.fs().read_file("/nowhere/to/be/found", [&s](rouse::result<std::string> text) {
    s.log(code_of(text));
    s.loop.next_tick(s.says("tick"));
    s.loop.set_immediate(s.says("immediate"));
  });
  s.log("main");
}

void file_written_and_read(script& s) {
  const auto& folder = s.keep(std::make_shared<support::scratch_folder>());
  const std::string path = *folder / "a";
  s.loop.fs().write_file(path, "some text", [&s, path](rouse::result<void> done) {
    s.log("written: " + yes_or_no(done.has_value()));
    s.loop.fs().read_file(path, [&s, path](rouse::result<std::string> text) {
      s.log("read: " + *text);
      s.loop.fs().unlink(path, [&s, path](rouse::result<void>) {
        s.log("gone");
        s.loop.fs().stat(
            path, [&s](rouse::result<rouse::fs::file_status> found) { s.log(code_of(found)); });
      });
    });
  });
  s.log("main");
}

/// Some work for a thread of the pool.
void run_job(script& s, int rounds, rouse::callback<void()> done) {
  const auto work = [rounds] {
    volatile unsigned sum = 0;
    for (int i = 0; i < rounds; ++i)
      sum = sum + static_cast<unsigned>(i);
    return sum;
  };
  s.loop.jobs().run(work, [done = std::move(done)](rouse::result<unsigned>) mutable { done(); });
}

void one_pool_thread_is_first_in_first_out(script& s) {
  const auto job = [&s](const std::string& name, int rounds) {
    run_job(s, rounds, [&s, name] {
      s.log(name);
      s.loop.next_tick(s.says("tick of " + name));
    });
  };
  job("long", 2'000'000);
  job("short", 1);
  job("middle", 500'000);
  job("short again", 1);
}

void pool_completions_of_one_poll_drain_between(script& s) {
  for (const std::string name : {"a", "b", "c"})
    run_job(s, 1, [&s, name] {
      s.log(name);
      s.loop.next_tick(s.says("tick of " + name));
      s.loop.queue_microtask(s.says("microtask of " + name));
    });
  s.pass(50ms);
}

void pool_check_comes_before_timers(script& s) {
  run_job(s, 1, [&s] {
    s.log("job");
    s.loop.set_timeout(1ms, s.says("timer"));
    s.loop.set_immediate(s.says("immediate"));
    s.loop.next_tick(s.says("tick"));
    s.pass(5ms);
  });
}

void pool_jobs_keep_the_loop_alive(script& s) {
  s.loop.on_before_exit(s.says("before exit"));
  s.loop.unref(s.loop.set_timeout(1ms, s.says("timer")));
  s.pass(5ms);
  run_job(s, 2'000'000, s.says("job"));
}

}  // namespace

std::span<const program> pool_programs() {
  static constexpr program all[] = {
      {"file_check_comes_before_timers", file_check_comes_before_timers},
      {"file_reads_one_after_another", file_reads_one_after_another},
      {"file_missing", file_missing},
      {"file_written_and_read", file_written_and_read},
      {"one_pool_thread_is_first_in_first_out", one_pool_thread_is_first_in_first_out, 1},
      {"pool_completions_of_one_poll_drain_between", pool_completions_of_one_poll_drain_between, 1},
      {"pool_check_comes_before_timers", pool_check_comes_before_timers},
      {"pool_jobs_keep_the_loop_alive", pool_jobs_keep_the_loop_alive},
  };
  return all;
}

}  // namespace node_order

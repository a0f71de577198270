#include "uv_programs.hpp"

#include "send_race.hpp"
#include "start_signal.hpp"

#include <support/clocks.hpp>

#include <uv.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace bench {
namespace {

void must(int status) {
  if (status != 0) std::abort();
}

/// Closed with all its handles.
class uv {
 public:
  uv() { must(uv_loop_init(&loop_)); }
  uv(const uv&) = delete;
  uv& operator=(const uv&) = delete;
  ~uv() {
    uv_walk(
        &loop_,
        [](uv_handle_t* h, void*) {
          if (!uv_is_closing(h)) uv_close(h, nullptr);
        },
        nullptr);
    uv_run(&loop_, UV_RUN_DEFAULT);
    must(uv_loop_close(&loop_));
  }
  uv_loop_t* get() { return &loop_; }
  void run() { uv_run(&loop_, UV_RUN_DEFAULT); }

 private:
  uv_loop_t loop_;
};

std::int64_t process_cpu_ns() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

std::int64_t calls;  // one program runs at a time

void give_when_it_runs(uv& loop, uv_timer_t& timer, start_signal& start) {
  uv_timer_init(loop.get(), &timer);
  timer.data = &start;
  uv_timer_start(&timer, [](uv_timer_t* t) { static_cast<start_signal*>(t->data)->give(); }, 0, 0);
}

}  // namespace

uv_run_result uv_set_and_clear(const std::vector<int>& delays_ms) {
  std::vector<uv_timer_t> timers(delays_ms.size());  // outlives the loop
  uv loop;
  for (uv_timer_t& t : timers)
    uv_timer_init(loop.get(), &t);
  const std::int64_t begin = cpu_ns();
  for (std::size_t i = 0; i < timers.size(); ++i)
    uv_timer_start(
        &timers[i], [](uv_timer_t*) { std::abort(); }, static_cast<std::uint64_t>(delays_ms[i]), 0);
  for (uv_timer_t& t : timers)
    uv_timer_stop(&t);
  return {.ns = cpu_ns() - begin, .calls = 0};
}

uv_run_result uv_fire(const std::vector<int>& delays_ms) {
  std::vector<uv_timer_t> timers(delays_ms.size());
  uv loop;
  calls = 0;
  int longest_ms = 0;
  for (std::size_t i = 0; i < timers.size(); ++i) {
    uv_timer_init(loop.get(), &timers[i]);
    uv_timer_start(
        &timers[i], [](uv_timer_t*) { ++calls; }, static_cast<std::uint64_t>(delays_ms[i]), 0);
    longest_ms = std::max(longest_ms, delays_ms[i]);
  }
  sleep_until_ns(now_ns() + (longest_ms + 2) * std::int64_t{1'000'000});
  const std::int64_t begin = cpu_ns();
  loop.run();
  return {.ns = cpu_ns() - begin, .calls = calls};
}

uv_run_result uv_turns(std::int64_t turns, int handles) {
  struct hooks {
    std::vector<uv_idle_t> idle;
    std::vector<uv_check_t> check;
    std::int64_t left;
  };
  hooks all{.idle = std::vector<uv_idle_t>(static_cast<std::size_t>(handles)),
            .check = std::vector<uv_check_t>(static_cast<std::size_t>(handles)),
            .left = turns};
  uv loop;
  calls = 0;
  for (uv_idle_t& h : all.idle) {
    uv_idle_init(loop.get(), &h);
    uv_idle_start(&h, [](uv_idle_t*) { ++calls; });
  }
  for (uv_check_t& h : all.check) {
    uv_check_init(loop.get(), &h);
    h.data = &all;
    uv_check_start(&h, [](uv_check_t* c) {
      ++calls;
      auto& mine = *static_cast<hooks*>(c->data);
      if (c != mine.check.data() || --mine.left != 0) return;
      for (uv_idle_t& i : mine.idle)
        uv_idle_stop(&i);
      for (uv_check_t& other : mine.check)
        uv_check_stop(&other);
    });
  }
  // libuv calls what was started last first: the first of the array ends a turn.
  const std::int64_t begin = cpu_ns();
  loop.run();
  return {.ns = cpu_ns() - begin, .calls = calls};
}

namespace {

struct job_program {
  uv_loop_t* loop = nullptr;
  void (*job)() = nullptr;
  std::int64_t left = 0;
};
job_program jobs;

void queue_job() {
  --jobs.left;
  auto* request = new uv_work_t;
  must(uv_queue_work(
      jobs.loop, request, [](uv_work_t*) { jobs.job(); },
      [](uv_work_t* done, int) {
        delete done;
        ++calls;
        if (jobs.left > 0) queue_job();
      }));
}

}  // namespace

uv_pool_result uv_jobs(std::int64_t count, std::int64_t in_flight, void (*job)()) {
  uv loop;
  calls = 0;
  jobs = {.loop = loop.get(), .job = job, .left = count};
  const std::int64_t wall = now_ns();
  const std::int64_t cpu = process_cpu_ns();
  for (std::int64_t i = 0; i < std::min(count, in_flight); ++i)
    queue_job();
  loop.run();
  return {.wall_ns = now_ns() - wall, .cpu_ns = process_cpu_ns() - cpu, .calls = calls};
}

uv_pool_result uv_async_sends(std::int64_t count) {
  struct bell {
    uv_async_t handle;
    std::int64_t sent;  // atomic
    std::int64_t count;
  };
  bell b{.handle = {}, .sent = 0, .count = count};
  uv loop;
  calls = 0;
  must(uv_async_init(loop.get(), &b.handle, [](uv_async_t* h) {
    ++calls;
    auto& mine = *static_cast<bell*>(h->data);
    if (__atomic_load_n(&mine.sent, __ATOMIC_ACQUIRE) == mine.count)
      uv_close(reinterpret_cast<uv_handle_t*>(h), nullptr);
  }));
  b.handle.data = &b;
  start_signal start;
  std::thread sender([&b, &start] {
    start.await();
    for (std::int64_t i = 0; i < b.count; ++i) {
      // Before it is sent, so that the last delivery sees the last count.
      __atomic_store_n(&b.sent, i + 1, __ATOMIC_RELEASE);
      uv_async_send(&b.handle);
    }
  });
  uv_timer_t first;
  give_when_it_runs(loop, first, start);
  const std::int64_t wall = now_ns();
  const std::int64_t cpu = process_cpu_ns();
  loop.run();
  const uv_pool_result found{
      .wall_ns = now_ns() - wall, .cpu_ns = process_cpu_ns() - cpu, .calls = calls};
  sender.join();
  return found;
}

std::int64_t uv_lost_sends(std::int64_t rounds) {
  send_race race;
  uv_async_t bell;
  uv loop;
  must(uv_async_init(loop.get(), &bell, [](uv_async_t* h) {
    if (static_cast<send_race*>(h->data)->look())
      uv_close(reinterpret_cast<uv_handle_t*>(h), nullptr);
  }));
  bell.data = &race;
  std::int64_t lost = 0;
  std::thread sender([&] { lost = race.run(rounds, [&bell] { uv_async_send(&bell); }); });
  loop.run();
  sender.join();
  return lost;
}

uv_pool_result uv_messages(std::int64_t count) {
  struct mailbox {
    uv_async_t handle;
    std::mutex lock;
    std::vector<std::function<void()>> mail;
    std::vector<std::function<void()>> taken;
    std::int64_t left;
  };
  mailbox box{.handle = {}, .lock = {}, .mail = {}, .taken = {}, .left = count};
  uv loop;
  calls = 0;
  must(uv_async_init(loop.get(), &box.handle, [](uv_async_t* h) {
    auto& mine = *static_cast<mailbox*>(h->data);
    {
      const std::lock_guard hold(mine.lock);
      mine.taken.swap(mine.mail);
    }
    for (auto& message : mine.taken)
      message();
    mine.taken.clear();
    if (mine.left == 0) uv_close(reinterpret_cast<uv_handle_t*>(h), nullptr);
  }));
  box.handle.data = &box;
  start_signal start;
  std::thread sender([&box, &start, count] {
    start.await();
    for (std::int64_t i = 0; i < count; ++i) {
      bool is_first = false;
      {
        const std::lock_guard hold(box.lock);
        is_first = box.mail.empty();
        box.mail.emplace_back([&box] {
          ++calls;
          --box.left;
        });
      }
      if (is_first) uv_async_send(&box.handle);
    }
  });
  uv_timer_t first;
  give_when_it_runs(loop, first, start);
  const std::int64_t wall = now_ns();
  const std::int64_t cpu = process_cpu_ns();
  loop.run();
  const uv_pool_result found{
      .wall_ns = now_ns() - wall, .cpu_ns = process_cpu_ns() - cpu, .calls = calls};
  sender.join();
  return found;
}

// ---- echo: one buffer for all, written at once where the socket takes it, as libuv's guide says

namespace {

struct connection {
  uv_tcp_t stream;
  uv_write_t write;
  std::vector<char> unsent;
};
char buffer[65536];

void close_connection(uv_stream_t* s) {
  uv_close(reinterpret_cast<uv_handle_t*>(s),
           [](uv_handle_t* h) { delete static_cast<connection*>(h->data); });
}

void echo_back(uv_stream_t* s, std::size_t bytes) {
  auto& c = *static_cast<connection*>(s->data);
  uv_buf_t whole = uv_buf_init(buffer, static_cast<unsigned>(bytes));
  const int written = uv_try_write(s, &whole, 1);
  if (written == static_cast<int>(bytes)) return;
  if (written < 0 && written != UV_EAGAIN) return close_connection(s);
  c.unsent.assign(buffer + std::max(written, 0), buffer + bytes);
  uv_buf_t rest = uv_buf_init(c.unsent.data(), static_cast<unsigned>(c.unsent.size()));
  uv_read_stop(s);
  must(uv_write(&c.write, s, &rest, 1, [](uv_write_t*, int) { std::abort(); }));
}

void accept_one(uv_stream_t* listener, int status) {
  must(status);
  auto* c = new connection;
  must(uv_tcp_init(listener->loop, &c->stream));
  c->stream.data = c;
  auto* s = reinterpret_cast<uv_stream_t*>(&c->stream);
  must(uv_accept(listener, s));
  must(uv_read_start(
      s,
      [](uv_handle_t*, std::size_t, uv_buf_t* into) { *into = uv_buf_init(buffer, sizeof buffer); },
      [](uv_stream_t* from, ssize_t bytes, const uv_buf_t*) {
        if (bytes > 0) echo_back(from, static_cast<std::size_t>(bytes));
        if (bytes < 0) close_connection(from);
      }));
}

}  // namespace

void uv_echo(int listener) {
  uv loop;
  uv_tcp_t server;
  must(uv_tcp_init(loop.get(), &server));
  must(uv_tcp_open(&server, listener));
  must(uv_listen(reinterpret_cast<uv_stream_t*>(&server), 4096, accept_one));
  loop.run();
}

}  // namespace bench

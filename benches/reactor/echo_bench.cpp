// What does an echo of 64 bytes cost through operations, against a bare epoll loop with the same
// calls, and how much of it is our own code? One thread plays both ends over a Unix socket pair, so
// no scheduler is measured.
#include <rouse/reactor/epoll/epoll_reactor.hpp>
#include <rouse/reactor/reactor.hpp>
#include <rouse/sys/epoll.hpp>
#include <rouse/sys/nonblocking.hpp>
#include <rouse/sys/socket.hpp>
#include <rouse/sys/table.hpp>

#include <benchmark/benchmark.h>

#include <cerrno>

namespace {

using namespace rouse;

constexpr std::size_t message_bytes = 64;

/// Stands for a task.
struct nobody final : wakeable {
  nobody() noexcept : wakeable(table) {}
  static constexpr wake_table table{
      [](wakeable&) noexcept {},
      [](wakeable& w) noexcept -> wakeable& { return w; },
      [](wakeable&) noexcept {},
  };
};

bool send_all(int fd, const std::byte* message) {
  return sys::nonblocking::send(fd, message, message_bytes) == static_cast<long>(message_bytes);
}
bool receive_all(int fd, std::byte* message) {
  return sys::nonblocking::receive(fd, message, message_bytes) == static_cast<long>(message_bytes);
}

/// The baseline: wait, receive, send.
void bare_epoll(benchmark::State& state) {
  auto pair = sys::open_socket_pair();
  auto queue = sys::epoll::open();
  if (!pair || !queue || !queue->add_readable(pair->first.get(), 1))
    return state.SkipWithError("set-up");
  const int ours = pair->first.get();
  const int peer = pair->second.get();
  std::byte message[message_bytes] = {};
  std::byte buffer[16 * 1024];
  sys::ready_event events[256];
  long echoes = 0;
  for (auto _ : state) {
    if (!send_all(peer, message)) return state.SkipWithError("send");
    (void)queue->wait(events, 256, no_limit);
    const long n = sys::nonblocking::receive(ours, buffer, sizeof buffer);
    if (sys::nonblocking::send(ours, buffer, static_cast<std::size_t>(n)) != n)
      return state.SkipWithError("echo");
    if (!receive_all(peer, message)) return state.SkipWithError("receive");
    echoes++;
  }
  state.counters["echoes"] = static_cast<double>(echoes);
}
BENCHMARK(bare_epoll);

/// One echo by operations: what a connection's task does once it is woken. False when something
/// failed.
class echo {
 public:
  explicit echo(source& s) : source_(s) {}
  /// Starts the receive that waits.
  bool listen(context& cx) {
    in_.receive_leased(source_);
    return !in_.poll(cx);
  }
  bool answer(context& cx) {
    if (!in_.poll(cx) || in_.result() <= 0) return false;
    const lease bytes = in_.take_lease();
    in_.reset();
    out_.send(source_, bytes);
    if (!out_.poll(cx) || out_.result() != static_cast<int>(bytes.size())) return false;
    out_.reset();
    return true;
  }

 private:
  source& source_;
  operation in_;
  operation out_;
};

void operations(benchmark::State& state, reactor_kind kind) {
  auto made = make_reactor({.kind = kind});
  if (!made || (*made)->kind() != kind) return state.SkipWithError("no such reactor here");
  reactor& r = **made;
  auto pair = sys::open_socket_pair();
  if (!pair || !r.open()) return state.SkipWithError("set-up");
  const int peer = pair->second.get();
  // nothing but bytes passes through this pair, so the rule for TCP holds: a short read has emptied
  // it
  auto attached = r.attach(std::move(pair->first), source_kind::tcp);
  if (!attached) return state.SkipWithError("attach");
  std::byte message[message_bytes] = {};
  nobody task;
  echo connection(*attached);
  context first(task);
  if (!connection.listen(first)) return state.SkipWithError("listen");
  long echoes = 0;
  for (auto _ : state) {
    if (!send_all(peer, message)) return state.SkipWithError("send");
    context cx(task);
    do
      (void)r.park(no_limit);
    while (!connection.answer(cx));
    if (!connection.listen(cx)) return state.SkipWithError("listen");
    if (!receive_all(peer, message)) return state.SkipWithError("receive");
    echoes++;
  }
  state.counters["echoes"] = static_cast<double>(echoes);
}
BENCHMARK_CAPTURE(operations, epoll, reactor_kind::epoll);
BENCHMARK_CAPTURE(operations, io_uring, reactor_kind::io_uring);

/// The same with the kernel replaced by stubs: our own nanoseconds.
std::uint64_t ready_key;
bool is_empty;
void operations_without_kernel(benchmark::State& state) {
  epoll_reactor r;
  auto pair = sys::open_socket_pair();
  if (!pair || !r.open()) return state.SkipWithError("set-up");
  auto attached = r.attach(std::move(pair->first), source_kind::tcp);
  if (!attached) return state.SkipWithError("attach");
  ready_key = attached->block()->key();
  is_empty = true;
  sys::table t = sys::real_table;
  t.recv = [](int, void*, std::size_t, int) {
    return is_empty ? -long{EAGAIN} : long{message_bytes};
  };
  t.send = [](int, const void*, std::size_t bytes, int) { return static_cast<long>(bytes); };
  t.epoll_ctl = [](int, int, int, void*) { return 0; };
  t.epoll_wait = [](int, void* events, int, int) {
    *static_cast<sys::ready_event*>(events) = {sys::event_in | sys::event_out, ready_key};
    return 1;
  };
  sys::scoped_table scope(t);
  nobody task;
  echo connection(*attached);
  context first(task);
  if (!connection.listen(first)) return state.SkipWithError("listen");
  is_empty = false;
  long echoes = 0;
  for (auto _ : state) {
    (void)r.park(no_limit);
    context cx(task);
    if (!connection.answer(cx) || !connection.listen(cx)) return state.SkipWithError("echo");
    echoes++;
  }
  state.counters["echoes"] = static_cast<double>(echoes);
}
BENCHMARK(operations_without_kernel);

}  // namespace

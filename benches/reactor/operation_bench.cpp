// Question: what does an echo of 64 bytes cost of our own code? The kernel is replaced by stubs.
// What the whole costs, kernel included, is asked in net/echo_bench.cpp.
#include <rouse/reactor/epoll/epoll_reactor.hpp>
#include <rouse/reactor/reactor.hpp>
#include <rouse/sys/epoll.hpp>
#include <rouse/sys/nonblocking.hpp>
#include <rouse/sys/socket.hpp>
#include <rouse/sys/table.hpp>

#include <support/row.hpp>

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
  for (auto _ : state) {
    (void)r.park(no_limit);
    context cx(task);
    if (!connection.answer(cx) || !connection.listen(cx)) return state.SkipWithError("echo");
  }
  bench::items(state, 1);
}
const bench::rows here({{.name = "echo by operations, no kernel",
                         .ours = operations_without_kernel}});

}  // namespace

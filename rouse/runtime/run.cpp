#include <rouse/core/current.hpp>
#include <rouse/core/describe.hpp>
#include <rouse/coro/await_site.hpp>
#include <rouse/coro/select.hpp>
#include <rouse/runtime/run.hpp>
#include <rouse/sys/signals.hpp>

#include <cstdio>
#include <optional>
#include <string_view>

namespace rouse::internal {
namespace {

constexpr sys::signal_set stop_signals{sys::signal_interrupt, sys::signal_terminate};
constexpr int signalled_exit_base = 128;

/// Waits until a stop signal has come.
class signal_watch {
 public:
  static result<signal_watch> open(reactor& on) {
    auto caught = sys::signal_catch::install(stop_signals);
    if (!caught) return std::unexpected(caught.error());
    auto attached = on.attach(caught->take_fd());
    if (!attached) return std::unexpected(attached.error());
    return signal_watch(std::move(*attached), std::move(*caught));
  }

  task<int> next() {
    while (caught_.caught() == 0) {
      operation readable;
      readable.readable(source_);
      co_await completed(readable);
    }
    co_return caught_.caught();
  }

 private:
  class completed {
   public:
    explicit completed(operation& op) noexcept : operation_(&op) {}
    poll_result<void> poll(context& cx) noexcept {
      if (operation_->poll(cx)) return ready;
      return pending;
    }
    poll_result<void> poll_cancel(context& cx) noexcept { return operation_->poll_cancel(cx); }
    void disown() noexcept { operation_->disown(); }

   private:
    operation* operation_;
  };
  signal_watch(source s, sys::signal_catch caught) noexcept
      : source_(std::move(s)), caught_(std::move(caught)) {}
  source source_;
  sys::signal_catch caught_;  // goes first: its handler writes to what the source owns
};

void report(const std::exception_ptr& failure) {
  const std::source_location site = failed_await_of(failure);
  // Our own await of the root would tell nobody anything.
  const bool is_ours =
      std::string_view(site.file_name()) == std::source_location::current().file_name();
  if (site.line() != 0 && !is_ours)
    std::fprintf(stderr, "rouse: %s (awaited at %s)\n", describe(failure).c_str(),
                 describe(site).c_str());
  else
    std::fprintf(stderr, "rouse: %s\n", describe(failure).c_str());
}

/// Waits for the root, and passes signals on to it.
task<int> attend(join_handle<int> root, signal_watch& signals, stop_source& stop) {
  auto signal = signals.next();
  auto first = co_await select(root, signal);
  if (first.index() == 0) co_return std::get<0>(first);
  const int number = std::get<1>(first);
  const bool finishes_itself = stop.request(number);
  if (!finishes_itself) root.abort();
  auto ended = co_await std::move(root).result();
  if (ended) co_return *ended;
  if (!ended.error().is_cancelled()) throw_error(ended.error());
  co_return signalled_exit_base + number;
}

int run_on(runtime& rt, task<int> root, std::source_location site) {
  stop_source stop;
  const current<stop_source>::scope scope(&stop);
  auto signals = signal_watch::open(rt.reactor());
  if (!signals) throw_error(signals.error());
  join_handle<int> handle =
      rt.spawn(assume_owned(std::move(root)), {.name = "main", .background = false}, site);
  return rt.block_on(assume_owned(attend(std::move(handle), *signals, stop)), site);
}

}  // namespace

int run_process(task<int> root, const runtime_options& options, std::source_location site) {
  const sys::scoped_signal_block no_sigpipe({sys::signal_broken_pipe});
  auto rt = runtime::make(options);
  if (!rt) {
    std::fprintf(stderr, "rouse: %s\n", rt.error().message().c_str());
    return 1;
  }
  try {
    return run_on(*rt, std::move(root), site);
  } catch (...) {
    report(std::current_exception());
    return 1;
  }
}

}  // namespace rouse::internal
